//! What is counted by the hour: sessions by family and mode, the queues at their fullest,
//! installs that ended. Hours are those of UTC.

use std::collections::BTreeMap;

use crate::context::{Family, Mode};
use crate::installs::InstallState;
use crate::time::Timestamp;

const HOUR_MS: i64 = 60 * 60 * 1000;

/// An hour, by how many lie between 1970-01-01T00:00Z and its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hour(pub i64);

impl Hour {
    /// Hours of a day.
    pub const OF_DAY: i64 = 24;

    /// The hour that this instant lies in.
    pub fn containing(at: Timestamp) -> Self {
        Hour(at.0.div_euclid(HOUR_MS))
    }

    /// The hour so many hours later (earlier when negative).
    pub fn plus(self, hours: i64) -> Self {
        Hour(self.0.saturating_add(hours))
    }

    /// Its beginning.
    pub fn begins(self) -> Timestamp {
        Timestamp(self.0.saturating_mul(HOUR_MS))
    }

    /// The first hour of its day.
    pub fn first_of_day(self) -> Self {
        Hour(self.0.saturating_sub(self.0.rem_euclid(Hour::OF_DAY)))
    }
}

/// What one count is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TallyKey {
    /// Sessions that devices of a family began, by the mode of their first message.
    Sessions(Family, Mode),
    /// The most commands that waited at once.
    QueueDepth,
    /// The greatest age of a waiting command, in seconds.
    QueueOldest,
    /// Installs that came to this final state.
    Installs(InstallState),
}

/// The states that an install can end in.
fn outcomes() -> impl Iterator<Item = InstallState> {
    InstallState::ALL
        .into_iter()
        .filter(|state| state.is_final())
}

impl TallyKey {
    /// Every key.
    pub fn all() -> impl Iterator<Item = TallyKey> {
        let families = Family::ALL.into_iter();
        let sessions = families.flat_map(|family| {
            let modes = Mode::ALL.into_iter();
            modes.map(move |mode| TallyKey::Sessions(family, mode))
        });
        sessions
            .chain([TallyKey::QueueDepth, TallyKey::QueueOldest])
            .chain(outcomes().map(TallyKey::Installs))
    }

    /// Its name, by which it is kept.
    pub fn name(self) -> String {
        match self {
            TallyKey::Sessions(family, mode) => {
                format!("sessions.{}.{}", family.name(), mode.name())
            }
            TallyKey::QueueDepth => "queue.depth".to_owned(),
            TallyKey::QueueOldest => "queue.oldest_seconds".to_owned(),
            TallyKey::Installs(state) => format!("installs.{}", state.name()),
        }
    }

    /// The key of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name.split_once('.')? {
            ("sessions", of) => {
                let (family, mode) = of.split_once('.')?;
                let (family, mode) = (Family::from_name(family)?, Mode::from_name(mode)?);
                Some(TallyKey::Sessions(family, mode))
            }
            ("queue", "depth") => Some(TallyKey::QueueDepth),
            ("queue", "oldest_seconds") => Some(TallyKey::QueueOldest),
            ("installs", state) => InstallState::from_name(state)
                .filter(|state| state.is_final())
                .map(TallyKey::Installs),
            _ => None,
        }
    }

    /// Whether the greatest of its counts in an hour is kept; else they are added up.
    pub fn keeps_greatest(self) -> bool {
        matches!(self, TallyKey::QueueDepth | TallyKey::QueueOldest)
    }

    /// What two counts of the same hour come to.
    pub fn merged(self, one: u64, other: u64) -> u64 {
        match self.keeps_greatest() {
            true => one.max(other),
            false => one.saturating_add(other),
        }
    }
}

/// What was counted under one key in one hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HourlyCount {
    /// When.
    pub hour: Hour,
    /// Of what.
    pub key: TallyKey,
    /// How many, or seconds.
    pub n: u64,
}

/// The queues of an hour at their fullest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueuePeak {
    /// The most commands that waited at once.
    pub depth: u64,
    /// The greatest age of a waiting command, in seconds; 0 if none waited.
    pub oldest_seconds: u64,
}

/// All that was counted in one hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HourRecord {
    /// The hour.
    pub hour: Hour,
    /// Sessions that began, by family and mode; those of which there was none are left out.
    pub sessions: BTreeMap<(Family, Mode), u64>,
    /// The queues; none where they were not looked at, as when no server ran.
    pub queue: Option<QueuePeak>,
    /// Installs that ended, by how; those of which there was none are left out.
    pub installs: BTreeMap<InstallState, u64>,
}

impl HourRecord {
    /// An hour of which nothing was counted.
    pub fn new(hour: Hour) -> Self {
        HourRecord {
            hour,
            sessions: BTreeMap::new(),
            queue: None,
            installs: BTreeMap::new(),
        }
    }

    /// Sessions in this mode.
    pub fn in_mode(&self, mode: Mode) -> u64 {
        self.sum(|_, of| of == mode)
    }

    /// Sessions of devices of this family.
    pub fn of_family(&self, family: Family) -> u64 {
        self.sum(|of, _| of == family)
    }

    fn sum(&self, takes: impl Fn(Family, Mode) -> bool) -> u64 {
        let taken = self
            .sessions
            .iter()
            .filter(|((family, mode), _)| takes(*family, *mode));
        taken.fold(0, |sum, (_, n)| sum.saturating_add(*n))
    }

    fn take(&mut self, key: TallyKey, n: u64) {
        let nothing = QueuePeak {
            depth: 0,
            oldest_seconds: 0,
        };
        let count = match key {
            TallyKey::Sessions(..) | TallyKey::Installs(_) if n == 0 => return,
            TallyKey::Sessions(family, mode) => self.sessions.entry((family, mode)).or_default(),
            TallyKey::Installs(state) => self.installs.entry(state).or_default(),
            TallyKey::QueueDepth => &mut self.queue.get_or_insert(nothing).depth,
            TallyKey::QueueOldest => &mut self.queue.get_or_insert(nothing).oldest_seconds,
        };
        *count = key.merged(*count, n);
    }
}

/// So many hours from that one on, each with its counts; counts of others are left out.
pub fn by_hour(
    from: Hour,
    hours: usize,
    counts: impl IntoIterator<Item = HourlyCount>,
) -> Vec<HourRecord> {
    let all = (0..hours as i64).map(|at| HourRecord::new(from.plus(at)));
    let mut all: Vec<HourRecord> = all.collect();
    for HourlyCount { hour, key, n } in counts {
        let at = usize::try_from(hour.0.saturating_sub(from.0));
        if let Some(record) = at.ok().and_then(|at| all.get_mut(at)) {
            record.take(key, n);
        }
    }
    all
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_known_by_its_name_and_no_two_have_the_same() {
        let keys: Vec<TallyKey> = TallyKey::all().collect();
        assert_eq!(keys.len(), 3 * 4 + 2 + 5);
        for key in keys {
            assert_eq!(TallyKey::from_name(&key.name()), Some(key));
        }
        for name in ["installs.progress", "sessions.windows81", "queue.x", ""] {
            assert_eq!(TallyKey::from_name(name), None, "{name}");
        }
        let machine = TallyKey::Sessions(Family::Windows81, Mode::Machine);
        assert_eq!(machine.name(), "sessions.windows81.Machine");
    }

    #[test]
    fn an_instant_is_in_the_hour_that_began_last_also_before_1970() {
        let at = Timestamp::parse("2026-11-29T10:59:59.999Z").unwrap();
        let hour = Hour::containing(at);
        assert_eq!(hour.begins().to_string(), "2026-11-29T10:00:00.000Z");
        let first = hour.first_of_day().begins();
        assert_eq!(first.to_string(), "2026-11-29T00:00:00.000Z");
        assert_eq!(Hour::containing(at.plus_ms(1)), hour.plus(1));
        assert_eq!(Hour::containing(Timestamp(-1)), Hour(-1));
        assert_eq!(Hour(-1).first_of_day(), Hour(-24));
    }

    #[test]
    fn hours_have_their_counts_and_one_that_nobody_looked_at_no_queue() {
        let (machine, apps) = (
            TallyKey::Sessions(Family::Windows81, Mode::Machine),
            TallyKey::Sessions(Family::Windows10, Mode::Apps),
        );
        let count = |hour, key, n| HourlyCount {
            hour: Hour(hour),
            key,
            n,
        };
        let counts = [
            count(9, machine, 100),
            count(10, machine, 2),
            count(10, apps, 3),
            count(12, TallyKey::QueueDepth, 7),
            count(12, TallyKey::QueueOldest, 60),
            count(12, TallyKey::Installs(InstallState::Failed), 1),
            count(12, TallyKey::Installs(InstallState::Installed), 0),
            count(13, machine, 100),
        ];
        let all = by_hour(Hour(10), 3, counts);
        let [first, second, third] = &all[..] else {
            panic!("{all:?}");
        };
        assert_eq!(
            (first.in_mode(Mode::Machine), first.in_mode(Mode::Apps)),
            (2, 3)
        );
        assert_eq!(first.of_family(Family::Windows10), 3);
        assert_eq!(first.queue, None);
        assert_eq!(*second, HourRecord::new(Hour(11)));
        let peak = third.queue.unwrap();
        assert_eq!((peak.depth, peak.oldest_seconds), (7, 60));
        assert_eq!(
            third.installs,
            BTreeMap::from([(InstallState::Failed, 1)]),
            "what did not happen is left out"
        );
    }

    #[test]
    fn sums_are_added_up_and_of_the_queues_the_greatest_counts() {
        let sum = TallyKey::Installs(InstallState::Installed);
        assert_eq!((sum.merged(2, 3), sum.merged(u64::MAX, 1)), (5, u64::MAX));
        assert_eq!(TallyKey::QueueOldest.merged(2, 3), 3);
    }
}
