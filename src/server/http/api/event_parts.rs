//! What events say of exchanges, commands and records, as the API shows it.

use schemars::JsonSchema;
use serde::Serialize;

use modegate_core::context::{Context, Mode};
use modegate_core::event::{
    Delivered, Event, ExchangeMore, ExchangeRecord, Outcome, ProofRecord, RecordChange, Step,
    SubjectRecord, Touched, Withheld,
};
use modegate_core::ids::{CommandId, CommandSeq};
use modegate_core::kind::Kind;

/// The id of a command of the device that an event is about.
pub(super) fn full(event: &Event, seq: u32) -> Option<String> {
    let id = |device| CommandId {
        device,
        seq: CommandSeq(seq),
    };
    event.device.map(|device| id(device).to_string())
}

/// One node that a command works on.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct EventStep {
    verb: String,
    /// `{device}` stands for the device's own key.
    loc_uri: String,
}

impl From<&Step> for EventStep {
    fn from(step: &Step) -> Self {
        EventStep {
            verb: step.verb.clone(),
            loc_uri: step.loc_uri.clone(),
        }
    }
}

/// What a policy set looks at to decide on a command.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct TouchedView {
    /// The verb, the kind and, where it is known, the WMI class of each thing touched.
    leaves: Vec<String>,
    /// The nodes that only a policy file may classify.
    unknown: Vec<EventStep>,
    /// Whether such nodes are left out, since there are too many.
    partial: bool,
    /// Beside a decision: the catalogue's app that the command installs.
    #[serde(skip_serializing_if = "Option::is_none")]
    app: Option<String>,
}

impl From<&Touched> for TouchedView {
    fn from(touched: &Touched) -> Self {
        TouchedView {
            leaves: touched.leaf_texts().collect(),
            unknown: touched.unknown.iter().map(EventStep::from).collect(),
            partial: touched.partial,
            app: touched.app.clone(),
        }
    }
}

/// What of a device's record was set or is another.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct RecordChangeView {
    /// The fields, by their names in the API.
    fields: Vec<String>,
    /// The family afterwards, where it is another or new.
    family: Option<&'static str>,
    family_was: Option<&'static str>,
    /// The groups afterwards, where they are others or new.
    groups: Option<Vec<String>>,
    groups_were: Option<Vec<String>>,
    /// SHA-256 of each, 64 hexadecimal digits; so of the others.
    certificates_added: Vec<String>,
    certificates_removed: Vec<String>,
    certificates_revoked: Vec<String>,
}

impl From<&RecordChange> for RecordChangeView {
    fn from(change: &RecordChange) -> Self {
        RecordChangeView {
            fields: change.fields.clone(),
            family: change.family.map(|family| family.name()),
            family_was: change.family_was.map(|family| family.name()),
            groups: change.groups.clone(),
            groups_were: change.groups_were.clone(),
            certificates_added: change.certificates_added.clone(),
            certificates_removed: change.certificates_removed.clone(),
            certificates_revoked: change.certificates_revoked.clone(),
        }
    }
}

/// What is said of an exchange.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ExchangeView {
    session: u32,
    session_id: String,
    message: u32,
    /// As sent, without `?`.
    query: String,
    #[schemars(with = "String")]
    mode: Mode,
    platform: &'static str,
    login: &'static str,
    /// Every context that the session had named by then: what was decided on.
    contexts: Vec<ContextView>,
    /// How the device proved who it is, where that is not as in the message before.
    proof: Option<ProofView>,
    /// What of the device's record decides, where that is not as in the exchange before.
    subject: Option<SubjectView>,
    policy_set: String,
    status: u16,
    delivered: Vec<DeliveredView>,
    /// SHA-256 of the reply's bytes, where it carries commands.
    reply_sha256: Option<String>,
    withheld: Vec<WithheldView>,
    outcomes: Vec<OutcomeView>,
    notes: Vec<String>,
    ended: bool,
}

/// One context that a session named.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct ContextView {
    #[schemars(with = "String")]
    mode: Mode,
    platform: &'static str,
    login: &'static str,
}

impl From<Context> for ContextView {
    fn from(context: Context) -> Self {
        ContextView {
            mode: context.mode,
            platform: context.platform.name(),
            login: context.login.name(),
        }
    }
}

/// How a device proved who it is.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct ProofView {
    /// `certificate`, `issuer`, `basic`, `digest`, `hmac` or `source`.
    by: &'static str,
    /// The certificate that counted.
    certificate_sha256: Option<String>,
}

impl From<&ProofRecord> for ProofView {
    fn from(proof: &ProofRecord) -> Self {
        ProofView {
            by: proof.by.name(),
            certificate_sha256: proof.certificate_sha256.clone(),
        }
    }
}

/// What of a device's record decides.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct SubjectView {
    family: &'static str,
    groups: Vec<String>,
}

impl From<&SubjectRecord> for SubjectView {
    fn from(subject: &SubjectRecord) -> Self {
        SubjectView {
            family: subject.family.name(),
            groups: subject.groups.clone(),
        }
    }
}

/// A command that was decided on.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct DeliveredView {
    command: Option<String>,
    #[schemars(with = "String")]
    kind: Kind,
    rules: Vec<String>,
    /// What it touched then, where that is not as it was queued.
    #[serde(skip_serializing_if = "Option::is_none")]
    touched: Option<TouchedView>,
}

/// A command that was withheld.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct WithheldView {
    #[serde(flatten)]
    of: DeliveredView,
    #[schemars(with = "Vec<String>")]
    modes: Vec<Mode>,
}

/// What became of a command.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct OutcomeView {
    command: Option<String>,
    state: &'static str,
    status: Option<u16>,
    reason: Option<String>,
    /// The rules that refused it, where it failed for them.
    rules: Vec<String>,
    /// What it touched then, where rules refused it and that is not as it was queued.
    #[serde(skip_serializing_if = "Option::is_none")]
    touched: Option<TouchedView>,
}

impl ExchangeView {
    pub(super) fn new(event: &Event, exchange: &ExchangeRecord, withheld: &[Withheld]) -> Self {
        let contexts = exchange.all_contexts();
        ExchangeView {
            session: exchange.session,
            session_id: exchange.session_id.clone(),
            message: exchange.message,
            query: exchange.query.clone(),
            mode: exchange.mode,
            platform: exchange.platform.name(),
            login: exchange.login.name(),
            contexts: contexts.iter().map(ContextView::from).collect(),
            proof: exchange.proof.as_ref().map(ProofView::from),
            subject: exchange.subject.as_ref().map(SubjectView::from),
            policy_set: exchange.policy_set.clone(),
            status: exchange.status,
            delivered: delivered(event, &exchange.delivered),
            reply_sha256: exchange.reply_sha256.clone(),
            withheld: withheld_one_by_one(event, withheld),
            outcomes: outcomes(event, &exchange.outcomes),
            notes: exchange.notes.clone(),
            ended: exchange.ended,
        }
    }
}

/// What is said of an exchange that goes on in another event.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ExchangeMoreView {
    session: u32,
    message: u32,
    delivered: Vec<DeliveredView>,
    withheld: Vec<WithheldView>,
    outcomes: Vec<OutcomeView>,
    notes: Vec<String>,
}

impl ExchangeMoreView {
    pub(super) fn new(event: &Event, more: &ExchangeMore) -> Self {
        ExchangeMoreView {
            session: more.session,
            message: more.message,
            delivered: delivered(event, &more.delivered),
            withheld: withheld_one_by_one(event, &more.withheld),
            outcomes: outcomes(event, &more.outcomes),
            notes: more.notes.clone(),
        }
    }
}

fn delivered(event: &Event, delivered: &[Delivered]) -> Vec<DeliveredView> {
    let view = |one: &Delivered| DeliveredView {
        command: full(event, one.command),
        kind: one.kind,
        rules: one.rules.clone(),
        touched: one.touched.as_ref().map(TouchedView::from),
    };
    delivered.iter().map(view).collect()
}

fn withheld_one_by_one(event: &Event, withheld: &[Withheld]) -> Vec<WithheldView> {
    let one = |group: &Withheld, seq: u32| {
        let mut touched = group.touched.iter();
        let touched = touched.find(|one| one.command == seq);
        WithheldView {
            of: DeliveredView {
                command: full(event, seq),
                kind: group.kind,
                rules: group.rules.clone(),
                touched: touched.map(|one| TouchedView::from(&one.touched)),
            },
            modes: group.modes.clone(),
        }
    };
    let groups = withheld.iter();
    groups
        .flat_map(|group| group.commands.iter().map(move |&seq| one(group, seq)))
        .collect()
}

fn outcomes(event: &Event, outcomes: &[Outcome]) -> Vec<OutcomeView> {
    let view = |one: &Outcome| OutcomeView {
        command: full(event, one.command),
        state: one.state.name(),
        status: one.status,
        reason: one.reason.clone(),
        rules: one.rules.clone(),
        touched: one.touched.as_ref().map(TouchedView::from),
    };
    outcomes.iter().map(view).collect()
}
