//! A tablet's life: when its agent runs, and in which mode (seed 004).

use std::collections::VecDeque;

use super::session::{SessionReport, run};
use super::transport::{SimError, Transport};
use super::tree::Tree;

/// What makes the agent run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    /// The tablet restarted; nobody is logged on yet.
    Reboot,
    /// The enrolled user logs on.
    Logon,
    /// Nightly maintenance, about two o'clock.
    Nightly,
    /// A WNS push arrived.
    Push,
}

/// SyncML credentials of a tablet.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The user name.
    pub username: String,
    /// The password.
    pub password: String,
    /// MD5 with nonces; otherwise Basic.
    pub md5: bool,
}

/// A simulated tablet.
pub struct Tablet {
    pub(super) source: String,
    pub(super) transport: Transport,
    pub(super) tree: Tree,
    pub(super) credentials: Option<Credentials>,
    pub(super) nonce: Vec<u8>,
    sessions: u32,
    logged_on: bool,
    locked: bool,
    unenrolled: bool,
    /// MsgIDs and CmdIDs that the server used in the last two sessions.
    pub(super) used: VecDeque<(Vec<u32>, Vec<u32>)>,
}

impl Tablet {
    /// A tablet that calls itself `source`.
    pub fn new(source: &str, transport: Transport) -> Self {
        Tablet {
            source: source.to_owned(),
            transport,
            tree: Tree::new(source),
            credentials: None,
            nonce: Vec::new(),
            sessions: 0,
            logged_on: false,
            locked: false,
            unenrolled: false,
            used: VecDeque::new(),
        }
    }

    /// With SyncML credentials.
    #[must_use]
    pub fn with_credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = Some(credentials);
        self
    }

    /// The user logs off; the agent does not run.
    pub fn log_off(&mut self) {
        (self.logged_on, self.locked) = (false, false);
    }

    /// The user locks the tablet and stays logged on: nightly maintenance still
    /// finds a session of theirs (seed 004).
    pub fn lock(&mut self) {
        self.locked = self.logged_on;
    }

    /// Whether it is locked.
    pub fn is_locked(&self) -> bool {
        self.locked
    }

    /// WNS revokes the tablet's channel.
    pub fn revoke_channel(&mut self) {
        self.tree.revoke_channel();
    }

    /// Whether it has a channel.
    pub fn has_channel(&self) -> bool {
        self.tree.has_channel()
    }

    /// How often its user's password was reset.
    pub fn password_resets(&self) -> u32 {
        self.tree.resets
    }

    /// Lets the agent run: one session (and after an unenrolment the tablet's goodbye).
    pub async fn trigger(&mut self, trigger: Trigger) -> Result<SessionReport, SimError> {
        match trigger {
            Trigger::Reboot => self.log_off(),
            Trigger::Logon => (self.logged_on, self.locked) = (true, false),
            Trigger::Nightly | Trigger::Push => {}
        }
        let (mode, login) = match (trigger, self.logged_on) {
            (Trigger::Push, _) => ("Apps", "user"),
            (Trigger::Logon, _) | (Trigger::Nightly, true) => ("Maintenance", "user"),
            (Trigger::Reboot, _) | (Trigger::Nightly, false) => ("Machine", "none"),
        };
        self.session(mode, login).await
    }

    /// One session in that mode, whatever the state of the tablet.
    pub async fn session(&mut self, mode: &str, login: &str) -> Result<SessionReport, SimError> {
        if self.unenrolled {
            return Err(SimError::Unenrolled);
        }
        self.sessions += 1;
        let number = self.sessions;
        let report = run(self, mode, login, number, None).await?;
        if report.unenrolled {
            // It tries once to say so, in a session of its own; whether that gets through or not.
            self.sessions += 1;
            let number = self.sessions;
            let _ = run(
                self,
                mode,
                login,
                number,
                Some("com.microsoft:mdm.unenrollment.userrequest"),
            )
            .await;
            self.unenrolled = true;
        }
        Ok(report)
    }
}
