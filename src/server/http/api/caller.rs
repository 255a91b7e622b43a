//! Who calls: what the guard found out about a request before its handler runs.

use std::future::{Ready, ready};
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse};
use serde_json::Value;

use super::answer::Answer;
use super::conditional::Match;
use super::idempotency;
use crate::http::Shared;
use crate::http::problem::Problem;
use modegate_core::change::{DeviceChange, Refusal};
use modegate_core::device::{Device, DeviceRecord};
use modegate_core::fields::FieldError;
use modegate_core::ids::DeviceId;
use modegate_core::installs::Install;
use modegate_core::installs::request::Written;
use modegate_core::tokens::Token;
use modegate_store::api::{Once, Write};
use modegate_store::installs::DecideInstalls;
use modegate_store::{Decide, StoreError};

/// The caller of an endpoint, whose role the guard has checked already.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    token: Arc<Token>,
    once: Option<Once>,
    if_match: Option<Match>,
}

impl Caller {
    pub(super) fn new(token: Arc<Token>, once: Option<Once>, if_match: Option<Match>) -> Self {
        Caller {
            token,
            once,
            if_match,
        }
    }

    /// How the log names it.
    pub(super) fn actor(&self) -> String {
        format!("api:{}", self.token.name)
    }

    /// Whether no group bounds what it sees.
    pub(super) fn sees_all(&self) -> bool {
        self.token.groups.is_none()
    }

    /// The groups that bound what it sees, if any do.
    pub(super) fn groups(&self) -> Option<Vec<String>> {
        self.token.groups.clone()
    }

    /// Whether the device is within its scope.
    pub(super) fn may_see(&self, record: &DeviceRecord) -> bool {
        self.token.covers(&record.groups)
    }

    /// Whether something for these groups is for devices within its scope; what is
    /// for no group in particular is for all.
    pub(super) fn may_see_for(&self, groups: &[String]) -> bool {
        groups.is_empty() || self.token.covers(groups)
    }

    /// Refuses a caller whose groups bound it what concerns all devices.
    pub(super) fn unbound(&self) -> Result<(), Problem> {
        if self.sees_all() {
            return Ok(());
        }
        let detail = "this concerns all devices; the token is bound to groups";
        Err(Problem::new(StatusCode::FORBIDDEN, detail))
    }

    /// Whether its token is taken still: a stream may outlive it.
    pub(super) fn is_in_force(&self, shared: &Shared) -> bool {
        shared.tokens.is_in_force(&self.token, shared.now())
    }

    /// The device, if it is there and within the scope: else they look the same.
    pub(super) async fn device(&self, shared: &Shared, id: DeviceId) -> Result<Device, Problem> {
        let device = shared.store.device(id).await?;
        device
            .filter(|device| self.may_see(&device.record))
            .ok_or_else(|| Problem::missing("device"))
    }

    /// Whether it may queue this command, by what it calls it.
    pub(super) fn may_queue(&self, command: &Value) -> Result<(), Problem> {
        let name = command.get("type").and_then(Value::as_str).unwrap_or("");
        if self.token.role.may_queue(name) {
            return Ok(());
        }
        let detail = format!(
            "this command needs the role operator; the role {} queues app_install and app_status only",
            self.token.role.name()
        );
        Err(Problem::new(StatusCode::FORBIDDEN, detail))
    }

    /// Whether a device may go from these groups to those: a scoped caller gives and
    /// takes only its own groups, and no device leaves its scope.
    pub(super) fn may_regroup(
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
            let expected = "no other groups than this token's to come or go";
            return Err(FieldError::new(field, expected, "another"));
        }
        if !self.token.covers(after) {
            let expected = "at least one of this token's groups";
            return Err(FieldError::new(field, expected, "none"));
        }
        Ok(())
    }

    /// Whether what `If-Match` asks for is so.
    pub(super) fn expects(&self, tag: &str) -> Result<(), Refusal> {
        match &self.if_match {
            Some(wanted) if !wanted.is(tag) => Err(Refusal::Stale(format!(
                "If-Match: it is {tag} by now; read it again"
            ))),
            _ => Ok(()),
        }
    }

    /// The same on a device's installs.
    pub(super) fn decide_installs(
        &self,
        decide: impl FnOnce(&Device, &[Install], u32) -> Result<Written, Refusal> + Send + 'static,
    ) -> DecideInstalls {
        let token = Arc::clone(&self.token);
        Box::new(move |device, installs, no| {
            if !token.covers(&device.record.groups) {
                return Err(Refusal::Missing("there is no such device".to_owned()));
            }
            decide(device, installs, no)
        })
    }

    /// A decision on a device that is within the scope when it is taken.
    pub(super) fn decide(
        &self,
        decide: impl FnOnce(&Device) -> Result<DeviceChange, Refusal> + Send + 'static,
    ) -> Decide {
        let token = Arc::clone(&self.token);
        Box::new(move |device| {
            if !token.covers(&device.record.groups) {
                return Err(Refusal::Missing("there is no such device".to_owned()));
            }
            decide(device)
        })
    }

    /// Does a write, once where the caller named it, and answers what it says.
    pub(super) async fn write(
        &self,
        shared: &Shared,
        write: Write,
    ) -> Result<HttpResponse, Problem> {
        match (
            shared.store.write(write, self.once.clone()).await,
            &self.once,
        ) {
            (Ok(answer), _) => Answer::read(&answer),
            // Another request of that name was quicker: its answer is ours.
            (Err(StoreError::Done), Some(once)) => idempotency::kept(shared, once)
                .await?
                .unwrap_or_else(|| Err(StoreError::Done.into())),
            (Err(error), _) => Err(error.into()),
        }
    }
}

impl FromRequest for Caller {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let caller = request.extensions().get::<Caller>().cloned();
        ready(caller.ok_or_else(super::guard::unauthorized))
    }
}
