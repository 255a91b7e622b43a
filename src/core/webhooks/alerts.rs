//! What webhooks are to be sent of an alert.

use serde_json::json;

use super::Webhook;
use crate::alert::Alert;
use crate::change::NewDelivery;
use crate::device::Device;
use crate::event::Event;

/// What these webhooks are to be sent of an alert that was raised, or cleared if it is.
/// `device` is the one that it is about; an alert about anything else is not for a webhook
/// that is bound to groups.
pub fn of_alert(webhooks: &[Webhook], alert: &Alert, device: Option<&Device>) -> Vec<NewDelivery> {
    let event = Event::of_alert(alert);
    let groups = device.map_or(&[][..], |device| &device.record.groups);
    let name = event.what.name();
    let wanted = webhooks
        .iter()
        .filter(|webhook| webhook.wants(name, groups));
    let deliveries = wanted.map(|webhook| NewDelivery {
        webhook: webhook.number,
        due: event.at,
        event: name.to_owned(),
        body: payload(&event, alert),
    });
    deliveries.collect()
}

fn payload(event: &Event, alert: &Alert) -> Vec<u8> {
    let (name, kind) = (event.what.name(), alert.finding.kind);
    let body = json!({
        "id": format!("{}-{}", alert.id, name.trim_start_matches("alert.")),
        "type": name,
        "at": event.at.to_string(),
        "alert": {
            "id": alert.id.to_string(),
            "kind": kind.name(),
            "subject": alert.finding.subject.to_string(),
            "severity": kind.severity().name(),
            "message": alert.finding.message,
            "action": kind.action(),
            "raised_at": alert.raised_at.to_string(),
            "cleared_at": alert.cleared_at.map(|at| at.to_string()),
        },
    });
    body.to_string().into_bytes()
}
