//! The console.

pub(super) mod access;
pub(super) mod alerts;
pub(super) mod app_form;
pub(super) mod apps;
pub(super) mod audit;
pub(super) mod batches;
pub(super) mod command;
pub(super) mod compliance;
pub(super) mod devices;
mod entered_secrets;
pub(super) mod home;
pub(super) mod installs;
pub(super) mod jump;
pub(super) mod links;
pub(super) mod new_batch;
pub(super) mod new_command;
pub(super) mod policies;
pub(super) mod policy_explain;
pub(super) mod policy_sets;
pub(super) mod policy_try;
pub(super) mod push;
pub(super) mod push_form;
pub(super) mod queue;
pub(super) mod server;
pub(super) mod token_form;
pub(super) mod webhook_form;
pub(super) mod webhooks;

use std::str::FromStr;

use actix_web::http::StatusCode;

use super::Visitor;
use super::audience::OPERATE;
use crate::app::AppError;
use crate::http::problem::Problem;
use modegate_core::device::Device;
use modegate_core::fields::FieldError;
use modegate_core::ids::{CommandId, CommandSeq, DeviceId};
use modegate_pages::console::form::{Entered, Fault};

/// The id in a path: text that is none is the id of nothing.
fn path_id<T: FromStr>(text: &str, of: &str) -> Result<T, Problem> {
    text.parse().map_err(|_| Problem::missing(of))
}

/// Whether who looks may change devices and commands.
fn may_operate(visitor: &Visitor) -> bool {
    OPERATE.admits(visitor.by())
}

/// A device as pages link to it: its id and what it is called.
fn named(device: &Device) -> (String, String) {
    (device.id.to_string(), device.record.source.0.clone())
}

/// The id of a device's command.
fn command_id(device: DeviceId, seq: u32) -> String {
    let seq = CommandSeq(seq);
    CommandId { device, seq }.to_string()
}

/// What was entered into a form.
fn entered(form: &super::Form) -> Entered {
    Entered(form.entered())
}

/// Why a form is shown again.
struct Wrong {
    status: StatusCode,
    /// What is wrong with which field.
    fields: Vec<FieldError>,
    /// What is wrong with no field.
    rest: Vec<Fault>,
}

impl Wrong {
    /// These fields are wrong.
    fn fields(fields: Vec<FieldError>) -> Self {
        Wrong {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            fields,
            rest: Vec::new(),
        }
    }

    /// What can be mended in the form, or what cannot.
    fn from_error(error: AppError) -> Result<Self, Problem> {
        match error {
            AppError::Fields(fields) | AppError::Conflicts(fields) => Ok(Wrong::fields(fields)),
            AppError::Conflict(why) | AppError::Limit(why) => Ok(Wrong {
                status: StatusCode::CONFLICT,
                fields: Vec::new(),
                rest: vec![Fault::of_all(why)],
            }),
            other => Err(other.into()),
        }
    }

    /// The same with the faults of what stands at `within` as faults of the form's own fields.
    fn without(mut self, within: &str) -> Self {
        for fault in &mut self.fields {
            if let Some(rest) = fault.field.strip_prefix(within) {
                fault.field = rest.to_owned();
            }
        }
        self
    }
}
