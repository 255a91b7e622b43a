//! What a step writes down while it works.

use crate::command::{CommandState, NodeResult, OpenCommand, Part};
use crate::device::EndReason;
use crate::event::{Event, EventType, Outcome, Touched};
use crate::ids::{CommandSeq, DeviceId, SessionNo};
use crate::limits;
use crate::time::Timestamp;

/// Collects what is to be recorded besides the state.
#[derive(Debug)]
pub(super) struct EventRecorder {
    pub(super) now: Timestamp,
    pub(super) parts: Vec<Part>,
    pub(super) outcomes: Vec<Outcome>,
    pub(super) notes: Vec<String>,
    pub(super) events: Vec<Event>,
    /// Why the enrollment ended, where it did.
    pub(super) ended: Option<EndReason>,
    /// The session, where it is an interactive run in which what fails counts as not tried.
    pub(super) excused_in: Option<SessionNo>,
}

impl EventRecorder {
    pub(super) fn new(now: Timestamp) -> Self {
        EventRecorder {
            now,
            parts: Vec::new(),
            outcomes: Vec::new(),
            notes: Vec::new(),
            events: Vec::new(),
            ended: None,
            excused_in: None,
        }
    }

    /// An event of now about that device.
    pub(super) fn event(
        &self,
        actor: impl Into<String>,
        device: DeviceId,
        what: EventType,
    ) -> Event {
        Event::new(self.now, actor, Some(device), what)
    }

    /// Puts the command into `state`, with why, and opens a part of its history
    /// for it. A device decides how often it brings news of the same state: of
    /// these only so many are kept.
    pub(super) fn transition(
        &mut self,
        command: &mut OpenCommand,
        state: CommandState,
        status: Option<u16>,
        reason: Option<String>,
        results: Vec<NodeResult>,
    ) {
        if command.state == state && command.parts >= limits::COMMAND_PARTS {
            let words = "a status of command {} was dropped: its history is full";
            self.note(words.replace("{}", &command.seq.0.to_string()));
            return;
        }
        command.state = state;
        command.parts += 1;
        let seq = command.seq;
        self.outcomes.push(Outcome {
            command: seq.0,
            kind: command.kind(),
            state,
            status,
            reason: reason.clone(),
            rules: Vec::new(),
            touched: None,
        });
        self.parts.push(Part {
            seq,
            part: command.parts,
            state,
            at: self.now,
            reason,
            results,
        });
    }

    /// The same where no answer of the device is behind it.
    pub(super) fn set_state(
        &mut self,
        command: &mut OpenCommand,
        state: CommandState,
        reason: impl Into<String>,
    ) {
        self.transition(command, state, None, Some(reason.into()), Vec::new());
    }

    /// Puts the command back into the queue: no part of its history, since it
    /// is as it was, but on record.
    pub(super) fn requeue(&mut self, command: &mut OpenCommand, reason: &str) {
        command.state = CommandState::Queued;
        command.deadline = None;
        self.outcomes.push(Outcome {
            command: command.seq.0,
            kind: command.kind(),
            state: CommandState::Queued,
            status: None,
            reason: Some(reason.to_owned()),
            rules: Vec::new(),
            touched: None,
        });
    }

    /// Adds to the outcome of a command that rules refused by which, and on what they decided.
    pub(super) fn refused(&mut self, seq: CommandSeq, rules: Vec<String>, late: Option<Touched>) {
        let mut outcomes = self.outcomes.iter_mut().rev();
        if let Some(outcome) = outcomes.find(|outcome| outcome.command == seq.0) {
            (outcome.rules, outcome.touched) = (rules, late);
        }
    }

    pub(super) fn note(&mut self, note: impl Into<String>) {
        // A device decides how many of these there are: keep the first few.
        const NOTES: usize = 16;
        let note = note.into();
        if self.notes.len() < NOTES && !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }
}
