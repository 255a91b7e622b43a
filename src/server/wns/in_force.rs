//! The push profiles in force, as exchanges see them, and what exchanges learn of them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use crate::current::Current;
use modegate_core::push::active_profiles::ActiveProfiles;
use modegate_core::push::record::ProfileReport;

/// Most reports that wait. What does not fit is lost: the device says it again in its
/// next session.
const WAITING: usize = 256;

/// The profiles in force, and the reports that wait for whoever looks after them.
#[derive(Debug, Default)]
pub struct ProfilesInForce {
    current: Current<ActiveProfiles>,
    reports: Mutex<VecDeque<ProfileReport>>,
    arrived: Notify,
}

impl ProfilesInForce {
    /// The profiles in force now.
    pub fn get(&self) -> Arc<ActiveProfiles> {
        self.current.get()
    }

    /// Puts others in force.
    pub(super) fn replace(&self, profiles: Arc<ActiveProfiles>) {
        self.current.replace(profiles);
    }

    /// Hands over what a device says of its profile.
    pub(crate) fn report(&self, report: ProfileReport) {
        let mut reports = self.reports.lock().unwrap_or_else(PoisonError::into_inner);
        if reports.len() < WAITING && !reports.contains(&report) {
            reports.push_back(report);
            self.arrived.notify_one();
        }
    }

    /// The next report, if one waits.
    pub(super) fn next_report(&self) -> Option<ProfileReport> {
        let mut reports = self.reports.lock().unwrap_or_else(PoisonError::into_inner);
        reports.pop_front()
    }

    /// Returns once a report has come since the last time.
    pub(super) async fn arrived(&self) {
        self.arrived.notified().await;
    }
}
