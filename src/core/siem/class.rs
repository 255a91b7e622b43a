//! Which class of OCSF an event is, which activity of that class, and how severe.

use serde_json::Value;

use crate::alert::Severity as AlertSeverity;
use crate::event::EventType;

/// A class of events, with what it is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// A verdict on a device.
    Compliance,
    /// Something that an operator should look at.
    Detection,
    /// A device that is managed, or is no longer.
    Entity,
    /// Everything else that the server did, or was asked for.
    Api,
}

impl Class {
    /// Its number, its name, and those of its category.
    pub(super) fn names(self) -> (u32, &'static str, u32, &'static str) {
        let (findings, iam) = ("Findings", "Identity & Access Management");
        match self {
            Class::Compliance => (2003, "Compliance Finding", 2, findings),
            Class::Detection => (2004, "Detection Finding", 2, findings),
            Class::Entity => (3004, "Entity Management", 3, iam),
            Class::Api => (6003, "API Activity", 6, "Application Activity"),
        }
    }
}

/// An activity of a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Activity {
    Create,
    Update,
    Delete,
    Enroll,
    Unenroll,
    /// Of a finding: its condition is over.
    Close,
    Other,
}

impl Activity {
    /// Its number in that class, and its name. An update is another number in findings,
    /// which nobody reads.
    pub(super) fn names(self, class: Class) -> (u32, &'static str) {
        let is_finding = matches!(class, Class::Compliance | Class::Detection);
        match self {
            Activity::Create => (1, "Create"),
            Activity::Update if is_finding => (2, "Update"),
            Activity::Update => (3, "Update"),
            Activity::Close => (3, "Close"),
            Activity::Delete => (4, "Delete"),
            Activity::Enroll => (6, "Enroll"),
            Activity::Unenroll => (7, "Unenroll"),
            Activity::Other => (99, "Other"),
        }
    }
}

/// How severe an event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Severity {
    Informational,
    Low,
    Medium,
    Critical,
}

impl Severity {
    /// Its number in OCSF, and its name.
    pub(super) fn names(self) -> (u32, &'static str) {
        match self {
            Severity::Informational => (1, "Informational"),
            Severity::Low => (2, "Low"),
            Severity::Medium => (3, "Medium"),
            Severity::Critical => (5, "Critical"),
        }
    }

    /// Its number in syslog: informational, notice, warning, critical.
    pub(super) fn of_syslog(self) -> u8 {
        match self {
            Severity::Informational => 6,
            Severity::Low => 5,
            Severity::Medium => 4,
            Severity::Critical => 2,
        }
    }
}

/// What an event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Classified {
    pub(super) class: Class,
    pub(super) activity: Activity,
    pub(super) severity: Severity,
    /// Whether what was asked for was refused.
    pub(super) is_refused: bool,
}

impl Classified {
    /// An event of that type; its severity may depend on more of it. A type that is not known
    /// here is an activity that has no other class.
    pub(super) fn new(kind: &str, event: &Value) -> Self {
        use Activity::{Close, Create, Enroll, Other, Unenroll, Update};
        use Class::{Api, Compliance, Detection, Entity};
        use Severity::{Critical, Informational, Low, Medium};
        let known = EventType::ALL.into_iter().find(|what| what.name() == kind);
        let Some(known) = known else {
            return classified(Api, Other, Informational);
        };
        match known {
            EventType::ComplianceChanged => classified(Compliance, Update, Informational),
            EventType::DeviceRegistered => classified(Entity, Enroll, Informational),
            EventType::DeviceRetired | EventType::DeviceUnenrolled | EventType::EnrollmentEnded => {
                classified(Entity, Unenroll, Informational)
            }
            EventType::DeviceChanged
            | EventType::FamilyShown
            | EventType::KeyLearned
            | EventType::ChannelChanged => classified(Entity, Update, Informational),
            EventType::AlertRaised => classified(Detection, Create, raised(event)),
            EventType::AlertCleared => classified(Detection, Close, Informational),
            EventType::GuardRefused | EventType::LogForked => {
                classified(Detection, Create, Critical)
            }
            EventType::DeviceRefused
            | EventType::StrangerRefused
            | EventType::MessageRefused
            | EventType::FormRefused
            | EventType::DeviceLimited
            | EventType::ChannelUriRefused => refused(Medium),
            EventType::PolicyRefused | EventType::WakeNotTaken | EventType::WebhookGivenUp => {
                refused(Low)
            }
            other => classified(Api, api_activity(other), Informational),
        }
    }
}

fn classified(class: Class, activity: Activity, severity: Severity) -> Classified {
    Classified {
        class,
        activity,
        severity,
        is_refused: false,
    }
}

fn refused(severity: Severity) -> Classified {
    Classified {
        is_refused: true,
        ..classified(Class::Api, Activity::Other, severity)
    }
}

/// How severe the alert is that was raised.
fn raised(event: &Value) -> Severity {
    let named = event["raised"]["severity"].as_str();
    match named.and_then(AlertSeverity::from_name) {
        Some(AlertSeverity::Warning) => Severity::Medium,
        Some(AlertSeverity::Critical) | None => Severity::Critical,
    }
}

/// What an event did to what it is about, as its name says.
fn api_activity(what: EventType) -> Activity {
    let (_, verb) = what.name().split_once('.').unwrap_or_default();
    match verb {
        "created" | "queued" => Activity::Create,
        "changed" | "moved" | "health" | "key_changed" | "rotated" | "loaded" => Activity::Update,
        "deleted" | "revoked" | "cancelled" | "redacted" => Activity::Delete,
        _ => Activity::Other,
    }
}
