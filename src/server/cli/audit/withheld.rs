//! `modegate audit withheld`.

use clap::Args;
use serde_json::json;

use super::source::{Reader, SourceArgs};
use super::{AuditError, print};
use crate::audit::prove::Prover;
use modegate_core::audit::report::{DeviceWaits, Wait};
use modegate_core::context::Mode;
use modegate_core::ids::DeviceId;
use modegate_core::time::Timestamp;

/// Flags of `audit withheld`.
#[derive(Debug, Args)]
pub struct WithheldArgs {
    #[command(flatten)]
    source: SourceArgs,
    /// The device
    #[arg(long, value_name = "ID")]
    device: DeviceId,
    /// Print JSON: an object per line
    #[arg(long)]
    json: bool,
}

/// Prints each wait; the exit code.
pub(super) fn run(args: &WithheldArgs) -> Result<u8, AuditError> {
    let source = args.source.find()?;
    let database = source.database()?;
    let mut reader = Reader::new(&source, database.as_ref());
    let mut prover = Prover::open(reader.as_source())?;
    let (mut waits, mut is_there, mut printed) = (DeviceWaits::default(), false, Ok(()));
    let mut latest = None;
    prover.events(&mut |_, event| {
        latest = latest.max(Some(event.at));
        if event.device == Some(args.device) {
            is_there = true;
            waits.take(&event, &mut |wait| {
                if printed.is_ok() {
                    printed = args.print(&wait, None);
                }
            });
        }
    })?;
    printed?;
    if !is_there {
        return Err(AuditError::NoDevice(args.device));
    }
    for wait in waits.open() {
        args.print(&wait, latest)?;
    }
    Ok(0)
}

impl WithheldArgs {
    /// A wait; one that lasts is as long as the log goes.
    fn print(&self, wait: &Wait, latest: Option<Timestamp>) -> std::io::Result<()> {
        let (waiting, reason) = (&wait.waiting, &wait.waiting.reason);
        let until = wait.ended.map(|(at, _)| at);
        let ended = wait
            .ended
            .map_or("still withheld", |(_, ending)| ending.name());
        let ms = until.or(latest).map_or(0, |at| at.ms_since(waiting.since));
        let modes: Vec<&str> = waiting.modes.iter().copied().map(Mode::name).collect();
        if self.json {
            let shown = json!({
                "device": self.device.to_string(), "command": wait.command,
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
}
