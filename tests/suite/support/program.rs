//! The program under test, started without the settings of whoever runs the tests.

use std::process::Command;

/// `modegate`, with no arguments yet.
pub fn program() -> Command {
    without_settings(Command::new(env!("CARGO_BIN_EXE_modegate")))
}

/// The command without the variables that the program would read: those of a test run
/// (`MODEGATE_SEED`) and of a developer's own server are no part of a test.
pub fn without_settings(mut command: Command) -> Command {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("MODEGATE_") || name == "RUST_LOG" {
            command.env_remove(name);
        }
    }
    command
}
