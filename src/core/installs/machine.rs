//! What the facts make of an install. One function of where things stand, so
//! that it does not matter how often, or how late, it is asked.

use super::facts::Facts;
use super::reading::{Reading, Verdict};
use super::{Install, InstallState, JobRules};
use crate::command::CommandState;
use crate::context::Family;
use crate::forecast::channel_in_words;
use crate::push::wake;
use crate::time::Timestamp;

/// So many readings in a row in which the device knew nothing of the job end it.
const MISSES: u32 = 3;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// What is to be done besides writing the install down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Have the device asked how its job goes, in a later session.
    Read,
    /// Wish for a wake: the channel can be sent to now.
    RequestWake,
}

/// What becomes of an install.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// The install from now on.
    pub install: Install,
    /// What is to be done.
    pub act: Option<Act>,
}

/// What `facts` make of `install`.
pub fn next(install: &Install, facts: &Facts<'_>, rules: &JobRules) -> Move {
    let mut next = install.clone();
    let act = if install.state.is_final() {
        None
    } else {
        next.look(facts, rules)
    };
    next.end_with_enrollment(facts);
    Move { install: next, act }
}

impl Install {
    fn look(&mut self, facts: &Facts<'_>, rules: &JobRules) -> Option<Act> {
        let command = &facts.command;
        let reason = command.reason.clone();
        match command.state {
            CommandState::Queued => self.wait(facts),
            CommandState::Sent => {
                self.went_out(facts, None);
                None
            }
            CommandState::Unconfirmed => {
                let why = reason.unwrap_or_else(|| "its answer was lost".to_owned());
                self.went_out(facts, Some(why));
                None
            }
            CommandState::Accepted | CommandState::Succeeded => {
                self.was_taken(facts);
                self.job(facts, rules)
            }
            CommandState::Failed => {
                self.went_out_before(facts);
                let why = reason.unwrap_or_else(|| "the command failed".to_owned());
                self.step(InstallState::Failed, command.at, Some(why));
                None
            }
            CommandState::Expired => {
                let why =
                    reason.unwrap_or_else(|| "it expired before a session delivered it".to_owned());
                self.step(InstallState::Failed, command.at, Some(why));
                None
            }
            CommandState::Cancelled => {
                let (state, at) = if facts.ended.is_some() {
                    (InstallState::Failed, command.at)
                } else {
                    (InstallState::Cancelled, command.at)
                };
                self.step(state, at, reason);
                None
            }
        }
    }

    /// What was installed does not outlive the enrollment: the device, or whatever is
    /// enrolled now, has to be given it again.
    fn end_with_enrollment(&mut self, facts: &Facts<'_>) {
        if let (InstallState::Installed, Some(end)) = (self.state, facts.ended) {
            let why = format!("{}: what was installed may be gone", end.reason.words());
            self.step(InstallState::Ended, end.at, Some(why));
        }
    }

    /// The command waits: for a push, or for a session without one.
    fn wait(&mut self, facts: &Facts<'_>) -> Option<Act> {
        let can_send = facts
            .channel
            .is_some_and(|channel| channel.may_send(facts.now));
        let wake = facts
            .wake
            .filter(|wake| wake.wanted_at >= self.requested_at || !wake.state.is_final());
        let was_waiting = self.state == InstallState::WaitingForChannel;
        let put_back = self.state >= InstallState::Delivered;
        if put_back {
            let why = facts.command.reason.clone();
            let why =
                why.unwrap_or_else(|| "the device did not execute it; it is sent again".to_owned());
            self.step(InstallState::Requested, facts.command.at, Some(why));
        }
        let taken = wake.and_then(|wake| {
            let waits = wake.state == wake::WakeState::Accepted;
            wake.taken_at()
                .filter(|_| waits || wake.state == wake::WakeState::Unanswered)
        });
        if let (Some(taken), Some(wake)) = (taken, wake) {
            let unanswered = wake.state == wake::WakeState::Unanswered;
            let (at, detail) = if unanswered {
                (wake.due_at, Some(UNANSWERED.to_owned()))
            } else {
                (taken.max(self.requested_at), None)
            };
            self.step(InstallState::Woken, at, detail);
        } else if can_send {
            let detail = wake.and_then(push_in_words);
            // What was noticed once is not told again by going back to it.
            let known = matches!(self.state, InstallState::Woken | InstallState::Requested);
            if !known || detail.is_some() {
                self.step(InstallState::Requested, facts.now, detail);
            }
        } else {
            let words = no_channel(facts);
            self.step(
                InstallState::WaitingForChannel,
                facts.now,
                Some(words.to_owned()),
            );
        }
        let open = wake.is_some_and(|wake| !wake.state.is_final());
        (was_waiting && can_send && !open).then_some(Act::RequestWake)
    }

    /// The command went out.
    fn went_out(&mut self, facts: &Facts<'_>, detail: Option<String>) {
        self.woken_before(facts);
        let at = facts.command.delivered_at.unwrap_or(facts.command.at);
        self.step(InstallState::Delivered, at, detail);
    }

    /// A push that WNS took and a session answered before anybody looked.
    fn woken_before(&mut self, facts: &Facts<'_>) {
        let taken = facts.wake.and_then(|wake| {
            let failed = wake.state == wake::WakeState::Failed;
            wake.taken_at().filter(|_| !failed)
        });
        let delivered = facts.command.delivered_at.unwrap_or(facts.now);
        let Some(taken) = taken.filter(|taken| *taken >= self.requested_at && *taken <= delivered)
        else {
            return;
        };
        if self.first(InstallState::Woken).is_none() && self.state < InstallState::Delivered {
            self.step(InstallState::Woken, taken, None);
        }
    }

    /// The same of the command itself, where its end is seen first.
    fn went_out_before(&mut self, facts: &Facts<'_>) {
        if self.state < InstallState::Delivered && facts.command.delivered_at.is_some() {
            self.went_out(facts, None);
        }
    }

    fn was_taken(&mut self, facts: &Facts<'_>) {
        if self.state >= InstallState::Accepted {
            return;
        }
        if self.state < InstallState::Delivered {
            self.went_out(facts, None);
        }
        let detail = match facts.command.state {
            CommandState::Accepted => facts.command.reason.clone(),
            _ => None,
        };
        self.step(InstallState::Accepted, facts.command.at, detail);
    }

    /// The job on the device.
    fn job(&mut self, facts: &Facts<'_>, rules: &JobRules) -> Option<Act> {
        if let Some(reading) = &facts.read {
            self.take_reading(reading, rules);
        }
        if self.state.is_final() {
            return None;
        }
        if let Some(end) = facts.ended {
            let why = format!("{}: the job's outcome is unknown", end.reason.words());
            self.step(InstallState::Failed, end.at, Some(why));
            return None;
        }
        let since = self
            .first(InstallState::Accepted)
            .unwrap_or(self.requested_at);
        let too_late = facts.now.ms_since(since) > i64::from(rules.days) * DAY_MS;
        let too_often = self.reads >= rules.reads;
        if too_late || too_often && !facts.is_reading {
            let limit = if too_late {
                format!("{} days", rules.days)
            } else {
                format!("{} readings", rules.reads)
            };
            let why = format!("the job reached no known outcome within {limit}");
            self.step(InstallState::Failed, facts.now, Some(why));
            return None;
        }
        (!facts.is_reading).then_some(Act::Read)
    }

    fn take_reading(&mut self, reading: &Reading, rules: &JobRules) {
        self.reads = self.reads.saturating_add(1);
        self.reading.clear();
        if !reading.answered {
            return;
        }
        let before = (self.progress, self.last_error);
        self.progress = reading.progress.or(self.progress);
        self.last_error = reading.last_error.or(self.last_error);
        let at = reading.at;
        match reading.verdict(rules) {
            Verdict::Done(how) => self.step(InstallState::Installed, at, Some(how.to_owned())),
            Verdict::Failed(how) => self.step(InstallState::Failed, at, Some(how)),
            Verdict::Missing => {
                self.misses += 1;
                if self.misses >= MISSES {
                    let why = format!("the device knew nothing of the job {MISSES} times");
                    self.step(InstallState::Failed, at, Some(why));
                }
            }
            Verdict::Running => {
                self.misses = 0;
                if self.state != InstallState::Progress
                    || before != (self.progress, self.last_error)
                {
                    self.progressed(reading, at);
                }
            }
        }
    }

    fn progressed(&mut self, reading: &Reading, at: Timestamp) {
        let status = reading.status.map(|status| format!("Status {status}"));
        let progress = reading
            .progress
            .map(|progress| format!("Progress {progress}"));
        let shown: Vec<String> = status.into_iter().chain(progress).collect();
        self.step(InstallState::Progress, at, Some(shown.join(", ")));
        if let Some(step) = self.steps.last_mut() {
            step.progress = reading.progress;
        }
    }
}

const UNCONFIRMED: &str = "a push left, but WNS did not confirm it; if no session follows, the install waits for the device's scheduled session";
const UNANSWERED: &str = "the device began no session in time: it may be off or offline; the install waits for its scheduled session";

fn no_channel(facts: &Facts<'_>) -> &'static str {
    match facts.family {
        Family::Windows81 => channel_in_words(facts.channel, facts.now),
        _ => {
            "no push can be sent: the device has no active channel; the install waits for its scheduled session"
        }
    }
}

/// What became of a push that did not go through.
fn push_in_words(wake: &wake::Wake) -> Option<String> {
    use wake::Why;
    if wake.state == wake::WakeState::Unconfirmed {
        return Some(UNCONFIRMED.to_owned());
    }
    let why = match wake.why? {
        Why::NoChannel => "WNS no longer knows the channel",
        Why::Profile => "the push profile may not send; look at its health",
        Why::ChannelRefused => {
            "WNS reports that the channel belongs to another app than the push profile"
        }
        Why::Dropped => "WNS dropped the push",
        Why::Fault => "WNS rejected the push as malformed",
        Why::GaveUp => "WNS could not be reached, or asked to wait too long",
    };
    Some(format!(
        "no push was delivered: {why}; the install waits for the device's scheduled session"
    ))
}
