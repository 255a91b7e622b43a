//! What waits across the fleet, by kind, rule and the modes that would let it go.

use std::sync::Arc;

use super::{App, AppError, Principal};
use crate::current::Current;
use modegate_core::command::CommandState;
use modegate_core::device::Device;
use modegate_core::ids::{CommandId, DeviceId};
use modegate_core::policy::PolicySet;
use modegate_core::time::Timestamp;
use modegate_core::waiting::{Waiting, waiting_on};
use modegate_store::{Store, StoreError};

/// Devices that are read for a caller who is bound to some.
const LOOKS: usize = 200;

/// What waits, and when that was looked at.
#[derive(Debug)]
pub(crate) struct WaitingCensus {
    /// What waits, by reason.
    pub(crate) waiting: Waiting,
    /// When the look at all devices ended.
    pub(crate) at: Timestamp,
    /// Whether all devices were looked at.
    pub(crate) is_whole: bool,
}

/// The latest of what waits; none before all devices were looked at once.
pub(crate) type LatestCensus = Current<Option<Arc<WaitingCensus>>>;

/// What waits on the devices that the caller may see: on all of them as of the latest walk; for
/// a caller who is bound to some, on the first of them, read now. `None` before the first walk
/// has ended.
pub(crate) async fn census(
    app: &App,
    by: &Principal,
) -> Result<Option<Arc<WaitingCensus>>, AppError> {
    if by.sees_all() {
        return Ok(app.waiting.get().as_ref().clone());
    }
    let (mut waiting, mut after, mut looks) = (Waiting::default(), 0, 0);
    let (policies, now) = (app.sync.policies(), app.now());
    let mut is_whole = true;
    while looks < crate::limits::DEVICE_WALK {
        let found = app.store.devices(after, LOOKS).await?;
        let is_last = found.len() < LOOKS;
        looks += found.len();
        for device in found {
            after = device.number;
            if !by.may_see(&device) {
                continue;
            }
            if waiting.devices >= LOOKS as u64 {
                is_whole = false;
                break;
            }
            look(&*app.store, &mut waiting, (&device, None), &policies, now).await?;
        }
        if is_last || !is_whole {
            break;
        }
        is_whole = looks < crate::limits::DEVICE_WALK;
    }
    Ok(Some(Arc::new(WaitingCensus {
        waiting,
        at: now,
        is_whole,
    })))
}

/// Adds what waits on a device, of which it may be known when the first was queued.
pub(crate) async fn look(
    store: &dyn Store,
    waiting: &mut Waiting,
    (device, waits_since): (&Device, Option<Timestamp>),
    policies: &PolicySet,
    now: Timestamp,
) -> Result<(), StoreError> {
    waiting.look_at();
    let mut queued = device.state.open.iter();
    let first = queued.find(|open| open.state == CommandState::Queued);
    let first = first.map(|open| open.seq);
    for here in waiting_on(device, policies, now) {
        let id = CommandId {
            device: device.id,
            seq: here.oldest,
        };
        let known = waits_since.filter(|_| first == Some(here.oldest));
        let oldest = match known {
            Some(at) => Some(at),
            None => store.command(id).await?.map(|found| found.body.queued_at),
        };
        waiting.add(device.id, here, oldest);
    }
    Ok(())
}

/// The devices of this list that are still there and that the caller may see.
pub(crate) async fn devices(
    app: &App,
    by: &Principal,
    ids: &[DeviceId],
) -> Result<Vec<Device>, AppError> {
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        let device = app.store.device(*id).await?;
        found.extend(device.filter(|device| by.may_see(device)));
    }
    Ok(found)
}
