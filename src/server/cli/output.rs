//! What the commands print that check, compare and explain reviewed files.

use std::io::{self, Write};

use serde::Serialize;

use modegate_core::policy::Fault;

/// What a command prints, and its exit code.
pub(super) type CommandOutput = (u8, String);

/// Prints it; the exit code. Who closes the output early has seen enough: that is no error.
pub(super) fn print(out: &mut dyn Write, code: u8, text: &str) -> io::Result<u8> {
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
        _ => Ok(code),
    }
}

pub(super) fn to_json(value: &impl Serialize) -> io::Result<String> {
    let text = serde_json::to_string_pretty(value).map_err(io::Error::other)?;
    Ok(text + "\n")
}

/// What is printed where a set does not load.
pub(super) fn faulty(faults: &[Fault], json: bool, code: u8) -> io::Result<CommandOutput> {
    if json {
        return Ok((code, to_json(&serde_json::json!({ "faults": faults }))?));
    }
    let lines = faults.iter().map(|fault| format!("{fault}\n"));
    Ok((code, lines.collect()))
}
