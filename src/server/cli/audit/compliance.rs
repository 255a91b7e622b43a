//! `modegate audit compliance`.

use serde_json::json;

use super::device::DeviceArgs;
use super::{AuditError, print};
use modegate_core::audit::report::{ControlStanding, DeviceStanding};
use modegate_core::compliance::{ComplianceState, NOT_COVERED, Reason};

/// Prints each verdict with its evidence; the exit code.
pub(super) fn run(args: &DeviceArgs) -> Result<u8, AuditError> {
    let mut standing = DeviceStanding::default();
    args.events(&mut |event, is_of_it| {
        if is_of_it {
            standing.take(event);
        }
    })?;
    let state = standing.worst().map_or(NOT_COVERED, ComplianceState::name);
    if !args.json {
        print(format_args!(
            "device {}: {}\n",
            args.device,
            whole(&standing)
        ))?;
    }
    for (baseline, control) in standing.controls() {
        match args.json {
            true => print(format_args!("{}\n", as_json(baseline, control)))?,
            false => print(in_words(baseline, control))?,
        }
    }
    if args.json {
        let since = standing.since();
        let shown = json!({
            "device": args.device.to_string(), "state": state,
            "since": since.map(|(at, _)| at.to_string()), "event": since.map(|(_, seq)| seq),
        });
        print(format_args!("{shown}\n"))?;
    }
    Ok(0)
}

/// The state of the device, since when, and by which controls.
fn whole(standing: &DeviceStanding) -> String {
    let Some(worst) = standing.worst() else {
        return NOT_COVERED.to_owned();
    };
    let mut words = worst.name().to_owned();
    if let Some((at, event)) = standing.since() {
        words += &format!(" since {at} (event {event})");
    }
    if worst == ComplianceState::Compliant {
        return words;
    }
    let controls = standing.controls();
    let worst = controls.filter(|(_, control)| control.record.state == worst);
    let names: Vec<&str> = worst
        .map(|(_, control)| control.record.control.as_str())
        .collect();
    words + " by " + &names.join(", ")
}

fn as_json(baseline: &str, control: &ControlStanding) -> serde_json::Value {
    let record = &control.record;
    let time = |at: Option<modegate_core::time::Timestamp>| at.map(|at| at.to_string());
    let brought = control.brought.as_ref().map(|brought| {
        json!({
            "session": brought.session, "mode": brought.mode.name(),
            "login": brought.login.name(), "policy_set": brought.policy_set,
            "at": brought.at.to_string(),
        })
    });
    json!({
        "baseline": baseline, "digest": control.digest, "control": record.control,
        "state": record.state.name(), "since": record.since.to_string(),
        "beneath": record.beneath.map(ComplianceState::name),
        "reason": record.reason.map(Reason::name), "until": time(record.until),
        "value": record.value, "value_sha256": record.value_sha256,
        "read_at": time(record.read_at), "command": record.command,
        "exchange_event": record.event, "event": control.stated, "exchange": brought,
    })
}

fn in_words(baseline: &str, control: &ControlStanding) -> String {
    let record = &control.record;
    let mut line = format!("{baseline} {}: {}", record.control, record.state.name());
    if let Some(reason) = record.reason {
        line += &format!(" ({})", reason.name());
    }
    line += &format!(" since {} (event {})", record.since, control.stated);
    if let Some(until) = record.until {
        line += &format!(", until {until}");
    }
    match (&record.value, &record.value_sha256) {
        (Some(value), _) => line += &format!("; read {value}"),
        (None, Some(digest)) => line += &format!("; read a value with SHA-256 {digest}"),
        (None, None) => {}
    }
    if let Some(at) = record.read_at {
        line += &format!(" at {at}");
    }
    if let Some(command) = record.command {
        line += &format!(" by command {command}");
    }
    if let Some(brought) = &control.brought {
        let (session, mode, login) = (brought.session, brought.mode, brought.login);
        let (mode, login) = (mode.name(), login.name());
        line += &format!(
            ", in session {session} ({mode}, login {login}) under policy set {}",
            brought.policy_set
        );
    }
    line + "\n"
}
