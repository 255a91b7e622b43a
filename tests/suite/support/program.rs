//! The program under test, started without the settings of whoever runs the tests.

use std::process::Command;

/// `modegate`, with no arguments yet.
pub fn program() -> Command {
    without_settings(Command::new(env!("CARGO_BIN_EXE_modegate")))
}

/// Variables that are nobody's setting of this program in particular but change what it
/// prints; the last four decide on colours.
const PRINTING: [&str; 5] = ["RUST_LOG", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "CI"];

/// The command without the variables that the program would read: those of a test run
/// (`MODEGATE_SEED`), of a CI and of a developer's own server are no part of a test.
pub fn without_settings(mut command: Command) -> Command {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("MODEGATE_") || PRINTING.contains(&&*text) {
            command.env_remove(name);
        }
    }
    command
}
