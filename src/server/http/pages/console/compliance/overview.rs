//! `GET /console/compliance`: the baselines in force.

use super::{counts, families};
use crate::app::compliance;
use crate::http::pages::{Page, Visitor};
use modegate_core::compliance::NOT_COVERED;
use modegate_pages::console::compliance::overview::{BaselineRow, CompliancePage};

/// `GET /console/compliance`.
pub(in crate::http::pages) async fn show(visitor: Visitor) -> Page {
    visitor
        .read(move |visitor| async move {
            let found = compliance::overview(visitor.app(), visitor.by()).await?;
            let all = found.counts.as_ref();
            let row = |baseline: &modegate_core::compliance::Baseline| BaselineRow {
                id: baseline.id.to_string(),
                families: families(baseline),
                groups: baseline
                    .groups
                    .as_ref()
                    .map(|groups| visitor.by().known_groups(groups).join(", ")),
                controls: baseline.controls.len(),
                counts: all.map(|all| counts(&all.of(&baseline.id.0, ""))),
            };
            let backlog = found.backlog.as_ref();
            Ok(CompliancePage {
                shell: visitor.shell("Compliance"),
                baselines: found.set.baselines().iter().map(row).collect(),
                digest: found.set.digest().to_owned(),
                waiting: backlog.map(|backlog| backlog.moved),
                is_sweeping: backlog.is_some_and(|backlog| backlog.sweeping),
                not_covered: all.map(|all| all.of("", "").get(NOT_COVERED).copied().unwrap_or(0)),
            })
        })
        .await
}
