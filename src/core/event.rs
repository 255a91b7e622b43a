//! Audit events: the append-only log. An event is versioned canonical bytes
//! (JSON, fields in the order below, absent ones left out), stored as
//! written, without secrets.

mod bytes;
mod canonical;
#[cfg(test)]
mod canonical_tests;
mod compliance;
mod enrollment;
mod event_type;
mod exchange;
mod groups;
pub(crate) mod more;
mod record_change;
pub(crate) mod touched;

pub use compliance::{BaselineRecord, ComplianceRecord, ControlRecord, SnapshotRecord};
pub use enrollment::EnrollmentRecord;
pub use event_type::EventType;
pub use exchange::{
    Delivered, ExchangeRecord, Outcome, ProofKind, ProofRecord, SubjectRecord, TouchedBy, Withheld,
};
pub use more::ExchangeMore;
pub use record_change::RecordChange;
pub use touched::Touched;

use serde::{Deserialize, Serialize};

use crate::alert::{Alert, RaisedAlert};
use crate::command::{CLIENT_ID, CommandBody, OpenCommand, Part};
use crate::compliance::{BaselineSet, Change};
use crate::ids::DeviceId;
use crate::kind::Kind;
use crate::log_record::LogRecord;
use crate::time::Timestamp;

/// What happened, before the log gave it its number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The version of this form: 2, or 1 in events that 0.1.0 wrote.
    pub v: u8,
    /// Its number: counts per device, and once more for what concerns none.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// Who: `device`, `api:admin`, `server`.
    pub actor: String,
    /// Whom it concerns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceId>,
    /// What.
    #[serde(rename = "type")]
    pub what: EventType,
    /// The exchange, where it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchange: Option<ExchangeRecord>,
    /// The command concerned, by its number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<u32>,
    /// Its kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// More, in words; never a secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// How many equal ones this stands for, where they were counted together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// For a command that was queued: when it could go, as it looked then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forecast: Option<String>,
    /// What the device reported, where it was an alert of a device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alert: Option<AlertRecord>,
    /// For a command that was queued: what it does, so that this stays on record when the
    /// command is gone. At most [`STEPS`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
    /// For a command that was queued: the catalogue's app that it installs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// For `device.refused`: the requests that it stands for, by reason and certificate.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refusals: Vec<RefusalRecord>,
    /// For a command that was queued: what a policy set looks at to decide on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub touched: Option<Touched>,
    /// For a device that was registered or changed: what of its record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<RecordChange>,
    /// Other commands of the device that ended with it, by their numbers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<u32>,
    /// What the exchange right before had no room for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub more: Option<ExchangeMore>,
    /// What it says about the log itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<Box<LogRecord>>,
    /// For `alert.raised` and `alert.cleared`: the alert.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raised: Option<RaisedAlert>,
    /// For `baseline.loaded`: every baseline that is in force from then on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub baselines: Vec<BaselineRecord>,
    /// For `compliance.changed`: the verdicts that are others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compliance: Option<Box<ComplianceRecord>>,
    /// For `compliance.snapshot`: the list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<Box<SnapshotRecord>>,
    /// For events of an enrollment: which, and what of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enrollment: Option<Box<EnrollmentRecord>>,
}

/// Most steps that an event lists.
const STEPS: usize = 32;
/// Most bytes of their LocURIs, lest the event grows larger than an entry of the log may be.
const STEP_BYTES: usize = 16 * 1024;

/// One node that a command works on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The verb: `Get`, `Exec`, …
    pub verb: String,
    /// The node as it stood when the command was queued; an address that depends on the
    /// device contains `{device}` in place of the device's own key.
    pub loc_uri: String,
}

impl Event {
    /// An event of this type, the rest empty, the number to be given.
    pub fn new(
        at: Timestamp,
        actor: impl Into<String>,
        device: Option<DeviceId>,
        what: EventType,
    ) -> Self {
        Event {
            v: 2,
            seq: 0,
            at,
            actor: actor.into(),
            device,
            what,
            exchange: None,
            command: None,
            kind: None,
            detail: None,
            count: None,
            forecast: None,
            refusals: Vec::new(),
            alert: None,
            steps: Vec::new(),
            app: None,
            touched: None,
            change: None,
            commands: Vec::new(),
            more: None,
            log: None,
            raised: None,
            baselines: Vec::new(),
            compliance: None,
            snapshot: None,
            enrollment: None,
        }
    }

    /// What remains of an event whose text was redacted: its number, its time and whom it
    /// concerned. It is no entry of the log, only how the place is shown.
    #[must_use]
    pub fn stub(&self) -> Self {
        Event {
            v: self.v,
            seq: self.seq,
            ..Event::new(self.at, "redacted", self.device, EventType::Redacted)
        }
    }

    /// That this alert was raised, or that it was cleared if it is.
    pub fn of_alert(alert: &Alert) -> Self {
        let what = match alert.cleared_at {
            None => EventType::AlertRaised,
            Some(_) => EventType::AlertCleared,
        };
        let mut event = Event::new(alert.changed_at(), "server", None, what);
        event.raised = Some(alert.on_record());
        event.detail(&*alert.finding.message)
    }

    /// With what the command that was queued does, and what is decided on.
    #[must_use]
    pub(crate) fn queued(mut self, open: &OpenCommand, body: &CommandBody) -> Self {
        self.touched = Some(Touched::of_open(open));
        self.command(open.seq.0, open.kind())
            .detail(body.name.clone())
            .steps_of(body)
    }

    /// With what changed in the device's record.
    #[must_use]
    pub fn change(mut self, change: RecordChange) -> Self {
        self.change = Some(change);
        self
    }

    /// With the commands that ended, as these parts of their histories say, but the one that
    /// the event is about.
    #[must_use]
    pub fn ending(mut self, parts: &[Part]) -> Self {
        let ended = parts.iter().filter(|part| part.state.is_final());
        let others = ended.map(|part| part.seq.0);
        self.commands = others.filter(|&seq| Some(seq) != self.command).collect();
        self
    }

    /// With what the command does.
    fn steps_of(mut self, body: &CommandBody) -> Self {
        let mut room = STEP_BYTES;
        let mut fits = |step: &Step| {
            let fits = step.loc_uri.len() <= room;
            room = room.saturating_sub(step.loc_uri.len());
            fits
        };
        let placed = body.placed().into_iter();
        let steps = placed.filter_map(|placed| {
            Some(Step {
                verb: placed.name.name().to_owned(),
                loc_uri: placed.loc_uri?.as_str().replace(CLIENT_ID, "{device}"),
            })
        });
        self.steps = steps.take(STEPS).take_while(&mut fits).collect();
        self.app.clone_from(&body.options.app);
        self
    }

    /// The commands that went out by it, as far as it lists them.
    pub fn delivered(&self) -> &[Delivered] {
        match (&self.exchange, &self.more) {
            (Some(exchange), _) => &exchange.delivered,
            (None, Some(more)) => &more.delivered,
            (None, None) => &[],
        }
    }

    /// With these words.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// That these baselines came into force.
    pub fn of_baselines(at: Timestamp, actor: impl Into<String>, set: &BaselineSet) -> Self {
        let mut event = Event::new(at, actor, None, EventType::BaselineLoaded);
        event.baselines = BaselineRecord::all(set);
        event
    }

    /// That verdicts on a device are others.
    pub fn of_compliance(at: Timestamp, device: DeviceId, change: &Change) -> Self {
        let mut event = Event::new(at, "server", Some(device), EventType::ComplianceChanged);
        event.compliance = Some(Box::new(ComplianceRecord::new(change)));
        event
    }

    /// That a list of a baseline's population was made.
    pub fn of_snapshot(at: Timestamp, record: SnapshotRecord) -> Self {
        let mut event = Event::new(at, "server", None, EventType::ComplianceSnapshot);
        event.snapshot = Some(Box::new(record));
        event
    }

    /// With what it says of an enrollment.
    #[must_use]
    pub fn enrollment(mut self, record: EnrollmentRecord) -> Self {
        self.enrollment = Some(Box::new(record));
        self
    }

    /// With this statement about the log.
    #[must_use]
    pub fn log(mut self, record: LogRecord) -> Self {
        self.log = Some(Box::new(record));
        self
    }

    /// About this command.
    #[must_use]
    pub fn command(mut self, seq: u32, kind: Kind) -> Self {
        self.command = Some(seq);
        self.kind = Some(kind);
        self
    }
}

impl EventType {
    /// Whether verifying the log needs the text of such an event, so that it cannot be
    /// redacted.
    pub fn is_needed_to_verify(self) -> bool {
        matches!(
            self,
            EventType::AuditRedacted
                | EventType::AuditKeyChanged
                | EventType::LogForked
                | EventType::DatabaseRestored
                | EventType::RetentionApplied
        )
    }
}

/// What is on record of an alert. Texts are cut off where they are long; Data that may
/// be a secret is `***`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertRecord {
    /// Its code; 0 where there was none that is a number.
    pub code: u16,
    /// `Meta/Type`.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The node that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// `Meta/Mark`: how important the device takes it to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<String>,
    /// Its result, where it is a number or a GUID; `***` for other data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
}

/// Requests that named a device and were refused, for one reason and with one
/// certificate, as they are on record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusalRecord {
    /// Why: the name of an [`AuthFailure`](crate::device::AuthFailure).
    pub reason: String,
    /// SHA-256 of the certificate that they showed, 64 hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_sha256: Option<String>,
    /// How many.
    pub count: u64,
}

/// An event with its place in the log of all devices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvent {
    /// Its place in the whole log.
    pub place: u64,
    /// The event.
    pub event: Event,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::alert::{AlertId, AlertKind, Finding, Subject};

    #[test]
    fn both_events_of_an_alert_name_the_same_one() {
        let finding = Finding::new(AlertKind::DiskLow, Subject::Server, "1 byte is free");
        let id = AlertId(uuid::Uuid::from_u128(1));
        let mut alert = Alert::raised(id, finding, Timestamp(5));
        let raised = Event::of_alert(&alert);
        alert.cleared_at = Some(Timestamp(9));
        let cleared = Event::of_alert(&alert);
        let types = (raised.what, cleared.what);
        assert_eq!(types, (EventType::AlertRaised, EventType::AlertCleared));
        assert_eq!((raised.at, cleared.at), (Timestamp(5), Timestamp(9)));
        assert_eq!(raised.raised, cleared.raised);
        assert_eq!(Event::from_bytes(&raised.to_bytes()).unwrap(), raised);
        let shown: serde_json::Value = serde_json::from_slice(&raised.to_bytes()).unwrap();
        let expected = serde_json::json!({
            "id": "00000000000000000000000000000001",
            "kind": "disk.low",
            "subject": "server",
            "severity": "critical",
        });
        assert_eq!(shown["raised"], expected);
    }
}
