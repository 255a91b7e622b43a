//! The command line.

mod backup;
mod key;
mod serve;

use std::io::IsTerminal;

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
    /// Play the scenario of the modes against the real server with a simulated tablet
    Demo(crate::demo::DemoArgs),
    /// Run simulated tablets against any server
    Simulate(crate::sim::SimulateArgs),
    /// Copy the database into one file, while it is served or not
    Backup(backup::BackupArgs),
    /// Put a backup in the place of the database, with no server running
    Restore(backup::RestoreArgs),
    /// Change the main key
    #[command(subcommand)]
    Key(key::KeyCommand),
    /// Check and explain policies
    #[command(subcommand)]
    Policy(PolicyCommand),
}

/// Runs the command line; the exit code.
pub fn run() -> u8 {
    match Cli::parse().command {
        Command::Serve(args) => serve::run(args),
        Command::Demo(args) => {
            log_to_stderr("warn");
            actix_web::rt::System::new().block_on(crate::demo::run(args))
        }
        Command::Simulate(args) => simulate(args),
        Command::Backup(args) => backup::backup(&args),
        Command::Restore(args) => backup::restore(&args),
        Command::Key(command) => key::run(&command),
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

fn simulate(args: crate::sim::SimulateArgs) -> u8 {
    log_to_stderr("warn");
    let ran =
        tokio::runtime::Runtime::new().map(|runtime| runtime.block_on(crate::sim::simulate(args)));
    match ran {
        Ok(Ok(code)) => code,
        Ok(Err(error)) => {
            eprintln!("modegate simulate: {error}");
            1
        }
        Err(error) => {
            eprintln!("modegate simulate: {error}");
            1
        }
    }
}

/// Logs go to standard error; `RUST_LOG` says what is logged.
fn log_to_stderr(default: &str) {
    let filter =
        tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| default.into());
    let logger = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    // A second call, in a test, changes nothing.
    let _ = logger.try_init();
}
