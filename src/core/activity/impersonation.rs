//! Whether the agent could act as the enrolled user.
//!
//! The MDMAgent article: only Local System has the rights to impersonate the enrolled
//! user. An agent that somebody runs interactively has not, so what needs the user
//! fails while the rest works. Which Status it answers then is not published; taken
//! for it are those that say "forbidden", "permission denied" and "failed". That a node
//! is not there is none of them: the agent has looked for it.

use serde::{Deserialize, Serialize};

use crate::kind::{Kind, Leaf};
use crate::session::{Meaning, meaning_of};
use crate::wmi;
use modegate_wire::message::Verb;

/// The classes, besides those of the push channel and of app jobs, whose instances are
/// the enrolled user's own.
const OF_THE_USER: [&str; 8] = [
    "MDM_Application",
    "MDM_ApplicationFramework",
    "MDM_ApplicationMinVersion",
    "MDM_RestrictionsUser",
    "MDM_SecurityStatusUser",
    "MDM_WebApplication",
    "MDM_WirelessProfile",
    "MDM_WirelessProfileXml",
];

/// Whether the agent does this as the enrolled user.
pub(crate) fn needs_impersonation(leaf: &Leaf) -> bool {
    let Some(class) = wmi::at(leaf.class) else {
        return false;
    };
    match leaf.kind {
        Kind::WnsConfiguration | Kind::ChannelRead | Kind::AppInstall | Kind::AppStatus => true,
        _ => OF_THE_USER.contains(&class.name),
    }
}

/// Whether a Status is how an agent without the rights may answer.
pub(crate) fn was_refused_impersonation(code: u16) -> bool {
    matches!(code, 403 | 425 | 500)
}

/// What the answers of one session show of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Evidence {
    /// Commands in which something that needs the user was refused.
    refused: u8,
    /// Whether the push channel was among it, of which the article says so itself.
    refused_channel: bool,
    /// Whether something that needs the user was done.
    worked: bool,
    /// Whether something that does not need the user was done.
    rest_worked: bool,
}

impl Evidence {
    /// Takes in the answers to one command: what was asked, and the Status.
    pub(crate) fn take(&mut self, answers: impl Iterator<Item = (Leaf, u16)>) {
        let mut refused = false;
        for (leaf, code) in answers {
            let done = matches!(meaning_of(code), Meaning::Done | Meaning::Pending);
            if !needs_impersonation(&leaf) {
                self.rest_worked |= done;
            } else if done || code == 404 && leaf.verb == Verb::Get {
                self.worked = true;
            } else if was_refused_impersonation(code) {
                refused = true;
                let channel = matches!(leaf.kind, Kind::WnsConfiguration | Kind::ChannelRead);
                self.refused_channel |= channel;
            }
        }
        self.refused = self.refused.saturating_add(u8::from(refused));
    }

    /// The same for a command that does not need the user, some of which was done.
    pub(crate) fn rest_worked(&mut self) {
        self.rest_worked = true;
    }

    /// Whether what needs the user fails, whatever the rest does. One command is not
    /// enough, since it may be at fault itself, unless it is the push channel's.
    pub fn is_suspicious(&self) -> bool {
        !self.worked && (self.refused_channel || self.refused >= 2)
    }

    /// Whether it shows an interactive run: what needs the user fails while the rest works.
    pub fn is_interactive(&self) -> bool {
        self.is_suspicious() && self.rest_worked
    }

    /// Whether it shows that the agent can act as the user.
    pub fn has_worked(&self) -> bool {
        self.worked
    }

    /// Whether nothing that needs the user failed.
    pub fn is_clean(&self) -> bool {
        self.refused == 0
    }

    /// Whether it takes something that does not need the user to tell.
    pub(crate) fn lacks_a_comparison(&self) -> bool {
        self.is_suspicious() && !self.rest_worked
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::classify;

    const SET: (Verb, &str) = (
        Verb::Exec,
        "./cimv2/MDM_WNSConfiguration/MDM_WNSConfiguration.AppId=%22a%22/Exec=UpdateConfiguration",
    );
    const CHANNEL: (Verb, &str) = (
        Verb::Get,
        "./cimv2/MDM_WNSChannel/MDM_WNSChannel.AppId=%22a%22/Channel",
    );
    const JOB: (Verb, &str) = (
        Verb::Exec,
        "./cimv2/MDM_AppInstallJob/MDM_AppInstallJob.JobID=%22j%22/Exec=CreateJob",
    );
    const APPS: (Verb, &str) = (Verb::Get, "./cimv2/MDM_Application");
    const SETTING: (Verb, &str) = (
        Verb::Replace,
        "./cimv2/MDM_Restrictions/MDM_Restrictions.Key=%221%22/WifiEnabled",
    );
    const BIOS: (Verb, &str) = (Verb::Get, "./cimv2/Win32_BIOS");
    const PHONE: (Verb, &str) = (Verb::Replace, "./Vendor/MSFT/DMClient/Provider/p/Push/PFN");

    #[test]
    fn an_interactive_run_fails_as_the_user_while_the_rest_works() {
        type Answers<'a> = &'a [((Verb, &'a str), u16)];
        let rows: [(Answers<'_>, bool); 15] = [
            (&[(SET, 500), (BIOS, 200)], true),
            (&[(SET, 403), (BIOS, 200)], true),
            (&[(CHANNEL, 425), (SETTING, 200)], true),
            (&[(CHANNEL, 500), (SET, 500), (JOB, 500), (BIOS, 200)], true),
            (&[(JOB, 500), (APPS, 500), (BIOS, 200)], true),
            // The rest does not work either, or nobody knows.
            (&[(SET, 500), (BIOS, 500)], false),
            (&[(SET, 500)], false),
            // Something works as the user, so the agent has the rights.
            (&[(SET, 500), (CHANNEL, 200), (BIOS, 200)], false),
            (&[(SET, 500), (CHANNEL, 404), (BIOS, 200)], false),
            // What one command says of itself is not what the agent cannot do.
            (&[(SETTING, 404), (BIOS, 200)], false),
            (&[(SETTING, 500), (BIOS, 200)], false),
            (&[(JOB, 500), (BIOS, 200)], false),
            (&[(SET, 404), (BIOS, 200)], false),
            (&[(SET, 503), (BIOS, 200)], false),
            (&[(PHONE, 500), (BIOS, 200)], false),
        ];
        for (answers, expected) in rows {
            let mut evidence = Evidence::default();
            for &((verb, loc_uri), code) in answers {
                let leaf = classify(verb, &loc_uri.into());
                evidence.take([(leaf, code)].into_iter());
            }
            assert_eq!(evidence.is_interactive(), expected, "{answers:?}");
        }
    }
}
