//! When a waiting command can go: now, in the Apps session of the wake under
//! way, at the next Maintenance, in any session, not before a time, never.
//!
//! Pure. It asks the same function that a session and a preview ask. A push only
//! ever brings Apps (the MDMAgent article): no forecast promises that one repairs a channel.

mod asked;
mod carriers;
mod families;
mod hours;
mod outlook;
mod push_help;
mod renewal;
mod windows81;

pub use asked::View;
pub use outlook::{Forecast, When};
pub use push_help::{PushHelp, push_help};
pub use renewal::{Window, renewal};
pub(crate) use windows81::channel_in_words;

use crate::change::DeviceChange;
use crate::command::{CommandState, OpenCommand};
use crate::context::Family;
use crate::device::DeviceRecord;
use crate::event::{Event, EventType};
use crate::ids::CommandSeq;
use crate::inventory::{Address, Inventory, Value};
use crate::policy::PolicySet;
use crate::session::Waits;
use crate::session::queue::state_at;
use crate::time::Timestamp;
use asked::{Asked, set_before};
use hours::Hours;

/// The forecast of an open command.
pub fn forecast(view: &View<'_>, command: &OpenCommand) -> Forecast {
    match state_at(view.state, command, view.now) {
        CommandState::Queued => {}
        CommandState::Expired => return Forecast::new(When::Never, "its time has passed"),
        CommandState::Unconfirmed => {
            let text = "it was sent and its answer was lost; it is sent again only on request";
            return Forecast::new(When::Sent, text);
        }
        _ => return Forecast::new(When::Sent, "it was sent; the device has not answered yet"),
    }
    let waits = Waits::new(command, view.state.set_pause, None, view.now);
    let mut then = by_policy(view, command);
    if command.is_suspect() {
        let times = command.unanswered;
        let words = "times without an answer, so it goes alone, after all else";
        then.text = format!("{}; it was sent {times} {words}", then.text);
    }
    if let Some(at) = waits.until {
        let mut forecast = Forecast::new(
            When::NotBefore,
            format!("not before {}; then {}", at.minute(), then.text),
        );
        (forecast.at, forecast.user) = (Some(at), then.user);
        (forecast.modes, forecast.needs_logon) = (then.modes, then.needs_logon);
        forecast.usual_logon = then.usual_logon;
        return forecast;
    }
    if waits.commands {
        let others = command.options.after.iter().map(|seq| seq.0.to_string());
        let others = others.collect::<Vec<_>>().join(", ");
        let text = format!("after command {others} is done; then {}", then.text);
        let mut forecast = Forecast::new(When::After, text);
        (forecast.modes, forecast.needs_logon) = (then.modes, then.needs_logon);
        return forecast;
    }
    if let Some(first) = set_before(view, command) {
        let text = format!(
            "after command {}, which sets the push channel too: a session carries one set; then {}",
            first.0, then.text
        );
        let mut forecast = Forecast::new(When::After, text);
        (forecast.modes, forecast.needs_logon) = (then.modes, then.needs_logon);
        return forecast;
    }
    then
}

/// Writes beside the commands that a change queues when they could go, for the log.
pub fn note(
    change: &mut DeviceChange,
    record: &DeviceRecord,
    policies: &PolicySet,
    now: Timestamp,
) {
    let queues = |event: &Event| event.what == EventType::CommandQueued;
    if !change.events.iter().any(queues) {
        return;
    }
    // The log never forgets: it names nobody.
    let nobody = DeviceRecord {
        user: None,
        ..record.clone()
    };
    let view = View {
        state: &change.state,
        record: &nobody,
        policies,
        build: None,
        now,
    };
    for event in &mut change.events {
        let queued = event.what == EventType::CommandQueued;
        let seq = event.command.filter(|_| queued).map(CommandSeq);
        if let Some(open) = seq.and_then(|seq| view.state.open(seq)) {
            event.forecast = Some(forecast(&view, open).line());
        }
    }
}

/// The next nightly maintenance of a Windows 8.1 device, and about when its user usually logs
/// on, by the device's clock; neither where its zone is not known.
pub fn device_hours(view: &View<'_>) -> (Option<Window>, Option<String>) {
    let hours = Hours::of(view);
    let usual = hours.as_ref().and_then(Hours::usual_logon);
    (hours.as_ref().map(Hours::night), usual.map(str::to_owned))
}

/// The build of a Windows 10 device, from `./DevDetail/SwV` of its inventory
/// (`10.0.14393.0`).
pub fn build(inventory: &Inventory) -> Option<u32> {
    let entry = inventory.entry(&Address::from_loc_uri(&"./DevDetail/SwV".into())?)?;
    let text = match &entry.value {
        Value::Text(text) => text.clone(),
        _ => entry.text.clone()?,
    };
    text.split('.').nth(2)?.parse().ok()
}

fn by_policy(view: &View<'_>, command: &OpenCommand) -> Forecast {
    let asked = Asked::new(view, command);
    let mut forecast =
        asked
            .now()
            .or_else(|| asked.never())
            .unwrap_or_else(|| match view.record.family {
                Family::Windows81 => windows81::forecast(&asked),
                family => families::forecast(&asked, family),
            });
    carriers::complete(&asked, &mut forecast);
    forecast
}

#[cfg(test)]
mod tests;
