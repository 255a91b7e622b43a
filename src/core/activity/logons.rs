//! When a device's user logs on: the first logon of each day, and the hour that
//! they have in common.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// Logons that are kept: two weeks of them.
const KEPT: usize = 14;
/// Logons that make a habit.
const HABIT: usize = 3;
/// How far a logon may be from the usual time and still be of the habit, minutes.
const NEAR: i64 = 90;
const MINUTE_MS: i64 = 60 * 1000;
/// Minutes of a day.
const DAY: i64 = 24 * 60;

/// One logon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logon {
    /// When.
    pub at: Timestamp,
    /// The device's zone then, minutes ahead of UTC, where it was known.
    pub offset_minutes: Option<i64>,
}

impl Logon {
    fn local(self, offset: i64) -> i64 {
        self.at.0.div_euclid(MINUTE_MS) + self.offset_minutes.unwrap_or(offset)
    }

    fn day(self, offset: i64) -> i64 {
        self.local(offset).div_euclid(DAY)
    }
}

/// The latest logons, the newest last.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Logons(Vec<Logon>);

impl Logons {
    /// These and `logon`, unless it is another one of the same day.
    #[must_use]
    pub fn with(&self, logon: Option<Logon>) -> Logons {
        let mut logons = self.clone();
        let Some(logon) = logon else {
            return logons;
        };
        let offset = logon.offset_minutes.unwrap_or(0);
        let same = |last: &Logon| last.day(offset) == logon.day(offset);
        if !logons.0.last().is_some_and(same) {
            let over = (logons.0.len() + 1).saturating_sub(KEPT);
            logons.0.drain(..over);
            logons.0.push(logon);
        }
        logons
    }

    /// The minute of the day about which the user logs on, to the next five, where two
    /// thirds of the logons are near it. A logon of which the zone was not known is taken
    /// to be in the zone `offset`.
    pub fn usual(&self, offset: Option<i64>) -> Option<i64> {
        let minutes: Vec<i64> = self
            .0
            .iter()
            .filter(|logon| logon.offset_minutes.or(offset).is_some())
            .map(|logon| logon.local(offset.unwrap_or(0)).rem_euclid(DAY))
            .collect();
        if minutes.len() < HABIT {
            return None;
        }
        let apart = |one: i64, other: i64| {
            let apart = (one - other).rem_euclid(DAY);
            apart.min(DAY - apart)
        };
        // The one that is least far from all the others: across midnight too.
        let far = |minute: i64| {
            minutes
                .iter()
                .map(|&other| apart(minute, other))
                .sum::<i64>()
        };
        let usual = minutes.iter().copied().min_by_key(|&minute| far(minute))?;
        let near = minutes
            .iter()
            .filter(|&&minute| apart(usual, minute) <= NEAR)
            .count();
        (near * 3 >= minutes.len() * 2).then(|| (usual + 2) / 5 * 5 % DAY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Logons on these days at these minutes of the day, in a zone of +120.
    fn logons(at: &[(i64, i64)]) -> Logons {
        at.iter().fold(Logons::default(), |logons, &(day, minute)| {
            logons.with(Some(Logon {
                at: Timestamp((day * DAY + minute - 120) * MINUTE_MS),
                offset_minutes: Some(120),
            }))
        })
    }

    #[test]
    fn a_habit_is_what_most_logons_have_in_common() {
        let usual = |at: &[(i64, i64)]| logons(at).usual(Some(0));
        let (seven, eight, noon) = (7 * 60 + 48, 7 * 60 + 53, 12 * 60);
        assert_eq!(usual(&[(1, seven), (2, eight)]), None, "two make no habit");
        assert_eq!(
            usual(&[(1, seven), (2, eight), (3, 7 * 60 + 51)]),
            Some(7 * 60 + 50)
        );
        // Another logon of the same day is not the first one.
        assert_eq!(usual(&[(1, seven), (1, noon), (2, eight), (2, noon)]), None);
        assert_eq!(
            usual(&[(1, seven), (2, eight), (3, seven), (4, noon), (5, seven)]),
            Some(7 * 60 + 50)
        );
        assert_eq!(usual(&[(1, 0), (2, 6 * 60), (3, noon), (4, 18 * 60)]), None);
        let midnight = usual(&[(1, 10), (2, DAY - 10), (4, 5), (5, DAY - 4)]);
        assert!(midnight.is_some_and(|minute| minute <= 10), "{midnight:?}");
    }

    #[test]
    fn only_so_many_are_kept_the_oldest_go() {
        let all: Vec<(i64, i64)> = (0..30)
            .map(|day| (day, if day < 20 { 60 } else { 600 }))
            .collect();
        let logons = logons(&all);
        assert_eq!(logons.0.len(), KEPT);
        assert_eq!(logons.usual(None), Some(600));
    }
}
