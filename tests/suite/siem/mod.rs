//! Events sent to other systems: real receivers, a real server, and receivers that fail.

mod alerts;
mod files;
mod https;
mod kills;
mod origins;
mod receivers;
mod secrets;
mod stdout;
mod syslog;

use std::path::Path;

use modegate_core::tlog::Checkpoint;
use serde_json::{Value, json};

use crate::audit::{Database, newest};
use crate::harness::{Server, serve_command};
use crate::wait::{DEADLINE, eventually_blocking, seen};

/// A server in that directory with these sinks, which seals every second.
pub fn serve(dir: &Path, sinks: &[&str], environment: &[(&str, &str)]) -> Server {
    let arguments = vec!["--accept-unknown-devices".to_owned()];
    let mut command = serve_command(dir, &arguments);
    command
        .env("MODEGATE_AUDIT_SEAL_SECONDS", "1")
        .env("MODEGATE_SIEM_SINKS", sinks.join(","))
        .envs(environment.iter().copied());
    Server::by(command, dir, arguments)
}

/// Registers so many devices.
pub async fn load(server: &Server, prefix: &str, devices: usize) {
    for n in 0..devices {
        let source = format!("{prefix}.{n}");
        server.register(json!({"source": source})).await;
    }
}

/// The lines of a text, each of which is whole.
pub fn lines(text: &str) -> Vec<Value> {
    assert!(text.is_empty() || text.ends_with('\n'), "{text}");
    let read = |line: &str| {
        serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in: {line}"))
    };
    text.lines().map(read).collect()
}

/// The lines that are whole in a file by now: the last one may be half written.
pub fn in_file(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let end = text.rfind('\n').map_or(0, |at| at + 1);
    lines(&text[..end])
}

/// The place of a line in either form.
pub fn place(line: &Value) -> (u64, String) {
    let of = if line["metadata"].is_object() {
        &line["metadata"]
    } else {
        line
    };
    let sequence = of["sequence"].as_u64().unwrap();
    (sequence, of["uid"].as_str().unwrap().to_owned())
}

/// The event of a line in either form.
pub fn event(line: &Value) -> &Value {
    match line.get("event") {
        Some(event) => event,
        None => &line["unmapped"],
    }
}

/// Nothing of the log up to this entry is missing, everything is as the log has it, and
/// what came twice came as before. Without what comes again, numbers never fall.
pub fn is_complete(dir: &Path, lines: &[Value], size: u64) {
    let entries = Database::of(dir).entries();
    let (mut next, mut seen) = (0, std::collections::BTreeMap::new());
    for line in lines {
        let (number, uid) = place(line);
        assert!(number <= next, "{number} is sent where {next} was due");
        next = next.max(number + 1);
        let known = seen.entry(uid).or_insert_with(|| event(line).clone());
        assert_eq!(known, event(line));
        let entry = &entries[number as usize];
        let json: Value = serde_json::from_slice(&entry[17..]).unwrap();
        assert_eq!(*event(line), json);
    }
    assert!(next >= size, "{next} of {size} came");
}

/// Waits until everything that is logged by now is sealed; how many entries that are.
pub fn sealed(dir: &Path) -> u64 {
    let all = Database::of(dir).entries().len() as u64;
    let checkpoint: Option<Checkpoint> = eventually_blocking(DEADLINE, || {
        seen(newest(dir, 1), |newest| {
            newest.as_ref().is_some_and(|newest| newest.size >= all)
        })
    });
    checkpoint.unwrap().size
}

/// Waits until lines are there up to that size of the log.
pub fn arrived(size: u64, mut read: impl FnMut() -> Vec<Value>) -> Vec<Value> {
    eventually_blocking(DEADLINE, || {
        let lines = read();
        let last = lines.iter().map(|line| place(line).0 + 1).max();
        match last.unwrap_or_default() >= size {
            true => Ok(lines),
            false => Err(format!("{last:?} of {size}")),
        }
    })
}
