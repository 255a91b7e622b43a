//! `modegate audit withheld`.

use serde_json::json;

use super::device::DeviceArgs;
use super::{AuditError, print};
use modegate_core::audit::report::{DeviceWaits, Wait};
use modegate_core::context::Mode;
use modegate_core::time::Timestamp;

/// Prints each wait; the exit code.
pub(super) fn run(args: &DeviceArgs) -> Result<u8, AuditError> {
    let (mut waits, mut printed, mut latest) = (DeviceWaits::default(), Ok(()), None);
    args.events(&mut |event, is_of_it| {
        latest = latest.max(Some(event.at));
        if is_of_it {
            waits.take(event, &mut |wait| {
                if printed.is_ok() {
                    printed = print_wait(args, &wait, None);
                }
            });
        }
    })?;
    printed?;
    for wait in waits.open() {
        print_wait(args, &wait, latest)?;
    }
    Ok(0)
}

/// A wait; one that lasts is as long as the log goes.
fn print_wait(args: &DeviceArgs, wait: &Wait, latest: Option<Timestamp>) -> std::io::Result<()> {
    let (waiting, reason) = (&wait.waiting, &wait.waiting.reason);
    let until = wait.ended.map(|(at, _)| at);
    let ended = wait
        .ended
        .map_or("still withheld", |(_, ending)| ending.name());
    let ms = until.or(latest).map_or(0, |at| at.ms_since(waiting.since));
    let modes: Vec<&str> = waiting.modes.iter().copied().map(Mode::name).collect();
    if args.json {
        let shown = json!({
            "device": args.device.to_string(), "command": wait.command,
            "kind": reason.kind.name(), "rules": reason.rules, "modes": modes,
            "since": waiting.since.to_string(), "event": waiting.event,
            "until": until.map(|at| at.to_string()), "ended": ended, "withheld_ms": ms,
        });
        return print(format_args!("{shown}\n"));
    }
    let until = until.map_or_else(|| "now".to_owned(), |at| at.to_string());
    let (kind, rules) = (reason.kind.name(), reason.rules.join(", "));
    let seconds = ms / 1000;
    print(format_args!(
        "command {} {kind}: withheld by {rules}, which lets it go in {}; from {} (event {}) to {until}, {seconds} s: {ended}\n",
        wait.command,
        match modes.is_empty() {
            true => "no mode".to_owned(),
            false => modes.join(" or "),
        },
        waiting.since,
        waiting.event,
    ))
}
