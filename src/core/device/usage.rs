//! How much a device's exchanges write within an hour. An exchange is never cut short
//! or left off the log for it: a device that has passed its bound is answered only when
//! the hour is over.

use serde::{Deserialize, Serialize};

use crate::limits::DeviceBounds;
use crate::time::Timestamp;

const HOUR_MS: i64 = 60 * 60 * 1000;

/// What the exchanges of a device wrote in the hour that began with the first of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct HourlyUse {
    /// When the hour began.
    pub since: Timestamp,
    /// Bytes of events.
    pub logged: u64,
    /// Bytes in all, about.
    pub written: u64,
    /// Whether it is on record that the device passed a bound.
    pub reported: bool,
}

impl HourlyUse {
    /// What counts at `now`: nothing once the hour is over, or the clock was set back
    /// behind it.
    fn at(self, now: Timestamp) -> HourlyUse {
        let is_over = !(0..HOUR_MS).contains(&now.ms_since(self.since));
        let anew = HourlyUse {
            since: now,
            ..HourlyUse::default()
        };
        if is_over { anew } else { self }
    }

    /// Counts an exchange that wrote so much in all, of it so much to the log.
    pub(crate) fn add(&mut self, (written, logged): (u64, u64), now: Timestamp) {
        *self = self.at(now);
        self.written = self.written.saturating_add(written);
        self.logged = self.logged.saturating_add(logged);
    }

    /// When the device may come again, where it has passed a bound.
    pub(crate) fn over(self, bounds: &DeviceBounds, now: Timestamp) -> Option<Timestamp> {
        let used = self.at(now);
        let passes = |used, most| most > 0 && used >= most;
        let is_over = passes(used.logged, bounds.logged_per_hour)
            || passes(used.written, bounds.written_per_hour);
        is_over.then(|| used.since.plus_ms(HOUR_MS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: DeviceBounds = DeviceBounds {
        command_answers: 0,
        device_answers: 0,
        inventory: 0,
        logged_per_hour: 100,
        written_per_hour: 1_000,
    };

    #[test]
    fn what_was_written_counts_for_an_hour_from_the_first_exchange() {
        let mut used = HourlyUse::default();
        let first = Timestamp(5 * HOUR_MS);
        used.add((300, 60), first);
        assert_eq!(used.over(&BOUNDS, first), None);
        used.add((300, 60), first.plus_ms(HOUR_MS - 1));
        let end = first.plus_ms(HOUR_MS);
        assert_eq!(used.over(&BOUNDS, first.plus_ms(HOUR_MS - 1)), Some(end));
        assert_eq!(
            used.over(&BOUNDS.without_rates(), first),
            None,
            "0 is no bound"
        );
        assert_eq!(used.over(&BOUNDS, end), None, "the hour is over");
        assert_eq!(
            used.over(&BOUNDS, first.plus_ms(-1)),
            None,
            "the clock was set back"
        );
        used.add((999, 1), end);
        assert_eq!(used.over(&BOUNDS, end), None, "nothing of before counts");
        used.add((1, 1), end);
        assert!(
            used.over(&BOUNDS, end).is_some(),
            "all that is written counts too"
        );
    }
}
