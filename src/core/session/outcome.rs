//! What the Statuses of a command mean for it: done, under way, never, later.

use super::event_recorder::EventRecorder;
use super::interactive;
use super::passing_errors::may_pass;
use crate::command::{
    CommandState, ElementName, ExecutionOptions, Lease, Lenient, NodeResult, OpenCommand,
};
use crate::limits;
use crate::time::Timestamp;
use modegate_wire::message::Verb;

/// What a status code says of what was asked for (OMA RepPro 10; MS-MDM
/// 2.2.6). The least first: a command is as its worst Status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Meaning {
    /// It was done.
    Done,
    /// It is under way (202).
    Pending,
    /// The device wants the server to prove itself first.
    Proof,
    /// It was not done and may be another time.
    Later,
    /// It cannot work.
    Never,
}

/// The meaning of a status code; 0 stands for one that is not needed.
pub(crate) fn meaning_of(code: u16) -> Meaning {
    match code {
        202 => Meaning::Pending,
        401 | 407 => Meaning::Proof,
        // Cancelled or not executed: nothing was done, nothing is wrong with it.
        214 | 215 => Meaning::Later,
        // Timed out, device busy or full, service unavailable.
        408 | 417 | 420 | 503 => Meaning::Later,
        // Rolled back: its Atomic says why.
        216 => Meaning::Never,
        0 | 200..=299 => Meaning::Done,
        _ => Meaning::Never,
    }
}

/// Takes the Statuses of the delivery that was answered into the command, once
/// they are all there.
pub(super) fn conclude(
    command: &mut OpenCommand,
    lease: usize,
    results: Vec<NodeResult>,
    package_ended: bool,
    recorder: &mut EventRecorder,
) {
    let nth = lease;
    let lease = &command.leases[nth];
    if !is_complete(lease, package_ended) {
        let state = command.state;
        recorder.transition(command, state, None, None, results);
        return;
    }
    let exists = lease.statuses.contains(&418);
    let excused = interactive::excused_in(command, lease, recorder);
    let (meaning, code) = worst_of(lease, &command.options);
    let passes = meaning == Meaning::Never && may_pass(command, nth, &results);
    command.unanswered = 0;
    command.ahead.clear();
    if exists && command.options.set && !command.as_replace {
        command.as_replace = true;
        command.put_back();
        let end = Ended { code: 418, results };
        let reason = "exists already (418): it is sent again as Replace";
        return end.put_down(command, CommandState::Queued, reason, recorder);
    }
    let end = Ended { code, results };
    match meaning {
        Meaning::Done if command.is_unenroll() => {
            command.deadline = Some(unenroll_deadline(recorder.now));
            let reason = "done; to be confirmed by alert 1226 or by silence";
            end.put_down(command, CommandState::Accepted, reason, recorder);
        }
        Meaning::Done => {
            let state = CommandState::Succeeded;
            let absent = code == 404;
            let reason = absent.then(|| "it was not there (404): as good as removed".to_owned());
            recorder.transition(command, state, Some(code), reason, end.results);
        }
        Meaning::Pending => {
            command.deadline = Some(recorder.now.plus_ms(limits::NEWS_DEADLINE_MS));
            let reason = "the device accepted it and is working on it (202)";
            end.put_down(command, CommandState::Accepted, reason, recorder);
        }
        Meaning::Proof | Meaning::Later => again(command, end, recorder),
        Meaning::Never if let Some(session) = excused => {
            interactive::put_off(command, session);
            end.put_down(
                command,
                CommandState::Queued,
                interactive::NOT_TRIED,
                recorder,
            );
        }
        Meaning::Never if passes => again(command, end, recorder),
        Meaning::Never => fail(command, in_words(code), end, recorder),
    }
}

/// Ends a command whose answers are more than can be read or kept (413), or came in pieces
/// that do not make a whole: it would be so each time. What fitted is kept.
pub(super) fn reject_answer(
    command: &mut OpenCommand,
    (code, reason): (u16, String),
    results: Vec<NodeResult>,
    recorder: &mut EventRecorder,
) {
    let end = Ended { code, results };
    fail(command, reason, end, recorder);
}

/// The Status that a delivery ended with, and what came with it.
struct Ended {
    code: u16,
    results: Vec<NodeResult>,
}

impl Ended {
    fn put_down(
        self,
        command: &mut OpenCommand,
        state: CommandState,
        reason: impl Into<String>,
        recorder: &mut EventRecorder,
    ) {
        let (code, reason) = (Some(self.code), Some(reason.into()));
        recorder.transition(command, state, code, reason, self.results);
    }
}

/// Every Status has come, or at least those of the top elements by the end of
/// the package. Results of a Get may follow its Status as long as the package lasts.
pub(super) fn is_complete(lease: &Lease, package_ended: bool) -> bool {
    let reads = lease.elements.contains(&ElementName::Verb(Verb::Get));
    let all = lease.statuses.iter().all(|&code| code != 0) && (package_ended || !reads);
    let tops = lease
        .statuses
        .iter()
        .zip(&lease.top)
        .all(|(&code, &top)| code != 0 || !top);
    all || tops && package_ended
}

/// The worst Status and what it means, those aside that only say that a node has no
/// value. That what was to be removed is not there means that it was done.
fn worst_of(lease: &Lease, options: &ExecutionOptions) -> (Meaning, u16) {
    let is_valueless = |index: usize, code: u16| {
        matches!(lease.elements[index], ElementName::Verb(Verb::Get)) && matches!(code, 404 | 500)
    };
    let removes = |index: usize| options.removals.iter().any(|&at| usize::from(at) == index);
    let answered = lease.statuses.iter().copied().enumerate();
    let any_value = lease
        .statuses
        .iter()
        .any(|&code| meaning_of(code) == Meaning::Done && code != 0);
    let forgive = match options.lenient {
        Lenient::Never => false,
        Lenient::IfAnyAnswers => any_value,
        Lenient::Always => true,
    };
    answered
        .filter(|&(index, code)| !(forgive && is_valueless(index, code)))
        .map(|(index, code)| match code {
            404 if removes(index) => (Meaning::Done, code),
            _ => (meaning_of(code), code),
        })
        .max()
        .unwrap_or((Meaning::Done, 200))
}

/// Another time, with growing pauses, up to a bound. Where only the server's
/// proof was missing, at once.
fn again(command: &mut OpenCommand, end: Ended, recorder: &mut EventRecorder) {
    let why = in_words(end.code);
    if command.attempts >= command.options.retries {
        let tried = u32::from(command.attempts) + 1;
        return fail(
            command,
            format!("{why}; tried {tried} times"),
            end,
            recorder,
        );
    }
    let pause = match meaning_of(end.code) {
        Meaning::Proof => 0,
        _ => pause_after(command.attempts),
    };
    command.attempts += 1;
    command.put_back();
    let mut reason = why.to_owned();
    if pause > 0 {
        let at = recorder.now.plus_ms(pause);
        command.not_before = command.not_before.max(Some(at));
        reason = format!("{reason}; tried again after {at}");
    }
    end.put_down(command, CommandState::Queued, reason, recorder);
}

/// The pause after that many attempts, milliseconds.
fn pause_after(attempts: u8) -> i64 {
    limits::RETRY_PAUSE_MS
        .saturating_mul(4_i64.saturating_pow(u32::from(attempts)))
        .min(limits::RETRY_PAUSE_MOST_MS)
}

fn fail(
    command: &mut OpenCommand,
    reason: impl Into<String>,
    end: Ended,
    recorder: &mut EventRecorder,
) {
    command.deadline = None;
    let answers = end.results.iter();
    let mut behind = answers.filter(|result| result.status == end.code);
    let reason = match behind.find_map(|result| result.original_error) {
        Some(error) => format!("{}; its error is 0x{error:08X}", reason.into()),
        None => reason.into(),
    };
    end.put_down(command, CommandState::Failed, reason, recorder);
}

/// Until when an unenroll's outcome stays open.
pub(super) fn unenroll_deadline(now: Timestamp) -> Timestamp {
    now.plus_ms(limits::UNENROLL_DEADLINE_MS)
}

/// A status code in words (OMA RepPro 10; MS-MDM 2.2.6; oma-dm-protocol-support).
fn in_words(code: u16) -> &'static str {
    match code {
        200..=201 | 203..=213 => "done (2xx)",
        202 => "accepted, works on it (202)",
        214 => "cancelled on the device (214)",
        215 => "not executed (215)",
        216 => "rolled back with its Atomic (216)",
        400 => "the device found the command malformed (400)",
        401 => "the device rejected the server's credentials (401)",
        403 => "forbidden (403)",
        404 => "no such node on the device (404)",
        405 => "not allowed on this node (405)",
        406 => "not supported by the device (406)",
        407 => "the device wants the server's credentials (407)",
        408 => "timed out on the device (408)",
        413 | 414 | 416 => "too large for the device (413, 414 or 416)",
        415 => "type or format not supported (415)",
        417 => "the device asks to try again later (417)",
        418 => "exists already (418)",
        420 => "the device is full (420)",
        425 => "permission denied (425)",
        500 => "the command failed on the device (500)",
        503 => "the device cannot do it now (503)",
        507 => "the Atomic failed and was rolled back (507)",
        516 => "the Atomic failed and could not be rolled back (516)",
        _ => "failed on the device",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_meaning_decides_whatever_the_number() {
        let worst = |codes: &[u16]| {
            codes
                .iter()
                .copied()
                .max_by_key(|&code| (meaning_of(code), code))
        };
        assert_eq!(worst(&[200, 202, 213]), Some(202));
        assert_eq!(worst(&[503, 404]), Some(404));
        assert_eq!(worst(&[216, 507, 500]), Some(507));
        assert_eq!(worst(&[200, 214]), Some(214));
    }

    #[test]
    fn pauses_grow_and_end() {
        let pauses: Vec<i64> = (0..6).map(pause_after).collect();
        assert!(pauses.windows(2).all(|pair| pair[0] <= pair[1]));
        assert_eq!(pauses[0], limits::RETRY_PAUSE_MS);
        assert_eq!(pauses[5], limits::RETRY_PAUSE_MOST_MS);
    }
}
