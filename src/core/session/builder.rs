//! The reply put together: our Statuses, then what may go.

use std::mem::take;

use super::availability::Circumstances;
use super::bodies::Bodies;
use super::event_recorder::EventRecorder;
use super::exchange::{Carried, Exchange};
use super::keep_alive::ends_package;
use super::large::Part;
use super::offer::{self, Candidate};
use super::open::MessagePosition;
use super::outcome::unenroll_deadline;
use super::settle;
use super::{Request, authenticate, closing, digest, elements, enrollment, interactive, reply};
use crate::activity::{self, TriggerRecord};
use crate::change::drops_uri;
use crate::command::CommandState;
use crate::compliance::due::facts_moved;
use crate::context::{ContextSet, Login, Mode};
use crate::device::outbox;
use crate::device::{DeviceState, LatestRequest, Session, WithheldRef};
use crate::event::{Delivered, ExchangeRecord, ProofRecord, SubjectRecord, Withheld};
use crate::ids::SessionNo;
use crate::push::wake;
use crate::session::Snapshot;
use modegate_wire::encode::{element_len, frame_len};
use modegate_wire::message::{Chal, Cred, Element, Header, Message, Reading};

/// Puts the reply together.
pub(super) struct Builder<'a> {
    snapshot: &'a Snapshot,
    request: &'a Request<'a>,
    state: DeviceState,
    recorder: EventRecorder,
    place: MessagePosition,
    bodies: Bodies<'a>,
    msg_id: u32,
    body: Vec<Element>,
    is_final: bool,
    carried: Vec<Carried>,
    delivered: Vec<Delivered>,
    withheld: Vec<Withheld>,
    withheld_as: Option<u64>,
    /// The server's own proof.
    pub(super) cred: Option<Cred>,
}

impl<'a> Builder<'a> {
    pub(super) fn new(
        snapshot: &'a Snapshot,
        request: &'a Request<'a>,
        (mut state, place): (DeviceState, MessagePosition),
        recorder: EventRecorder,
        bodies: Bodies<'a>,
    ) -> Self {
        // Our numbers run beside the device's, from where the last session ended.
        let msg_id = if let (Some(session), MessagePosition::Current) = (&state.session, place) {
            session.first_message + request.message.header.msg_id - 1
        } else {
            state.next_message = state.next_message.max(1) + 1;
            // What follows in an open session is numbered behind this one.
            if let Some(session) = &mut state.session {
                session.first_message += 1;
            }
            state.next_message - 1
        };
        state.next_id = state.next_id.max(1);
        Builder {
            snapshot,
            request,
            state,
            recorder,
            place,
            bodies,
            msg_id,
            body: Vec::new(),
            is_final: true,
            carried: Vec::new(),
            delivered: Vec::new(),
            withheld: Vec::new(),
            withheld_as: None,
            cred: None,
        }
    }

    fn header(&self) -> Header {
        let name = self.request.server.map(|server| server.name.as_str());
        let cred = self.cred.clone().zip(name);
        reply::proven_header(self.request.message, self.msg_id, cred)
    }

    pub(super) fn statuses(&mut self, code: u16, chal: Option<Chal>) {
        let message = self.request.message;
        self.body.push(reply::header_status(
            message,
            code,
            chal,
            &mut self.state.next_id,
        ));
        let all = (code != 200).then_some(code);
        self.body
            .extend(reply::statuses(message, all, &mut self.state.next_id));
    }

    /// Answers the Results that are no whole values (OMA DM 1.2.1, 7).
    pub(super) fn chunks(&mut self, parts: &[Part], broke_off: bool) {
        let next_id = &mut self.state.next_id;
        self.body
            .extend(reply::chunks(self.request.message, parts, next_id));
        if broke_off {
            self.body.push(reply::alert(1225, next_id));
        }
    }

    /// Answers the element at which reading ended.
    pub(super) fn cut(&mut self) {
        if let Some(cut) = &self.request.message.reading.cut {
            let next_id = &mut self.state.next_id;
            self.body
                .extend(reply::cut(self.request.message, cut, next_id));
        }
    }

    /// Decides on every waiting command and puts in what may go and fits.
    pub(super) fn offer(&mut self, is_gone: bool) {
        let Some(session) = self.state.session.clone() else {
            return;
        };
        if self.place == MessagePosition::Stray || !session.is_open {
            return;
        }
        // The rest of the answers is lost: the session ends, and what they were for
        // goes again in the next one.
        if self.request.message.reading.cut.is_some() {
            let why = "the message was too large to be read whole";
            return settle::end_session(&mut self.state, &mut self.recorder, why);
        }
        if !ends_package(self.request.message) {
            self.body.push(reply::go_on(&mut self.state.next_id));
            self.is_final = false;
            return;
        }
        if !is_gone && !self.state.open.is_empty() {
            let (record, request) = (&self.snapshot.device.record, self.request);
            let here = Circumstances::in_session(
                (&self.state, &session),
                record,
                request.policies,
                request.now,
            );
            let candidates = offer::candidates(&self.state, Some(&self.bodies), &here);
            self.refuse(&candidates);
            self.fail_oversized(&candidates, offer::budget(session.max_msg_size));
            self.deliver(&candidates, &session);
            let withheld = offer::withheld(&self.state, &candidates);
            self.write_down(withheld);
        }
        if self.carried.is_empty() {
            interactive::ended_well(&mut self.state);
            settle::end_session(
                &mut self.state,
                &mut self.recorder,
                "the session ended without an answer",
            );
            self.wake_what_waited();
        }
    }

    /// Wishes for a push where the session repaired the channel that others waited for.
    fn wake_what_waited(&mut self) {
        let (device, now) = (&self.snapshot.device, self.request.now);
        let request = outbox::wake_after_repair(&mut self.state, device.record.family, now);
        let event = request.map(|request| request.event("server", device.id, now));
        self.recorder.events.extend(event);
    }

    fn refuse(&mut self, candidates: &[Candidate]) {
        for refused in candidates.iter().filter(|c| c.availability.is_refused()) {
            let rules = refused.availability.rule_names();
            let named = rules.join(", ");
            self.fail(refused, format!("never on this device: {named}"));
            let late = refused.late.clone();
            self.recorder.refused(refused.seq, rules, late);
        }
    }

    /// What no message of this device can hold fails, and says so.
    fn fail_oversized(&mut self, candidates: &[Candidate], budget: usize) {
        let is_oversized = |candidate: &&Candidate| {
            candidate.bytes as usize > budget && candidate.availability.is_delivered_by_rules()
        };
        for large in candidates.iter().filter(is_oversized) {
            let reason = format!(
                "too large for any message: it takes {} bytes, and a message to this device has room for {budget} bytes of commands",
                large.bytes
            );
            self.fail(large, reason);
        }
    }

    fn fail(&mut self, candidate: &Candidate, reason: String) {
        if let Some(command) = self.state.open_mut(candidate.seq) {
            let failed = CommandState::Failed;
            self.recorder.set_state(command, failed, reason);
        }
        closing::close_finished(&mut self.state, &mut self.recorder);
    }

    fn deliver(&mut self, candidates: &[Candidate], session: &Session) {
        let outstanding = self.state.open.iter().any(|command| {
            command.state == CommandState::Sent
                && command
                    .leases
                    .first()
                    .is_some_and(|l| l.session == session.no)
        });
        let used = frame_len(&self.header()) + self.body.iter().map(element_len).sum::<usize>();
        // Counted as XML, whichever way the reply is written: WBXML is never longer.
        // `budget` has set aside room for usual Statuses; unusual ones go off the commands' share.
        let left =
            offer::budget(session.max_msg_size).saturating_sub(used.saturating_sub(2 * 1024));
        let still_open = candidates
            .iter()
            .filter(|command| self.state.open(command.seq).is_some());
        let picked = offer::pick(
            still_open,
            (left, offer::budget(session.max_msg_size)),
            outstanding,
        );
        for seq in picked {
            let Some(decided) = candidates.iter().find(|c| c.seq == seq) else {
                break;
            };
            if !self.put_in(decided, session.no) {
                break;
            }
        }
    }

    /// Puts a command into the reply; false where its body is not at hand.
    fn put_in(&mut self, decided: &Candidate, session: SessionNo) -> bool {
        let seq = decided.seq;
        let Some(body) = self.bodies.going_out(&self.state, seq) else {
            return false;
        };
        let mut open = self.state.open.iter_mut();
        let Some(command) = open.find(|command| command.seq == seq) else {
            return false;
        };
        let lease = elements::lease(&body, session, self.msg_id, self.state.next_id);
        let elements = elements::elements(&body, &mut self.state.next_id);
        command.leases.insert(0, lease);
        command.leases.truncate(2);
        command.state = CommandState::Sent;
        if command.ends_enrollment() {
            // Silence is what an unenrolled or wiped device answers.
            command.state = CommandState::Unconfirmed;
            command.deadline = Some(unenroll_deadline(self.request.now));
        }
        self.delivered.push(Delivered {
            command: seq.0,
            kind: decided.kind,
            rules: decided.availability.rule_names(),
            touched: decided.late.clone(),
        });
        self.carried.push(Carried {
            seq,
            from: self.body.len(),
            len: elements.len(),
        });
        self.body.extend(elements);
        true
    }

    /// One event lists what is withheld; while the list stays the same, later
    /// ones refer to it.
    fn write_down(&mut self, withheld: Vec<Withheld>) {
        if withheld.is_empty() {
            return;
        }
        let digest = offer::digest(&withheld);
        match self.state.withheld {
            Some(earlier) if earlier.digest == digest && earlier.event != 0 => {
                self.withheld_as = Some(earlier.event);
            }
            _ => {
                self.state.withheld = Some(WithheldRef { event: 0, digest });
                self.withheld = withheld;
            }
        }
    }

    pub(super) fn finish(mut self, code: u16) -> Exchange {
        let (request, header) = (self.request, self.header());
        self.state.latest = Some(LatestRequest {
            digest: request.digest,
            at: request.now,
            carried: false,
        });
        let record = self.record(code);
        let contexts = self.state.session.as_ref().map(|session| session.contexts);
        let mut contexts = contexts.unwrap_or_default().iter();
        let device = &self.snapshot.device;
        let mut given_up = None;
        if let Some(reason) = self.recorder.ended {
            let ended = enrollment::event(device.id, reason, "device", request.now);
            self.recorder.events.push(ended);
            given_up = enrollment::give_up(device, reason, "device", request.now);
        }
        let given_up = given_up.map(|given_up| {
            self.recorder.events.extend(given_up.events);
            (given_up.record, given_up.ending)
        });
        let drops_uri = drops_uri(&device.state, &self.state);
        let review_compliance = facts_moved(&device.record, (&device.state, &self.state));
        Exchange {
            device: device.id,
            number: device.number,
            loaded: (device.state.revision, device.state.next_command),
            reply: Message {
                header,
                body: self.body,
                is_final: self.is_final,
                reading: Reading::default(),
            },
            carried: self.carried,
            names_machine: contexts.any(|context| context.mode == Mode::Machine),
            state: self.state,
            parts: self.recorder.parts,
            record,
            events: self.recorder.events,
            queued: Vec::new(),
            ends_enrollment: self.recorder.ended.is_some(),
            given_up,
            inventory: None,
            free_answers: 0,
            changes: Vec::new(),
            channel_uri: drops_uri.then_some(None),
            against_profile: None,
            due_before: outbox::due(&device.state),
            review_compliance,
        }
    }

    /// What is on record of the exchange; what it takes is not needed any more.
    fn record(&mut self, code: u16) -> ExchangeRecord {
        let request = self.request;
        let woken = answers_a_wake(&self.snapshot.device.state, &self.state);
        let trigger = self.trigger(woken);
        let (proof, subject) = (self.proof(), self.subject());
        let session = self.state.session.as_ref();
        let mut record = ExchangeRecord {
            session: session.map_or(0, |session| session.no.0),
            session_id: request.message.header.session_id.0.clone(),
            message: request.message.header.msg_id,
            query: request.raw_query.to_owned(),
            mode: request.query.mode,
            platform: request.query.platform,
            login: session.map_or(Login::Absent, |session| session.login),
            contexts: Vec::new(),
            proof,
            subject,
            policy_set: request.policies.digest().to_owned(),
            status: code,
            delivered: take(&mut self.delivered),
            reply_sha256: None,
            withheld: take(&mut self.withheld),
            withheld_as: self.withheld_as,
            outcomes: take(&mut self.recorder.outcomes),
            notes: take(&mut self.recorder.notes),
            woken,
            manual: self.state.manual_at == Some(request.now),
            ended: !session.is_some_and(|session| session.is_open),
            trigger,
        };
        let contexts = session.map(|session| session.contexts).unwrap_or_default();
        if contexts != ContextSet::only(record.context()) {
            record.contexts = contexts.iter().collect();
        }
        record
    }

    /// How the device proved who it is, where the session's message before does not say it.
    fn proof(&mut self) -> Option<ProofRecord> {
        let proof = authenticate::proof(&self.snapshot.device.record, self.request);
        let digest = digest::of_proof(&proof);
        let session = self.state.session.as_mut();
        let is_known = session.is_some_and(|session| {
            std::mem::replace(&mut session.proof_on_record, digest) == digest
        });
        (!is_known).then_some(proof)
    }

    /// What of the device's record decides, where its exchange before does not say it.
    fn subject(&mut self) -> Option<SubjectRecord> {
        let record = &self.snapshot.device.record;
        let digest = digest::of_subject(record.family, &record.groups);
        let before = std::mem::replace(&mut self.state.subject_on_record, digest);
        (before != digest).then(|| SubjectRecord {
            family: record.family,
            groups: record.groups.clone(),
        })
    }

    /// What likely began the session, where that looks otherwise than before.
    fn trigger(&mut self, woken: bool) -> Option<TriggerRecord> {
        let no = self.state.session.as_ref()?.no;
        let family = self.snapshot.device.record.family;
        let current = self.place == MessagePosition::Current;
        current.then(|| activity::note_trigger(&mut self.state.activity, no, family, woken))?
    }
}

/// Whether a wake is answered now for which a notification had left, or may have.
fn answers_a_wake(before: &DeviceState, after: &DeviceState) -> bool {
    use wake::WakeState::{Accepted, Answered, Sending, Unconfirmed};
    let state = |state: &DeviceState| state.wake.as_ref().map(|wake| wake.state);
    let had_left = matches!(state(before), Some(Sending | Accepted | Unconfirmed));
    had_left && state(after) == Some(Answered)
}
