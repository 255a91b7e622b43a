//! What an operator should know of the audit log: alerts about its sealing, its epochs and
//! the room that it takes.

use crate::alert::{AlertKind, Finding, Subject};

/// The kinds that one look at the log finds all of: [`LogHealth::findings`], and whether its
/// key can be used.
pub const KINDS: [AlertKind; 4] = [
    AlertKind::LogForked,
    AlertKind::LogDisk,
    AlertKind::LogUnsealed,
    AlertKind::AuditKey,
];

/// The log fills the disk soon if it does so within this many days.
const SOON_DAYS: u64 = 30;
/// So many intervals may pass, besides the patience that is set, until events have waited
/// for too long.
const INTERVALS: u64 = 3;

/// The log as it was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LogHealth {
    /// The epoch, from 1.
    pub epoch: u64,
    /// How many entries were sealed when it began.
    pub began: u64,
    /// Up to this size the log was exported.
    pub exported: u64,
    /// How many entries wait for a checkpoint that is published.
    pub unsealed: u64,
    /// For how long sealing has not come to its end, seconds.
    pub since_sealed: u64,
    /// How often the log is to be sealed, seconds.
    pub seal_seconds: u64,
    /// For how long events may wait, besides three of those intervals, seconds.
    pub patience_seconds: u64,
    /// How many bytes a day the log takes; 0 where that cannot be told yet.
    pub daily_bytes: u64,
    /// Bytes of its disk that it may use, if that is known.
    pub free_bytes: Option<u64>,
}

impl LogHealth {
    /// In how many days the log fills its disk, at the rate of the last week.
    pub fn days_left(&self) -> Option<u64> {
        self.free_bytes?.checked_div(self.daily_bytes)
    }

    /// What there is to say of it.
    pub fn findings(&self) -> Vec<Finding> {
        let about = |kind, message| Finding::new(kind, Subject::Server, message);
        let mut found = Vec::new();
        // What is exported in the new epoch is evidence of it elsewhere.
        if self.epoch > 1 && self.exported <= self.began {
            let message = format!(
                "epoch {} of the log began behind entry {}: the database was restored, rolled back or copied, or \
                 its audit key was lost. \
                 The events log.forked and database.restored say what is missing; export the log to close this",
                self.epoch, self.began
            );
            found.push(about(AlertKind::LogForked, message));
        }
        let patience = self.patience_seconds + INTERVALS * self.seal_seconds;
        if self.unsealed > 0 && self.since_sealed > patience {
            let message = format!(
                "{} events wait for a checkpoint; the log was last sealed {} seconds ago",
                self.unsealed, self.since_sealed
            );
            found.push(about(AlertKind::LogUnsealed, message));
        }
        if let Some(days) = self.days_left().filter(|days| *days < SOON_DAYS) {
            let message = format!(
                "the log grows by {} bytes a day and fills the disk in {days} days: {} bytes are free to use",
                self.daily_bytes,
                self.free_bytes.unwrap_or_default()
            );
            found.push(about(AlertKind::LogDisk, message));
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: LogHealth = LogHealth {
        epoch: 1,
        began: 0,
        exported: 0,
        unsealed: 7,
        since_sealed: 330,
        seal_seconds: 10,
        patience_seconds: 300,
        daily_bytes: 1_000,
        free_bytes: Some(30_000),
    };

    #[test]
    fn each_condition_has_its_bound() {
        let kinds = |health: LogHealth| {
            let found = health.findings().into_iter();
            found.map(|finding| finding.kind).collect::<Vec<_>>()
        };
        assert_eq!(kinds(GOOD), []);
        assert_eq!(kinds(LogHealth::default()), []);
        let late = LogHealth {
            since_sealed: 331,
            ..GOOD
        };
        assert_eq!(kinds(late), [AlertKind::LogUnsealed]);
        let idle = LogHealth {
            unsealed: 0,
            ..late
        };
        assert_eq!(kinds(idle), []);
        let full = LogHealth {
            free_bytes: Some(29_999),
            ..GOOD
        };
        assert_eq!(kinds(full), [AlertKind::LogDisk]);
        let unknown = LogHealth {
            daily_bytes: 0,
            ..full
        };
        assert_eq!((kinds(unknown), unknown.days_left()), (vec![], None));
        let forked = LogHealth {
            epoch: 2,
            began: 5,
            exported: 5,
            ..GOOD
        };
        assert_eq!(kinds(forked), [AlertKind::LogForked]);
        let exported = LogHealth {
            exported: 6,
            ..forked
        };
        assert_eq!(kinds(exported), []);
    }
}
