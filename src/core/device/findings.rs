//! What of a device's behaviour is worth an alert: an activity that has lasted, so that a
//! device that was just set up raises none.

use super::{ActivityFlag, Device};
use crate::alert::{AlertKind, Finding, Subject};
use crate::time::Timestamp;

/// How long it has to last.
const LASTS_MS: i64 = 3 * 24 * 60 * 60 * 1000;
/// Sessions that a device has to have had before what it never did counts.
const SESSIONS: u32 = 10;

impl Device {
    /// What an operator should act on.
    pub fn findings(&self, now: Timestamp) -> Vec<Finding> {
        let (state, since) = (&self.state, self.record.registered_at);
        let is = |flag: ActivityFlag| flag.is_of(state);
        if is(ActivityFlag::Unenrolled) {
            return Vec::new();
        }
        let is_old = now.ms_since(since) >= LASTS_MS && state.sessions >= SESSIONS;
        let manual = state.manual_at.filter(|at| now.ms_since(*at) >= LASTS_MS);
        let sessions = state.sessions;
        let mut found = Vec::new();
        let mut add = |kind, message: String| {
            found.push(Finding::new(kind, Subject::Device(self.id), message));
        };
        if is_old && is(ActivityFlag::OnlyMachine) {
            add(
                AlertKind::DeviceOnlyMachine,
                format!("registered on {since}; all of its {sessions} sessions named Machine"),
            );
        }
        if is_old && is(ActivityFlag::NamesNoMode) {
            add(
                AlertKind::DeviceNamesNoMode,
                format!("registered on {since}; none of its {sessions} sessions named a mode"),
            );
        }
        if let Some(at) = manual {
            add(
                AlertKind::DeviceByHand,
                format!(
                    "its agent was run by hand on {at}; no Maintenance session has worked since"
                ),
            );
        }
        if is(ActivityFlag::NobodyLoggedOn) {
            let count = state.nobody_logged_on;
            add(
                AlertKind::DeviceNobodyLoggedOn,
                format!(
                    "its latest {count} sessions in Maintenance or Apps said that nobody is logged on"
                ),
            );
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Mode;
    use crate::fixtures::{NOW, device};

    #[test]
    fn what_lasts_is_found_and_what_is_new_is_not() {
        let kinds = |of: &Device, now| {
            let found = of.findings(now).into_iter();
            found.map(|one| one.kind).collect::<Vec<_>>()
        };
        let mut one = device(1, &[]);
        one.record.registered_at = NOW;
        let later = NOW.plus_ms(LASTS_MS);
        assert_eq!(kinds(&one, later), []);
        (one.state.sessions, one.state.seen) = (SESSIONS, [None; 4]);
        one.state.seen[Mode::Machine as usize] = Some(NOW);
        assert_eq!(kinds(&one, later), [AlertKind::DeviceOnlyMachine]);
        assert_eq!(kinds(&one, later.plus_ms(-1)), []);
        one.state.sessions = SESSIONS - 1;
        assert_eq!(kinds(&one, later), []);
        (one.state.sessions, one.state.seen) = (SESSIONS, [None; 4]);
        one.state.seen[Mode::Unspecified as usize] = Some(NOW);
        assert_eq!(kinds(&one, later), [AlertKind::DeviceNamesNoMode]);
        one.state.seen[Mode::Maintenance as usize] = Some(NOW);
        assert_eq!(kinds(&one, later), []);
        one.state.manual_at = Some(NOW);
        one.state.nobody_logged_on = 3;
        let both = [AlertKind::DeviceByHand, AlertKind::DeviceNobodyLoggedOn];
        assert_eq!(kinds(&one, later), both);
        assert_eq!(kinds(&one, NOW), [AlertKind::DeviceNobodyLoggedOn]);
        one.state.unenrolled_at = Some(NOW);
        assert_eq!(kinds(&one, later), []);
    }
}
