//! What is to be written: the change of one device that a use case decided on.

use crate::command::{CommandBody, Part};
use crate::device::{DeviceRecord, State};
use crate::event::Event;
use crate::fields::FieldError;
use crate::ids::CommandSeq;

/// A change that is no exchange: an API write.
#[derive(Debug)]
pub struct Change {
    /// The record afterwards, if it changes.
    pub record: Option<DeviceRecord>,
    /// The state afterwards. Its `next_command` counts what is queued here.
    pub state: State,
    /// Commands to add.
    pub queued: Vec<(CommandSeq, CommandBody)>,
    /// What commands got.
    pub parts: Vec<Part>,
    /// Events.
    pub events: Vec<Event>,
    /// Whether only commands were queued: no reason for a running exchange to
    /// start again.
    pub only_queues: bool,
}

/// Why an API write does not happen; the text is for the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Not in this state: HTTP 409.
    Conflict(String),
    /// Over a limit: HTTP 413.
    Limit(String),
    /// No such thing: HTTP 404.
    Missing(String),
    /// Not as the caller last saw it (`If-Match`): HTTP 412.
    Stale(String),
    /// A field that cannot be so, now that the device is seen as it stands: HTTP 422.
    Field(FieldError),
    /// Fields that stand against what is there already, all of them: HTTP 409.
    Conflicts(Vec<FieldError>),
}

impl Refusal {
    /// Why, in words.
    pub fn words(&self) -> String {
        match self {
            Refusal::Conflict(why)
            | Refusal::Limit(why)
            | Refusal::Missing(why)
            | Refusal::Stale(why) => why.clone(),
            Refusal::Field(error) => error.to_string(),
            Refusal::Conflicts(errors) => {
                let words: Vec<String> = errors.iter().map(ToString::to_string).collect();
                words.join("; ")
            }
        }
    }
}
