//! `/compliance` and `/devices/{id}/compliance`: what compliant means, and whether devices
//! are.

use std::collections::BTreeMap;

use actix_web::web;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::query::{text, word};
use super::{Caller, HandlerResult, Id, Paging, ok, page_in};
use crate::app::Principal;
use crate::app::compliance::{self, Counts, Standing, StateFilter};
use crate::app::input::Time;
use crate::app::word::Word;
use modegate_core::compliance::{
    Baseline, BaselineVerdicts, ComplianceState, Control, ControlId, Evidence, Exemption,
    NOT_COVERED, Reason, Shown, Verdict,
};
use modegate_core::context::Family;
use modegate_core::device::Device;
use modegate_core::ids::{CommandId, DeviceId};
use modegate_store::seal::CursorList;

/// The baselines in force.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Compliance")]
pub(super) struct ComplianceView {
    /// SHA-256 over all of them.
    digest: String,
    /// How many devices are in each state, and `not_covered`; none for a token that does not
    /// see all devices.
    devices: Option<BTreeMap<String, u64>>,
    /// How many devices wait to be judged; none for the same tokens.
    waiting: Option<u64>,
    baselines: Vec<BaselineView>,
}

/// A baseline.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Baseline")]
pub(super) struct BaselineView {
    id: String,
    /// SHA-256 of the text of its file, which events name.
    digest: String,
    families: Vec<Word<Family>>,
    /// Where it is narrowed: the groups of which a device must be in one, as far as the
    /// caller knows them.
    groups: Option<Vec<String>>,
    max_age_days: u32,
    /// How many devices are in each state; none for a token that does not see all devices.
    devices: Option<BTreeMap<String, u64>>,
    controls: Vec<ControlView>,
    exemptions: Vec<ExemptionView>,
    /// The text of its file; none for a token that does not see all devices.
    text: Option<String>,
}

/// A control.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct ControlView {
    id: String,
    /// What it asks: a class and its property, or what the server itself knows.
    asks: String,
    /// Which answers are compliant, in words.
    expects: String,
    grace_days: u32,
    maps: Vec<String>,
    grade: Option<&'static str>,
    says: Option<String>,
    /// How many devices are in each state; none for a token that does not see all devices.
    devices: Option<BTreeMap<String, u64>>,
}

/// An exemption.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct ExemptionView {
    control: String,
    groups: Option<Vec<String>>,
    until: Time,
    reason: String,
    /// Who approved it; none for a token that does not see all devices.
    approved_by: Option<String>,
}

impl BaselineView {
    fn new(baseline: &Baseline, counts: Option<&Counts>, by: &Principal) -> Self {
        let known = |groups: &Option<Vec<String>>| {
            let groups = groups.as_ref();
            groups.map(|groups| by.known_groups(groups))
        };
        let of = |control: &str| counts.map(|counts| counts.of(&baseline.id.0, control));
        let control = |control: &Control| ControlView {
            id: control.id.to_string(),
            asks: control.question.to_string(),
            expects: control.expected.to_string(),
            grace_days: control.grace_days,
            maps: control.maps.clone(),
            grade: control.grade.map(|grade| grade.name()),
            says: control.says.clone(),
            devices: of(&control.id.0),
        };
        let exemption = |exemption: &Exemption| ExemptionView {
            control: exemption.control.to_string(),
            groups: known(&exemption.groups),
            until: Time(exemption.until),
            reason: exemption.reason.clone(),
            approved_by: by.sees_all().then(|| exemption.approved_by.clone()),
        };
        BaselineView {
            id: baseline.id.to_string(),
            digest: baseline.digest.to_string(),
            families: baseline.families.iter().copied().map(Word).collect(),
            groups: known(&baseline.groups),
            max_age_days: baseline.max_age_days,
            devices: of(""),
            controls: baseline.controls.iter().map(control).collect(),
            exemptions: baseline.exemptions.iter().map(exemption).collect(),
            text: by.sees_all().then(|| baseline.text.clone()),
        }
    }
}

/// `GET /compliance`.
pub(super) async fn overview(caller: Caller) -> HandlerResult {
    caller
        .read(move |caller| async move {
            let found = compliance::overview(caller.app(), caller.by()).await?;
            let counts = found.counts.as_ref();
            let baselines = found.set.baselines().iter();
            ok(&ComplianceView {
                digest: found.set.digest().to_owned(),
                devices: counts.map(|counts| counts.of("", "")),
                waiting: found.backlog.map(|backlog| backlog.moved),
                baselines: baselines
                    .map(|baseline| BaselineView::new(baseline, counts, caller.by()))
                    .collect(),
            })
        })
        .await
}

/// `GET /compliance/{baseline}`.
pub(super) async fn one(caller: Caller, id: web::Path<String>) -> HandlerResult {
    caller
        .read(move |caller| async move {
            let found = compliance::overview(caller.app(), caller.by()).await?;
            let baseline = compliance::baseline(&found.set, &id)?;
            let counts = found.counts.as_ref();
            ok(&BaselineView::new(baseline, counts, caller.by()))
        })
        .await
}

/// A device that a baseline covers, and how it stands.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "DeviceState")]
pub(super) struct DeviceStateView {
    device: String,
    /// That of its worst control.
    state: Option<Word<ComplianceState>>,
    /// Its controls, by their states.
    controls: BTreeMap<&'static str, Vec<String>>,
}

impl DeviceStateView {
    fn new(device: &Device, verdicts: &BaselineVerdicts) -> Self {
        let mut controls: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
        for (control, verdict) in &verdicts.controls {
            let own = controls.entry(verdict.state().name()).or_default();
            own.push(control.to_string());
        }
        DeviceStateView {
            device: device.id.to_string(),
            state: verdicts.state().map(Word),
            controls,
        }
    }
}

/// Which devices to list.
#[derive(Debug, Deserialize)]
pub(super) struct FilterQuery {
    state: Option<String>,
    control: Option<String>,
}

/// `GET /compliance/{baseline}/devices`.
pub(super) async fn devices(
    caller: Caller,
    id: web::Path<String>,
    paging: web::Query<Paging>,
    query: web::Query<FilterQuery>,
) -> HandlerResult {
    caller
        .read(move |caller| async move {
            let query = query.into_inner();
            let filter = StateFilter {
                state: word("state", query.state.as_deref())?,
                control: text(query.control).map(ControlId),
            };
            let asked = paging.page_in(&caller, CursorList::Devices)?;
            let listed = compliance::devices(caller.app(), caller.by(), &id, filter, asked).await?;
            Ok(page_in(
                &caller,
                CursorList::Devices,
                listed,
                |(device, verdicts)| DeviceStateView::new(&device, &verdicts),
            ))
        })
        .await
}

/// How a device stands by every baseline that covers it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "DeviceCompliance")]
pub(super) struct DeviceComplianceView {
    device: String,
    /// That of its worst control; `not_covered` where no baseline covers it; none where it was
    /// not judged yet.
    state: Option<&'static str>,
    baselines: Vec<VerdictsView>,
}

/// How a device stands by one baseline.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct VerdictsView {
    baseline: String,
    /// The digest of the text by which it was judged.
    digest: String,
    state: Option<Word<ComplianceState>>,
    controls: Vec<VerdictView>,
}

/// How a device stands to one control, and what shows that.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct VerdictView {
    control: String,
    /// What the control asks, where the baseline is in force still.
    asks: Option<String>,
    /// Which answers are compliant, in words.
    expects: Option<String>,
    state: Word<ComplianceState>,
    /// For one that is exempt: the state beneath.
    beneath: Option<Word<ComplianceState>>,
    since: Time,
    /// Why nothing is known, where that is so.
    reason: Option<Word<Reason>>,
    /// When the exemption or the grace ends.
    until: Option<Time>,
    evidence: Option<EvidenceView>,
}

/// What a verdict rests on.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct EvidenceView {
    /// The value, where it is short; none for one that is null or absent.
    value: Json,
    /// SHA-256 of a value that is longer.
    #[serde(skip_serializing_if = "Option::is_none")]
    value_sha256: Option<String>,
    read_at: Time,
    /// The command that read it; none for what the server itself knows.
    command: Option<String>,
    /// The device's event of the exchange that brought it.
    event: Option<u64>,
    /// What that exchange was, as far as the log goes back.
    exchange: Option<ExchangeView>,
}

/// The exchange that brought a reading.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct ExchangeView {
    session: u32,
    mode: &'static str,
    login: &'static str,
    /// The policy set that decided that the reading could go.
    policy_set: String,
}

impl EvidenceView {
    fn new(device: DeviceId, evidence: &Evidence, standing: &Standing) -> Self {
        let (value, value_sha256) = match &evidence.value {
            Shown::Value(value) => (value.json(), None),
            Shown::Digest(digest) => (Json::Null, Some(data_encoding::HEXLOWER.encode(digest))),
        };
        let exchange = evidence.event.and_then(|event| standing.exchange(event));
        let command = evidence.command.map(|seq| CommandId { device, seq });
        EvidenceView {
            value,
            value_sha256,
            read_at: Time(evidence.read_at),
            command: command.map(|command| command.to_string()),
            event: evidence.event,
            exchange: exchange.map(|exchange| ExchangeView {
                session: exchange.session,
                mode: exchange.mode.name(),
                login: exchange.login.name(),
                policy_set: exchange.policy_set.clone(),
            }),
        }
    }
}

impl VerdictView {
    fn new(
        device: DeviceId,
        (control, verdict): (&ControlId, &Verdict),
        baseline: Option<&Baseline>,
        standing: &Standing,
    ) -> Self {
        let known = baseline.and_then(|baseline| {
            let mut controls = baseline.controls.iter();
            controls.find(|one| one.id == *control)
        });
        let (state, beneath) = (verdict.state(), verdict.state_beneath());
        let evidence = verdict.evidence.as_ref();
        VerdictView {
            control: control.to_string(),
            asks: known.map(|known| known.question.to_string()),
            expects: known.map(|known| known.expected.to_string()),
            state: Word(state),
            beneath: (beneath != state).then_some(Word(beneath)),
            since: Time(verdict.since),
            reason: verdict.reason().map(Word),
            until: verdict.ends_at().map(Time),
            evidence: evidence.map(|evidence| EvidenceView::new(device, evidence, standing)),
        }
    }
}

/// `GET /devices/{id}/compliance`.
pub(super) async fn of_device(caller: Caller, Id(id): Id<DeviceId>) -> HandlerResult {
    caller
        .read(move |caller| async move {
            let found = compliance::of_device(caller.app(), caller.by(), id).await?;
            let judged = found.compliance.as_ref();
            let verdicts = judged.into_iter().flat_map(|judged| &judged.baselines);
            let view = |(of, verdicts): (_, &BaselineVerdicts)| {
                let baseline = found.set.baseline(of);
                let controls = verdicts.controls.iter();
                VerdictsView {
                    baseline: of.to_string(),
                    digest: verdicts.digest.to_string(),
                    state: verdicts.state().map(Word),
                    controls: controls
                        .map(|one| VerdictView::new(id, one, baseline, &found))
                        .collect(),
                }
            };
            ok(&DeviceComplianceView {
                device: id.to_string(),
                state: judged.map(|judged| {
                    let state = judged.state();
                    state.map_or(NOT_COVERED, ComplianceState::name)
                }),
                baselines: verdicts.map(view).collect(),
            })
        })
        .await
}
