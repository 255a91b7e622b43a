//! What a step decided: the reply, and every change to record.

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use super::offer::GUARD;
use crate::change::{DeviceChange, Loaded};
use crate::command::{CommandBody, CommandState, Part};
use crate::context::Mode;
use crate::device::outbox;
use crate::device::{DeviceRecord, DeviceState, EnrollmentEnding, LatestRequest};
use crate::event::{Event, EventType, ExchangeRecord, TouchedBy, Withheld, more};
use crate::ids::{CommandSeq, DeviceId};
use crate::inventory::{Change, InventoryUpdate};
use crate::kind::Kind;
use crate::push::record::ProfileReport;
use crate::secret::Secret;
use crate::time::Timestamp;
use modegate_wire::message::{Element, Message};

/// One exchange.
#[derive(Debug)]
pub struct Exchange {
    pub(super) device: DeviceId,
    pub(super) number: u64,
    pub(super) loaded: (u64, u32),
    pub(super) reply: Message,
    pub(super) carried: Vec<Carried>,
    pub(super) state: DeviceState,
    pub(super) parts: Vec<Part>,
    pub(super) record: ExchangeRecord,
    pub(super) events: Vec<Event>,
    pub(super) names_machine: bool,
    pub(super) queued: Vec<(CommandSeq, CommandBody)>,
    pub(super) ends_enrollment: bool,
    /// The record afterwards and the end of the enrollment whose certificate the device gave up.
    pub(super) given_up: Option<(DeviceRecord, EnrollmentEnding)>,
    pub(super) inventory: Option<InventoryUpdate>,
    pub(super) free_answers: u64,
    pub(super) changes: Vec<Change>,
    pub(super) channel_uri: Option<Option<Secret>>,
    pub(super) against_profile: Option<ProfileReport>,
    /// When the device was due in the outbox at load.
    pub(super) due_before: Option<Timestamp>,
    /// Whether what the server knows of the device by itself moved.
    pub(super) review_compliance: bool,
}

/// A command in the reply.
#[derive(Debug, Clone, Copy)]
pub struct Carried {
    /// Which.
    pub seq: CommandSeq,
    /// Where its elements begin in the reply's body.
    pub from: usize,
    /// How many they are.
    pub len: usize,
}

impl Exchange {
    /// The reply as it stands.
    pub fn reply(&self) -> &Message {
        &self.reply
    }

    /// Whether the session named Machine mode: then the second guard looks.
    pub fn names_machine(&self) -> bool {
        self.names_machine
    }

    /// What is on record of it.
    pub fn record(&self) -> &ExchangeRecord {
        &self.record
    }

    /// The state afterwards.
    pub fn state(&self) -> &DeviceState {
        &self.state
    }

    /// The commands in the reply.
    pub fn carried(&self) -> &[Carried] {
        &self.carried
    }

    /// What the device says of its push profile, for whoever looks after profiles.
    pub fn against_profile(&self) -> Option<&ProfileReport> {
        self.against_profile.as_ref()
    }

    /// The elements of one of them.
    pub fn elements(&self, carried: Carried) -> &[Element] {
        &self.reply.body[carried.from..carried.from + carried.len]
    }

    /// Takes a command out of the reply: it is withheld and stays queued, and
    /// that the guard had to is an event of its own.
    pub fn withdraw(&mut self, seq: CommandSeq) {
        let Some(at) = self.carried.iter().position(|carried| carried.seq == seq) else {
            return;
        };
        let gone = self.carried.remove(at);
        self.reply.body.drain(gone.from..gone.from + gone.len);
        for carried in &mut self.carried[at..] {
            carried.from -= gone.len;
        }
        let mut delivered = self.record.delivered.iter();
        let at = delivered.position(|delivered| delivered.command == seq.0);
        let touched = at.and_then(|at| self.record.delivered.remove(at).touched);
        let mut kind = Kind::Unclassified;
        if let Some(command) = self.state.open_mut(seq) {
            kind = command.kind();
            command.state = CommandState::Queued;
            command.deadline = None;
            command.leases.remove(0);
        }
        self.record.withheld.push(Withheld {
            kind,
            rules: vec![GUARD.to_owned()],
            modes: Vec::<Mode>::new(),
            count: 1,
            commands: vec![seq.0],
            touched: touched
                .map(|touched| TouchedBy {
                    command: seq.0,
                    touched,
                })
                .into_iter()
                .collect(),
        });
        // The list is no longer the one that later events could refer to.
        self.state.withheld = None;
        if let (true, Some(session)) = (self.carried.is_empty(), &mut self.state.session) {
            session.is_open = false;
            self.record.ended = true;
        }
        let refused = self.event("server", EventType::GuardRefused);
        let why = "the encoder's guard stopped a command that the policy delivered in Machine mode";
        self.events.push(refused.command(seq.0, kind).detail(why));
    }

    fn event(&self, actor: &str, what: EventType) -> Event {
        let latest = self.state.latest.as_ref();
        let at = latest.map(|latest| latest.at).unwrap_or_default();
        Event::new(at, actor, Some(self.device), what)
    }

    /// What to make durable, with the reply's bytes to keep.
    pub fn into_commit(mut self, reply: Vec<u8>) -> DeviceChange {
        if let Some(LatestRequest { carried, .. }) = &mut self.state.latest {
            *carried = !self.carried.is_empty();
        }
        let mut exchange = self.event("device", EventType::Exchange);
        let at = exchange.at;
        if !self.carried.is_empty() {
            let digest: [u8; 32] = Sha256::digest(&reply).into();
            self.record.reply_sha256 = Some(HEXLOWER.encode(&digest));
        }
        exchange.exchange = Some(self.record);
        let (mut events, bytes) = more::split(exchange);
        let bytes = bytes + self.events.iter().map(Event::byte_len).sum::<usize>();
        events.append(&mut self.events);
        let (record, ending) = self.given_up.unzip();
        let mut change = DeviceChange {
            number: self.number,
            loaded: Some(Loaded {
                revision: self.loaded.0,
                next_command: self.loaded.1,
            }),
            channel_uri: self.channel_uri,
            wake_due: outbox::moved(self.due_before, &self.state),
            record,
            state: self.state,
            queued: self.queued,
            parts: self.parts,
            events,
            review_compliance: self.review_compliance || self.inventory.is_some(),
            inventory: self.inventory,
            inventory_changes: self.changes,
            only_queues: false,
            deliveries: Vec::new(),
            review_installs: true,
            free_answers: self.free_answers,
            ends_enrollment: self.ends_enrollment,
            ending,
            reply: Some(reply),
        };
        let size = change.size(bytes);
        change.state.used.add(size, at);
        change
    }
}
