//! `GET /console/compliance/{baseline}`: its controls, exemptions and snapshots.

use actix_web::web;

use super::{counts, families};
use crate::app::compliance::{self, Counts};
use crate::app::log::{self, EventFilter, LoggedEvent};
use crate::app::{self, Principal};
use crate::http::pages::{Page, Visitor};
use crate::http::problem::Problem;
use modegate_core::compliance::{Baseline, Control, Exemption};
use modegate_core::event::EventType;
use modegate_pages::console::compliance::baseline::{
    BaselinePage, ControlRow, ExemptionRow, SnapshotRow,
};

/// Snapshots of all baselines that are looked at, the newest.
const SNAPSHOTS: usize = 50;

/// `GET /console/compliance/{baseline}`.
pub(in crate::http::pages) async fn show(visitor: Visitor, id: web::Path<String>) -> Page {
    visitor
        .read(move |visitor| async move {
            let by = visitor.by();
            let found = compliance::overview(visitor.app(), by).await?;
            let baseline = compliance::baseline(&found.set, &id)?;
            let all = found.counts.as_ref();
            let shell = visitor.shell(format!("Baseline {}", baseline.id));
            Ok(BaselinePage {
                shell: shell.below("/console/compliance", "Compliance"),
                id: baseline.id.to_string(),
                digest: baseline.digest.to_string(),
                families: families(baseline),
                groups: known(by, baseline.groups.as_ref()),
                max_age_days: baseline.max_age_days,
                counts: all.map(|all| counts(&all.of(&baseline.id.0, ""))),
                controls: baseline
                    .controls
                    .iter()
                    .map(|one| control(baseline, one, all))
                    .collect(),
                exemptions: baseline
                    .exemptions
                    .iter()
                    .map(|one| exemption(by, one))
                    .collect(),
                snapshots: snapshots(&visitor, baseline).await?,
                text: by.sees_all().then(|| baseline.text.clone()),
            })
        })
        .await
}

fn known(by: &Principal, groups: Option<&Vec<String>>) -> Option<String> {
    groups.map(|groups| by.known_groups(groups).join(", "))
}

fn control(baseline: &Baseline, control: &Control, all: Option<&Counts>) -> ControlRow {
    ControlRow {
        id: control.id.to_string(),
        asks: control.question.to_string(),
        expects: control.expected.to_string(),
        grace_days: control.grace_days,
        maps: control.maps.join(", "),
        says: control.says.clone(),
        counts: all.map(|all| counts(&all.of(&baseline.id.0, &control.id.0))),
    }
}

fn exemption(by: &Principal, exemption: &Exemption) -> ExemptionRow {
    ExemptionRow {
        control: exemption.control.to_string(),
        groups: known(by, exemption.groups.as_ref()),
        until: exemption.until,
        reason: exemption.reason.clone(),
        approved_by: by.sees_all().then(|| exemption.approved_by.clone()),
    }
}

async fn snapshots(visitor: &Visitor, baseline: &Baseline) -> Result<Vec<SnapshotRow>, Problem> {
    let filter = EventFilter {
        what: Some(EventType::ComplianceSnapshot),
        newest_first: true,
        ..EventFilter::default()
    };
    let page = app::Page {
        after: None,
        limit: SNAPSHOTS,
    };
    let found = log::all(visitor.app(), visitor.by(), &filter, page).await?;
    let row = |logged: LoggedEvent| {
        let stored = logged.stored;
        let record = stored.event.snapshot?;
        (record.baseline.id == baseline.id.0).then_some(SnapshotRow {
            place: stored.place,
            at: record.at,
            devices: record.devices,
            not_compliant: record.counts.not_compliant,
            unknown: record.counts.unknown,
            root: record.root,
        })
    };
    Ok(found.items.into_iter().filter_map(row).collect())
}
