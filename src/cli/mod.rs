//! The command line.

mod backup;
mod config;
mod flags;
mod health;
mod help;
mod key;
mod log;
#[cfg(feature = "otlp")]
mod otlp;
mod pages;
mod serve;

use std::fmt::Display;
use std::io;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

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
    /// Check and show the configuration
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Ask a server whether it is alive: exits with 0 if it is, else with 1
    Health(health::HealthArgs),
    /// Print completions for a shell
    Completions(pages::CompletionsArgs),
    /// Write manual pages into a folder, one per command
    Man(pages::ManArgs),
}

/// The command line as it is parsed, with examples in its help.
pub fn command() -> clap::Command {
    help::with_examples(Cli::command())
}

/// Runs the command line; the exit code.
pub fn run() -> u8 {
    let cli = match Cli::from_arg_matches(&command().get_matches()) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    match cli.command {
        Command::Serve(args) => serve::run(&args),
        Command::Demo(args) => {
            log::to_stderr("warn");
            actix_web::rt::System::new().block_on(crate::demo::run(args))
        }
        Command::Simulate(args) => simulate(args),
        Command::Backup(args) => backup::backup(&args),
        Command::Restore(args) => backup::restore(&args),
        Command::Key(command) => key::run(&command),
        Command::Policy(command) => told(
            "modegate policy",
            crate::policy::cli::run(&command, &mut io::stdout()),
        ),
        Command::Config(command) => {
            told("modegate config", config::run(&command, &mut io::stdout()))
        }
        Command::Health(args) => told("modegate health", health::run(&args).map(|()| 0)),
        Command::Completions(args) => {
            let printed = pages::completions(&args, command(), &mut io::stdout());
            told("modegate completions", printed.map(|()| 0))
        }
        Command::Man(args) => told("modegate man", pages::man(&args, command()).map(|()| 0)),
    }
}

/// The exit code; what went wrong goes to standard error.
fn told(who: &str, ran: Result<u8, impl Display>) -> u8 {
    ran.unwrap_or_else(|error| {
        eprintln!("{who}: {error}");
        1
    })
}

fn simulate(args: crate::sim::SimulateArgs) -> u8 {
    log::to_stderr("warn");
    match tokio::runtime::Runtime::new() {
        Ok(runtime) => told(
            "modegate simulate",
            runtime.block_on(crate::sim::simulate(args)),
        ),
        Err(error) => told("modegate simulate", Err(error)),
    }
}
