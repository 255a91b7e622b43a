//! Every recorded decision decided again, from events and policy sets alone.
//!
//! Events come in the order of the log. Of each device this keeps what its events have said
//! so far and decisions look at: family and groups, what its open commands touch (at most
//! [`OPEN_COMMANDS`](crate::limits::OPEN_COMMANDS) twice over), and the latest list of what was withheld. Memory
//! grows with the devices and their queues, not with the log.
//!
//! By its own policy set each decision comes out as it is recorded: kind, verdict, rules and
//! modes. By another set, what comes out otherwise is what that set would change. That a
//! decision agrees proves that the rules on record led to what is on record; not that a
//! device was what it said, nor that these bytes left (the digest of the reply is there for
//! that).

mod decision;
mod device;

use std::collections::HashMap;

use crate::event::{Event, EventType};
use crate::ids::DeviceId;
use crate::policy::PolicySet;
use decision::{Asked, Exchanged, is_same_by_another, is_same_by_own};
pub use decision::{Decided, Difference};
use device::DeviceReplay;

/// How the decisions of a log came out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Exchanges that were looked at.
    pub exchanges: u64,
    /// Decisions that are on record; the sum of the others.
    pub decisions: u64,
    /// They come out as they are on record. By another set the rules may have other names.
    pub agree: u64,
    /// They come out otherwise; each was reported.
    pub differ: u64,
    /// Not all that they depend on is on record: events of version 1, and commands that were
    /// queued before the log begins or whose event was redacted.
    pub without_inputs: u64,
    /// The policy set that decided is not at hand.
    pub without_policy_set: u64,
}

/// Decides again what a log has on record.
#[derive(Debug, Default)]
pub struct Replay {
    sets: HashMap<String, PolicySet>,
    another: Option<PolicySet>,
    devices: HashMap<DeviceId, DeviceReplay>,
    totals: Totals,
    ignores: bool,
}

impl Replay {
    /// By the set that each decision was made by, which is among these.
    pub fn by_own(sets: impl IntoIterator<Item = PolicySet>) -> Self {
        let sets = sets.into_iter().map(|set| (set.digest().to_owned(), set));
        Replay {
            sets: sets.collect(),
            ..Replay::default()
        }
    }

    /// By this set, whichever set decided.
    pub fn by_another(set: PolicySet) -> Self {
        Replay {
            another: Some(set),
            ..Replay::default()
        }
    }

    /// Adds a set that decided, before the first of its decisions is taken in.
    pub fn add(&mut self, set: PolicySet) {
        self.sets.insert(set.digest().to_owned(), set);
    }

    /// A set that decided, by its digest.
    pub fn set(&self, digest: &str) -> Option<&PolicySet> {
        self.sets.get(digest)
    }

    /// Whether decisions of the events from now on are made again; of others it only learns
    /// what later ones depend on. They are, unless this says otherwise.
    pub fn count(&mut self, counts: bool) {
        self.ignores = !counts;
    }

    /// How it came out so far. Decisions whose command is not known yet are counted by
    /// [`Replay::finish`] at the latest.
    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// How it came out in the end: what still waits to be known is without inputs.
    pub fn finish(&self) -> Totals {
        let waiting: usize = self.devices.values().map(|known| known.waiting.len()).sum();
        let mut totals = self.totals;
        totals.without_inputs += waiting as u64;
        totals
    }

    /// Takes in the next event of the log, and reports each decision of it that comes out
    /// otherwise. One whose command the server queued in the same exchange comes out with
    /// the event that says so, which follows.
    pub fn take(&mut self, event: &Event, report: &mut dyn FnMut(Difference)) {
        let Some(device) = event.device else {
            return;
        };
        if event.what == EventType::DeviceRetired {
            if let Some(known) = self.devices.remove(&device) {
                self.totals.without_inputs += known.waiting.len() as u64;
            }
            return;
        }
        let Replay {
            sets,
            another,
            devices,
            totals,
            ignores,
        } = self;
        let known = devices.entry(device).or_default();
        let mut judge = Judge {
            sets,
            another: another.as_ref(),
            totals,
            device,
            report,
            ignores: *ignores,
        };
        known.learn(event);
        if let Some(record) = &event.exchange {
            judge.totals.exchanges += u64::from(!judge.ignores);
            judge.totals.without_inputs += known.waiting.drain(..).count() as u64;
            known.exchanged = Some(Exchanged::new(event, record));
        }
        judge.waiting(known, event);
        judge.exchange(known, event);
        known.forget(event);
    }
}

/// Decides for one device, and counts.
struct Judge<'a> {
    sets: &'a HashMap<String, PolicySet>,
    another: Option<&'a PolicySet>,
    totals: &'a mut Totals,
    device: DeviceId,
    report: &'a mut dyn FnMut(Difference),
    ignores: bool,
}

impl Judge<'_> {
    /// The decisions of an exchange, or of what it goes on with.
    fn exchange(&mut self, known: &mut DeviceReplay, event: &Event) {
        let ignores = self.ignores;
        let asked = known.asked(event);
        for asked in asked.into_iter().filter(|_| !ignores) {
            self.totals.decisions += 1;
            if known.may_be_known_later(&asked) {
                known.waiting.push(asked);
            } else {
                self.decide(known, &asked);
            }
        }
    }

    /// The decisions that waited for this event.
    fn waiting(&mut self, known: &mut DeviceReplay, event: &Event) {
        if event.what != EventType::CommandQueued || known.waiting.is_empty() {
            return;
        }
        let now = |asked: &mut Asked| Some(asked.command) == event.command;
        let decided: Vec<Asked> = known.waiting.extract_if(.., now).collect();
        for asked in decided {
            self.decide(known, &asked);
        }
    }

    fn decide(&mut self, known: &DeviceReplay, asked: &Asked) {
        let Some(inputs) = known.inputs(asked) else {
            self.totals.without_inputs += 1;
            return;
        };
        let own = || self.sets.get(&*asked.exchanged.policy_set);
        let Some(set) = self.another.or_else(own) else {
            self.totals.without_policy_set += 1;
            return;
        };
        let by_another = self.another.is_some();
        if by_another && inputs.touched.partial {
            self.totals.without_inputs += 1;
            return;
        }
        let would_be = inputs.decide(set, asked.exchanged.contexts);
        let is_same = match by_another {
            true => is_same_by_another(&asked.was, &would_be),
            false => is_same_by_own(&asked.was, &would_be),
        };
        if is_same {
            self.totals.agree += 1;
            return;
        }
        self.totals.differ += 1;
        (self.report)(Difference {
            device: self.device,
            event: asked.exchanged.event,
            command: asked.command,
            was: asked.was.clone(),
            would_be,
        });
    }
}
