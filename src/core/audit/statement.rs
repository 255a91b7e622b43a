//! The Machine-mode guarantee, as the log has it: what was carried in sessions that named
//! Machine, counted from events alone.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use serde::Serialize;

use crate::context::{Mode, Query};
use crate::event::{Delivered, Event, EventType};
use crate::ids::DeviceId;
use crate::kind::Kind;

/// How many breaches are listed; all are counted.
const BREACHES: usize = 100;

/// What was carried in sessions that named Machine, from the message on that named it. Keeps
/// a session's number for each device.
///
/// An event of version 1 does not say what its session had named before: of its sessions
/// only the messages that named Machine themselves are counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct MachineStatement {
    /// Sessions that named Machine.
    pub sessions: u64,
    /// Exchanges of them, from the one on that named it.
    pub exchanges: u64,
    /// Those of them that are on record as events of version 1.
    pub version_1: u64,
    /// Commands that these carried, by kind.
    pub carried: BTreeMap<&'static str, u64>,
    /// Commands that are none of the three kinds.
    pub others: u64,
    /// Where the first of these are.
    pub breaches: Vec<Breach>,
    /// Commands that the second guard stopped.
    pub guard_stops: u64,
    #[serde(skip)]
    devices: HashMap<DeviceId, Seen>,
}

/// A command that was carried against the guarantee.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Breach {
    /// The device.
    pub device: DeviceId,
    /// The device's number of the event.
    pub event: u64,
    /// The command's number.
    pub command: u32,
    /// Its kind.
    pub kind: Kind,
}

/// What is known of a device's latest exchange.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Seen {
    /// The latest session that was counted.
    counted: Option<u32>,
    /// Whether the latest exchange counts.
    counts: bool,
}

impl MachineStatement {
    /// Takes in the next event of the log.
    pub fn take(&mut self, event: &Event) {
        self.guard_stops += u64::from(event.what == EventType::GuardRefused);
        let Some(device) = event.device else {
            return;
        };
        if event.what == EventType::DeviceRetired {
            self.devices.remove(&device);
            return;
        }
        if event.exchange.is_some() || event.more.is_some() {
            let seen = self.devices.entry(device).or_default();
            if let Some(exchange) = &event.exchange {
                let mut contexts = exchange.all_contexts().iter();
                seen.counts = contexts.any(|context| context.mode == Mode::Machine)
                    || event.v < 2 && Query::read(&exchange.query).may_be_machine;
                if seen.counts {
                    self.exchanges += 1;
                    self.version_1 += u64::from(event.v < 2);
                    let is_new = seen.counted.replace(exchange.session) != Some(exchange.session);
                    self.sessions += u64::from(is_new);
                }
            }
            if seen.counts {
                for delivered in event.delivered() {
                    self.carry((device, event.seq), delivered);
                }
            }
        }
    }

    fn carry(&mut self, (device, event): (DeviceId, u64), delivered: &Delivered) {
        *self.carried.entry(delivered.kind.name()).or_default() += 1;
        // A list of its own: what the policy's floor says is what is looked at here.
        if matches!(
            delivered.kind,
            Kind::Inventory | Kind::PasswordReset | Kind::Unenroll
        ) {
            return;
        }
        self.others += 1;
        if self.breaches.len() < BREACHES {
            self.breaches.push(Breach {
                device,
                event,
                command: delivered.command,
                kind: delivered.kind,
            });
        }
    }

    /// How many commands of that kind were carried.
    pub fn carried(&self, kind: Kind) -> u64 {
        self.carried.get(kind.name()).copied().unwrap_or(0)
    }

    /// Whether nothing but the three kinds was carried.
    pub fn holds(&self) -> bool {
        self.others == 0
    }
}

impl fmt::Display for MachineStatement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [read, reset, left] =
            [Kind::Inventory, Kind::PasswordReset, Kind::Unenroll].map(|kind| self.carried(kind));
        write!(
            f,
            "{} sessions that named Machine carried {read} inventory, {reset} password_reset and \
             {left} unenroll commands, ",
            self.sessions
        )?;
        match self.others {
            0 => f.write_str("and nothing else")?,
            others => write!(f, "and {others} of other kinds")?,
        }
        write!(f, "; the second guard stopped {}", self.guard_stops)
    }
}
