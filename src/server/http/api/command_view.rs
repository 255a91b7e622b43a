//! A command as the API shows it: what it is, where it stands, what the device
//! answered. Never its Data.

use std::collections::{HashMap, VecDeque};

use schemars::JsonSchema;
use serde::Serialize;

use crate::app::commands::{CommandDetail, state_of};
use crate::app::input::Time;
use crate::app::log::Decision;
use modegate_core::command::{CommandBody, NodeResult, Operation, Part, StoredCommand, answers};
use modegate_core::context::Mode;
use modegate_core::device::Device;
use modegate_core::forecast::{Forecast, When, Window};
use modegate_core::ids::{CommandId, CommandSeq};
use modegate_core::kind::{Kind, kind_of};
use modegate_core::operations::lacks_parameter;
use modegate_core::policy::PolicySet;
use modegate_core::session::queue::leaves_of;
use modegate_core::time::Timestamp;

/// What is said beside a command that no table knows.
const UNCLASSIFIED: &str =
    "the classification knows no such verb and LocURI: the command is withheld in every mode";

const NO_PARAMETER: &str = "the Data of this Exec does not begin with the parameter of its method and \
     '=' (or the method has none, and there is Data): the device will most likely refuse it";

fn warning(kind: Kind, body: &CommandBody) -> Option<&'static str> {
    match kind {
        Kind::Unclassified => Some(UNCLASSIFIED),
        _ if lacks_parameter(body) => Some(NO_PARAMETER),
        _ => None,
    }
}

/// A command as the API shows it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Command", extend("required" = ["id", "kind", "state"]))]
pub(in crate::http) struct CommandView {
    pub(in crate::http) id: String,
    pub(in crate::http) device: String,
    #[serde(rename = "type")]
    pub(in crate::http) name: String,
    #[schemars(with = "String")]
    pub(in crate::http) kind: Kind,
    pub(in crate::http) state: &'static str,
    pub(in crate::http) actor: String,
    pub(in crate::http) queued_at: Time,
    pub(in crate::http) priority: i32,
    pub(in crate::http) not_before: Option<Time>,
    pub(in crate::http) expires_at: Option<Time>,
    pub(in crate::http) app: Option<String>,
    /// The commands that it waits for.
    pub(in crate::http) after: Vec<String>,
    /// The command that it was queued for.
    pub(in crate::http) serves: Option<String>,
    pub(in crate::http) attempts: Option<u8>,
    /// Deliveries in a row that got no answer that was understood.
    pub(in crate::http) unanswered: Option<u8>,
    pub(in crate::http) reason: Option<String>,
    pub(in crate::http) operations: Vec<OperationView>,
    pub(in crate::http) results: Vec<ResultView>,
    pub(in crate::http) history: Vec<HistoryView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::http) warning: Option<&'static str>,
    #[serde(flatten)]
    pub(in crate::http) detail: Option<DetailView>,
}

/// What is said of one command only.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct DetailView {
    pub(in crate::http) forecast: Option<ForecastView>,
    /// What was decided on it, the newest first.
    pub(in crate::http) decisions: Vec<Decision>,
}

/// An operation, or a group of them.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub(in crate::http) enum OperationView {
    Node(NodeOperationView),
    Group(OperationGroupView),
}

/// An operation on a node.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "NodeOperation")]
pub(in crate::http) struct NodeOperationView {
    pub(in crate::http) verb: &'static str,
    pub(in crate::http) loc_uri: String,
}

/// Operations that belong together.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "OperationGroup")]
pub(in crate::http) struct OperationGroupView {
    pub(in crate::http) group: &'static str,
    pub(in crate::http) operations: Vec<OperationView>,
}

/// What the device answered about a node.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(in crate::http) struct ResultView {
    pub(in crate::http) loc_uri: String,
    pub(in crate::http) status: Option<u16>,
    pub(in crate::http) format: Option<String>,
    pub(in crate::http) data: Option<String>,
    /// The error behind the status as the device names it, mostly an HRESULT.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::http) original_error: Option<String>,
    /// The node as the device named it, where that is another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::http) source: Option<String>,
}

/// A step of a command.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(in crate::http) struct HistoryView {
    pub(in crate::http) at: Time,
    pub(in crate::http) state: &'static str,
    pub(in crate::http) reason: Option<String>,
}

/// When a command can go.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Forecast")]
pub(in crate::http) struct ForecastView {
    #[schemars(with = "String")]
    pub(in crate::http) when: When,
    pub(in crate::http) text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::http) session: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::http) at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::http) last_seen: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::http) user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::http) renewal: Option<WindowView>,
    /// The nightly maintenance that may carry it, as the device plans it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::http) night: Option<WindowView>,
    /// About when the device's user usually logs on, `HH:MM` in the device's time, where a
    /// logon may carry it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::http) usual_logon: Option<String>,
    /// The modes whose sessions carry it, with nobody logged on in Machine and the enrolled
    /// user in Maintenance and Apps.
    #[schemars(with = "Vec<String>")]
    pub(in crate::http) modes: Vec<Mode>,
    /// Those of them whose sessions do not carry it where LoginStatus is `none`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<String>")]
    pub(in crate::http) needs_logon: Vec<Mode>,
}

/// When the device is expected by itself.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(in crate::http) struct WindowView {
    pub(in crate::http) from: Time,
    pub(in crate::http) to: Time,
    pub(in crate::http) why: &'static str,
}

impl From<Window> for WindowView {
    fn from(window: Window) -> Self {
        WindowView {
            from: Time(window.from),
            to: Time(window.to),
            why: window.why,
        }
    }
}

impl From<Forecast> for ForecastView {
    fn from(forecast: Forecast) -> Self {
        ForecastView {
            when: forecast.when,
            text: forecast.text,
            session: forecast.session,
            at: forecast.at.map(Time),
            last_seen: forecast.last_seen.map(Time),
            user: forecast.user,
            renewal: forecast.renewal.map(WindowView::from),
            night: forecast.night.map(WindowView::from),
            usual_logon: forecast.usual_logon,
            modes: forecast.modes,
            needs_logon: forecast.needs_logon,
        }
    }
}

impl CommandView {
    /// The command as it stands at `now`.
    pub(in crate::http) fn new(
        command: &StoredCommand,
        device: &Device,
        policies: &PolicySet,
        now: Timestamp,
    ) -> Self {
        let body = command.body.bound(device.client_id());
        let kind = kind_of(&leaves_of(&body.operations, |verb, loc_uri| {
            policies.classify(verb, loc_uri)
        }));
        let id = |seq: &CommandSeq| full_id(device, *seq);
        let options = &body.options;
        let open = device.state.open(command.id.seq);
        CommandView {
            id: command.id.to_string(),
            device: command.id.device.to_string(),
            name: body.name.clone(),
            kind,
            state: state_of(command, device, now).name(),
            actor: body.actor.clone(),
            queued_at: Time(body.queued_at),
            priority: body.priority,
            not_before: body.not_before.map(Time),
            expires_at: body.expires_at.map(Time),
            app: options.app.clone().or_else(|| options.label.clone()),
            after: options.after.iter().map(id).collect(),
            serves: options
                .purpose
                .and_then(|serves| Some(id(&serves.parent()?))),
            attempts: open.map(|open| open.attempts),
            unanswered: open.map(|open| open.unanswered),
            reason: command
                .parts
                .iter()
                .rev()
                .find_map(|part| part.reason.clone()),
            operations: body.operations.iter().map(OperationView::from).collect(),
            results: results(&command.parts),
            history: command.parts.iter().map(HistoryView::from).collect(),
            warning: warning(kind, &body),
            detail: None,
        }
    }

    /// The same with when it can go and what was decided on it.
    pub(in crate::http) fn detailed(
        detail: CommandDetail,
        policies: &PolicySet,
        now: Timestamp,
    ) -> Self {
        let more = DetailView {
            forecast: detail.forecast.map(ForecastView::from),
            decisions: detail.decisions,
        };
        CommandView {
            detail: Some(more),
            ..CommandView::new(&detail.command, &detail.device, policies, now)
        }
    }
}

/// The id of a device's command.
pub(in crate::http) fn full_id(device: &Device, seq: CommandSeq) -> String {
    let device = device.id;
    CommandId { device, seq }.to_string()
}

impl From<&Operation> for OperationView {
    fn from(operation: &Operation) -> Self {
        match operation {
            Operation::Node { verb, loc_uri, .. } => OperationView::Node(NodeOperationView {
                verb: verb.name(),
                loc_uri: loc_uri.to_string(),
            }),
            Operation::Group(kind, children) => OperationView::Group(OperationGroupView {
                group: kind.name(),
                operations: children.iter().map(OperationView::from).collect(),
            }),
        }
    }
}

impl From<&Part> for HistoryView {
    fn from(part: &Part) -> Self {
        HistoryView {
            at: Time(part.at),
            state: part.state.name(),
            reason: part.reason.clone(),
        }
    }
}

/// What the device answered, a Status and the Results of its node together
/// even where they came in different messages.
fn results(parts: &[Part]) -> Vec<ResultView> {
    let mut merged: Vec<NodeResult> = Vec::new();
    // By node, what lacks its other half, in order: a device chooses how many there are.
    let mut without_data: HashMap<String, VecDeque<usize>> = HashMap::new();
    let mut without_status: HashMap<String, VecDeque<usize>> = HashMap::new();
    for result in answers(parts) {
        let (own, other) = match (result.status, &result.data) {
            (0, Some(_)) => (&mut without_status, &mut without_data),
            (_, None) => (&mut without_data, &mut without_status),
            _ => {
                merged.push(result);
                continue;
            }
        };
        let half = other
            .get_mut(result.loc_uri.as_str())
            .and_then(VecDeque::pop_front);
        match half {
            Some(at) => {
                let half = &mut merged[at];
                half.status = half.status.max(result.status);
                half.data = half.data.take().or(result.data);
                half.format = half.format.take().or(result.format);
                half.source = half.source.take().or(result.source);
                half.original_error = half.original_error.or(result.original_error);
            }
            None => {
                let places = own.entry(result.loc_uri.to_string()).or_default();
                places.push_back(merged.len());
                merged.push(result);
            }
        }
    }
    let shown = merged.into_iter().map(|result| ResultView {
        status: (result.status != 0).then_some(result.status),
        format: result.format,
        original_error: result.original_error.map(|error| format!("0x{error:08X}")),
        source: result.source,
        // What was asked of the device is what the caller wants to read.
        data: result.data.map(|data| data.reveal().to_owned()),
        loc_uri: result.loc_uri.to_string(),
    });
    shown.collect()
}
