//! A device and its server without a wire: messages go into the step, what it
//! decides is committed as a store does it, and the laws are looked at on the way.

use std::collections::{HashMap, HashSet};

use super::super::*;
use super::elements::{Asked, note, status};
use crate::change::{DeviceChange, Refusal, Standing};
use crate::command::{CommandBody, CommandState, Part};
use crate::context::{Family, Mode, Query};
use crate::device::Device;
use crate::event::{Event, Outcome, Withheld};
use crate::fixtures::registered;
use crate::ids::CommandSeq;
use crate::inventory::Inventory;
use crate::limits::DeviceBounds;
use crate::policy::PolicySet;
use crate::push::active_profiles::ActiveProfiles;
use crate::session::Snapshot;
use crate::time::Timestamp;
use modegate_wire::message::{Address, Element, Header, Message, Reading, SessionId};

/// Maintenance, as Windows 8.1 names it.
pub(super) const MAINTENANCE: &str = "mode=Maintenance&Platform=WoA";

/// One message of the device.
pub(super) struct Says<'a> {
    pub(super) query: &'a str,
    /// Whether it opens a session.
    pub(super) begins: bool,
    pub(super) body: Vec<Element>,
    pub(super) is_final: bool,
    /// The SessionID and MsgID of another time.
    pub(super) stale: Option<(u32, u32)>,
}

/// What the server answered.
#[derive(Debug)]
#[allow(dead_code, reason = "shown when a story goes wrong")]
pub(super) struct Reply {
    /// The numbers of the commands in it.
    pub(super) delivered: Vec<CommandSeq>,
    pub(super) outcomes: Vec<Outcome>,
    pub(super) notes: Vec<String>,
    /// What was withheld, or the event that lists it.
    pub(super) withheld: Vec<Withheld>,
    pub(super) withheld_as: Option<u64>,
    /// The list itself, wherever it is written down.
    pub(super) listed: Vec<Withheld>,
}

pub(super) struct World {
    /// The lists of what was withheld, by the event that holds each.
    listed: HashMap<u64, Vec<Withheld>>,
    pub(super) device: Device,
    pub(super) bodies: HashMap<CommandSeq, CommandBody>,
    pub(super) finals: HashMap<CommandSeq, CommandState>,
    pub(super) inventory: Option<Inventory>,
    pub(super) now: Timestamp,
    pub(super) session: u32,
    pub(super) msg_id: u32,
    /// The elements of the latest reply.
    pub(super) asked: Vec<Asked>,
    /// Everything that was ever asked, the newest last.
    pub(super) ever_asked: Vec<Asked>,
    /// What may not run twice unasked and was not put back since it went out.
    out: HashSet<CommandSeq>,
    machine: bool,
    /// Queued by others between load and commit of the next exchange.
    pub(super) meanwhile: Vec<CommandBody>,
    pub(super) policies: PolicySet,
    pub(super) push: ActiveProfiles,
    pub(super) max_msg_size: Option<u32>,
    pub(super) bounds: DeviceBounds,
    pub(super) schedule_age: Option<i64>,
    /// How many of them the latest exchange has deleted.
    pub(super) freed: u64,
    /// How many answers each command's history holds.
    pub(super) results: HashMap<CommandSeq, usize>,
    /// The log, in its order.
    pub(super) log: Vec<Event>,
    /// What it got in sessions that named Machine, from then on.
    pub(super) got_in_machine: Vec<CommandSeq>,
}

impl World {
    pub(super) fn new() -> Self {
        World {
            listed: HashMap::new(),
            device: registered(1, "d", Family::Windows81, Timestamp(0)),
            bodies: HashMap::new(),
            finals: HashMap::new(),
            inventory: None,
            now: Timestamp(1_000_000_000_000),
            session: 0,
            msg_id: 0,
            asked: Vec::new(),
            ever_asked: Vec::new(),
            out: HashSet::new(),
            machine: false,
            meanwhile: Vec::new(),
            policies: PolicySet::builtin().unwrap(),
            push: ActiveProfiles::default(),
            max_msg_size: None,
            bounds: DeviceBounds::default(),
            schedule_age: None,
            freed: 0,
            results: HashMap::new(),
            log: Vec::new(),
            got_in_machine: Vec::new(),
        }
    }

    pub(super) fn queue(&mut self, body: CommandBody) -> Result<CommandSeq, Refusal> {
        let body = CommandBody {
            queued_at: self.now,
            ..body
        };
        let (change, seq) = queue::queue(&self.device, body)?;
        self.change(change);
        Ok(seq)
    }

    /// An API write, as a store does it.
    pub(super) fn change(&mut self, mut change: DeviceChange) {
        assert!(self.fit(&mut change));
        self.write_down(&change.parts);
        self.append(std::mem::take(&mut change.events));
        if let Some(record) = change.record {
            self.device.record = record;
        }
        for seq in change.parts.iter().map(|part| part.seq) {
            if change
                .state
                .open(seq)
                .is_some_and(|open| open.state == CommandState::Queued)
            {
                self.out.remove(&seq);
            }
        }
        self.bodies.extend(change.queued);
        self.device.state = change.state;
    }

    pub(super) fn begin(&mut self, body: Vec<Element>) -> Reply {
        self.say(Says {
            query: MAINTENANCE,
            begins: true,
            body,
            is_final: true,
            stale: None,
        })
    }

    pub(super) fn go_on(&mut self, body: Vec<Element>) -> Reply {
        self.say(Says {
            query: MAINTENANCE,
            begins: false,
            body,
            is_final: true,
            stale: None,
        })
    }

    /// Statuses of all that was asked last.
    pub(super) fn all(&self, code: u16) -> Vec<Element> {
        let status = |asked: &Asked| status(asked, code);
        self.asked.iter().map(status).collect()
    }

    pub(super) fn state_of(&self, seq: CommandSeq) -> CommandState {
        match self.device.state.open(seq) {
            Some(open) => queue::state_at(&self.device.state, open, self.now),
            None => self.finals[&seq],
        }
    }

    fn message(&mut self, says: &Says<'_>) -> Message {
        let (session, msg_id) = if let Some(stale) = says.stale {
            stale
        } else {
            if says.begins || self.session == 0 {
                (self.session, self.msg_id, self.machine) = (self.session + 1, 0, false);
            }
            self.msg_id += 1;
            (self.session, self.msg_id)
        };
        let address = |uri: &str| Address {
            uri: uri.into(),
            name: None,
        };
        Message {
            header: Header {
                ver_dtd: "1.2".into(),
                ver_proto: "DM/1.2".into(),
                session_id: SessionId(session.to_string()),
                msg_id,
                target: address("s"),
                source: address("d"),
                cred: None,
                max_msg_size: self.max_msg_size,
            },
            body: says.body.clone(),
            is_final: says.is_final,
            reading: Reading::default(),
        }
    }

    /// One message of the device, as often as it takes to be committed.
    pub(super) fn say(&mut self, says: Says<'_>) -> Reply {
        let message = self.message(&says);
        let query = Query::read(says.query);
        let of_another = says
            .stale
            .is_some_and(|(session, _)| session != self.session);
        self.machine |= !of_another && (query.mode == Mode::Machine || query.may_be_machine);
        loop {
            let (commit, asked, delivered) = self.exchange(&message, says.query);
            for body in std::mem::take(&mut self.meanwhile) {
                // Refused where the queue is closed: as good as never asked for.
                let _ = self.queue(body);
            }
            let events = commit.events.clone();
            if !self.commit(commit) {
                continue;
            }
            for &seq in &delivered {
                let twice = !self.out.insert(seq);
                let repeatable = self
                    .device
                    .state
                    .open(seq)
                    .is_none_or(|open| !open.is_unrepeatable());
                assert!(!twice || repeatable, "{seq:?} went out twice unasked");
            }
            if self.machine {
                self.got_in_machine.extend(&delivered);
            }
            self.ever_asked.extend(asked.iter().cloned());
            self.asked = asked;
            let record = events[0].exchange.clone().unwrap();
            if let (false, Some(written)) = (record.withheld.is_empty(), self.device.state.withheld)
            {
                self.listed.insert(written.event, record.withheld.clone());
            }
            let listed = match record.withheld_as {
                Some(event) => self.listed[&event].clone(),
                None => record.withheld.clone(),
            };
            return Reply {
                delivered,
                outcomes: record.outcomes,
                notes: record.notes,
                withheld: record.withheld,
                withheld_as: record.withheld_as,
                listed,
            };
        }
    }

    fn exchange(
        &self,
        message: &Message,
        raw_query: &str,
    ) -> (DeviceChange, Vec<Asked>, Vec<CommandSeq>) {
        let mut digest = [0; 32];
        digest[..8].copy_from_slice(&(self.ever_asked.len() as u64).to_le_bytes());
        digest[8..16].copy_from_slice(&self.device.state.revision.to_le_bytes());
        let request = Request {
            evidence: &ClientEvidence::default(),
            trust_source: true,
            raw_query,
            query: Query::read(raw_query),
            message,
            digest,
            now: self.now,
            bounds: self.bounds,
            schedule_age: self.schedule_age,
            repairs_polling: true,
            nonce: &|_, _| [0; 16],
            policies: &self.policies,
            push: &self.push,
            server: None,
        };
        let authentication = authenticate(&self.device, &request);
        let wanted = plan_read(&self.device, authentication, &request);
        let body = |seq: &CommandSeq| (*seq, self.bodies[seq].clone());
        let snapshot = Snapshot {
            device: self.device.clone(),
            bodies: wanted.bodies.iter().map(body).collect(),
            reply: None,
            inventory: self.inventory.clone().filter(|_| wanted.inventory),
        };
        assert!(
            self.inventory.is_none() || wanted.inventory || snapshot.inventory.is_none(),
            "what was not loaded"
        );
        let Step::Exchange(exchange) = step(&snapshot, authentication, &request) else {
            panic!("an exchange")
        };
        let (mut asked, mut delivered) = (Vec::new(), Vec::new());
        for &carried in exchange.carried() {
            delivered.push(carried.seq);
            self.look_at(carried.seq);
            for element in exchange.elements(carried) {
                let guarded = modegate_wire::guard::machine_may_carry(element);
                assert!(guarded || !self.machine, "{element:?}");
                note(exchange.reply().header.msg_id, element, &mut asked);
            }
        }
        let commit = exchange.into_commit(Vec::new());
        assert!(
            commit.inventory.is_none() || self.inventory.is_none() || wanted.inventory,
            "the inventory is written anew without what was known"
        );
        (commit, asked, delivered)
    }

    /// What goes out may go out.
    fn look_at(&self, seq: CommandSeq) {
        assert!(!self.finals.contains_key(&seq), "{seq:?} after its end");
        let Some(body) = self.bodies.get(&seq) else {
            return;
        };
        assert!(
            body.expires_at.is_none_or(|at| at > self.now),
            "{seq:?} went out after its time"
        );
        // Whoever asks for it again does not want to wait: the state knows.
        let open = self.device.state.open(seq);
        assert!(
            open.is_none_or(|open| open.not_before.is_none_or(|at| at <= self.now)),
            "{seq:?} went out before its time"
        );
    }

    /// As a store fits a change to the device as it stands.
    fn fit(&self, change: &mut DeviceChange) -> bool {
        let state = &self.device.state;
        let standing = Standing {
            revision: state.revision,
            next_command: state.next_command,
            next_event: self.log.len() as u64 + 1,
            has_open_installs: false,
        };
        let current = || Ok::<_, std::convert::Infallible>(Some(state.clone()));
        change.fit(&standing, current).unwrap()
    }

    /// As a store commits; false where the way is to be walked again.
    fn commit(&mut self, mut commit: DeviceChange) -> bool {
        if !self.fit(&mut commit) {
            return false;
        }
        self.write_down(&commit.parts);
        self.freed = commit.free_answers;
        for part in &commit.parts {
            if part.state == CommandState::Queued {
                self.out.remove(&part.seq);
            }
        }
        for outcome in commit
            .events
            .iter()
            .filter_map(|event| event.exchange.as_ref())
        {
            for outcome in &outcome.outcomes {
                if outcome.state == CommandState::Queued {
                    self.out.remove(&CommandSeq(outcome.command));
                }
            }
        }
        self.append(std::mem::take(&mut commit.events));
        self.bodies.extend(commit.queued);
        if let Some(record) = commit.record {
            self.device.record = record;
        }
        if let Some(update) = commit.inventory {
            self.inventory = Some(update.inventory);
        }
        self.device.state = commit.state;
        true
    }

    /// As a store numbers events.
    fn append(&mut self, events: Vec<Event>) {
        for event in events {
            let seq = self.log.len() as u64 + 1;
            self.log.push(Event { seq, ..event });
        }
    }

    fn write_down(&mut self, parts: &[Part]) {
        for part in parts {
            *self.results.entry(part.seq).or_default() += part.results.len();
        }
        for part in parts.iter().filter(|part| part.state.is_final()) {
            let twice = self.finals.insert(part.seq, part.state);
            assert_eq!(twice, None, "{:?} ended twice", part.seq);
        }
    }

    /// Every command is open or final, never both and never neither; the
    /// server's own leave room for others'.
    pub(super) fn check(&self) {
        for seq in self.bodies.keys() {
            let open = self.device.state.open(*seq).is_some();
            assert_ne!(open, self.finals.contains_key(seq), "{seq:?}");
        }
        for command in &self.device.state.open {
            assert!(!command.state.is_final() && command.leases.len() <= 2);
            for seq in &command.options.after {
                assert!(
                    self.device.state.open(*seq).is_some(),
                    "{:?} waits for {seq:?}, which is not open",
                    command.seq
                );
            }
        }
    }
}

impl World {
    /// Whether the device has to wait now, and what that puts on record.
    pub(super) fn over(&self) -> Option<super::super::step::Over> {
        super::super::step::over(&self.device, &self.bounds, self.now)
    }

    /// Whether the device's latest message, sent again now, gets the same reply.
    pub(super) fn would_replay(&self) -> bool {
        let mut twin = World {
            listed: self.listed.clone(),
            device: self.device.clone(),
            now: self.now,
            msg_id: self.msg_id - 1,
            session: self.session,
            ..World::new()
        };
        let says = Says {
            query: MAINTENANCE,
            begins: false,
            body: Vec::new(),
            is_final: true,
            stale: None,
        };
        let message = twin.message(&says);
        let request = Request {
            evidence: &ClientEvidence::default(),
            trust_source: true,
            raw_query: MAINTENANCE,
            query: Query::read(MAINTENANCE),
            message: &message,
            digest: self.device.state.latest.clone().unwrap().digest,
            now: self.now,
            bounds: self.bounds,
            schedule_age: self.schedule_age,
            repairs_polling: true,
            nonce: &|_, _| [0; 16],
            policies: &self.policies,
            server: None,
            push: &self.push,
        };
        let authentication = authenticate(&self.device, &request);
        plan_read(&self.device, authentication, &request).reply
    }
}
