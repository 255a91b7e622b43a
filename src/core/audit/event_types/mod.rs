//! The fields that each type of event has, and what each means: one table, from which
//! `docs/events.md` is generated and by which tests look at every event that is written.

mod records;
mod text;

use serde_json::Value;

use crate::event::EventType;
use EventType::{
    AlertCleared, AlertRaised, AppChanged, AppDeleted, AuditExported, AuditKeyChanged,
    AuditRedacted, BaselineLoaded, BatchCreated, BatchEnded, BatchStopped, ChannelChanged,
    ChannelUriRefused, CommandCancelled, CommandQueued, CommandRetried, ComplianceChanged,
    ComplianceSnapshot, DatabaseRestored, DeviceAlert, DeviceChanged, DeviceLimited, DeviceRefused,
    DeviceRegistered, DeviceRetired, DeviceUnenrolled, EnrollmentClaimed, EnrollmentClosed,
    EnrollmentConflict, EnrollmentEnded, EnrollmentIssued, EnrollmentRefused, EnrollmentReleased,
    EnrollmentRenewed, EnrollmentRevoked, EnrollmentSignedIn, EnrollmentTokenMade,
    EnrollmentTokenWithdrawn, Exchange, ExchangeMore, FamilyShown, FormRefused, GuardRefused,
    InstallMoved, KeyLearned, KeyRotated, LogForked, MessageRefused, PolicyLoaded, PolicyRefused,
    PortalLinkCreated, PortalLinkEnded, PortalLinkUsed, PushProfileChanged, PushProfileCreated,
    PushProfileDeleted, PushProfileHealth, Redacted, RetentionApplied, ServerStarted, SessionEnded,
    SessionOpened, StrangerRefused, TokenCreated, TokenRevoked, WakeEnded, WakeNotTaken, WakeSent,
    WakeWanted, WebhookChanged, WebhookCreated, WebhookDeleted, WebhookDeliveryRequested,
    WebhookGivenUp,
};
pub use text::tables;

/// A record: an event, or a part of one.
#[derive(Debug)]
pub struct Record {
    /// What it is called in the docs.
    pub name: &'static str,
    /// What it is.
    pub about: &'static str,
    /// Its fields, in the order in which they are written.
    pub fields: &'static [Field],
}

/// A field of a record.
#[derive(Debug)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// What it means.
    pub about: &'static str,
    /// What stands in it (or in each entry of its list), where that has fields of its own.
    pub record: Option<&'static Record>,
}

/// An event with every field that any type has.
pub fn event() -> &'static Record {
    &records::EVENT
}

/// The fields that events of every type may have.
pub const COMMON: [&str; 6] = ["v", "seq", "at", "actor", "device", "type"];

/// The fields that events of that type may have besides.
pub fn fields(what: EventType) -> &'static [&'static str] {
    match what {
        DeviceRegistered => &["detail", "change"],
        DeviceChanged => &["detail", "change", "commands"],
        EnrollmentEnded => &["detail", "commands"],
        CommandQueued => &[
            "command", "kind", "detail", "forecast", "steps", "app", "touched",
        ],
        CommandCancelled => &["command", "kind", "detail", "commands"],
        CommandRetried => &["command", "kind"],
        GuardRefused => &["command", "kind", "detail"],
        Exchange => &["exchange"],
        ExchangeMore => &["more"],
        DeviceRefused => &["detail", "count", "refusals"],
        MessageRefused | StrangerRefused | PortalLinkEnded => &["detail", "count"],
        DeviceAlert => &["command", "kind", "alert"],
        RetentionApplied => &["detail", "count", "log"],
        DatabaseRestored | AuditRedacted | AuditExported | AuditKeyChanged | LogForked => {
            &["detail", "log"]
        }
        AlertRaised | AlertCleared => &["detail", "raised"],
        BaselineLoaded => &["detail", "baselines"],
        ComplianceChanged => &["compliance"],
        ComplianceSnapshot => &["snapshot"],
        _ if is_of_enrollment(what) => &["enrollment"],
        DeviceRetired | DeviceUnenrolled | Redacted => &[],
        _ if is_in_words(what) => &["detail"],
        _ => &[],
    }
}

/// Whether words are all that it has.
fn is_in_words(what: EventType) -> bool {
    matches!(
        what,
        KeyLearned
            | FamilyShown
            | DeviceLimited
            | BatchCreated
            | BatchStopped
            | BatchEnded
            | TokenCreated
            | TokenRevoked
            | ChannelChanged
            | ChannelUriRefused
            | WakeWanted
            | WakeSent
            | WakeNotTaken
            | WakeEnded
            | PushProfileCreated
            | PushProfileChanged
            | PushProfileDeleted
            | PushProfileHealth
            | ServerStarted
            | KeyRotated
            | PolicyLoaded
            | PolicyRefused
            | AppChanged
            | AppDeleted
            | InstallMoved
            | WebhookCreated
            | WebhookDeleted
            | WebhookGivenUp
            | WebhookChanged
            | WebhookDeliveryRequested
            | SessionOpened
            | SessionEnded
            | FormRefused
            | PortalLinkCreated
            | PortalLinkUsed
    )
}

/// Whether it is about an enrollment that this server issues a certificate in, or a token for
/// one.
fn is_of_enrollment(what: EventType) -> bool {
    matches!(
        what,
        EnrollmentTokenMade
            | EnrollmentTokenWithdrawn
            | EnrollmentSignedIn
            | EnrollmentIssued
            | EnrollmentRefused
            | EnrollmentClaimed
            | EnrollmentConflict
            | EnrollmentReleased
            | EnrollmentRenewed
            | EnrollmentRevoked
            | EnrollmentClosed
    )
}

/// The fields of an event's JSON that its type does not have, or no table explains, each by
/// its path.
pub fn unexplained(event: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut named = EventType::ALL.into_iter();
    let Some(what) = named.find(|what| event["type"] == what.name()) else {
        return vec!["type".to_owned()];
    };
    let own = fields(what);
    for name in event.as_object().into_iter().flat_map(|all| all.keys()) {
        if !COMMON.contains(&name.as_str()) && !own.contains(&name.as_str()) {
            found.push(name.clone());
        }
    }
    look(&records::EVENT, event, "", &mut found);
    found
}

fn look(record: &Record, value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Array(items) => items
            .iter()
            .for_each(|item| look(record, item, path, found)),
        Value::Object(entries) => {
            for (name, value) in entries {
                let path = format!("{path}{name}");
                let mut fields = record.fields.iter();
                match fields.find(|field| field.name == name) {
                    None => found.push(path),
                    Some(field) => {
                        if let Some(record) = field.record {
                            look(record, value, &format!("{path}."), found);
                        }
                    }
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_field_of_a_type_is_explained() {
        let explained: Vec<&str> = event().fields.iter().map(|field| field.name).collect();
        for what in EventType::ALL {
            for name in COMMON.iter().chain(fields(what)) {
                assert!(explained.contains(name), "{name} of {}", what.name());
            }
        }
        for name in explained {
            let of = |what: EventType| fields(what).contains(&name);
            let is_used = COMMON.contains(&name) || EventType::ALL.into_iter().any(of);
            assert!(is_used, "no type has {name}");
        }
    }

    #[test]
    fn what_no_table_explains_is_found() {
        let event = serde_json::json!({
            "v": 2, "seq": 1, "at": 0, "actor": "device", "type": "exchange", "alert": {"code": 1},
            "exchange": {"session": 1, "delivered": [{"command": 1, "secret": 2}], "odd": {"x": 1}},
        });
        let expected = ["alert", "exchange.delivered.secret", "exchange.odd"];
        assert_eq!(unexplained(&event), expected);
        assert_eq!(unexplained(&serde_json::json!({"type": "x"})), ["type"]);
    }

    /// The tables in docs/events.md are these; `UPDATE_GOLDEN=1` writes them.
    #[test]
    fn the_documented_events_are_these() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/events.md");
        let text = std::fs::read_to_string(path).unwrap();
        let (before, rest) = text.split_once("<!-- events -->\n").unwrap();
        let (_, after) = rest.split_once("<!-- /events -->").unwrap();
        let expected = format!(
            "{before}<!-- events -->\n{}<!-- /events -->{after}",
            tables()
        );
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(path, &expected).unwrap();
        }
        assert!(
            text == expected || std::env::var_os("UPDATE_GOLDEN").is_some(),
            "run UPDATE_GOLDEN=1 cargo test -p modegate-core the_documented_events"
        );
    }
}
