//! Who asks for something, and what they may see and do.

use std::sync::Arc;

use super::context::App;
use super::error::AppError;
use modegate_core::change::{self, Refusal};
use modegate_core::device::{Device, DeviceRecord};
use modegate_core::fields::FieldError;
use modegate_core::ids::DeviceId;
use modegate_core::installs::Install;
use modegate_core::installs::request::Written;
use modegate_core::tokens::Token;
use modegate_store::Decide;
use modegate_store::installs::DecideInstalls;

/// Who asks: the holder of a token, whose role was checked for what is asked.
#[derive(Debug, Clone)]
pub(crate) struct Principal {
    token: Arc<Token>,
}

impl Principal {
    /// The holder of this token.
    pub(crate) fn new(token: Arc<Token>) -> Self {
        Principal { token }
    }

    /// How the log names it.
    pub(crate) fn actor(&self) -> String {
        format!("api:{}", self.token.name)
    }

    /// Whether no group bounds what it sees.
    pub(crate) fn sees_all(&self) -> bool {
        self.token.groups.is_none()
    }

    /// The groups that bound what it sees, if any do.
    pub(crate) fn groups(&self) -> Option<Vec<String>> {
        self.token.groups.clone()
    }

    /// Whether the device is within its scope.
    pub(crate) fn may_see(&self, record: &DeviceRecord) -> bool {
        self.token.covers(&record.groups)
    }

    /// Whether something for these groups is for devices within its scope; what is
    /// for no group in particular is for all.
    pub(crate) fn may_see_for(&self, groups: &[String]) -> bool {
        groups.is_empty() || self.token.covers(groups)
    }

    /// Refuses a caller whose groups bound it what concerns all devices.
    pub(crate) fn unbound(&self) -> Result<(), AppError> {
        if self.sees_all() {
            return Ok(());
        }
        let why = "this concerns all devices; the token is bound to groups";
        Err(AppError::Forbidden(why.to_owned()))
    }

    /// Whether its token is taken still: a stream may outlive it.
    pub(crate) fn is_in_force(&self, app: &App) -> bool {
        app.tokens.is_in_force(&self.token, app.now())
    }

    /// The device, if it is there and within the scope: else they look the same.
    pub(crate) async fn device(&self, app: &App, id: DeviceId) -> Result<Device, AppError> {
        let device = app.store.device(id).await?;
        device
            .filter(|device| self.may_see(&device.record))
            .ok_or_else(|| AppError::missing("device"))
    }

    /// Whether it may queue a command that is called `name`.
    pub(crate) fn may_queue(&self, name: &str) -> Result<(), AppError> {
        if self.token.role.may_queue(name) {
            return Ok(());
        }
        Err(AppError::Forbidden(format!(
            "this command needs the role operator; the role {} queues app_install and app_status only",
            self.token.role.name()
        )))
    }

    /// Whether a device may go from these groups to those: a scoped caller gives and
    /// takes only its own groups, and no device leaves its scope.
    pub(crate) fn may_regroup(
        &self,
        before: &[String],
        after: &[String],
        field: &str,
    ) -> Result<(), FieldError> {
        let Some(own) = &self.token.groups else {
            return Ok(());
        };
        let moved = |from: &[String], to: &[String]| {
            from.iter()
                .any(|group| !to.contains(group) && !own.contains(group))
        };
        if moved(before, after) || moved(after, before) {
            let expected = "changes to this token's groups only";
            return Err(FieldError::new(field, expected, "another"));
        }
        if !self.token.covers(after) {
            let expected = "at least one of this token's groups";
            return Err(FieldError::new(field, expected, "none"));
        }
        Ok(())
    }

    /// A decision on a device that is within the scope when it is taken.
    pub(crate) fn decide(
        &self,
        decide: impl FnOnce(&Device) -> Result<change::DeviceChange, Refusal> + Send + 'static,
    ) -> Decide {
        let by = self.clone();
        Box::new(move |device| {
            by.covers(device)?;
            decide(device)
        })
    }

    /// The same on a device's installs.
    pub(crate) fn decide_installs(
        &self,
        decide: impl FnOnce(&Device, &[Install], u32) -> Result<Written, Refusal> + Send + 'static,
    ) -> DecideInstalls {
        let by = self.clone();
        Box::new(move |device, installs, no| {
            by.covers(device)?;
            decide(device, installs, no)
        })
    }

    /// Refuses a device that is not within the scope as one that is not there.
    pub(crate) fn covers(&self, device: &Device) -> Result<(), Refusal> {
        if self.may_see(&device.record) {
            return Ok(());
        }
        Err(Refusal::Missing("device not found".to_owned()))
    }
}
