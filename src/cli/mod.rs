//! The command line.

mod serve;

use clap::{Parser, Subcommand};

use crate::policy::cli::PolicyCommand;

/// The backend that Windows 8.1 tablets sync with, gated by the mode their
/// MDMAgent runs in.
#[derive(Debug, Parser)]
#[command(name = "modegate", version, about)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve devices and the API
    Serve(serve::ServeArgs),
    /// Check and explain policies
    #[command(subcommand)]
    Policy(PolicyCommand),
}

/// Runs the command line; the exit code.
pub fn run() -> u8 {
    match Cli::parse().command {
        Command::Serve(args) => serve::run(args),
        Command::Policy(command) => match crate::policy::cli::run(&command, &mut std::io::stdout())
        {
            Ok(code) => code,
            Err(error) => {
                eprintln!("modegate: {error}");
                1
            }
        },
    }
}

/// Logs go to standard error; `RUST_LOG` says what is logged.
fn log_to_stderr(default: &str) {
    let filter =
        tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| default.into());
    let logger = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    // A second call, in a test, changes nothing.
    let _ = logger.try_init();
}
