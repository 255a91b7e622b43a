//! `GET /console/alerts`: what somebody should act on, and what is over.

use actix_web::web;
use serde::Deserialize;

use crate::app;
use crate::app::alerts::{self, AlertFilter, AlertState};
use crate::http::pages::{Page, Visitor};
use crate::http::problem::Problem;
use modegate_core::alert::{Alert, Severity, Subject};
use modegate_core::fields::quoted;
use modegate_pages::console::alerts::{AlertRow, AlertsPage};
use modegate_pages::pager::Pager;
use modegate_store::seal::CursorList;

/// Open alerts on the page, and those that are over.
const OPEN: usize = 200;
const CLEARED: usize = 50;

/// Which alerts.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::http::pages) struct AlertsQuery {
    severity: String,
    after: String,
}

impl AlertsQuery {
    fn filter(&self, state: AlertState) -> Result<AlertFilter, Problem> {
        let severity = match &*self.severity {
            "" => None,
            text => Some(Severity::from_name(text).ok_or_else(|| {
                let expected = "warning, critical, or nothing";
                Problem::field("severity", expected, quoted(text))
            })?),
        };
        Ok(AlertFilter {
            state: Some(state),
            severity,
        })
    }

    fn address(&self, after: Option<&str>) -> String {
        let after = after.map_or_else(String::new, |after| format!("&after={after}"));
        // What is no severity was refused.
        format!("/console/alerts?severity={}{after}", self.severity)
    }
}

/// `GET /console/alerts?severity=&after=`.
pub(in crate::http::pages) async fn show(visitor: Visitor, query: web::Query<AlertsQuery>) -> Page {
    let query = query.into_inner();
    let open = query.filter(AlertState::Open)?;
    let cleared = query.filter(AlertState::Cleared)?;
    visitor
        .read(move |visitor| async move {
            let (app, by) = (visitor.app(), visitor.by());
            // What is no place begins anew.
            let after = app.place(by, CursorList::Alerts, &query.after);
            let page = |after, limit| app::Page { after, limit };
            let open = match after {
                None => Some(alerts::list(app, by, open, page(None, OPEN)).await?),
                Some(_) => None,
            };
            let cleared = alerts::list(app, by, cleared, page(after, CLEARED)).await?;
            let next = cleared
                .next
                .map(|place| app.cursor(by, CursorList::Alerts, place));
            Ok(AlertsPage {
                shell: visitor.shell("Alerts"),
                more_open: open.as_ref().is_some_and(|open| open.next.is_some()),
                open: open.map(|open| open.items.into_iter().map(row).collect()),
                cleared: cleared.items.into_iter().map(row).collect(),
                pager: Pager {
                    first: after.map(|_| query.address(None)),
                    next: next.map(|next| query.address(Some(&next))),
                    next_text: "Earlier".to_owned(),
                },
                severity: query.severity,
                is_bound: !by.sees_all(),
            })
        })
        .await
}

fn row(alert: Alert) -> AlertRow {
    let kind = alert.finding.kind;
    AlertRow {
        kind: kind.name(),
        href: place(&alert.finding.subject),
        subject: alert.finding.subject.to_string(),
        severity: kind.severity(),
        message: alert.finding.message,
        action: kind.action(),
        raised_at: alert.raised_at,
        cleared_at: alert.cleared_at,
    }
}

/// Where the subject of an alert is shown.
pub(super) fn place(subject: &Subject) -> Option<String> {
    match subject {
        Subject::Device(id) => Some(format!("/console/devices/{id}")),
        Subject::Profile(id) => Some(format!("/console/push/{}", id.simple())),
        _ => None,
    }
}
