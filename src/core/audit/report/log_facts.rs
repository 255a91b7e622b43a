//! What the log says about itself: how long it was unsealed or unwitnessed, exports,
//! redactions, epochs, keys, and what was deleted; and all alerts.

use std::collections::BTreeMap;

use super::value::{Column, Listed, Row, Section, Value, columns, whole};
use crate::alert::{AlertId, AlertKind};
use crate::event::{Event, EventType};
use crate::log_record::LogRecord;
use crate::time::Timestamp;

/// An export that is on record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Exported {
    pub(super) at: Timestamp,
    pub(super) size: u64,
}

/// What is known of alerts of one kind.
#[derive(Debug, Default, Clone, Copy)]
struct Alerts {
    raised: u64,
    cleared: u64,
    open: u64,
    longest: i64,
}

/// Most alerts that are open at once: more than there can be.
const OPEN: usize = 10_000;

/// Audit 13, and the alerts.
#[derive(Debug, Default)]
pub(super) struct LogFacts {
    open: BTreeMap<AlertId, (AlertKind, Timestamp)>,
    alerts: BTreeMap<AlertKind, Alerts>,
    statements: Listed<(u64, Timestamp, EventType, String, String)>,
    counts: BTreeMap<&'static str, u64>,
    /// The newest export, also one after the period.
    pub(super) exported: Option<Exported>,
    longest_unexported: Option<i64>,
    unreadable: u64,
}

impl LogFacts {
    /// Takes in an event by the number of its entry.
    pub(super) fn take(&mut self, number: u64, event: &Event, counts: bool) {
        self.alert(event, counts);
        let Some(record) = event.log.as_deref() else {
            return;
        };
        if let LogRecord::Export(head) = record {
            if let Some(before) = self.exported {
                let passed = Some(event.at.ms_since(before.at));
                self.longest_unexported = self.longest_unexported.max(passed.filter(|_| counts));
            }
            self.exported = Some(Exported {
                at: event.at,
                size: head.size,
            });
        }
        if counts {
            *self.counts.entry(event.what.name()).or_default() += 1;
            let detail = event.detail.clone().unwrap_or_default();
            let what = [detail, in_words(record)]
                .into_iter()
                .filter(|part| !part.is_empty());
            let what = what.collect::<Vec<String>>().join("; ");
            self.statements
                .push((number, event.at, event.what, event.actor.clone(), what));
        }
    }

    fn alert(&mut self, event: &Event, counts: bool) {
        let Some(raised) = &event.raised else {
            return;
        };
        let alerts = self.alerts.entry(raised.kind).or_default();
        match event.what {
            EventType::AlertRaised => {
                alerts.raised += u64::from(counts);
                if self.open.len() < OPEN {
                    self.open.insert(raised.id, (raised.kind, event.at));
                }
            }
            _ => {
                alerts.cleared += u64::from(counts);
                let began = self.open.remove(&raised.id);
                if let Some((_, since)) = began.filter(|_| counts) {
                    alerts.longest = alerts.longest.max(event.at.ms_since(since));
                }
            }
        }
    }

    /// Ends it at the end of the period.
    pub(super) fn close(&mut self, end: Timestamp) {
        for (kind, since) in self.open.values() {
            let alerts = self.alerts.entry(*kind).or_default();
            alerts.open += 1;
            alerts.longest = alerts.longest.max(end.ms_since(*since));
        }
    }

    /// An entry that has no event that this version can read.
    pub(super) fn unreadable(&mut self) {
        self.unreadable += 1;
    }

    fn longest(&self, kind: AlertKind) -> Value {
        match self.alerts.get(&kind) {
            Some(alerts) => Value::Duration(alerts.longest),
            None => Value::None,
        }
    }

    /// Whether something was done that an auditor should ask about.
    fn needs_a_look(&self) -> bool {
        let asks = [
            EventType::AuditRedacted,
            EventType::DatabaseRestored,
            EventType::LogForked,
            EventType::AuditKeyChanged,
        ];
        asks.iter()
            .any(|what| self.counts.contains_key(what.name()))
    }

    /// Audit 13.
    pub(super) fn section(&self) -> Section {
        let count = |what: EventType| self.counts.get(what.name()).copied().unwrap_or(0);
        let longest = self.longest_unexported;
        Section::new(
            "log",
            "13. The log itself",
            "For how long events waited for a checkpoint or for witnesses, and everything that was done to the log: exports, redactions, key changes, new epochs, deletions.",
            "Shorter delays: an alert is raised only when events have waited for some minutes. What was done to copies of the log elsewhere.",
        )
        .headline("redactions", self.needs_a_look())
        .fact("unsealed", "Longest alert that events wait for a checkpoint", self.longest(AlertKind::LogUnsealed))
        .fact("unwitnessed", "Longest alert that witnesses do not cosign", self.longest(AlertKind::LogUnwitnessed))
        .fact("exports", "Exports on record", count(EventType::AuditExported))
        .fact("longest_unexported", "Longest time between two exports on record", longest.map_or(Value::None, Value::Duration))
        .fact("redactions", "Entries that were redacted", count(EventType::AuditRedacted))
        .fact("restores", "Restored from a backup", count(EventType::DatabaseRestored))
        .fact("forks", "Forks that were found", count(EventType::LogForked))
        .fact("key_changes", "Audit keys that were changed", count(EventType::AuditKeyChanged))
        .fact("deletions", "Deletions by the retention", count(EventType::RetentionApplied))
        .fact("unreadable", "Entries without an event that can be read (redacted, or of a newer version)", self.unreadable)
        .table(self.statements.table("log_statements", "What was done to the log", STATEMENTS, |one| {
            let (entry, at, what, by, detail) = one;
            let cells: Row = vec![
                (*entry).into(),
                (*at).into(),
                what.name().into(),
                by.as_str().into(),
                detail.as_str().into(),
            ];
            cells
        }))
    }

    /// Alerts by kind.
    pub(super) fn alerts(&self) -> Section {
        let columns = columns! {
            kind "Alert",
            severity "Severity",
            raised "Raised",
            cleared "Cleared",
            open "Open at the end",
            longest_ms "Longest",
        };
        let seen = self.alerts.iter();
        let seen = seen.filter(|(_, alerts)| alerts.raised + alerts.cleared + alerts.open > 0);
        let rows = seen.map(|(kind, alerts)| {
            vec![
                kind.name().into(),
                kind.severity().name().into(),
                alerts.raised.into(),
                alerts.cleared.into(),
                alerts.open.into(),
                Value::Duration(alerts.longest),
            ]
        });
        let sum = |of: fn(&Alerts) -> u64| self.alerts.values().map(of).sum::<u64>();
        Section::new(
            "alerts",
            "Alerts",
            "What the server found that an operator should act on, how often, and for how long it lasted.",
            "That somebody acted. What the server does not look for raises no alert.",
        )
        .headline("open", sum(|alerts| alerts.open) > 0)
        .fact("raised", "Alerts raised", sum(|alerts| alerts.raised))
        .fact("open", "Open at the end of the period", sum(|alerts| alerts.open))
        .table(whole("alert_kinds", "Alerts by kind", columns, rows))
    }
}

const STATEMENTS: &[Column] = columns! {
    entry "Entry",
    at "When",
    what "What",
    by "By",
    detail "Detail",
};

fn in_words(record: &LogRecord) -> String {
    match record {
        LogRecord::Redaction { entry, .. } => format!("entry {entry}"),
        LogRecord::Export(head) => format!("size {}, root {}", head.size, head.root),
        LogRecord::Epoch(epoch) => {
            let lost = epoch
                .lost
                .map_or(String::new(), |lost| format!(", {lost} entries lost"));
            let (old, new, kept) = (&epoch.old_origin, &epoch.origin, epoch.kept.size);
            format!("{old} ended with {kept} entries kept{lost}; {new} goes on")
        }
        LogRecord::Key { vkey, both_until } => {
            format!("{vkey}; the one before signs until {both_until}")
        }
        LogRecord::Pruned { minimum, .. } => format!("the entries before {minimum} were deleted"),
    }
}
