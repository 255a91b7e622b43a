//! Wakes: a push is asked for, so that the device begins a session.

use super::input::{Integer, input};
use super::word::Word;
use super::{App, AppError, Principal, WriteOptions, commands};
use modegate_core::change::{self, Refusal};
use modegate_core::device::Device;
use modegate_core::device::outbox;
use modegate_core::fields::FieldError;
use modegate_core::ids::DeviceId;
use modegate_core::push::active_profiles::Target;
use modegate_core::push::advice;
use modegate_core::push::wake::{Priority, WakeOptions};

/// A device's channel and what it is looked at with.
pub(crate) struct ChannelSeen {
    /// The device.
    pub(crate) device: Device,
    /// The push profile that its channel belongs to, if one does.
    pub(crate) target: Option<Target>,
    /// The build of its system, where that matters and is known.
    build: Option<u32>,
}

impl ChannelSeen {
    /// What people can do about the channel of a device that is no phone.
    pub(crate) fn advice(&self) -> Option<&'static str> {
        let (family, state) = (self.device.record.family, &self.device.state);
        advice::advice(family, self.build, state.channel.as_ref())
    }
}

/// The device with its channel.
pub(crate) async fn channel(
    app: &App,
    by: &Principal,
    id: DeviceId,
) -> Result<ChannelSeen, AppError> {
    let device = by.device(app, id).await?;
    let push = app.sync.push();
    let (record, own) = (&device.record, device.state.push.owner.as_ref());
    let target = push.current(record.family, &record.groups, own).cloned();
    let build = commands::build(app, &device).await?;
    Ok(ChannelSeen {
        device,
        target,
        build,
    })
}

input! {
    /// How the notification of a wake is sent.
    pub(crate) struct NewWake {
        /// How long WNS keeps it for a device that is not connected, seconds
        /// (`X-WNS-TTL`). Default: 3600.
        pub(crate) ttl_seconds: Option<Integer<60, 86_400>>,
        /// Whether WNS keeps it at all (`X-WNS-Cache-Policy`). Default: true.
        pub(crate) cache: Option<bool>,
        /// Its priority (`X-WNS-PRIORITY`). Default: none, which WNS takes for low: a
        /// device on battery with its screen off gets it later.
        pub(crate) priority: Option<Word<Priority>>,
    }
}

impl NewWake {
    /// What it says, with the defaults.
    ///
    /// # Errors
    /// It has a TTL and is not to be kept.
    pub(crate) fn options(&self) -> Result<WakeOptions, FieldError> {
        let ttl = self.ttl_seconds.and_then(|ttl| u32::try_from(ttl.0).ok());
        let kept_s = match (self.cache, ttl) {
            (Some(false), Some(ttl)) => {
                let expected = "nothing beside cache false: WNS keeps no such notification";
                return Err(FieldError::new("ttl_seconds", expected, ttl));
            }
            (Some(false), None) => None,
            (_, ttl) => ttl.or(WakeOptions::default().kept_s),
        };
        let priority = self.priority.map(|word| word.0);
        Ok(WakeOptions { kept_s, priority })
    }
}

/// Asks for a wake; those asked for one device come together. The device afterwards,
/// with its wake.
pub(crate) async fn request(
    app: &App,
    by: &Principal,
    (id, sent): (DeviceId, WakeOptions),
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
        let request = outbox::request_wake_by(&mut state, sent, "asked for", now);
        Ok(change::DeviceChange::new(device, state)
            .with_events(vec![request.event(&actor, device.id, now)]))
    });
    Ok(app.store.alter(id, decide, options.keep).await?)
}
