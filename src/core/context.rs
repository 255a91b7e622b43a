//! The context of a session: what a decision looks at besides the command.
//!
//! The mode and the platform come from the query string, the login status
//! from alert 1224. What is unknown, missing or contradictory is read as the
//! narrower thing; it is never an error.

use serde::{Deserialize, Serialize};

use crate::limits;
use crate::named::named;

named! {
    /// In which context MDMAgent runs (the MDMAgent article), as decided from the query.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
    pub enum Mode by eq_ignore_ascii_case {
        /// After a reboot, or at night with nobody logged on: no user profile.
        Machine = "Machine",
        /// The enrolled user is logged on.
        Maintenance = "Maintenance",
        /// A WNS push woke the device.
        Apps = "Apps",
        /// The query names no known mode, or two.
        Unspecified = "Unspecified",
    }
}

named! {
    /// `Platform` of the query: every Windows client sends `WoA` (MS-MDM, note 2).
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
    pub enum Platform {
        /// `WoA`.
        WoA = "WoA",
        /// Anything else, nothing, or two different values.
        Other = "other",
    }
}

named! {
    /// LoginStatus, alert 1224 (MS-MDM 4): who is logged on, as the device says.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
    pub enum Login by eq_ignore_ascii_case {
        /// The enrolled user is active.
        User = "user",
        /// Others are logged on, the enrolled user is not active.
        Others = "others",
        /// Nobody is logged on.
        None = "none",
        /// The device did not say, or said something unknown.
        Absent = "absent",
    }
}

named! {
    /// What kind of Windows a device runs: from its record, never from the wire.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    pub enum Family by eq {
        /// Windows 8.1 (and RT 8.1) tablets.
        Windows81 = "windows81",
        /// Windows Phone 8.1.
        WindowsPhone81 = "windows_phone81",
        /// Windows 10 and 11.
        Windows10 = "windows10",
    }
}

impl Family {
    /// What people call it.
    pub fn title(self) -> &'static str {
        match self {
            Family::Windows81 => "Windows 8.1",
            Family::WindowsPhone81 => "Windows Phone 8.1",
            Family::Windows10 => "Windows 10 and 11",
        }
    }
}

/// One context: what one message of a session said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Context {
    /// The mode.
    pub mode: Mode,
    /// The platform.
    pub platform: Platform,
    /// The login status last reported in the session.
    pub login: Login,
}

impl Context {
    /// Every context.
    pub fn all() -> impl Iterator<Item = Context> {
        Mode::ALL.into_iter().flat_map(|mode| {
            Platform::ALL.into_iter().flat_map(move |platform| {
                Login::ALL.into_iter().map(move |login| Context {
                    mode,
                    platform,
                    login,
                })
            })
        })
    }

    /// Whether it contradicts itself: it names a mode that runs while the enrolled user is
    /// there (the MDMAgent article), and says that nobody is logged on.
    pub fn is_contradiction(self) -> bool {
        matches!(self.mode, Mode::Maintenance | Mode::Apps) && self.login == Login::None
    }

    fn bit(self) -> u32 {
        1 << ((self.mode as u32 * 2 + self.platform as u32) * 4 + self.login as u32)
    }
}

/// Every context that a session has named so far. A command goes only if each
/// of them lets it go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct ContextSet(u32);

impl ContextSet {
    /// Only this context.
    pub fn only(context: Context) -> Self {
        ContextSet(context.bit())
    }

    /// This set and `context`.
    #[must_use]
    pub fn with(self, context: Context) -> Self {
        ContextSet(self.0 | context.bit())
    }

    /// Its members.
    pub fn iter(self) -> impl Iterator<Item = Context> {
        Context::all().filter(move |context| self.0 & context.bit() != 0)
    }
}

/// What the query string said and how it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Query {
    /// The mode decided on.
    pub mode: Mode,
    /// The platform decided on.
    pub platform: Platform,
    /// Whether Machine is among contradictory modes, or may be: then the
    /// session counts as Machine too. A family whose Unspecified carries much
    /// must not be widened by naming a second mode.
    pub may_be_machine: bool,
}

impl Query {
    /// Whether a raw query string names two modes, that is the name twice with different
    /// values.
    pub fn names_modes(raw: &str) -> bool {
        let pairs: Vec<(String, String)> = serde_urlencoded::from_str(raw).unwrap_or_default();
        let is_named = |(name, _): &(String, String)| name.eq_ignore_ascii_case("mode");
        pairs.iter().any(is_named) && single(&pairs, "mode").is_none()
    }

    /// Reads a raw query string, without its `?`. Names and values count in
    /// any letter case, percent-encoded or not. A name given twice with
    /// different values is contradictory, and read as nothing known.
    ///
    /// One that is longer than [`limits::QUERY_BYTES`] is not read at all: what
    /// it hides behind its length could contradict what it begins with.
    pub fn read(raw: &str) -> Self {
        if raw.len() > limits::QUERY_BYTES {
            return Query {
                mode: Mode::Unspecified,
                platform: Platform::Other,
                may_be_machine: true,
            };
        }
        let pairs: Vec<(String, String)> = serde_urlencoded::from_str(raw).unwrap_or_default();
        let mode = single(&pairs, "mode").and_then(Mode::from_name);
        let platform = single(&pairs, "platform").filter(|value| value.eq_ignore_ascii_case("WoA"));
        Query {
            mode: mode.unwrap_or(Mode::Unspecified),
            platform: if platform.is_some() {
                Platform::WoA
            } else {
                Platform::Other
            },
            may_be_machine: pairs.iter().any(|(name, value)| {
                name.eq_ignore_ascii_case("mode") && Mode::from_name(value) == Some(Mode::Machine)
            }),
        }
    }
}

/// The one value of `name`, if it has just one.
fn single<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let mut values = pairs
        .iter()
        .filter(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str());
    let first = values.next()?;
    values
        .all(|value| value.eq_ignore_ascii_case(first))
        .then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_query_is_read_in_any_spelling_and_doubt_narrows() {
        let cases = [
            ("mode=Machine&Platform=WoA", Mode::Machine, Platform::WoA),
            (
                "MODE=maintenance&platform=woa",
                Mode::Maintenance,
                Platform::WoA,
            ),
            ("Platform=WoA&mode=%41pps", Mode::Apps, Platform::WoA),
            ("%6Dode=Apps&Platform=WoA", Mode::Apps, Platform::WoA),
            (
                "mode=Apps&mode=apps&Platform=WoA",
                Mode::Apps,
                Platform::WoA,
            ),
            (
                "mode=Apps&mode=Machine&Platform=WoA",
                Mode::Unspecified,
                Platform::WoA,
            ),
            (
                "mode=Nightly&Platform=WoA",
                Mode::Unspecified,
                Platform::WoA,
            ),
            ("mode=Maintenance", Mode::Maintenance, Platform::Other),
            (
                "mode=Maintenance&Platform=WoA&Platform=x86",
                Mode::Maintenance,
                Platform::Other,
            ),
            ("", Mode::Unspecified, Platform::Other),
            ("mode=%ff%00&&&===", Mode::Unspecified, Platform::Other),
        ];
        for (raw, mode, platform) in cases {
            let read = Query::read(raw);
            assert_eq!((read.mode, read.platform), (mode, platform), "{raw}");
        }
    }

    #[test]
    fn a_second_mode_or_too_long_a_query_does_not_hide_machine() {
        let long = format!("mode=Apps&x={}", "x".repeat(limits::QUERY_BYTES));
        for raw in [
            "mode=Apps&mode=Machine",
            "mode=machine&mode=x",
            "mode=Machine",
            &long,
        ] {
            assert!(Query::read(raw).may_be_machine, "{raw}");
        }
        assert!(!Query::read("mode=Apps&x=Machine").may_be_machine);
    }

    #[test]
    fn a_set_holds_each_of_the_32_contexts_apart() {
        let all: Vec<Context> = Context::all().collect();
        assert_eq!(all.len(), 32);
        let whole = all
            .iter()
            .fold(ContextSet::default(), |set, &context| set.with(context));
        assert_eq!(whole.iter().collect::<Vec<_>>(), all);
        assert_eq!(
            ContextSet::only(all[7]).iter().collect::<Vec<_>>(),
            vec![all[7]]
        );
    }
}
