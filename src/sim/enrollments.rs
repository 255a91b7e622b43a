//! The enrollments of a fleet's devices: made once, kept, renewed, ended.

use super::enroll::{
    Due, EnrollError, EnrollOptions, Enrolled, EnrollmentPlan, Family, enroll, renew, renewal_due,
};
use super::report::SessionReport;
use super::state_dir::StateDir;
use super::tablet::{Tablet, Trigger};
use super::transport::SimError;

/// An enrolled device of a fleet.
pub(super) struct EnrolledDevice {
    pub(super) tablet: Tablet,
    enrolled: Enrolled,
}

/// Which device of a fleet.
pub(super) struct Which<'a> {
    pub(super) number: u32,
    /// Its name: prefix and number.
    pub(super) name: &'a str,
    /// CAs that it trusts before (PEM).
    pub(super) ca: Option<&'a [u8]>,
    pub(super) state: Option<&'a StateDir>,
}

impl EnrolledDevice {
    /// The device of an earlier run, or a new enrollment. A renewal that is due is made; where
    /// it fails the device goes on with its old certificate, and `failed` says why.
    pub(super) async fn open(
        plan: &EnrollmentPlan,
        which: &Which<'_>,
        failed: &mut Vec<String>,
    ) -> Result<Self, String> {
        let source = plan.source(which.name);
        let kept = match which.state {
            Some(state) => state.enrollment(&source).map_err(|error| error.reason())?,
            None => None,
        };
        let say = |error: EnrollError| error.to_string();
        let enrolled = match kept {
            Some(json) => {
                let mut enrolled = Enrolled::from_kept(&json).map_err(say)?;
                if enrolled.family != plan.family {
                    return Err("the kept device is of another family".to_owned());
                }
                if plan.renew || renewal_due(&enrolled) != Due::No {
                    let mut options = plan.kept_options(&enrolled);
                    options.ca = which.ca.map(<[u8]>::to_vec);
                    match renew(&options, &mut enrolled).await {
                        Ok(()) => {}
                        Err(error) => failed.push(error.to_string()),
                    }
                }
                enrolled
            }
            None => {
                let options = plan.options(which.number, &source, which.ca).map_err(say)?;
                enroll(options).await.map_err(say)?
            }
        };
        let tablet = enrolled.tablet(which.ca).map_err(|error| error.reason())?;
        let device = EnrolledDevice { tablet, enrolled };
        device.keep(which.state).map_err(|error| error.reason())?;
        Ok(device)
    }

    /// Starts a session as the family does: a phone polls, whatever the trigger.
    pub(super) async fn trigger(&mut self, trigger: Trigger) -> Result<SessionReport, SimError> {
        match self.enrolled.family {
            Family::WindowsPhone81 => self.tablet.poll().await,
            Family::Windows81 | Family::Windows10 => self.tablet.trigger(trigger).await,
        }
    }

    /// After a session: a new certificate that worked replaces the old one; an enrollment
    /// that ended is forgotten, and the device with it.
    pub(super) fn settle(
        &mut self,
        went: &Result<SessionReport, SimError>,
        state: Option<&StateDir>,
    ) -> Result<(), SimError> {
        if self.tablet.is_unenrolled() {
            return state.map_or(Ok(()), |state| state.forget(&self.enrolled.source));
        }
        let worked = went
            .as_ref()
            .is_ok_and(|report| report.http_status.is_none() && !report.lost);
        if worked && self.enrolled.previous.is_some() {
            self.enrolled.forget_previous();
            self.keep(state)?;
        }
        Ok(())
    }

    fn keep(&self, state: Option<&StateDir>) -> Result<(), SimError> {
        let Some(state) = state else {
            return Ok(());
        };
        let json = self
            .enrolled
            .to_kept()
            .map_err(|error| SimError::File(self.enrolled.source.clone(), error.to_string()))?;
        state.keep_enrollment(&self.enrolled.source, &json)
    }
}

impl EnrollmentPlan {
    /// What a kept device renews with: its own user, and no token.
    fn kept_options(&self, enrolled: &Enrolled) -> EnrollOptions {
        let sign_in = super::enroll::SignIn::Password(super::secret::Secret::new(""));
        let server = self.server.clone();
        let mut options = EnrollOptions::new(self.family, server, &enrolled.user, sign_in);
        options.source.clone_from(&enrolled.source);
        options.request_version.clone_from(&self.request_version);
        options.faults = self.faults;
        options
    }
}
