//! `/alerts`: what an operator should act on.

use actix_web::web;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::query::word;
use super::{Caller, HandlerResult, Paging, page_in};
use crate::app::alerts::{AlertFilter, AlertState, list as list_alerts};
use crate::app::input::Time;
use crate::app::word::Word;
use modegate_core::alert::{Alert, AlertKind, RaisedAlert, Severity};
use modegate_store::seal::CursorList;

/// An alert.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Alert")]
pub(super) struct AlertView {
    id: String,
    kind: Word<AlertKind>,
    /// What it is about: `server`, `certificate:NAME`, `worker:NAME`, `profile:ID`,
    /// `webhook:ID`, `device:ID`.
    subject: String,
    severity: Word<Severity>,
    state: Word<AlertState>,
    /// What was found when it was raised.
    message: String,
    /// What to do about it.
    action: &'static str,
    raised_at: Time,
    cleared_at: Option<Time>,
}

impl From<Alert> for AlertView {
    fn from(alert: Alert) -> Self {
        let kind = alert.finding.kind;
        AlertView {
            id: alert.id.to_string(),
            kind: Word(kind),
            subject: alert.finding.subject.to_string(),
            severity: Word(kind.severity()),
            state: Word(AlertState::of_alert(&alert)),
            action: kind.action(),
            raised_at: Time(alert.raised_at),
            cleared_at: alert.cleared_at.map(Time),
            message: alert.finding.message,
        }
    }
}

/// The alert that an event is about.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct RaisedView {
    id: String,
    kind: Word<AlertKind>,
    /// What it is about.
    subject: String,
    severity: Word<Severity>,
}

impl From<&RaisedAlert> for RaisedView {
    fn from(raised: &RaisedAlert) -> Self {
        RaisedView {
            id: raised.id.to_string(),
            kind: Word(raised.kind),
            subject: raised.subject.to_string(),
            severity: Word(raised.severity),
        }
    }
}

/// Which alerts to list.
#[derive(Debug, Deserialize)]
pub(super) struct FilterQuery {
    state: Option<String>,
    severity: Option<String>,
}

/// `GET /alerts`.
pub(super) async fn list(
    caller: Caller,
    paging: web::Query<Paging>,
    query: web::Query<FilterQuery>,
) -> HandlerResult {
    let filter = AlertFilter {
        state: word("state", query.state.as_deref())?,
        severity: word("severity", query.severity.as_deref())?,
    };
    caller
        .read(move |caller| async move {
            let asked = paging.page_in(&caller, CursorList::Alerts)?;
            let listed = list_alerts(caller.app(), caller.by(), filter, asked).await?;
            Ok(page_in(
                &caller,
                CursorList::Alerts,
                listed,
                AlertView::from,
            ))
        })
        .await
}
