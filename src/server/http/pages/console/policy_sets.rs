//! `/console/policies/sets`: which set was in force when, and what it was.

use actix_web::web;
use serde::Deserialize;

use super::policies::files;
use crate::app::policies;
use crate::app::policy_sets::{self, SpanPlace};
use crate::http::pages::{Page, Visitor};
use crate::http::problem::Problem;
use modegate_core::audit::report::PolicySpan;
use modegate_core::fields::quoted;
use modegate_core::policy::{PolicySet, diff};
use modegate_core::time::Timestamp;
use modegate_pages::console::policies::PolicyFile;
use modegate_pages::console::policy_sets::{PolicySetLink, PolicySetPage, PolicySetsPage, SpanRow};
use modegate_pages::pager::Pager;

const PATH: &str = "/console/policies/sets";
/// Times of one page.
const PER_PAGE: usize = 50;

/// A set as pages name it, with the way to it for who may see it.
pub(super) fn link(visitor: &Visitor, digest: impl Into<String>) -> PolicySetLink {
    PolicySetLink {
        digest: digest.into(),
        is_linked: visitor.by().sees_all(),
    }
}

/// Where the list goes on.
#[derive(Debug, Deserialize)]
pub(in crate::http::pages) struct Before {
    #[serde(default)]
    before: String,
}

impl Before {
    fn place(&self) -> Result<SpanPlace, Problem> {
        if self.before.is_empty() {
            return Ok(SpanPlace::NEWEST);
        }
        let place = || {
            let (before, until) = self.before.split_once('-')?;
            let until = match until {
                "" => None,
                until => Some(Timestamp(until.parse().ok()?)),
            };
            let before = before.parse().ok()?;
            Some(SpanPlace { before, until })
        };
        let wrong = || Problem::field("before", "the address behind Earlier", quoted(&self.before));
        place().ok_or_else(wrong)
    }
}

fn address(place: SpanPlace) -> String {
    let until = place.until.map(|until| until.0.to_string());
    let until = until.unwrap_or_default();
    format!("{PATH}?before={}-{until}", place.before)
}

/// `GET /console/policies/sets`.
pub(in crate::http::pages) async fn list(visitor: Visitor, query: web::Query<Before>) -> Page {
    visitor
        .read(move |visitor| async move {
            let (app, by, place) = (visitor.app(), visitor.by(), query.place()?);
            let found = policy_sets::list(app, by, place, PER_PAGE).await?;
            Ok(PolicySetsPage {
                shell: visitor
                    .shell("Policy sets over time")
                    .below("/console/policies", "Policies"),
                spans: found.spans.into_iter().map(row).collect(),
                is_cut: found.is_cut,
                pager: Pager {
                    first: (place != SpanPlace::NEWEST).then(|| PATH.to_owned()),
                    next: found.next.map(address),
                    next_text: "Earlier".to_owned(),
                },
            })
        })
        .await
}

fn row(span: PolicySpan) -> SpanRow {
    SpanRow {
        digest: span.digest,
        from: span.from,
        until: span.until,
        by: span.by.unwrap_or_else(|| "nobody on record".to_owned()),
        loads: span.loads,
    }
}

/// `GET /console/policies/sets/{digest}`.
pub(in crate::http::pages) async fn show(visitor: Visitor, digest: web::Path<String>) -> Page {
    visitor.by().unbound()?;
    visitor
        .read(move |visitor| async move {
            let (app, digest) = (visitor.app(), digest.into_inner());
            let texts = policies::of_digest(app, visitor.by(), &digest).await?;
            let set = PolicySet::from_texts(texts.clone()).ok();
            let current = app.sync.policies();
            let differences = |set| diff::text(&diff::diff(set, &current));
            Ok(PolicySetPage {
                shell: visitor
                    .shell(format!("Policy set {}", digest.get(..8).unwrap_or(&digest)))
                    .below(PATH, "Sets over time"),
                is_in_force: current.digest() == digest,
                differences: set.as_ref().map(differences),
                files: set.as_ref().map_or_else(|| unread(texts), files),
                digest,
            })
        })
        .await
}

/// Files that are no policy set any more: their texts.
fn unread(texts: Vec<(String, String)>) -> Vec<PolicyFile> {
    let files = texts.into_iter().map(|(name, text)| PolicyFile {
        name,
        text,
        rules: Vec::new(),
    });
    files.collect()
}
