//! The `modegate` program: see [`modegate::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(modegate::cli::run())
}
