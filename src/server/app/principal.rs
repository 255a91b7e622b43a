//! Who asks for something, and what they may see and do.

use std::sync::Arc;

use serde_json::Value;

use super::context::App;
use super::error::AppError;
use modegate_core::change::{self, Refusal};
use modegate_core::device::Device;
use modegate_core::event::Event;
use modegate_core::fields::{FieldError, quoted};
use modegate_core::ids::DeviceId;
use modegate_core::installs::Install;
use modegate_core::installs::request::Written;
use modegate_core::limits::DEVICE_LIST;
use modegate_core::tokens::person::Person;
use modegate_core::tokens::{Role, Token, TokenId};
use modegate_store::Decide;
use modegate_store::installs::DecideInstalls;

/// Who asks: the holder of a token, whose role was checked for what is asked.
#[derive(Debug, Clone)]
pub(crate) struct Principal {
    token: Arc<Token>,
    /// How the log names it, where it came by a page.
    session: Option<Arc<str>>,
}

impl Principal {
    /// The holder of this token.
    pub(crate) fn new(token: Arc<Token>) -> Self {
        Principal {
            token,
            session: None,
        }
    }

    /// Somebody who is signed in to the pages and may do what this token may, and whom the
    /// log names so.
    pub(crate) fn of_session(token: Arc<Token>, actor: &str) -> Self {
        Principal {
            token,
            session: Some(actor.into()),
        }
    }

    /// What it is for.
    pub(crate) fn role(&self) -> Role {
        self.token.role
    }

    /// How the log names it.
    pub(crate) fn actor(&self) -> String {
        let by_page = self.session.as_deref().map(str::to_owned);
        by_page.unwrap_or_else(|| self.token.actor())
    }

    /// Whether nothing bounds what it sees.
    pub(crate) fn sees_all(&self) -> bool {
        self.token.sees_all()
    }

    /// The id of its token.
    pub(crate) fn token_id(&self) -> TokenId {
        self.token.id
    }

    /// The person that it acts for, if it acts for one.
    pub(crate) fn person(&self) -> Option<&Person> {
        self.token.person.as_ref()
    }

    /// Whether it may know of this group: the others are no business of a caller that is
    /// bound to some, nor of a person.
    pub(crate) fn knows_group(&self, group: &String) -> bool {
        match &self.token.groups {
            Some(own) => own.contains(group),
            None => self.token.person.is_none(),
        }
    }

    /// Whether it may know of something that is for these groups; what is for no group in
    /// particular is for all.
    pub(crate) fn may_see_for(&self, groups: &[String]) -> bool {
        groups.is_empty() || groups.iter().any(|group| self.knows_group(group))
    }

    /// Of these groups those that it may know of.
    pub(crate) fn known_groups(&self, groups: &[String]) -> Vec<String> {
        let known = groups.iter().filter(|group| self.knows_group(group));
        known.cloned().collect()
    }

    /// Whether an event names groups that it may not know of.
    pub(crate) fn is_kept_from(&self, event: &Event) -> bool {
        event.names_other_groups(|group| self.knows_group(group))
    }

    /// An event as far as it may see it.
    pub(crate) fn sees(&self, event: Event) -> Event {
        let mut event = event.naming_only(|group| self.knows_group(group));
        // A device that it may not see is not named by the event of one that it may.
        if !self.sees_all()
            && let Some(enrollment) = &mut event.enrollment
        {
            enrollment.other_device = None;
        }
        event
    }

    /// The groups that bound what it sees, if any do.
    pub(crate) fn groups(&self) -> Option<Vec<String>> {
        self.token.groups.clone()
    }

    /// Whether the device is within its scope.
    pub(crate) fn may_see(&self, device: &Device) -> bool {
        self.token.covers_device(device.id, &device.record)
    }

    /// Refuses a caller whose groups bound it what concerns all devices.
    pub(crate) fn unbound(&self) -> Result<(), AppError> {
        if self.sees_all() {
            return Ok(());
        }
        let why = "this concerns all devices; the token is bound to some";
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
            .filter(|device| self.may_see(device))
            .ok_or_else(|| AppError::missing("device"))
    }

    /// Whether it may queue this command.
    pub(crate) fn may_queue(&self, command: &Value) -> Result<(), AppError> {
        let checked = self.token.role.check_command(command);
        checked.map_err(AppError::Forbidden)
    }

    /// Whether it has apps installed only as the catalogue has them.
    pub(crate) fn is_portal(&self) -> bool {
        self.token.role == Role::Portal
    }

    /// The groups of a device that had those of `before` and is to have `wanted`. A caller
    /// that is bound to groups gives and takes its own only: the others, which it does not
    /// know of, stay. No device leaves its scope.
    pub(crate) fn regroup(
        &self,
        before: &[String],
        wanted: Vec<String>,
        field: &str,
    ) -> Result<Vec<String>, FieldError> {
        let Some(own) = &self.token.groups else {
            return Ok(wanted);
        };
        if let Some(foreign) = wanted.iter().find(|group| !own.contains(group)) {
            let expected = "groups of this token only; others that the device has stay";
            return Err(FieldError::new(field, expected, quoted(foreign)));
        }
        if wanted.is_empty() {
            let expected = "at least one of this token's groups";
            return Err(FieldError::new(field, expected, "none"));
        }
        let foreign = before.iter().filter(|group| !own.contains(group));
        let all: Vec<String> = foreign.cloned().chain(wanted).collect();
        if all.len() > DEVICE_LIST {
            let expected = format!("groups that leave the device at most {DEVICE_LIST} in all");
            return Err(FieldError::new(field, expected, "more"));
        }
        Ok(all)
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
        if self.may_see(device) {
            return Ok(());
        }
        Err(Refusal::Missing("device not found".to_owned()))
    }
}
