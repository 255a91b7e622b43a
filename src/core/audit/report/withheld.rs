//! Commands that rules withheld: since when, by which rule, and how it ended.
//!
//! A wait begins when an exchange lists the command as withheld and ends when the command
//! goes out or ends otherwise. It counts for the rules that withheld it first. What rules
//! deliver and waits for its time, another command or a later session (`queue.…`) is not
//! withheld by a rule, and not counted here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::value::{LISTED, Row, Section, Table, Value, columns, whole};
use crate::command::CommandState;
use crate::context::Mode;
use crate::event::{Event, EventType, Outcome, Withheld};
use crate::kind::Kind;
use crate::time::Timestamp;

/// Why commands are withheld.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reason {
    /// The kind of the commands.
    pub kind: Kind,
    /// The rules.
    pub rules: Vec<String>,
}

/// A command that is withheld.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Why, as it was first.
    pub reason: Arc<Reason>,
    /// The modes that would have let it go then.
    pub modes: Arc<[Mode]>,
    /// Since when.
    pub since: Timestamp,
    /// The device's number of the event that says so first.
    pub event: u64,
}

/// How a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ending {
    /// The command went out, in a message that named this mode.
    Released(Mode),
    /// Its time passed.
    Expired,
    /// Somebody cancelled it.
    Cancelled,
    /// Rules refused it, or it failed otherwise before it went.
    Failed,
    /// The device was retired, or its enrollment ended.
    DeviceGone,
}

impl Ending {
    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Ending::Released(Mode::Machine) => "released in Machine",
            Ending::Released(Mode::Maintenance) => "released in Maintenance",
            Ending::Released(Mode::Apps) => "released in Apps",
            Ending::Released(Mode::Unspecified) => "released in Unspecified",
            Ending::Expired => "expired unsent",
            Ending::Cancelled => "cancelled",
            Ending::Failed => "failed unsent",
            Ending::DeviceGone => "device gone",
        }
    }
}

/// Calls `ended` for each wait of a device that the event ends, and notes those that it
/// begins.
pub(super) fn take(
    waiting: &mut BTreeMap<u32, Waiting>,
    event: &Event,
    reasons: &mut Reasons,
    ended: &mut dyn FnMut(u32, Waiting, Ending),
) {
    let mut end = |waiting: &mut BTreeMap<u32, Waiting>, command: &u32, ending| {
        if let Some(wait) = waiting.remove(command) {
            ended(*command, wait, ending);
        }
    };
    match event.what {
        EventType::DeviceRetired => {
            while let Some((command, _)) = waiting.first_key_value() {
                end(waiting, &command.clone(), Ending::DeviceGone);
            }
        }
        EventType::EnrollmentEnded => {
            let commands = event.commands.iter();
            commands.for_each(|command| end(waiting, command, Ending::DeviceGone));
        }
        _ => {
            let commands = event
                .command
                .iter()
                .filter(|_| event.what == EventType::CommandCancelled);
            let commands = commands.chain(&event.commands);
            commands.for_each(|command| end(waiting, command, Ending::Cancelled));
        }
    }
    let mode = event.exchange.as_ref().map(|record| record.mode);
    let mode = mode.unwrap_or(reasons.mode);
    reasons.mode = mode;
    for delivered in event.delivered() {
        end(waiting, &delivered.command, Ending::Released(mode));
    }
    for outcome in outcomes(event) {
        let ending = match outcome.state {
            CommandState::Expired => Ending::Expired,
            CommandState::Cancelled => Ending::Cancelled,
            state if state.is_final() => Ending::Failed,
            _ => continue,
        };
        end(waiting, &outcome.command, ending);
    }
    for group in withheld(event) {
        if group.rules.iter().any(|rule| rule.starts_with("queue.")) {
            continue;
        }
        let (reason, modes) = reasons.of(group);
        for command in &group.commands {
            waiting.entry(*command).or_insert_with(|| Waiting {
                reason: Arc::clone(&reason),
                modes: Arc::clone(&modes),
                since: event.at,
                event: event.seq,
            });
        }
    }
}

/// What an event lists as withheld.
fn withheld(event: &Event) -> &[Withheld] {
    match (&event.exchange, &event.more) {
        (Some(exchange), _) => &exchange.withheld,
        (None, Some(more)) => &more.withheld,
        (None, None) => &[],
    }
}

/// What an event says became of commands.
pub(super) fn outcomes(event: &Event) -> &[Outcome] {
    match (&event.exchange, &event.more) {
        (Some(exchange), _) => &exchange.outcomes,
        (None, Some(more)) => &more.outcomes,
        (None, None) => &[],
    }
}

/// Reasons that were seen, each kept once.
#[derive(Debug)]
pub(super) struct Reasons {
    seen: BTreeSet<Arc<Reason>>,
    modes: BTreeSet<Arc<[Mode]>>,
    /// The mode of the exchange that `exchange.more` goes on with.
    mode: Mode,
}

impl Default for Reasons {
    fn default() -> Self {
        Reasons {
            seen: BTreeSet::new(),
            modes: BTreeSet::new(),
            mode: Mode::Unspecified,
        }
    }
}

impl Reasons {
    fn of(&mut self, group: &Withheld) -> (Arc<Reason>, Arc<[Mode]>) {
        let reason = Reason {
            kind: group.kind,
            rules: group.rules.clone(),
        };
        let reason = match self.seen.get(&reason) {
            Some(known) => Arc::clone(known),
            None => {
                let reason = Arc::new(reason);
                // More than can be listed need not be the same.
                if self.seen.len() < LISTED {
                    self.seen.insert(Arc::clone(&reason));
                }
                reason
            }
        };
        let modes = match self.modes.get(&group.modes[..]) {
            Some(known) => Arc::clone(known),
            None => {
                let modes: Arc<[Mode]> = group.modes.clone().into();
                self.modes.insert(Arc::clone(&modes));
                modes
            }
        };
        (reason, modes)
    }
}

/// How long waits were: each by its three leading digits, so that a median is known to half
/// a per cent and memory does not grow with their number.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Waits {
    counts: BTreeMap<i64, u64>,
    total: u64,
    longest: i64,
}

impl Waits {
    fn push(&mut self, ms: i64) {
        let ms = ms.max(0);
        let digits = ms.checked_ilog10().unwrap_or(0).saturating_sub(2);
        let step = 10_i64.pow(digits);
        *self.counts.entry(ms / step * step).or_default() += 1;
        self.total += 1;
        self.longest = self.longest.max(ms);
    }

    /// The lower one of two in the middle.
    fn median(&self) -> Option<i64> {
        let mut left = self.total.div_ceil(2);
        self.counts.iter().find_map(|(ms, count)| {
            left = left.saturating_sub(*count);
            (left == 0).then_some(*ms)
        })
    }
}

/// What a row of the table counts.
#[derive(Debug, Default)]
struct WaitCounts {
    waits: Waits,
    endings: BTreeMap<Ending, u64>,
    open: u64,
}

/// Audit 7.
#[derive(Debug, Default)]
pub(super) struct WithheldAudit {
    pub(super) reasons: Reasons,
    tallies: BTreeMap<Arc<Reason>, WaitCounts>,
    /// What has no room of its own any more.
    others: WaitCounts,
    count: u64,
}

impl WithheldAudit {
    fn tally(&mut self, wait: &Waiting) -> &mut WaitCounts {
        let has_room = self.tallies.len() < LISTED;
        self.count += 1;
        match has_room || self.tallies.contains_key(&wait.reason) {
            true => self.tallies.entry(Arc::clone(&wait.reason)).or_default(),
            false => &mut self.others,
        }
    }

    /// A wait that ended in the period.
    pub(super) fn ended(&mut self, wait: &Waiting, ending: Ending, at: Timestamp) {
        let tally = self.tally(wait);
        tally.waits.push(at.ms_since(wait.since));
        *tally.endings.entry(ending).or_default() += 1;
    }

    /// A wait that lasts beyond the end of the period.
    pub(super) fn open(&mut self, wait: &Waiting, end: Timestamp) {
        let tally = self.tally(wait);
        tally.waits.push(end.ms_since(wait.since));
        tally.open += 1;
    }

    pub(super) fn section(&self) -> Section {
        let tallies = self
            .tallies
            .iter()
            .map(|(reason, tally)| (reason.kind.name(), reason.rules.join(", "), tally));
        let others =
            (self.others.waits.total > 0).then_some(("others", String::new(), &self.others));
        let rows = tallies
            .chain(others)
            .map(|(kind, rules, tally)| row(kind, rules, tally));
        let open: u64 = self.tallies.values().map(|tally| tally.open).sum();
        let expired =
            |tally: &WaitCounts| tally.endings.get(&Ending::Expired).copied().unwrap_or(0);
        let expired: u64 = self.tallies.values().map(expired).sum();
        Section::new(
            "withheld",
            "7. Withheld commands",
            "For how long rules kept commands back, which rule kept each back first, and in which mode it went out in the end. A command that is withheld stays queued.",
            "Whether the device could have called earlier. Commands that rules deliver and that wait for their time, another command or a later session are not counted. A median is exact to half a per cent.",
        )
        .headline("open", false)
        .fact("waits", "Waits that ended in the period or last beyond it", self.count)
        .fact("open", "Still withheld at the end of the period", open + self.others.open)
        .fact("expired", "Expired without having been sent", expired + self.others.endings.get(&Ending::Expired).copied().unwrap_or(0))
        .table(table(rows))
    }
}

fn table(rows: impl Iterator<Item = Row>) -> Table {
    let columns = columns! {
        kind "Kind",
        rules "First withheld by",
        waits "Waits",
        median_ms "Median",
        longest_ms "Longest",
        maintenance "Released in Maintenance",
        apps "Released in Apps",
        machine "Released in Machine",
        unspecified "Released in Unspecified",
        expired "Expired unsent",
        cancelled "Cancelled",
        failed "Failed unsent",
        device_gone "Device gone",
        open "Still withheld",
    };
    whole("withheld", "Waits by kind and rule", columns, rows)
}

fn row(kind: &'static str, rules: String, tally: &WaitCounts) -> Row {
    let ended = |ending| Value::from(tally.endings.get(&ending).copied().unwrap_or(0));
    vec![
        kind.into(),
        rules.into(),
        tally.waits.total.into(),
        tally.waits.median().map_or(Value::None, Value::Duration),
        Value::Duration(tally.waits.longest),
        ended(Ending::Released(Mode::Maintenance)),
        ended(Ending::Released(Mode::Apps)),
        ended(Ending::Released(Mode::Machine)),
        ended(Ending::Released(Mode::Unspecified)),
        ended(Ending::Expired),
        ended(Ending::Cancelled),
        ended(Ending::Failed),
        ended(Ending::DeviceGone),
        tally.open.into(),
    ]
}

/// One wait of a device, for whoever asks about that device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wait {
    /// The command's number.
    pub command: u32,
    /// Why and since when.
    pub waiting: Waiting,
    /// When and how it ended; `None`: it has not, as far as the log goes.
    pub ended: Option<(Timestamp, Ending)>,
}

/// The waits of one device, in the order in which they ended; those that last follow.
#[derive(Debug, Default)]
pub struct DeviceWaits {
    reasons: Reasons,
    waiting: BTreeMap<u32, Waiting>,
}

impl DeviceWaits {
    /// Takes in the next event of the device, and reports each wait that it ends.
    pub fn take(&mut self, event: &Event, report: &mut dyn FnMut(Wait)) {
        take(
            &mut self.waiting,
            event,
            &mut self.reasons,
            &mut |command, waiting, ending| {
                report(Wait {
                    command,
                    waiting,
                    ended: Some((event.at, ending)),
                });
            },
        );
    }

    /// The waits that last.
    pub fn open(self) -> impl Iterator<Item = Wait> {
        self.waiting.into_iter().map(|(command, waiting)| Wait {
            command,
            waiting,
            ended: None,
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_one_of_the_waits_and_the_longest_is_exact() {
        let mut waits = Waits::default();
        assert_eq!(waits.median(), None);
        for ms in [5, 1, 3_000_777, 9, 2] {
            waits.push(ms);
        }
        assert_eq!((waits.median(), waits.longest), (Some(5), 3_000_777));
        for _ in 0..20 {
            waits.push(3_000_777);
        }
        assert_eq!(waits.median(), Some(3_000_000));
    }

    #[test]
    fn memory_does_not_grow_with_the_waits() {
        let mut waits = Waits::default();
        (0..200_000).for_each(|ms| waits.push(ms * 7919));
        assert!(waits.counts.len() < 10_000, "{}", waits.counts.len());
    }
}
