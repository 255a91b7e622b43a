//! Times at which a device was judged, so that a clock that is set back makes no verdict
//! better.
//!
//! What was read before a time at which the device was judged is never judged by an earlier
//! one. What was read since is judged by the clock as it is: so a clock that was wrong once,
//! far in the future, costs one new reading and not years. Which reading came when is told
//! by the numbers of commands and sessions, never by the clock.

use serde::{Deserialize, Serialize};

use crate::ids::CommandSeq;
use crate::time::Timestamp;

/// Most marks: the clock of a server is not set back more often while readings last.
const MARKS: usize = 8;

/// When a device was judged, and what was known by then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Mark {
    at: Timestamp,
    command: CommandSeq,
    sessions: u32,
}

/// The times at which a device was judged, as far as they still matter: each earlier than the
/// one before it, and with more known.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct JudgedTimes(Vec<Mark>);

impl JudgedTimes {
    /// By which time something is judged that this command read or, without a command, that
    /// the server knows after so many sessions.
    pub(super) fn time_of(&self, command: CommandSeq, sessions: u32, now: Timestamp) -> Timestamp {
        let is_older = |mark: &&Mark| match command {
            CommandSeq::NONE => sessions <= mark.sessions,
            command => command <= mark.command,
        };
        let marks = self.0.iter().filter(is_older).map(|mark| mark.at);
        marks.fold(now, Timestamp::max)
    }

    /// With this judgement: `command` is the latest that read anything.
    pub(super) fn with(&self, at: Timestamp, command: CommandSeq, sessions: u32) -> Self {
        let mut marks = self.0.clone();
        let latest = marks.last().copied();
        let mark = Mark {
            at,
            command: latest.map_or(command, |latest| latest.command.max(command)),
            sessions: latest.map_or(sessions, |latest| latest.sessions.max(sessions)),
        };
        marks.retain(|earlier| earlier.at > at);
        marks.push(mark);
        if marks.len() > MARKS {
            // Two become one that is at least as strict as both.
            let second = marks.remove(1);
            marks[0] = Mark {
                at: marks[0].at,
                ..second
            };
        }
        JudgedTimes(marks)
    }
}
