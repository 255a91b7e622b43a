//! By what the server proves itself to one device.

use super::devices::{EnrollmentWord, identity_change};
use super::word::Word;
use super::{App, AppError, Principal, WriteOptions};
use modegate_core::device::Device;
use modegate_core::event::{Event, EventType};
use modegate_core::ids::DeviceId;

/// Makes a new random password of the server for this device; it replaces the one before.
/// The device afterwards.
pub(crate) async fn renew(
    app: &App,
    by: &Principal,
    id: DeviceId,
    options: WriteOptions<Device>,
) -> Result<Device, AppError> {
    by.device(app, id).await?;
    if app.sync.server_name().is_none() {
        let why = "the server has no name for proving itself: set server_auth.name";
        return Err(AppError::Conflict(why.to_owned()));
    }
    let (password, now, actor) = (app.new_secret(""), app.now(), by.actor());
    let decide = by.decide(move |device| {
        let mut record = device.record.clone();
        record.server_password = Some(password);
        let event = Event::new(now, actor, Some(device.id), EventType::DeviceChanged);
        let event = event.detail("a new password of the server for this device");
        let same = Some(Word(EnrollmentWord::Same));
        Ok(identity_change(device, record, event, same))
    });
    Ok(app.store.alter(id, decide, options.keep).await?)
}
