//! What a forecast says.

use serde::Serialize;

use super::renewal::Window;
use crate::context::Mode;
use crate::named::named;
use crate::time::Timestamp;

named! {
    /// When, in one word.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
    #[serde(rename_all = "snake_case")]
    pub enum When {
        /// It went out; its answer is awaited.
        Sent = "sent",
        /// In the session that is open.
        Now = "now",
        /// In the Apps session of the wake under way.
        AppsSession = "apps_session",
        /// In the session that the wake under way brings (families without modes).
        PushSession = "push_session",
        /// In the next Maintenance session.
        NextMaintenance = "next_maintenance",
        /// In the next Apps session, for which there must be a push first.
        NextApps = "next_apps",
        /// In the next Machine session: nothing else lets it go.
        NextMachine = "next_machine",
        /// In the next session, whatever it is, as far as [`Forecast::modes`] has it.
        AnySession = "any_session",
        /// Not before a time.
        NotBefore = "not_before",
        /// When other commands are done.
        After = "after",
        /// No session carries it as things stand.
        Never = "never",
        /// In the next session that names no mode: nothing else lets it go, or the device
        /// has had no other.
        NextUnspecified = "next_unspecified",
    }
}

/// What can be said of one command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Forecast {
    /// When.
    pub when: When,
    /// The same in words.
    pub text: String,
    /// The number of the open session, where it is now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<u32>,
    /// Not before this, or expected until this.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "rfc3339")]
    pub at: Option<Timestamp>,
    /// When a session of that kind was last seen.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "rfc3339")]
    pub last_seen: Option<Timestamp>,
    /// What only the user of the device can do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// When the device is expected by itself, to renew its channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renewal: Option<Window>,
    /// The modes whose sessions carry it by the rules, with nobody logged on in Machine and
    /// the enrolled user in Maintenance and Apps. Empty where it went out.
    pub modes: Vec<Mode>,
    /// Those of them whose sessions do not carry it where LoginStatus is `none`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub needs_logon: Vec<Mode>,
    /// When the device is expected in its nightly maintenance, where that may carry it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub night: Option<Window>,
    /// About when its user usually logs on, device's time, where a logon may carry it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usual_logon: Option<String>,
}

fn rfc3339<S: serde::Serializer>(at: &Option<Timestamp>, to: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => to.collect_str(at),
        None => to.serialize_none(),
    }
}

impl Forecast {
    /// Only when, and the words.
    pub(crate) fn new(when: When, text: impl Into<String>) -> Self {
        Forecast {
            when,
            text: text.into(),
            session: None,
            at: None,
            last_seen: None,
            user: None,
            renewal: None,
            modes: Vec::new(),
            needs_logon: Vec::new(),
            night: None,
            usual_logon: None,
        }
    }

    /// In one line, as the log keeps it.
    pub fn line(&self) -> String {
        format!("{}: {}", self.when.name(), self.text)
    }
}
