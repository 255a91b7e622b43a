//! Clocks: where the server's own went back, or the log was silent.

use super::value::{Listed, Section, Value, columns};
use crate::event::Event;
use crate::time::Timestamp;

/// Events that are written at the same time may be this far out of order, milliseconds.
const SLACK_MS: i64 = 60_000;

/// Audit 12.
#[derive(Debug, Default)]
pub(super) struct ClockAudit {
    before: Option<(u64, Timestamp)>,
    steps: Listed<(u64, Timestamp, Timestamp)>,
    longest_silence: Option<(i64, Timestamp)>,
    latest: Option<Timestamp>,
}

impl ClockAudit {
    /// Takes in an event by the number of its entry.
    pub(super) fn take(&mut self, number: u64, event: &Event, counts: bool) {
        let before = self.before.replace((number, event.at));
        self.latest = self.latest.max(Some(event.at));
        let Some((_, before)) = before.filter(|_| counts) else {
            return;
        };
        let passed = event.at.ms_since(before);
        if passed < -SLACK_MS {
            self.steps.push((number, before, event.at));
        }
        let silence = Some((passed, before));
        self.longest_silence = self.longest_silence.max(silence.filter(|_| passed > 0));
    }

    /// The latest time that any event has.
    pub(super) fn latest(&self) -> Option<Timestamp> {
        self.latest
    }

    /// With the newest cosignature that was verified, by the witness's clock.
    pub(super) fn section(&self, cosigned: Option<Timestamp>) -> Section {
        let longest = self.longest_silence;
        let ahead = cosigned
            .zip(self.latest)
            .map(|(cosigned, latest)| Value::Duration(latest.ms_since(cosigned)));
        let title = "Times at which the server's clock went back by more than a minute";
        Section::new(
            "clocks",
            "12. Clocks",
            "Events carry the time of the server's clock. Listed is where it went back; the number of an entry gives the true order in any case.",
            "That a time is right: it is the operator's clock. A cosignature bounds it from outside: an entry that a witness has cosigned is not younger than the cosignature. The clocks of devices are not in the log, so that they are not compared here.",
        )
        .headline("steps_back", self.steps.total() > 0)
        .fact("steps_back", title, self.steps.total())
        .fact("longest_silence", "Longest time without any event", longest.map_or(Value::None, |(ms, _)| Value::Duration(ms)))
        .fact("silence_from", "It began", longest.map(|(_, at)| at))
        .fact("after_cosignature", "The latest event against the newest cosignature that was verified (positive: the server's clock is ahead)", ahead.unwrap_or(Value::None))
        .table(self.steps.table(
            "clock_steps",
            title,
            columns! {
                entry "Entry",
                before_at "From",
                after_at "To",
                back_ms "Back by",
            },
            |&(entry, before, after)| {
                vec![
                    entry.into(),
                    before.into(),
                    after.into(),
                    Value::Duration(before.ms_since(after)),
                ]
            },
        ))
    }
}
