//! What one exchange adds to the counts.

use std::time::Duration;

use super::{Metrics, OUTCOMES, wake_end};
use modegate_core::command::CommandState;
use modegate_core::context::{Family, Mode};
use modegate_core::device::{Device, Session};
use modegate_core::kind::Kind;
use modegate_core::push::wake::WakeState;
use modegate_core::session::Exchange;
use modegate_core::tally::TallyKey;

const DELIVERED: usize = 0;
const WITHHELD: usize = 1;
const REFUSED: usize = 2;

/// What one exchange decided, taken before it is committed and counted after.
#[derive(Debug, Clone, Copy)]
pub struct ExchangeMetrics {
    mode: Mode,
    family: Family,
    decided: [[u32; OUTCOMES.len()]; Kind::ALL.len()],
    begun: bool,
    ended: u32,
    wake_ended: Option<WakeState>,
}

impl ExchangeMetrics {
    /// Of an exchange that found this device.
    pub fn from_exchange(device: &Device, exchange: &Exchange) -> Self {
        let before = &device.state;
        let record = exchange.record();
        let mut decided = [[0; OUTCOMES.len()]; Kind::ALL.len()];
        for delivered in &record.delivered {
            decided[delivered.kind as usize][DELIVERED] += 1;
        }
        for group in &record.withheld {
            decided[group.kind as usize][WITHHELD] += group.count;
        }
        // The device said nothing of it: policy, or its size, refused it.
        let refused = record
            .outcomes
            .iter()
            .filter(|outcome| outcome.state == CommandState::Failed && outcome.status.is_none())
            .filter_map(|outcome| {
                before
                    .open
                    .iter()
                    .find(|open| open.seq.0 == outcome.command)
            });
        for command in refused {
            decided[command.kind() as usize][REFUSED] += 1;
        }
        let (old, new) = (before.session.as_ref(), exchange.state().session.as_ref());
        let is_same = old.map(|session| session.no) == new.map(|session| session.no);
        let was_open = old.is_some_and(|session| session.is_open);
        let left_behind = was_open && !is_same;
        let ended_now =
            (was_open || !is_same) && !new.is_some_and(|session: &Session| session.is_open);
        ExchangeMetrics {
            mode: record.mode,
            family: device.record.family,
            decided,
            begun: !is_same,
            ended: u32::from(left_behind) + u32::from(ended_now),
            wake_ended: wake_end(before.wake.as_ref(), exchange.state().wake.as_ref()),
        }
    }

    /// How many commands went out.
    pub fn delivered(&self) -> u32 {
        self.decided
            .iter()
            .map(|outcomes| outcomes[DELIVERED])
            .sum()
    }

    /// How many the exchange wrote down as withheld: 0 also when it refers to
    /// an earlier, equal list.
    pub fn withheld(&self) -> u32 {
        self.decided.iter().map(|outcomes| outcomes[WITHHELD]).sum()
    }
}

impl Metrics {
    /// Counts an exchange that is durable.
    pub fn exchanged(&self, counted: &ExchangeMetrics, took: Duration) {
        self.exchanges.at(counted.mode as usize).inc();
        self.exchange_seconds
            .at(counted.mode as usize)
            .observe(took);
        for (kind, outcomes) in counted.decided.iter().enumerate() {
            for (outcome, &count) in outcomes.iter().enumerate().filter(|(_, count)| **count > 0) {
                self.decisions
                    .at(kind * OUTCOMES.len() + outcome)
                    .inc_by(u64::from(count));
            }
        }
        if counted.begun {
            self.sessions_begun.inc();
            let key = TallyKey::Sessions(counted.family, counted.mode);
            self.hourly.add(key);
        }
        self.sessions_ended.inc_by(u64::from(counted.ended));
        if let Some(state) = counted.wake_ended {
            self.wake_ended(state);
        }
    }
}
