//! `/console/audit`: the log, and what proves it.

pub(in crate::http::pages) mod download;
pub(in crate::http::pages) mod entry;
pub(in crate::http::pages) mod exports;
pub(in crate::http::pages) mod list;
mod query;
pub(in crate::http::pages) mod reports;
pub(in crate::http::pages) mod statement;
pub(in crate::http::pages) mod verify;

use std::collections::HashMap;

use crate::app::AppError;
use crate::app::log::LoggedEvent;
use crate::http::pages::Visitor;
use crate::http::problem::Problem;
use modegate_core::ids::DeviceId;

/// The names of the devices that these events are about, as far as they are on record and
/// within the visitor's scope.
async fn names(
    visitor: &Visitor,
    events: &[LoggedEvent],
) -> Result<HashMap<DeviceId, String>, Problem> {
    let (mut names, mut missing) = (HashMap::new(), Vec::new());
    for id in events
        .iter()
        .filter_map(|logged| logged.stored.event.device)
    {
        if names.contains_key(&id) || missing.contains(&id) {
            continue;
        }
        match visitor.by().device(visitor.app(), id).await {
            Ok(device) => drop(names.insert(id, device.record.source.0)),
            Err(AppError::Missing(_)) => missing.push(id),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(names)
}
