//! What webhooks are to be sent of the steps of installs.

use serde_json::json;

use super::{Webhook, event_name};
use crate::change::{DeviceChange, NewDelivery};
use crate::device::Device;
use crate::ids::CommandId;
use crate::installs::request::Written;
use crate::installs::{Install, InstallId, Step};

/// Adds to a change of a device's installs what webhooks are to be sent of it.
/// `seen` are the installs as they were, and `read` reads the webhooks: it is
/// asked only where an install has a new step.
///
/// # Errors
/// Those of `read`.
pub fn announce<E>(
    written: &mut Written,
    device: &Device,
    seen: &[Install],
    read: impl FnOnce() -> Result<Vec<Webhook>, E>,
) -> Result<(), E> {
    let known = |install: &Install| {
        let before = seen.iter().find(|before| before.no == install.no);
        before.map_or(0, |before| before.steps.len())
    };
    let moved = written
        .installs
        .iter()
        .map(|install| (install, known(install)))
        .filter(|(install, known)| install.steps.len() > *known);
    let moved: Vec<(&Install, usize)> = moved.collect();
    if moved.is_empty() {
        return Ok(());
    }
    let webhooks = read()?;
    let all = moved
        .into_iter()
        .flat_map(|(install, known)| deliveries(&webhooks, device, install, known));
    let all: Vec<NewDelivery> = all.collect();
    if !all.is_empty() {
        let change = written.change.take();
        let mut change = change.unwrap_or_else(|| DeviceChange::only_events(device, Vec::new()));
        change.deliveries.extend(all);
        written.change = Some(change);
    }
    Ok(())
}

/// What these webhooks are to be sent of an install's steps from the `from`th on.
pub(super) fn deliveries(
    webhooks: &[Webhook],
    device: &Device,
    install: &Install,
    from: usize,
) -> Vec<NewDelivery> {
    let mut all = Vec::new();
    for (at, step) in install.steps.iter().enumerate().skip(from) {
        let event = event_name(step.state);
        let wants = |webhook: &&Webhook| webhook.wants(&event, &device.record.groups);
        let wanted: Vec<&Webhook> = webhooks.iter().filter(wants).collect();
        if wanted.is_empty() {
            continue;
        }
        let body = payload(device, install, at, step);
        all.extend(wanted.into_iter().map(|webhook| NewDelivery {
            webhook: webhook.number,
            due: step.at,
            event: event.clone(),
            body: body.clone(),
        }));
    }
    all
}

/// What is told of the `at`th step of an install.
fn payload(device: &Device, install: &Install, at: usize, step: &Step) -> Vec<u8> {
    let id = InstallId {
        device: device.id,
        no: install.no,
    };
    let command = CommandId {
        device: device.id,
        seq: install.command,
    };
    let body = json!({
        "id": format!("{id}-{at}"),
        "type": event_name(step.state),
        "at": step.at.to_string(),
        "install": {
            "id": id.to_string(),
            "device": device.id.to_string(),
            "source": device.record.source.0,
            "user": device.record.user,
            "app": install.app,
            "name": install.name,
            "version": install.version.as_str(),
            "state": step.state.name(),
            "command": command.to_string(),
            "requested_by": install.requested_by,
            "requested_at": install.requested_at.to_string(),
        },
        "detail": step.detail,
        "progress": step.progress,
    });
    body.to_string().into_bytes()
}
