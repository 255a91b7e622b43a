//! Alerts: conditions that an operator should know of and act on, one list for all of
//! them. An alert is open from when its condition was found until the condition is over.
//! What a *device* reports by a SyncML Alert is something else: the event `device.alert`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::ids::{DeviceId, IdError};
use crate::named::named;
use crate::time::Timestamp;

/// Cleared alerts that are kept, the newest.
pub const CLEARED: u64 = 1_000;
/// Most alerts about devices that may be open. What is found past this is not raised until
/// others are cleared; alerts about anything else are few.
pub const OPEN_OF_DEVICES: usize = 1_000;
/// Longest message that is kept, characters.
const MESSAGE: usize = 500;
/// The disk is nearly full with less free than this, bytes, or than a tenth of the database.
const LOW_BYTES: u64 = 256 * 1024 * 1024;
const LOW_PART: u64 = 10;

named! {
    serialized
    /// How urgent an alert is.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
    pub enum Severity by eq {
        /// Nothing has failed yet, or what has failed concerns few: to be looked at within days.
        Warning = "warning",
        /// Something that the server is there for does not work, or is about to fail: to be
        /// looked at now.
        Critical = "critical",
    }
}

named! {
    serialized
    /// What an alert is about: one condition, under a name that stays.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
    pub enum AlertKind by eq {
        /// A certificate in use expires soon.
        CertificateExpiring = "certificate.expiring",
        /// A certificate in use has expired or is not valid yet.
        CertificateInvalid = "certificate.invalid",
        /// A certificate could not be loaded; the one before stays in use.
        CertificateRefused = "certificate.refused",
        /// A policy set was refused; the one before stays in force.
        PolicyRefused = "policy.refused",
        /// A push profile's credentials are wrong, or do not belong to its PFN.
        ProfileMisconfigured = "push_profile.misconfigured",
        /// WNS does not take notifications of a push profile any more.
        ProfileBlocked = "push_profile.blocked",
        /// A push profile has been failing for a while for reasons that pass.
        ProfileDegraded = "push_profile.degraded",
        /// A webhook did not take a delivery, and it was given up.
        WebhookGivenUp = "webhook.given_up",
        /// A background worker failed and does not run.
        WorkerDown = "worker.down",
        /// The disk that the database is on is nearly full.
        DiskLow = "disk.low",
        /// The log's database is ahead of, or differs from, what was published of it.
        LogForked = "log.forked",
        /// Retention would delete events that were never exported.
        LogNotExported = "log.not_exported",
        /// At the rate at which it grows, the log fills the disk soon.
        LogDisk = "log.disk",
        /// Events have been waiting for a checkpoint for too long.
        LogUnsealed = "log.unsealed",
        /// Too few witnesses have cosigned a checkpoint for too long.
        LogUnwitnessed = "log.unwitnessed",
        /// The file of the key that signs checkpoints is not as it was when the server started.
        AuditKey = "audit.key",
        /// A system that events are sent to has not taken them for too long.
        SiemBehind = "siem.behind",
        /// A device has only ever been seen in Machine.
        DeviceOnlyMachine = "device.only_machine",
        /// A device has never named a mode.
        DeviceNamesNoMode = "device.names_no_mode",
        /// A device's agent was run by hand, and no Maintenance session has worked since.
        DeviceByHand = "device.by_hand",
        /// A device's latest sessions in Maintenance or Apps said that nobody is logged on.
        DeviceNobodyLoggedOn = "device.nobody_logged_on",
        /// Baselines of compliance were refused; those before stay in force.
        BaselineRefused = "baseline.refused",
    }
}

impl AlertKind {
    /// The kinds that are about devices.
    pub const OF_DEVICES: [AlertKind; 4] = [
        AlertKind::DeviceOnlyMachine,
        AlertKind::DeviceNamesNoMode,
        AlertKind::DeviceByHand,
        AlertKind::DeviceNobodyLoggedOn,
    ];

    /// How urgent alerts of this kind are.
    pub fn severity(self) -> Severity {
        match self {
            AlertKind::CertificateInvalid
            | AlertKind::ProfileMisconfigured
            | AlertKind::ProfileBlocked
            | AlertKind::WorkerDown
            | AlertKind::DiskLow
            | AlertKind::LogForked
            | AlertKind::LogUnsealed
            | AlertKind::AuditKey => Severity::Critical,
            AlertKind::CertificateExpiring
            | AlertKind::CertificateRefused
            | AlertKind::PolicyRefused
            | AlertKind::BaselineRefused
            | AlertKind::ProfileDegraded
            | AlertKind::WebhookGivenUp
            | AlertKind::LogNotExported
            | AlertKind::LogUnwitnessed
            | AlertKind::LogDisk
            | AlertKind::SiemBehind
            | AlertKind::DeviceOnlyMachine
            | AlertKind::DeviceNamesNoMode
            | AlertKind::DeviceByHand
            | AlertKind::DeviceNobodyLoggedOn => Severity::Warning,
        }
    }

    /// What to do about it. The table in `docs/running.md` says the same.
    pub fn action(self) -> &'static str {
        match self {
            AlertKind::CertificateExpiring => {
                "renew the certificate, replace its file and send SIGHUP; an issuer's needs a restart"
            }
            AlertKind::CertificateInvalid => {
                "replace the certificate and send SIGHUP, or set the clock right; an issuer's needs a restart"
            }
            AlertKind::CertificateRefused => {
                "fix the certificate or key file that the log names, and send SIGHUP again"
            }
            AlertKind::PolicyRefused => {
                "run modegate policy check on the directory, fix what it names, and send SIGHUP again"
            }
            AlertKind::BaselineRefused => "fix what modegate compliance check names; send SIGHUP",
            AlertKind::ProfileMisconfigured => {
                "run modegate push check on the profile, and change its secret, SID or PFN"
            }
            AlertKind::ProfileBlocked => {
                "find out from Microsoft why WNS blocks the app, then have the profile checked again"
            }
            AlertKind::ProfileDegraded => {
                "check that the server reaches the token service and notify.windows.com"
            }
            AlertKind::WebhookGivenUp => {
                "fix the receiver, send it a test, and repeat the deliveries that were given up"
            }
            AlertKind::WorkerDown => {
                "read the log for the panic; the server restarts the worker, and ends if that does not help"
            }
            AlertKind::DiskLow => "free space, or move the data directory to a larger disk",
            AlertKind::LogForked => {
                "find out why, keep what was published of the log before, and export the log, which clears this"
            }
            AlertKind::LogNotExported => {
                "export the log with modegate audit export; then retention goes on"
            }
            AlertKind::LogDisk => {
                "set retention.events_days and export the log, or enlarge the disk"
            }
            AlertKind::LogUnsealed => "read the log for why sealing fails",
            AlertKind::LogUnwitnessed => {
                "read the log for why witnesses do not cosign; see docs/witness.md"
            }
            AlertKind::AuditKey => {
                "put the audit key back from its backup before the next restart, which fails without it"
            }
            AlertKind::SiemBehind => {
                "read the message for why, and repair the receiver; nothing is lost meanwhile"
            }
            AlertKind::DeviceOnlyMachine => {
                "have its user log on, and check that automatic maintenance is enabled"
            }
            AlertKind::DeviceNamesNoMode => {
                "check the address that it was enrolled with, and see policies/optional"
            }
            AlertKind::DeviceByHand => "check that automatic maintenance runs on the device",
            AlertKind::DeviceNobodyLoggedOn => {
                "have its user log on; see what its view says of its sessions"
            }
        }
    }
}

/// An alert's id: a new one each time that it is raised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AlertId(#[serde(with = "uuid::serde::simple")] pub Uuid);

impl fmt::Display for AlertId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.simple())
    }
}

/// What an alert is about. Displays as `server`, `certificate:NAME`, `worker:NAME`,
/// `profile:ID`, `webhook:ID`, `siem:NAME` or `device:ID`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// The server as a whole.
    Server,
    /// A certificate in use: `server` or `client_ca`.
    Certificate(String),
    /// A background worker.
    Worker(String),
    /// A push profile.
    Profile(Uuid),
    /// A webhook.
    Webhook(Uuid),
    /// A system that events are sent to, by its name in the settings.
    Siem(String),
    /// A device.
    Device(DeviceId),
}

impl Subject {
    /// Whether it is a device.
    pub fn is_device(&self) -> bool {
        matches!(self, Subject::Device(_))
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::Server => f.write_str("server"),
            Subject::Certificate(name) => write!(f, "certificate:{name}"),
            Subject::Worker(name) => write!(f, "worker:{name}"),
            Subject::Profile(id) => write!(f, "profile:{}", id.simple()),
            Subject::Webhook(id) => write!(f, "webhook:{}", id.simple()),
            Subject::Siem(name) => write!(f, "siem:{name}"),
            Subject::Device(id) => write!(f, "device:{id}"),
        }
    }
}

impl FromStr for Subject {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let wrong = IdError::new("the subject of an alert");
        if text == "server" {
            return Ok(Subject::Server);
        }
        let (what, of) = text.split_once(':').ok_or(wrong)?;
        let id = || Uuid::try_parse(of).map_err(|_| wrong);
        Ok(match what {
            "certificate" => Subject::Certificate(of.to_owned()),
            "worker" => Subject::Worker(of.to_owned()),
            "siem" => Subject::Siem(of.to_owned()),
            "profile" => Subject::Profile(id()?),
            "webhook" => Subject::Webhook(id()?),
            "device" => Subject::Device(DeviceId(id()?)),
            _ => return Err(wrong),
        })
    }
}

impl Serialize for Subject {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Subject {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let subject: Subject = text.parse().map_err(serde::de::Error::custom)?;
        // Ids have other spellings than the one that is written.
        match subject.to_string() == text {
            true => Ok(subject),
            false => Err(serde::de::Error::custom("not as a subject is written")),
        }
    }
}

/// A condition that was found: what an alert is raised from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which.
    pub kind: AlertKind,
    /// What it is about.
    pub subject: Subject,
    /// What was found, in words, without secrets.
    pub message: String,
}

impl Finding {
    /// This condition of that subject. A message that is too long is cut off.
    pub fn new(kind: AlertKind, subject: Subject, message: impl Into<String>) -> Self {
        let message: String = message.into();
        let message = match message.char_indices().nth(MESSAGE) {
            Some((end, _)) => format!("{}…", message.get(..end).unwrap_or_default()),
            None => message,
        };
        Finding {
            kind,
            subject,
            message,
        }
    }
}

/// What there is to say of a disk with so many bytes free and a database of so many.
pub fn low_disk(free: u64, database: u64) -> Option<Finding> {
    let least = LOW_BYTES.max(database / LOW_PART);
    (free < least).then(|| {
        let message = format!(
            "{free} bytes are free to use on the disk of the database, which has {database}: less than {least}"
        );
        Finding::new(AlertKind::DiskLow, Subject::Server, message)
    })
}

/// An alert: open, or cleared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// Its id.
    pub id: AlertId,
    /// What was found when it was raised.
    pub finding: Finding,
    /// When it was raised.
    pub raised_at: Timestamp,
    /// When its condition was over, if it is.
    pub cleared_at: Option<Timestamp>,
}

/// What is on record of an alert, besides words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RaisedAlert {
    /// Its id.
    pub id: AlertId,
    /// Its kind.
    pub kind: AlertKind,
    /// What it is about.
    pub subject: Subject,
    /// How urgent it is.
    pub severity: Severity,
}

impl Alert {
    /// Raised now, for this.
    pub fn raised(id: AlertId, finding: Finding, now: Timestamp) -> Self {
        Alert {
            id,
            finding,
            raised_at: now,
            cleared_at: None,
        }
    }

    /// When it was raised, or cleared if it is.
    pub fn changed_at(&self) -> Timestamp {
        self.cleared_at.unwrap_or(self.raised_at)
    }

    /// What is on record of it.
    pub fn on_record(&self) -> RaisedAlert {
        RaisedAlert {
            id: self.id,
            kind: self.finding.kind,
            subject: self.finding.subject.clone(),
            severity: self.finding.kind.severity(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn subjects_read_back_as_they_are_written() {
        let id = Uuid::from_u128(7);
        for subject in [
            Subject::Server,
            Subject::Certificate("client_ca".into()),
            Subject::Worker("wakes".into()),
            Subject::Profile(id),
            Subject::Webhook(id),
            Subject::Siem("splunk".into()),
            Subject::Device(DeviceId(id)),
        ] {
            assert_eq!(subject.to_string().parse(), Ok(subject));
        }
        for text in ["", "servers", "profile:", "profile:x", "tablet:1"] {
            assert!(text.parse::<Subject>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_long_message_is_cut_off_between_characters() {
        let cut = Finding::new(AlertKind::LogDisk, Subject::Server, "é".repeat(MESSAGE + 1));
        assert_eq!(cut.message, format!("{}…", "é".repeat(MESSAGE)));
        let whole = Finding::new(AlertKind::LogDisk, Subject::Server, "é".repeat(MESSAGE));
        assert_eq!(whole.message, "é".repeat(MESSAGE));
    }

    #[test]
    fn a_disk_is_low_by_its_own_measure_or_by_that_of_the_database() {
        for (free, database, is_low) in [
            (LOW_BYTES, 0, false),
            (LOW_BYTES - 1, 0, true),
            (LOW_BYTES, 10 * LOW_BYTES, false),
            (LOW_BYTES, 11 * LOW_BYTES, true),
            (2 * LOW_BYTES, 11 * LOW_BYTES, false),
        ] {
            assert_eq!(
                low_disk(free, database).is_some(),
                is_low,
                "{free} {database}"
            );
        }
    }

    #[test]
    fn the_documented_kinds_are_these() {
        let text = include_str!("../../docs/running.md");
        let rows = text
            .lines()
            .skip_while(|line| !line.starts_with("| kind | severity |"));
        let rows: Vec<&str> = rows
            .skip(2)
            .take_while(|line| line.starts_with('|'))
            .collect();
        assert_eq!(rows.len(), AlertKind::ALL.len());
        for (row, kind) in rows.into_iter().zip(AlertKind::ALL) {
            let begins = format!("| `{}` | {} | `", kind.name(), kind.severity().name());
            assert!(row.starts_with(&begins), "{row}: not {begins}");
            let ends = format!(" | {} |", kind.action());
            assert!(row.ends_with(&ends), "{row}: not {ends}");
        }
    }
}
