//! The step.

use super::authenticate::{Identity, asked_type, authenticate, note_use};
use super::correlate::{correlate, unenroll_deadline, unenrolled};
use super::exchange::{Carried, Exchange};
use super::ledger::Ledger;
use super::offer::{self, Considered};
use super::open::{Place, open};
use super::server_auth::hear;
use super::{Request, Step, elements, reply, settle};
use crate::command::CommandState;
use crate::context::{ContextSet, Mode};
use crate::device::{LatestRequest, State, WithheldRef};
use crate::event::{Delivered, Event, EventType, ExchangeRecord, Withheld};
use crate::ids::SessionNo;
use crate::limits;
use crate::policy::Verdict;
use crate::store::{Device, Snapshot, Wanted};
use crate::wire::encode::{element_len, frame_len};
use crate::wire::message::{Chal, Cred, Element, Header, Message};

/// What [`step`] must see of `device` for this request: the kept reply of a
/// retransmission, or the bodies of what was sent and of what may go, as far
/// as one reply holds.
pub fn choose(device: &Device, request: &Request<'_>) -> Wanted {
    if is_retransmission(&device.state, request) {
        return Wanted {
            bodies: Vec::new(),
            reply: true,
        };
    }
    if device.state.open.is_empty() {
        return Wanted::default();
    }
    let (state, place) = open(&device.state, request, &mut Ledger::new(request.now));
    let mut bodies: Vec<_> = state
        .open
        .iter()
        .filter(|c| !c.leases.is_empty())
        .map(|c| c.seq)
        .collect();
    if let (Some(session), Place::Current) = (&state.session, place) {
        let considered = consider(&state, device, session.contexts, Some(session.no), request);
        bodies.extend(offer::pick(
            &considered,
            (offer::budget(session), offer::budget(session)),
            false,
        ));
        // An unenroll may become the next thing to go once the answers are taken in.
        bodies.extend(considered.iter().filter(|c| c.is_unenroll).map(|c| c.seq));
    }
    bodies.sort_unstable();
    bodies.dedup();
    Wanted {
        bodies,
        reply: false,
    }
}

/// One message of a device.
pub fn step(snapshot: &Snapshot, request: &Request<'_>) -> Step {
    let device = &snapshot.device;
    if is_retransmission(&device.state, request) && snapshot.reply.is_some() {
        return Step::Replay;
    }
    let nonce = device.state.nonce;
    let identity = authenticate(&device.record, nonce, request);
    match identity {
        Identity::Other => return Step::Forbidden,
        Identity::Missing => return Step::Challenge(Box::new(challenge(device, request, 407))),
        Identity::Wrong => return Step::Challenge(Box::new(challenge(device, request, 401))),
        Identity::Proven | Identity::ProvenByNonce => {}
    }
    let mut ledger = Ledger::new(request.now);
    let (mut state, place) = open(&device.state, request, &mut ledger);
    let chal = (identity == Identity::ProvenByNonce).then(|| {
        state.nonce += 1;
        reply::challenge(asked_type(request), (request.nonce)(state.nonce))
    });
    note_use(
        &mut state,
        &device.record,
        request.proof.certificate,
        request.now,
    );
    let mut heard = hear(&mut state, request, &mut ledger);
    let code = version_status(request.message);
    if code == 200 && heard.is_refusal() {
        let rest = heard.rest(request.message);
        correlate(&mut state, &snapshot.bodies, &rest, &mut ledger);
    } else if code == 200 {
        correlate(&mut state, &snapshot.bodies, request.message, &mut ledger);
    }
    if heard.in_vain {
        settle::end_session(
            &mut state,
            &mut ledger,
            "the device does not take the server's word",
        );
    }
    if code != 200 {
        settle::end_session(
            &mut state,
            &mut ledger,
            "the device speaks another version of the protocol",
        );
    }
    if request.message.alerts().any(|alert| alert.code == 1223) {
        settle::end_session(&mut state, &mut ledger, "the device ended the session");
    }
    let user_unenrolled = request.message.alerts().any(says_unenrolled);
    if user_unenrolled {
        unenrolled(&mut state, &mut ledger);
        ledger.events.push(Event::new(
            request.now,
            "device",
            Some(device.id),
            EventType::DeviceUnenrolled,
        ));
    }
    let mut builder = Builder::new(snapshot, request, state, ledger, place);
    builder.cred = heard.cred.take();
    builder.statuses(code, chal);
    builder.offer(user_unenrolled);
    Step::Exchange(Box::new(builder.finish(code)))
}

/// Law 6: the same proven identity, raw query and body, the device's latest
/// message, less than ten minutes old. But MsgID 1 whose reply carried no
/// command is answered anew.
fn is_retransmission(state: &State, request: &Request<'_>) -> bool {
    state.latest.as_ref().is_some_and(|latest| {
        latest.digest == request.digest
            && request.now.ms_since(latest.at) < limits::RETRANSMISSION_MS
            && (latest.carried || request.message.header.msg_id != 1)
    })
}

/// A challenge costs no write: its nonce is derived, its numbers are those that
/// the session will count on from.
fn challenge(device: &Device, request: &Request<'_>, code: u16) -> Message {
    let message = request.message;
    let mut next_id = device.state.next_id.max(1);
    let chal = reply::challenge(asked_type(request), (request.nonce)(device.state.nonce));
    let mut body = vec![reply::header_status(
        message,
        code,
        Some(chal),
        &mut next_id,
    )];
    body.extend(reply::statuses(message, Some(code), &mut next_id));
    // Bounded: a stranger chooses the MsgID.
    let msg_id = device
        .state
        .next_message
        .max(1)
        .saturating_add(message.header.msg_id.min(limits::SESSION_MESSAGES) - 1);
    Message {
        header: reply::header(message, msg_id),
        body,
        is_final: true,
    }
}

/// 505 and 513 for another DTD or protocol (OMA RepPro 10).
fn version_status(message: &Message) -> u16 {
    match (
        message.header.ver_dtd.trim(),
        message.header.ver_proto.trim(),
    ) {
        (dtd, _) if dtd != "1.2" => 505,
        (_, proto) if proto != "DM/1.2" => 513,
        _ => 200,
    }
}

fn says_unenrolled(alert: &crate::wire::message::Alert) -> bool {
    alert.code == 1226
        && alert.items.iter().any(|item| {
            item.meta
                .kind
                .as_deref()
                .is_some_and(|kind| kind.trim() == "com.microsoft:mdm.unenrollment.userrequest")
        })
}

fn consider(
    state: &State,
    device: &Device,
    contexts: ContextSet,
    session: Option<SessionNo>,
    request: &Request<'_>,
) -> Vec<Considered> {
    offer::consider(
        state,
        &device.record,
        contexts,
        session,
        request.policies,
        request.now,
    )
}

/// Puts the reply together.
struct Builder<'a> {
    snapshot: &'a Snapshot,
    request: &'a Request<'a>,
    state: State,
    ledger: Ledger,
    place: Place,
    msg_id: u32,
    body: Vec<Element>,
    is_final: bool,
    carried: Vec<Carried>,
    delivered: Vec<Delivered>,
    withheld: Vec<Withheld>,
    withheld_as: Option<u64>,
    /// The server's own proof.
    cred: Option<Cred>,
}

impl<'a> Builder<'a> {
    fn new(
        snapshot: &'a Snapshot,
        request: &'a Request<'a>,
        mut state: State,
        ledger: Ledger,
        place: Place,
    ) -> Self {
        // Our numbers run beside the device's, from where the last session ended.
        let msg_id = match (&state.session, place) {
            (Some(session), Place::Current) => {
                session.first_message + request.message.header.msg_id - 1
            }
            _ => {
                state.next_message = state.next_message.max(1) + 1;
                // What follows in an open session is numbered behind this one.
                if let Some(session) = &mut state.session {
                    session.first_message += 1;
                }
                state.next_message - 1
            }
        };
        state.next_id = state.next_id.max(1);
        Builder {
            snapshot,
            request,
            state,
            ledger,
            place,
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
        let server = self.request.server;
        let cred = self.cred.clone();
        let named = cred.zip(server.map(|server| server.name.as_str()));
        reply::proven_header(self.request.message, self.msg_id, named)
    }

    fn statuses(&mut self, code: u16, chal: Option<Chal>) {
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

    /// Decides on every waiting command and puts in what may go and fits.
    fn offer(&mut self, user_unenrolled: bool) {
        let Some(session) = self.state.session.clone() else {
            return;
        };
        if self.place == Place::Stray || !session.is_open {
            return;
        }
        if !self.request.message.is_final {
            self.body.push(reply::go_on(&mut self.state.next_id));
            self.is_final = false;
            return;
        }
        if !user_unenrolled && !self.state.open.is_empty() {
            let device = &self.snapshot.device;
            let considered = consider(
                &self.state,
                device,
                session.contexts,
                Some(session.no),
                self.request,
            );
            self.refuse(&considered);
            self.fail_oversized(&considered, offer::budget(&session));
            self.deliver(&considered, &session);
            let withheld = offer::withheld(&self.state, &considered);
            self.write_down(withheld);
        }
        if self.carried.is_empty() {
            settle::end_session(
                &mut self.state,
                &mut self.ledger,
                "the session ended without an answer",
            );
        }
    }

    fn refuse(&mut self, considered: &[Considered]) {
        for refused in considered
            .iter()
            .filter(|c| c.decision.verdict == Verdict::Refuse)
        {
            let reason = format!(
                "never on this device: {}",
                offer::rule_names(&refused.decision).join(", ")
            );
            self.fail(refused, reason);
        }
    }

    /// What no message of this device can hold fails, and says so.
    fn fail_oversized(&mut self, considered: &[Considered], budget: usize) {
        for large in considered
            .iter()
            .filter(|c| c.bytes as usize > budget && c.decision.verdict == Verdict::Deliver)
        {
            let reason = format!(
                "too large for any message: it takes {} bytes, a message to this device holds {budget} bytes of commands",
                large.bytes
            );
            self.fail(large, reason);
        }
    }

    fn fail(&mut self, considered: &Considered, reason: String) {
        if let Some(command) = self
            .state
            .open
            .iter_mut()
            .find(|command| command.seq == considered.seq)
        {
            self.ledger.turn(
                command,
                CommandState::Failed,
                None,
                Some(reason),
                Vec::new(),
            );
        }
        self.state
            .open
            .retain(|command| command.seq != considered.seq);
    }

    fn deliver(&mut self, considered: &[Considered], session: &crate::device::Session) {
        let outstanding = self.state.open.iter().any(|command| {
            command.state == CommandState::Sent
                && command
                    .leases
                    .first()
                    .is_some_and(|l| l.session == session.no)
        });
        let used = frame_len(&self.header()) + self.body.iter().map(element_len).sum::<usize>();
        // `budget` has set aside room for usual Statuses; unusual ones go off the commands' share.
        let left = offer::budget(session).saturating_sub(used.saturating_sub(2 * 1024));
        let still_open = considered
            .iter()
            .filter(|command| self.state.open(command.seq).is_some());
        let picked = offer::pick(still_open, (left, offer::budget(session)), outstanding);
        for seq in picked {
            let Some((_, body)) = self.snapshot.bodies.iter().find(|(of, _)| *of == seq) else {
                break;
            };
            let Some(decided) = considered.iter().find(|c| c.seq == seq) else {
                break;
            };
            let Some(command) = self
                .state
                .open
                .iter_mut()
                .find(|command| command.seq == seq)
            else {
                break;
            };
            let lease = elements::lease(body, session.no, self.msg_id, self.state.next_id);
            let elements = elements::elements(body, &mut self.state.next_id);
            command.leases.insert(0, lease);
            command.leases.truncate(2);
            command.state = CommandState::Sent;
            if command.is_unenroll() {
                // Silence is what an unenrolled device answers.
                command.state = CommandState::Unconfirmed;
                command.deadline = Some(unenroll_deadline(self.request.now));
            }
            self.delivered.push(Delivered {
                command: seq.0,
                kind: command.kind(),
                rules: offer::rule_names(&decided.decision),
            });
            self.carried.push(Carried {
                seq,
                from: self.body.len(),
                len: elements.len(),
            });
            self.body.extend(elements);
        }
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
                self.withheld_as = Some(earlier.event)
            }
            _ => {
                self.state.withheld = Some(WithheldRef { event: 0, digest });
                self.withheld = withheld;
            }
        }
    }

    fn finish(mut self, code: u16) -> Exchange {
        let (request, header) = (self.request, self.header());
        self.state.latest = Some(LatestRequest {
            digest: request.digest,
            at: request.now,
            carried: false,
        });
        let session = self.state.session.as_ref();
        let contexts = session.map(|session| session.contexts).unwrap_or_default();
        let record = ExchangeRecord {
            session: session.map_or(0, |session| session.no.0),
            session_id: request.message.header.session_id.0.clone(),
            message: request.message.header.msg_id,
            query: request.raw_query.to_owned(),
            mode: request.query.mode,
            platform: request.query.platform,
            login: session.map_or(crate::context::Login::Absent, |session| session.login),
            policy_set: request.policies.digest().to_owned(),
            status: code,
            delivered: self.delivered,
            withheld: self.withheld,
            withheld_as: self.withheld_as,
            outcomes: self.ledger.outcomes,
            notes: self.ledger.notes,
            ended: !session.is_some_and(|session| session.is_open),
        };
        let device = &self.snapshot.device;
        Exchange {
            device: device.id,
            number: device.number,
            loaded: (device.state.revision, device.state.next_command),
            reply: Message {
                header,
                body: self.body,
                is_final: self.is_final,
            },
            carried: self.carried,
            names_machine: contexts.iter().any(|context| context.mode == Mode::Machine),
            state: self.state,
            parts: self.ledger.parts,
            record,
            events: self.ledger.events,
        }
    }
}
