//! Wakes: a push is asked for, so that the device begins a session.

use super::{App, AppError, Principal, WriteOptions};
use modegate_core::change::{self, Refusal};
use modegate_core::device::Device;
use modegate_core::device::outbox;
use modegate_core::ids::DeviceId;
use modegate_core::push::active_profiles::Target;

/// The device, and the push profile that its channel belongs to, if one does.
pub(crate) async fn channel(
    app: &App,
    by: &Principal,
    id: DeviceId,
) -> Result<(Device, Option<Target>), AppError> {
    let device = by.device(app, id).await?;
    let push = app.sync.push();
    let (record, own) = (&device.record, device.state.push.owner.as_ref());
    let target = push.current(record.family, &record.groups, own).cloned();
    Ok((device, target))
}

/// Asks for a wake; those asked for one device come together. The device afterwards,
/// with its wake.
pub(crate) async fn request(
    app: &App,
    by: &Principal,
    id: DeviceId,
    options: WriteOptions<Device>,
) -> Result<Device, AppError> {
    by.device(app, id).await?;
    let (actor, now) = (by.actor(), app.now());
    let decide = by.decide(move |device| {
        if let Some(at) = device.state.unenrolled_at {
            let why = format!("the device is unenrolled since {at}");
            return Err(Refusal::Conflict(why));
        }
        let mut state = device.state.clone();
        let request = outbox::request_wake(&mut state, "asked for", now);
        Ok(change::DeviceChange::new(device, state)
            .with_events(vec![request.event(&actor, device.id, now)]))
    });
    Ok(app.store.alter(id, decide, options.keep).await?)
}
