//! How a job goes, as the device tells it: `Status`, `LastError` and
//! `Progress` of `MDM_AppInstallJob`, and whether `MDM_Application` has the
//! package.

use super::{Install, JobRules};
use crate::command::{
    CommandBody, ExecutionOptions, Lenient, NodeResult, Operation, Part, ServerPurpose,
};
use crate::ids::SessionNo;
use crate::limits;
use crate::loc_uri::{LocUri, Member};
use crate::session::meaning_of;
use crate::time::Timestamp;
use crate::wmi;
use modegate_wire::error_number;

/// A `Progress` that means done, where no `jobs.done` says which `Status` does:
/// per cent, inferred from the name.
const WHOLE: u32 = 100;

/// What a reading brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reading {
    /// When.
    pub at: Timestamp,
    /// `Status`.
    pub status: Option<u32>,
    /// `LastError`.
    pub last_error: Option<u32>,
    /// `Progress`.
    pub progress: Option<u32>,
    /// Whether the device has the package.
    pub has_package: bool,
    /// Whether the device was asked at all: a reading may expire.
    pub answered: bool,
}

/// What it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Done, and how that is known.
    Done(&'static str),
    /// Failed, and how.
    Failed(String),
    /// Under way.
    Running,
    /// The device knows nothing of the job.
    Missing,
}

impl Reading {
    /// Takes what one reading command got in.
    pub fn take(&mut self, parts: &[Part]) {
        for part in parts {
            self.at = self.at.max(part.at);
            for result in &part.results {
                self.take_result(result);
            }
        }
    }

    fn take_result(&mut self, result: &NodeResult) {
        self.answered |= result.status != 0 || result.data.is_some();
        let Some(node) = result.loc_uri.wmi() else {
            return;
        };
        if node.is_of(wmi::APPLICATION.name) {
            let done = meaning_of(result.status) == crate::session::Meaning::Done;
            self.has_package |= result.data.is_some() && done;
            return;
        }
        let Some(Member::Property(property)) = node.member else {
            return;
        };
        let slot = match property.to_ascii_lowercase().as_str() {
            "status" => &mut self.status,
            "lasterror" => &mut self.last_error,
            "progress" => &mut self.progress,
            _ => return,
        };
        let number = result
            .data
            .as_ref()
            .and_then(|data| error_number::read(data.reveal()));
        *slot = slot.or(number);
    }

    /// What it means by these rules. That the package is there says more than
    /// any number; an error says more than the numbers that are only inferred.
    pub fn verdict(&self, rules: &JobRules) -> Verdict {
        if self.has_package {
            return Verdict::Done("the device has the package (MDM_Application)");
        }
        if let Some(error) = self.last_error.filter(|&error| error != 0) {
            return Verdict::Failed(format!("the job's LastError is 0x{error:08X}"));
        }
        if let Some(status) = self.status.filter(|status| rules.failed.contains(status)) {
            return Verdict::Failed(format!("the job's Status is {status}, which means failed"));
        }
        if self
            .status
            .is_some_and(|status| rules.done.contains(&status))
        {
            return Verdict::Done("the job's Status means done");
        }
        let whole = self.progress.is_some_and(|progress| progress >= WHOLE);
        if rules.done.is_empty() && whole {
            return Verdict::Done("the job's Progress is 100 and it has no error");
        }
        if self.status.is_none() && self.progress.is_none() && self.last_error.is_none() {
            return Verdict::Missing;
        }
        Verdict::Running
    }
}

/// The commands that read how the install goes, in a session after `last`.
/// Two, since the package is a read of another kind, which a policy may hold
/// back where it lets the job's status go.
pub fn commands(install: &Install, last: Option<SessionNo>, now: Timestamp) -> Vec<CommandBody> {
    let job = wmi::APP_INSTALL_JOB.instance(&[&install.job_id]);
    let of_job = ["Status", "LastError", "Progress"].map(|property| job.below(property));
    let mut all = vec![command(install, of_job.to_vec(), last, now)];
    if let Some(package) = &install.package_full_name {
        let version = wmi::APPLICATION
            .instance(&[package])
            .below("PackageVersion");
        all.push(command(install, vec![version], last, now));
    }
    all
}

fn command(
    install: &Install,
    nodes: Vec<LocUri>,
    last: Option<SessionNo>,
    now: Timestamp,
) -> CommandBody {
    let options = ExecutionOptions {
        lenient: Lenient::Always,
        purpose: Some(ServerPurpose::Install(install.command)),
        app: Some(install.app.clone()),
        later_than: last,
        ..ExecutionOptions::default()
    };
    let gets = nodes.into_iter().map(Operation::get).collect();
    CommandBody {
        expires_at: Some(now.plus_ms(limits::NEWS_DEADLINE_MS)),
        options,
        ..CommandBody::new("app_status", "server", now, gets)
    }
}
