//! Alerts by which a device reports of its own accord: each is kept as an event, and
//! one that names the node of an accepted command says how that ended (OMA DM 1.2.1,
//! 8.7; Windows reports the end of an asynchronous Exec so).

use super::bodies::Bodies;
use super::closing;
use super::event_recorder::EventRecorder;
use super::keep_alive::is_keep_alive;
use super::open::is_login_status;
use crate::command::{CommandState, NodeResult, OpenCommand};
use crate::device::DeviceState;
use crate::event::{AlertRecord, EventType};
use crate::ids::DeviceId;
use crate::limits;
use crate::loc_uri::LocUri;
use crate::secret::Secret;
use modegate_wire::error_number;
use modegate_wire::message::{Alert, Item, Message};
use uuid::Uuid;

/// Types of alerts whose Data is a secret contain one of these.
const SECRET_TYPES: [&str; 6] = ["token", "secret", "password", "credential", "nonce", "key"];

/// Whether an alert only serves the session itself.
pub(super) fn is_session_alert(alert: &Alert) -> bool {
    matches!(alert.code, 1200..=1202 | 1222 | 1223 | 1225)
}

/// Whether an item says that the user unenrolled the device.
pub(super) fn is_unenrollment(alert: &Alert, item: &Item) -> bool {
    let kind = item.meta.kind.as_deref().map(str::trim);
    alert.code == 1226 && kind == Some("com.microsoft:mdm.unenrollment.userrequest")
}

/// Takes the alerts of `message` in.
pub(super) fn take(
    state: &mut DeviceState,
    bodies: &Bodies<'_>,
    message: &Message,
    device: DeviceId,
    recorder: &mut EventRecorder,
) {
    let empty = Item::default();
    let mut kept = 0;
    for alert in message.alerts().filter(|alert| !is_session_alert(alert)) {
        let items = match &alert.items[..] {
            [] => std::slice::from_ref(&empty),
            items => items,
        };
        let serves = |item: &Item| is_login_status(item) || is_keep_alive(item);
        let reports = |item: &&Item| !serves(item) && !is_unenrollment(alert, item);
        for item in items.iter().filter(reports) {
            let ended = end_command(state, bodies, (alert.code, item), recorder);
            kept += 1;
            if kept > limits::ALERTS {
                let most = limits::ALERTS;
                recorder.note(format!("more than {most} alerts: the rest is not kept"));
                continue;
            }
            let mut event = recorder.event("device", device, EventType::DeviceAlert);
            if let Some(command) = ended {
                event = event.command(command.seq.0, command.kind());
            }
            event.alert = Some(record(alert, item));
            recorder.events.push(event);
        }
    }
    closing::close_finished(state, recorder);
}

/// Ends the accepted command whose node the item names, by the number in its Data; of
/// several such commands, the oldest.
fn end_command<'a>(
    state: &'a mut DeviceState,
    bodies: &Bodies<'_>,
    (code, item): (u16, &Item),
    recorder: &mut EventRecorder,
) -> Option<&'a OpenCommand> {
    let number = error_number::read(item.data.as_deref()?)?;
    let source = LocUri::from(item.source.as_deref().or(item.target.as_deref())?);
    let (at, lease, index, node) = state
        .open
        .iter()
        .enumerate()
        .filter(|(_, command)| command.state == CommandState::Accepted && !command.is_unenroll())
        .find_map(|(at, command)| {
            let (lease, index, node) = pending_at(command, bodies, &source)?;
            Some((at, lease, index, node))
        })?;
    let command = &mut state.open[at];
    let value = match number {
        0x8000_0000.. => format!("0x{number:08X}"),
        _ => number.to_string(),
    };
    let result = NodeResult {
        format: Some("int".to_owned()),
        data: Some(Secret::new(value.clone())),
        ..NodeResult::of_node(node)
    };
    let statuses = &mut command.leases[lease].statuses;
    statuses[index] = if number == 0 { 200 } else { 500 };
    let (to, end) = match number {
        0 if statuses.contains(&202) => (CommandState::Accepted, "a part of it succeeded"),
        0 => (CommandState::Succeeded, "it succeeded"),
        _ => (CommandState::Failed, "it failed"),
    };
    if to.is_final() {
        command.deadline = None;
    }
    let reason = format!("the device reported that {end}: {value} (alert {code})");
    recorder.transition(command, to, None, Some(reason), vec![result]);
    Some(command)
}

/// The element of `command` at `source` that the device is still working on: in which
/// delivery, which of its CmdIDs, the node.
fn pending_at(
    command: &OpenCommand,
    bodies: &Bodies<'_>,
    source: &LocUri,
) -> Option<(usize, usize, LocUri)> {
    let placed = bodies.get(command.seq)?.placed();
    command.leases.iter().enumerate().find_map(|(nth, lease)| {
        let mut elements = placed.iter().zip(&lease.statuses).enumerate();
        elements.find_map(|(index, (element, &status))| {
            let node = element.loc_uri.filter(|node| node.is_same_node(source))?;
            (status == 202).then(|| (nth, index, node.clone()))
        })
    })
}

/// What is kept of it: bounded, and without what may be a secret.
fn record(alert: &Alert, item: &Item) -> AlertRecord {
    let kind = item.meta.kind.as_deref().map(str::trim);
    let source = item.source.as_deref().or(item.target.as_deref());
    AlertRecord {
        code: alert.code,
        kind: kind.map(cut),
        source: source.map(cut),
        mark: item.meta.mark.as_deref().map(cut),
        data: item
            .data
            .as_deref()
            .map(|data| match may_be_kept(kind.unwrap_or(""), data.trim()) {
                true => data.trim().to_owned(),
                false => "***".to_owned(),
            }),
    }
}

/// A result code, an id, or nothing, of an alert that is not about secrets. Words may be the
/// name of a person, and a longer number somebody's telephone.
fn may_be_kept(kind: &str, data: &str) -> bool {
    let kind = kind.to_ascii_lowercase();
    let is_hex = |hex: &str| hex.len() <= 8 && u32::from_str_radix(hex, 16).is_ok();
    let is_decimal = |text: &str| text.parse::<i32>().is_ok() || text.parse::<u32>().is_ok();
    let is_number = match data.strip_prefix("0x").or(data.strip_prefix("0X")) {
        Some(hex) => is_hex(hex),
        // No result begins so, and telephone numbers do.
        None => data == "0" || !data.starts_with(['+', '0']) && is_decimal(data),
    };
    (data.is_empty() || is_number || Uuid::try_parse(data).is_ok())
        && !SECRET_TYPES.iter().any(|word| kind.contains(word))
}

fn cut(text: &str) -> String {
    let end = text.floor_char_boundary(limits::ALERT_NAME_BYTES);
    text[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use super::may_be_kept;

    #[test]
    fn data_that_may_be_a_secret_is_not_kept() {
        for (kind, data, kept) in [
            ("x.result", "1603", true),
            ("x.result", "-2147024891", true),
            ("x.result", "0x80070005", true),
            ("x.result", "4294967295", true),
            ("x.result", "4294967296", false),
            ("x.result", "Failed: not found", false),
            ("x.result", "Anna Smith", false),
            ("x.result", "+49 170 5550199", false),
            ("x.result", "+491705550", false),
            ("x.result", "01705550199", false),
            ("x.result", "{1803A630-3C38-4D2B-9B9A-0CB37243539C}", true),
            ("", "", true),
            ("com.microsoft/MDM/AADUserToken", "1", false),
            ("x", "eyJ0eXAiOiJKV1QiLCJhbGciOiJub25lIn0.e30.", false),
            ("x", "https://db3.notify.windows.com/?token=a", false),
            ("x", "<a/>", false),
            ("x", &"1".repeat(40), false),
        ] {
            assert_eq!(may_be_kept(kind, data), kept, "{kind} {data}");
        }
    }
}
