//! What a period of the log has: its sessions by mode, and the statement of the Machine mode.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::report::Period;
use super::statement::MachineStatement;
use crate::context::Mode;
use crate::event::Event;
use crate::ids::DeviceId;
use crate::time::Timestamp;

/// What a period of the log has. Keeps a session's number for each device.
#[derive(Debug, Clone)]
pub struct PeriodStatement {
    period: Period,
    /// What was carried in sessions that named Machine.
    pub machine: MachineStatement,
    /// Sessions by the mode of their first exchange in the period.
    pub sessions: BTreeMap<&'static str, u64>,
    /// Digests of the policy sets that decided.
    pub policy_sets: BTreeSet<String>,
    /// Its events.
    pub events: u64,
    /// Its exchanges.
    pub exchanges: u64,
    /// When its first event was.
    pub first: Option<Timestamp>,
    /// When its last event was.
    pub last: Option<Timestamp>,
    /// The latest session of each device that had one.
    latest: HashMap<DeviceId, u32>,
}

impl PeriodStatement {
    /// Of this period, before any event.
    pub fn new(period: Period) -> Self {
        let none = |mode: Mode| (mode.name(), 0);
        PeriodStatement {
            period,
            machine: MachineStatement::default(),
            sessions: Mode::ALL.into_iter().map(none).collect(),
            policy_sets: BTreeSet::new(),
            events: 0,
            exchanges: 0,
            first: None,
            last: None,
            latest: HashMap::new(),
        }
    }

    /// Takes in the next event of the log; what is not of the period does not count.
    pub fn take(&mut self, event: &Event) {
        if !self.period.contains(event.at) {
            return;
        }
        self.events += 1;
        self.first = self.first.or(Some(event.at));
        self.last = self.last.max(Some(event.at));
        self.machine.take(event);
        let (Some(device), Some(exchange)) = (event.device, &event.exchange) else {
            return;
        };
        self.exchanges += 1;
        if !self.policy_sets.contains(&exchange.policy_set) {
            self.policy_sets.insert(exchange.policy_set.clone());
        }
        if self.latest.insert(device, exchange.session) != Some(exchange.session) {
            *self.sessions.entry(exchange.mode.name()).or_default() += 1;
        }
    }

    /// How many devices had sessions.
    pub fn devices(&self) -> usize {
        self.latest.len()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::event::EventType;

    #[test]
    fn what_is_not_of_the_period_does_not_count() {
        let period: Period = "2026-01-01..2026-01-31".parse().unwrap();
        let mut counted = PeriodStatement::new(period);
        let at = |text| Timestamp::parse(text).unwrap();
        for text in [
            "2025-12-31T23:59:59.999Z",
            "2026-01-01T00:00:00Z",
            "2026-01-31T23:59:59.999Z",
            "2026-02-01T00:00:00Z",
        ] {
            counted.take(&Event::new(
                at(text),
                "server",
                None,
                EventType::GuardRefused,
            ));
        }
        assert_eq!((counted.events, counted.machine.guard_stops), (2, 2));
        assert_eq!(counted.first, Some(at("2026-01-01T00:00:00Z")));
        assert_eq!(counted.last, Some(at("2026-01-31T23:59:59.999Z")));
        assert_eq!(counted.sessions.values().sum::<u64>(), 0);
        assert_eq!(counted.sessions.len(), Mode::ALL.len());
    }
}
