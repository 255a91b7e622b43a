//! Commands that went out: answered in another mode than the one that carried them, or never
//! confirmed.

use super::device::{DeviceFacts, Underway};
use super::value::{Column, Listed, Row, Section, columns};
use super::withheld::outcomes;
use crate::command::CommandState;
use crate::context::Mode;
use crate::event::{Event, EventType};
use crate::ids::DeviceId;
use crate::time::Timestamp;

/// A command that was answered in another mode.
#[derive(Debug)]
struct Answered {
    device: DeviceId,
    command: u32,
    sent: Underway,
    at: Timestamp,
    event: u64,
    mode: Mode,
    state: CommandState,
}

/// Audits 10 and 11.
#[derive(Debug, Default)]
pub(super) struct AnswersAudit {
    answered: u64,
    elsewhere: Listed<Answered>,
    unconfirmed: u64,
    left: Listed<(DeviceId, u32, Underway)>,
}

impl AnswersAudit {
    /// Takes in an event of a device.
    pub(super) fn take(
        &mut self,
        (id, facts): (DeviceId, &mut DeviceFacts),
        event: &Event,
        counts: bool,
    ) {
        self.outcomes((id, facts), event, counts);
        let ended = event.commands.iter();
        let ended = ended.chain(event.command.iter().filter(|_| {
            matches!(
                event.what,
                EventType::CommandCancelled | EventType::CommandRetried
            )
        }));
        for command in ended {
            facts.underway.remove(command);
            facts.unconfirmed.remove(command);
        }
        let Some(mode) = facts.session.mode else {
            return;
        };
        for delivered in event.delivered() {
            facts.delivered += u32::from(counts);
            facts.unconfirmed.remove(&delivered.command);
            let sent = Underway {
                kind: delivered.kind,
                at: event.at,
                event: event.seq,
                session: facts.session.number,
                mode,
            };
            facts.underway.insert(delivered.command, sent);
        }
    }

    fn outcomes(&mut self, (id, facts): (DeviceId, &mut DeviceFacts), event: &Event, counts: bool) {
        for outcome in outcomes(event) {
            let command = outcome.command;
            let is_answer = outcome.status.is_some() || outcome.state == CommandState::Succeeded;
            let sent = facts.underway.get(&command).copied();
            let unconfirmed = facts.unconfirmed.remove(&command);
            let mode = facts.session.mode;
            if let (Some(sent), Some(mode)) = (sent.or(unconfirmed), mode)
                && is_answer
                && counts
            {
                self.answered += 1;
                if sent.mode != mode {
                    self.elsewhere.push(Answered {
                        device: id,
                        command,
                        sent,
                        at: event.at,
                        event: event.seq,
                        mode,
                        state: outcome.state,
                    });
                }
            }
            match (outcome.state, sent) {
                (CommandState::Unconfirmed, sent) => {
                    facts.underway.remove(&command);
                    self.unconfirmed += u64::from(counts);
                    if let Some(sent) = sent.or(unconfirmed) {
                        facts.unconfirmed.insert(command, sent);
                    }
                }
                (CommandState::Accepted | CommandState::Sent, _) => {}
                _ => {
                    facts.underway.remove(&command);
                }
            }
        }
    }

    /// A device at the end of the period.
    pub(super) fn close(&mut self, id: DeviceId, facts: &DeviceFacts) {
        for (command, sent) in &facts.unconfirmed {
            self.left.push((id, *command, *sent));
        }
    }

    /// Audit 10.
    pub(super) fn elsewhere(&self) -> Section {
        let title = "Commands that were answered in another mode";
        Section::new(
            "answers",
            "10. Delivered in one mode, answered in another",
            "Commands that a message of one mode carried and that the device answered in a message of another: their effect may belong to either context.",
            "When the device did what it was told: it says only how it ended.",
        )
        .headline("elsewhere", self.elsewhere.total() > 0)
        .fact("answered", "Commands that were answered", self.answered)
        .fact("elsewhere", title, self.elsewhere.total())
        .table(self.elsewhere.table("answered_elsewhere", title, ELSEWHERE, Answered::row))
    }

    /// Audit 11.
    pub(super) fn left(&self) -> Section {
        let title = "Commands that are still unconfirmed at the end of the period";
        Section::new(
            "unconfirmed",
            "11. Unrepeatable commands left unconfirmed",
            "Commands that must not be done twice (a password reset, an unenrollment, a wipe), that went out and that the device never answered. The server does not send them again by itself; somebody has to look.",
            "Whether they were done: nobody but the device knows.",
        )
        .headline("left", self.left.total() > 0)
        .fact("became", "Commands that became unconfirmed in the period", self.unconfirmed)
        .fact("left", title, self.left.total())
        .table(self.left.table(
            "unconfirmed_commands",
            title,
            columns! {
                device "Device",
                command "Command",
                kind "Kind",
                sent_at "Sent",
                mode "Mode",
                session "Session",
                event "Event",
            },
            |(device, command, sent)| {
                vec![
                    (*device).into(),
                    (*command).into(),
                    sent.kind.name().into(),
                    sent.at.into(),
                    sent.mode.name().into(),
                    sent.session.into(),
                    sent.event.into(),
                ]
            },
        ))
    }
}

const ELSEWHERE: &[Column] = columns! {
    device "Device",
    command "Command",
    kind "Kind",
    sent_at "Sent",
    sent_mode "In",
    sent_event "Event",
    answered_at "Answered",
    answered_mode "In",
    answered_event "Event",
    state "State",
};

impl Answered {
    fn row(&self) -> Row {
        vec![
            self.device.into(),
            self.command.into(),
            self.sent.kind.name().into(),
            self.sent.at.into(),
            self.sent.mode.name().into(),
            self.sent.event.into(),
            self.at.into(),
            self.mode.name().into(),
            self.event.into(),
            self.state.name().into(),
        ]
    }
}
