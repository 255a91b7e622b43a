//! How soon a push channel may be set again on a device, whoever asks for it.
//!
//! Windows 8, 8.1 and Windows 10 1511 may hang on a set (Microsoft's page on push for
//! device management, 2017). So a session carries one set at most, and after one that
//! failed or was never answered there is a pause, which grows with each.

use serde::{Deserialize, Serialize};

use crate::context::Family;
use crate::ids::{CommandSeq, SessionNo};
use crate::push::channel::{SET_PAUSE_MOST_MS, SET_PAUSE_MS};
use crate::push::pause;
use crate::time::Timestamp;

/// What the sets that went out so far mean for the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetPause {
    /// The session that a set last went out in: it carries no other.
    pub session: Option<SessionNo>,
    /// How many in a row failed or were not answered.
    pub failures: u32,
    /// No set before this.
    pub until: Option<Timestamp>,
    /// The pause is for commands before this one: the device answered, so what is queued
    /// in the knowledge of that answer goes. `None` where it did not answer: then it is
    /// for all.
    pub before: Option<CommandSeq>,
}

impl SetPause {
    /// A set left in that session. The pause begins at once: a device that hangs says
    /// nothing.
    pub(crate) fn delivered(
        earlier: Option<SetPause>,
        session: SessionNo,
        now: Timestamp,
    ) -> SetPause {
        let failures = earlier.map_or(0, |pause| pause.failures).saturating_add(1);
        let wait = pause::growing(SET_PAUSE_MS, failures, SET_PAUSE_MOST_MS);
        SetPause {
            session: Some(session),
            failures,
            until: Some(now.plus_ms(wait)),
            before: None,
        }
    }

    /// The device answered a set with that Status; `next` is the number of the next
    /// command.
    pub(crate) fn answered(self, code: u16, family: Family, next: CommandSeq) -> SetPause {
        match code {
            200..=299 => SetPause {
                failures: 0,
                until: None,
                before: None,
                ..self
            },
            // Not looked at, for want of the server's proof, or only of the wrong verb:
            // as if it had not gone.
            _ if is_of_no_effect(code, family) => self.not_tried(),
            _ => SetPause {
                before: Some(next),
                ..self
            },
        }
    }

    /// As if the latest set had not gone.
    fn not_tried(self) -> SetPause {
        SetPause {
            session: None,
            failures: self.failures.saturating_sub(1),
            until: None,
            before: None,
        }
    }

    /// Until when a set with this number waits; `is_own`: the server queued it.
    pub(crate) fn holds(&self, seq: CommandSeq, is_own: bool, now: Timestamp) -> Option<Timestamp> {
        let is_meant = is_own || self.before.is_none_or(|before| seq < before);
        self.until.filter(|&until| is_meant && until > now)
    }

    /// The set was answered by an agent that could not have carried it out: as if it had
    /// not gone, but for this session.
    pub(crate) fn excused(self) -> SetPause {
        SetPause {
            failures: self.failures.saturating_sub(1),
            ..self.lifted()
        }
    }

    /// Without the pause: another PFN is to be set, or somebody insists.
    pub(crate) fn lifted(self) -> SetPause {
        SetPause {
            until: None,
            before: None,
            ..self
        }
    }
}

/// Whether a set that ended with this Status was not carried out, so that it may be sent
/// otherwise in the same session: DMClient's Add of what is there (418), its Replace of
/// what is not (404). UpdateConfiguration has no other verb.
fn is_of_no_effect(code: u16, family: Family) -> bool {
    let other_verb = matches!(code, 404 | 418) && family != Family::Windows81;
    matches!(code, 401 | 407) || other_verb
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 60 * 60 * 1000;
    const NOW: Timestamp = Timestamp(1_000_000);

    fn sent(earlier: Option<SetPause>) -> SetPause {
        SetPause::delivered(earlier, SessionNo(3), NOW)
    }

    #[test]
    fn an_excused_set_takes_back_its_own_failure_alone_and_stays_the_sessions_one() {
        let once = sent(None).answered(500, Family::Windows81, CommandSeq(9));
        let excused = sent(Some(once)).excused();
        assert_eq!(excused.failures, once.failures);
        assert_eq!((excused.session, excused.until), (Some(SessionNo(3)), None));
    }

    #[test]
    fn pauses_grow_with_each_failure_and_end_with_a_success() {
        let next = CommandSeq(9);
        let (mut pause, mut hours) = (None, Vec::new());
        for _ in 0..6 {
            let failed = sent(pause).answered(500, Family::Windows81, next);
            hours.extend(failed.until.map(|until| until.ms_since(NOW) / HOUR));
            pause = Some(failed);
        }
        assert_eq!(hours, [20, 40, 80, 160, 168, 168]);
        let done = sent(pause).answered(202, Family::Windows81, next);
        assert_eq!((done.failures, done.until), (0, None));
        assert_eq!(done.session, Some(SessionNo(3)), "one set in a session");
    }

    #[test]
    fn silence_holds_everything_and_an_answer_what_was_queued_before_it() {
        let silent = sent(None);
        assert!(silent.holds(CommandSeq(9), false, NOW).is_some());
        let refused = silent.answered(500, Family::Windows81, CommandSeq(9));
        assert!(refused.holds(CommandSeq(8), false, NOW).is_some());
        assert!(refused.holds(CommandSeq(9), true, NOW).is_some());
        assert_eq!(refused.holds(CommandSeq(9), false, NOW), None);
        assert_eq!(silent.lifted().holds(CommandSeq(1), true, NOW), None);
        let over = NOW.plus_ms(20 * HOUR);
        assert_eq!(silent.holds(CommandSeq(1), true, over), None);
    }

    #[test]
    fn the_other_verb_goes_at_once_where_there_is_one() {
        for code in [404, 418] {
            let next = CommandSeq(9);
            let exec = sent(None).answered(code, Family::Windows81, next);
            assert!(exec.session.is_some() && exec.until.is_some(), "{code}");
            for family in [Family::WindowsPhone81, Family::Windows10] {
                let node = sent(None).answered(code, family, next);
                assert_eq!((node.session, node.until, node.failures), (None, None, 0));
            }
        }
        let proof = sent(None).answered(401, Family::Windows81, CommandSeq(9));
        assert_eq!((proof.session, proof.until), (None, None));
    }
}
