//! App install jobs: made by CreateJob, they move on at each later session.

use serde::Serialize;

use super::extent::Instance;
use super::tree::Tree;

/// Where a job stands. The numbers of `Status` are not published: those here
/// are the simulator's own, and a server must not read sense into them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum JobStage {
    /// Made in this session.
    Waiting = 1,
    /// Downloads or installs.
    Running = 2,
    /// Done.
    Done = 3,
    /// Ended with `LastError`.
    Failed = 4,
}

/// A job as `MDM_AppInstallJob` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JobState {
    /// Its JobID.
    pub id: String,
    /// From `Status`.
    pub stage: JobStage,
    /// `Progress`, per cent.
    pub progress: u32,
    /// `LastError`, 0 for none.
    pub last_error: u32,
}

const CLASS: &str = "MDM_AppInstallJob";

impl Tree {
    /// The jobs, the oldest first.
    pub(super) fn jobs(&self) -> Vec<JobState> {
        let extent = self.extents.get("mdm_appinstalljob");
        let instances = extent.map_or(&[][..], |extent| &extent.instances);
        instances.iter().map(state_of).collect()
    }

    pub(super) fn job(&self, id: &str) -> Option<JobState> {
        self.jobs().into_iter().find(|job| job.id == id)
    }

    /// A new job, waiting.
    pub(super) fn put_job(&mut self, id: &str) {
        self.show(&JobState {
            id: id.to_owned(),
            stage: JobStage::Waiting,
            progress: 0,
            last_error: 0,
        });
    }

    /// A session later: waiting jobs run, running ones end.
    pub(super) fn advance_jobs(&mut self) {
        for mut job in self.jobs() {
            match job.stage {
                JobStage::Waiting => (job.stage, job.progress) = (JobStage::Running, 50),
                JobStage::Running => match self.next_job_error.take() {
                    None => (job.stage, job.progress) = (JobStage::Done, 100),
                    Some(error) => (job.stage, job.last_error) = (JobStage::Failed, error),
                },
                JobStage::Done | JobStage::Failed => continue,
            }
            self.show(&job);
        }
    }

    fn show(&mut self, job: &JobState) {
        let number = |number: u32| number.to_string();
        let (status, progress) = (number(job.stage as u32), number(job.progress));
        let values = [
            ("Status", status.as_str()),
            ("Progress", &progress),
            ("LastError", &number(job.last_error)),
        ];
        self.instance(CLASS, "JobID", &job.id, &values);
    }
}

fn state_of(instance: &Instance) -> JobState {
    let text = |name| instance.find(name).and_then(|held| held.value.clone());
    let number = |name| text(name).and_then(|text| text.parse().ok()).unwrap_or(0);
    JobState {
        id: text("JobID").unwrap_or_default(),
        stage: match number("Status") {
            2 => JobStage::Running,
            3 => JobStage::Done,
            4 => JobStage::Failed,
            _ => JobStage::Waiting,
        },
        progress: number("Progress"),
        last_error: number("LastError"),
    }
}
