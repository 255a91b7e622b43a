//! `GET /console/devices/{device}/compliance`: how it stands, and what shows that.

use crate::app::compliance::{self, Standing as Found};
use crate::http::api::PathId;
use crate::http::pages::console::command_id;
use crate::http::pages::console::devices::{head, shell};
use crate::http::pages::{Page, Visitor};
use modegate_core::compliance::{
    Baseline, BaselineId, BaselineVerdicts, ControlId, Evidence, Shown, Verdict,
};
use modegate_core::ids::DeviceId;
use modegate_pages::console::compliance::Standing;
use modegate_pages::console::compliance::device::{
    BaselineStanding, DeviceCompliancePage, EvidenceCells, EvidenceExchange, VerdictRow,
};

/// `GET /console/devices/{device}/compliance`.
pub(in crate::http::pages) async fn show(visitor: Visitor, PathId(id): PathId<DeviceId>) -> Page {
    visitor
        .read(move |visitor| async move {
            let (app, by) = (visitor.app(), visitor.by());
            let device = by.device(app, id).await?;
            let found = compliance::of_device(app, by, id).await?;
            let judged = found.compliance.iter().flat_map(|judged| &judged.baselines);
            let baselines = judged.map(|of| standing(id, of, &found)).collect();
            Ok(DeviceCompliancePage {
                shell: shell(&visitor, &device, "/compliance"),
                head: head(&visitor, &device, "/compliance").await?,
                is_judged: found.compliance.is_some(),
                has_baselines: !found.set.baselines().is_empty(),
                baselines,
            })
        })
        .await
}

fn standing(
    device: DeviceId,
    (id, verdicts): (&BaselineId, &BaselineVerdicts),
    found: &Found,
) -> BaselineStanding {
    let baseline = found.set.baseline(id);
    let controls = verdicts.controls.iter();
    BaselineStanding {
        id: id.to_string(),
        digest: verdicts.digest.to_string(),
        state: verdicts.state().map(Standing),
        controls: controls
            .map(|one| row(device, one, baseline, found))
            .collect(),
    }
}

fn row(
    device: DeviceId,
    (control, verdict): (&ControlId, &Verdict),
    baseline: Option<&Baseline>,
    found: &Found,
) -> VerdictRow {
    let known = baseline.and_then(|baseline| {
        let mut controls = baseline.controls.iter();
        controls.find(|one| one.id == *control)
    });
    let (state, beneath) = (verdict.state(), verdict.state_beneath());
    let reason = verdict.reason().map(|reason| reason.name());
    VerdictRow {
        control: control.to_string(),
        asks: known.map(|known| known.question.to_string()),
        expects: known.map(|known| known.expected.to_string()),
        state: Standing(state),
        beneath: (beneath != state).then_some(Standing(beneath)),
        since: verdict.since,
        reason: reason.map(|reason| reason.replace('_', " ")),
        until: verdict.ends_at(),
        evidence: verdict
            .evidence
            .as_ref()
            .map(|evidence| cells(device, evidence, found)),
    }
}

fn cells(device: DeviceId, evidence: &Evidence, found: &Found) -> EvidenceCells {
    let brought = evidence.event.and_then(|event| found.brought(event));
    let command = evidence.command;
    EvidenceCells {
        value: match &evidence.value {
            Shown::Value(value) => value.text(),
            Shown::Digest(digest) => Some(format!(
                "SHA-256 {}",
                data_encoding::HEXLOWER.encode(digest)
            )),
        },
        read_at: evidence.read_at,
        command: command.map(|seq| (seq.0, command_id(device, seq.0))),
        exchange: brought.map(|(place, exchange)| EvidenceExchange {
            place,
            session: exchange.session,
            mode: exchange.mode,
            policy_set: exchange.policy_set.chars().take(8).collect(),
        }),
    }
}
