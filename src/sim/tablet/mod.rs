//! A tablet's life: when its agent runs, and in which mode (the MDMAgent article).

mod controls;
mod families;
mod saved;
mod session;

use std::collections::VecDeque;

use crate::behaviour::Behaviour;
use crate::dialect::Dialect;
use crate::jobs::JobState;
use crate::outside::Change;
use crate::proof::Credentials;
use crate::registrar::Wns;
use crate::report::SessionReport;
use crate::transport::{SimError, Transport};
use crate::tree::Tree;
pub(crate) use saved::SavedTablet;
use session::run;

/// SessionIDs are decimal and of four bytes at most; then they begin again.
const SESSION_IDS: u32 = 9_999;

/// The type of the alert by which a device says that it is leaving.
const GOODBYE: &str = "com.microsoft:mdm.unenrollment.userrequest";

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

/// A simulated tablet.
pub struct Tablet {
    pub(crate) source: String,
    pub(crate) transport: Transport,
    pub(crate) tree: Tree,
    pub(crate) credentials: Option<Credentials>,
    /// For its next Cred, as the server gave it.
    pub(crate) nonce: Vec<u8>,
    /// For the server's next Cred, as the tablet gave it.
    pub(crate) server_nonce: Vec<u8>,
    pub(crate) behaviour: Behaviour,
    sessions: u32,
    logged_on: bool,
    locked: bool,
    unenrolled: bool,
    /// MsgIDs and CmdIDs that the server used in the last two sessions.
    pub(crate) used: VecDeque<(Vec<u32>, Vec<u32>)>,
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
            server_nonce: Vec::new(),
            behaviour: Behaviour::default(),
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

    /// The server is at another address from now on.
    pub fn find_server_at(&mut self, url: &str) {
        url.clone_into(&mut self.transport.url);
    }

    /// The user logs off; the agent does not run.
    pub fn log_off(&mut self) {
        (self.logged_on, self.locked) = (false, false);
    }

    /// The user, or LockWorkstation, locks the tablet; the user stays logged
    /// on: nightly maintenance still finds a session of theirs (the MDMAgent article).
    pub fn lock(&mut self) {
        self.locked = self.logged_on;
    }

    /// Whether it is locked.
    pub fn is_locked(&self) -> bool {
        self.locked
    }

    /// Who gives out its channel URIs from now on, for a package family name:
    /// a mock of WNS. Without, they lead nowhere.
    pub fn registers_with(&mut self, wns: impl Fn(&str) -> String + Send + Sync + 'static) {
        let wns = Wns(std::sync::Arc::new(wns));
        if let Some(csp) = &mut self.tree.csp {
            csp.wns = Some(wns.clone());
        }
        self.tree.wns = Some(wns);
    }

    /// Another server sets up its channel for a package family name of its own, on Windows
    /// 8.1 under this AppId.
    pub fn set_up_by_another(&mut self, app_id: &str, family: &str) {
        self.tree.set_up_by_another(app_id, family);
    }

    /// It cannot register with WNS: UpdateConfiguration is answered 200, but there is no
    /// channel and `LastError` is `error`; `None`: it can again. On the other families
    /// Push/Status is 3 until the Push node is deleted.
    pub fn fails_to_register(&mut self, error: Option<u32>) {
        self.tree.channel_error = error;
        if let Some(csp) = &mut self.tree.csp {
            csp.registration_fails = error.is_some();
        }
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

    /// What SetValues set of an EAS setting, spelt as the policy spells it.
    pub fn eas_setting(&self, name: &str) -> Option<&str> {
        self.tree.eas.get(name).map(String::as_str)
    }

    /// What a property of an instance holds, if it is there and not null. The
    /// instance is named as WMI names it (`Win32_LogicalDisk.DeviceID="C:"`) or
    /// with `./cimv2/<Class>/` before it, unescaped.
    pub fn property(&self, instance: &str, name: &str) -> Option<String> {
        self.tree.property(instance, name)
    }

    /// Sets a property; an instance that is missing is made. `false` where the
    /// tablet has no such class, or the keys are not the class's.
    pub fn set_property(&mut self, instance: &str, name: &str, value: &str) -> bool {
        self.tree.change(instance, name, Change::Set(value))
    }

    /// The same with WMI's null, which a Get answers by 500.
    pub fn null_property(&mut self, instance: &str, name: &str) -> bool {
        self.tree.change(instance, name, Change::Null)
    }

    /// The same without the property, which a Get answers by 404.
    pub fn remove_property(&mut self, instance: &str, name: &str) -> bool {
        self.tree.change(instance, name, Change::Remove)
    }

    /// The app install jobs that it was given, the oldest first. They move on
    /// at the begin of each later session.
    pub fn jobs(&self) -> Vec<JobState> {
        self.tree.jobs()
    }

    /// The job of that JobID.
    pub fn job_state(&self, id: &str) -> Option<JobState> {
        self.tree.job(id)
    }

    /// The next job that comes to its end fails with this `LastError`.
    pub fn fail_job(&mut self, last_error: u32) {
        self.tree.next_job_error = Some(last_error);
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
        let login = match self.locked && self.behaviour.locked_is_nobody {
            true => "none",
            false => login,
        };
        self.session(mode, login).await
    }

    /// One session in that mode, whatever the state of the tablet.
    pub async fn session(&mut self, mode: &str, login: &str) -> Result<SessionReport, SimError> {
        if self.unenrolled {
            return Err(SimError::Unenrolled);
        }
        self.tree.advance_jobs();
        if let Some(csp) = &mut self.tree.csp {
            csp.advance_downloads();
        }
        let number = self.next_session();
        let report = run(self, mode, login, number, None).await?;
        if report.unenrolled {
            self.unenrolled = true;
            if !self.behaviour.silent_unenroll {
                // It tries once to say so, in a session of its own; whether that gets through or not.
                let number = self.next_session();
                let _ = run(self, mode, login, number, Some(GOODBYE)).await;
            }
        }
        Ok(report)
    }

    /// The user ends the enrollment: a session with alert 1226, and whatever comes of it,
    /// the device leaves.
    ///
    /// # Errors
    /// It has left before, or the session did not get through.
    pub async fn unenroll_by_user(&mut self) -> Result<SessionReport, SimError> {
        if self.unenrolled {
            return Err(SimError::Unenrolled);
        }
        self.unenrolled = true;
        let number = self.next_session();
        let (mode, login) = match self.behaviour.dialect {
            Dialect::Phone => ("", ""),
            Dialect::Tablet | Dialect::Ten => ("Maintenance", "user"),
        };
        run(self, mode, login, number, Some(GOODBYE)).await
    }

    /// Whether its enrollment has ended.
    pub fn is_unenrolled(&self) -> bool {
        self.unenrolled
    }

    fn next_session(&mut self) -> u32 {
        self.sessions = self.sessions % SESSION_IDS + 1;
        self.sessions
    }
}
