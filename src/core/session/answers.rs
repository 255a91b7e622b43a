//! What a message's answers and alerts change, before anything is offered.

use super::alerts;
use super::answer_room::AnswerRoom;
use super::bodies::Bodies;
use super::channel::{self, DeviceContext};
use super::correlate::correlate;
use super::event_recorder::EventRecorder;
use super::follow::follow;
use super::interactive;
use super::keep_alive::ends_package;
use super::large::{Part, judge};
use super::open::MessagePosition;
use super::poll_watch;
use super::result_collector::ResultCollector;
use super::schedule_read;
use super::{Request, settle};
use super::{dev_info, enrollment, family};
use crate::command::{CommandBody, CommandState};
use crate::device::{DeviceState, EndReason, Session};
use crate::event::EventType;
use crate::ids::{CommandSeq, DeviceId};
use crate::inventory::{Change, InventoryUpdate};
use crate::push::record::ProfileReport;
use crate::secret::Secret;
use crate::session::Snapshot;
use modegate_wire::message::Alert;

/// What is to be recorded besides the state.
#[derive(Default)]
pub(super) struct Changes {
    /// Whether the device is gone after this: it was unenrolled or wiped.
    pub(super) is_gone: bool,
    /// What the server queued itself.
    pub(super) queued: Vec<(CommandSeq, CommandBody)>,
    /// The URI of the push channel, where it is another.
    pub(super) channel_uri: Option<Option<Secret>>,
    /// What the device says of its push profile.
    pub(super) against_profile: Option<ProfileReport>,
    /// The inventory, where it is worth writing.
    pub(super) inventory: Option<InventoryUpdate>,
    /// What changed in it.
    pub(super) changes: Vec<Change>,
    /// Bytes of older answers that are to be deleted.
    pub(super) free_answers: u64,
    /// What each Results brought.
    pub(super) parts: Vec<Part>,
    /// Whether a large object broke off.
    pub(super) broke_off: bool,
}

/// What a message's answers and alerts came to.
pub(super) struct Taken<'a> {
    /// The state afterwards.
    pub(super) state: DeviceState,
    /// The bodies as they go out now.
    pub(super) bodies: Bodies<'a>,
    /// What is to be recorded besides.
    pub(super) changes: Changes,
}

/// Takes the message's answers and alerts in. `code` is what its header is
/// answered: only 200 means that the two sides speak the same protocol.
pub(super) fn take<'a>(
    snapshot: &'a Snapshot,
    request: &Request<'_>,
    code: u16,
    (state, place): (DeviceState, MessagePosition),
    recorder: &mut EventRecorder,
) -> Taken<'a> {
    let mut taken = Taken {
        bodies: Bodies::new(snapshot, state.client_id(&snapshot.device.record)),
        state,
        changes: Changes::default(),
    };
    if code != 200 {
        let why = "the device uses another protocol version";
        settle::break_off(&mut taken.state, recorder, why);
        return taken;
    }
    let set = channel::open_set(&taken.state);
    let sets = channel::open_sets(&taken.state);
    let wipes = taken.state.open.iter().filter(|open| open.is_wipe());
    let wipes: Vec<CommandSeq> = wipes.map(|open| open.seq).collect();
    let collected = taken.collect_results(snapshot, request, recorder);
    let family = snapshot.device.record.family;
    channel::answered(&mut taken.state, &sets, family, recorder);
    if request.message.alerts().any(|alert| alert.code == 1223) {
        settle::end_session(&mut taken.state, recorder, "the device ended the session");
    }
    taken.end_enrollment(snapshot.device.id, &wipes, request, recorder);
    if !taken.changes.is_gone {
        let first = |session: &Session| session.messages == 1;
        let begins =
            place == MessagePosition::Current && taken.state.session.as_ref().is_some_and(first);
        let sets = (set, &sets[..]);
        taken.follow_up(snapshot, request, &collected, (sets, begins), recorder);
    }
    taken
}

impl<'a> Taken<'a> {
    /// The answers to the commands, and what they say of the device.
    fn collect_results(
        &mut self,
        snapshot: &'a Snapshot,
        request: &Request<'_>,
        recorder: &mut EventRecorder,
    ) -> ResultCollector {
        let (state, message) = (&mut self.state, request.message);
        let room = AnswerRoom::new(request.bounds, state.kept_answers.bytes);
        let mut collected = ResultCollector::new(room);
        let parts = judge(state, snapshot.device.record.family, message, recorder);
        (self.changes.parts, self.changes.broke_off) = parts;
        let answers = (message, &self.changes.parts[..]);
        correlate(state, &self.bodies, answers, &mut collected, recorder);
        state.kept_answers.bytes = collected.room.kept();
        self.changes.free_answers = collected.room.to_free(recorder);
        let device = &snapshot.device;
        alerts::take(state, &self.bodies, message, device.id, recorder);
        collected.dev_info = dev_info::news(state, message, request.now);
        if !collected.dev_info.is_empty() {
            state.dev_info = Some(dev_info::seen(&collected.dev_info, request.now));
        }
        collected.settle_checks(state, recorder);
        interactive::settle(state, &mut collected.channel, recorder);
        let known = (snapshot.inventory.as_ref(), request.bounds.inventory);
        let values = collected.take_in(known, ends_package(message), request.now, recorder);
        (self.changes.inventory, self.changes.changes) = (values.inventory, values.changes);
        state.activity.plan = values.plan.unwrap_or(state.activity.plan);
        poll_watch::take(state, &device.record, request, &collected, recorder);
        family::look(device, state, request.evidence, &collected, recorder);
        if let Some(learned) = learn_key(snapshot, state, &collected, recorder) {
            self.bodies = Bodies::new(snapshot, &learned);
            state.enrollment.client_id = Some(learned);
        }
        collected
    }

    /// Ends the enrollment where the device reported that, or accepted one of `wipes`.
    fn end_enrollment(
        &mut self,
        device: DeviceId,
        wipes: &[CommandSeq],
        request: &Request<'_>,
        recorder: &mut EventRecorder,
    ) {
        let wiped = recorder.outcomes.iter().any(|outcome| {
            outcome.state == CommandState::Succeeded && wipes.contains(&CommandSeq(outcome.command))
        });
        let reported = request.message.alerts().any(says_unenrolled);
        if reported {
            let unenrolled = recorder.event("device", device, EventType::DeviceUnenrolled);
            recorder.events.push(unenrolled);
        }
        self.changes.is_gone = wiped || reported;
        if self.changes.is_gone {
            let reason = if wiped {
                EndReason::Wiped
            } else {
                EndReason::Reported
            };
            enrollment::leave(&mut self.state, reason, recorder);
        }
    }

    /// The commands that the server queues itself: to read on, to ask again,
    /// to look after the push channel. `set` is the channel's set that was open
    /// before the answers, `sets` all that were, whoever queued them; `begins`, whether
    /// the message begins a session.
    fn follow_up(
        &mut self,
        snapshot: &Snapshot,
        request: &Request<'_>,
        collected: &ResultCollector,
        ((set, sets), begins): ((Option<CommandSeq>, &[CommandSeq]), bool),
        recorder: &mut EventRecorder,
    ) {
        let Taken {
            state,
            bodies,
            changes,
        } = self;
        let device = &snapshot.device;
        let record = &device.record;
        changes.queued = follow(state, record, bodies, collected, recorder);
        let read = schedule_read::queue(state, record, request, begins, bodies, recorder);
        changes.queued.extend(read);
        let polling = poll_watch::queue(state, record, request, begins, bodies, recorder);
        changes.queued.extend(polling);
        let subject = DeviceContext {
            id: device.id,
            record,
            set,
            sets,
            begins,
        };
        let pushed = channel::take(
            state,
            &subject,
            &collected.channel,
            request,
            bodies,
            recorder,
        );
        changes.channel_uri = pushed.uri;
        changes.against_profile = pushed.against;
        changes.queued.extend(pushed.queued);
        log_queued(device.id, state, &changes.queued, recorder);
    }
}

/// The key of MDM_Client that the device named, where it is another.
fn learn_key(
    snapshot: &Snapshot,
    state: &DeviceState,
    collected: &ResultCollector,
    recorder: &mut EventRecorder,
) -> Option<String> {
    let device = &snapshot.device;
    let client_id = collected.client_id(state.client_id(&device.record), recorder)?;
    let event = recorder.event("device", device.id, EventType::KeyLearned);
    recorder
        .events
        .push(event.detail("MDM_Client lists one instance, with another key"));
    Some(client_id)
}

/// Writes down what the server queued itself.
fn log_queued(
    device: DeviceId,
    state: &DeviceState,
    queued: &[(CommandSeq, CommandBody)],
    recorder: &mut EventRecorder,
) {
    for (seq, body) in queued {
        if let Some(open) = state.open(*seq) {
            let event = recorder.event(body.actor.clone(), device, EventType::CommandQueued);
            recorder.events.push(event.queued(open, body));
        }
    }
}

fn says_unenrolled(alert: &Alert) -> bool {
    let mut items = alert.items.iter();
    items.any(|item| alerts::is_unenrollment(alert, item))
}
