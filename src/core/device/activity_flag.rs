//! Habits that an operator should know of.

use serde::{Deserialize, Serialize};

use super::DeviceState;
use crate::context::Mode;
use crate::limits;
use crate::named::named;
use crate::polling::ScheduleState;

named! {
    /// What an operator should know of how a device behaves.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    pub enum ActivityFlag by eq {
        /// It has never had a session.
        NeverSeen = "never_seen",
        /// It has only ever been seen in Machine: its user never logs on, or the
        /// agent's maintenance does not run. Most commands wait for ever.
        OnlyMachine = "only_machine",
        /// It has never named a mode: see `policies/optional` for what may be done.
        NamesNoMode = "names_no_mode",
        /// Its agent was last run by hand: no Maintenance session has worked since.
        #[serde(rename = "by_hand")]
        Manual = "by_hand",
        /// It is unenrolled.
        Unenrolled = "unenrolled",
        /// Its latest sessions in Maintenance or Apps, three at the least, said that nobody
        /// is logged on: a contradiction, for which `policies/context.toml` holds back what
        /// needs the user.
        NobodyLoggedOn = "nobody_logged_on",
        /// Its polling schedule was off when it was last read: without a push it may never
        /// come. Phones and Windows 10.
        PollingOff = "polling_off",
    }
}

impl ActivityFlag {
    /// Whether a device in this state has it.
    pub fn is_of(self, state: &DeviceState) -> bool {
        let seen = |mode: Mode| state.last_seen(mode).is_some();
        let only = |mode: Mode| {
            seen(mode)
                && !Mode::ALL
                    .into_iter()
                    .any(|other| other != mode && seen(other))
        };
        match self {
            ActivityFlag::NeverSeen => state.sessions == 0,
            ActivityFlag::OnlyMachine => only(Mode::Machine),
            ActivityFlag::NamesNoMode => only(Mode::Unspecified),
            ActivityFlag::Manual => state.manual_at.is_some(),
            ActivityFlag::Unenrolled => state.unenrolled_at.is_some(),
            ActivityFlag::NobodyLoggedOn => state.nobody_logged_on >= limits::CONTRADICTIONS,
            ActivityFlag::PollingOff => state.polling.state() == ScheduleState::Off,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    #[test]
    fn habits_are_what_was_ever_seen() {
        let mut state = DeviceState::default();
        assert!(ActivityFlag::NeverSeen.is_of(&state));
        (state.sessions, state.seen[Mode::Machine as usize]) = (1, Some(Timestamp(1)));
        assert!(
            ActivityFlag::OnlyMachine.is_of(&state) && !ActivityFlag::NamesNoMode.is_of(&state)
        );
        state.seen[Mode::Maintenance as usize] = Some(Timestamp(2));
        assert!(!ActivityFlag::ALL.into_iter().any(|flag| flag.is_of(&state)));
        for flag in ActivityFlag::ALL {
            assert_eq!(ActivityFlag::from_name(flag.name()), Some(flag));
        }
    }
}
