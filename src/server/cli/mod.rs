//! The command line.

mod audit;
mod backup;
mod compliance;
mod config;
mod diff;
mod flags;
mod health;
pub mod help;
mod key;
pub mod log;
#[cfg(feature = "otlp")]
mod otlp;
mod output;
mod pages;
pub mod policy;
mod push;
mod request;
mod serve;

use std::fmt::Display;
use std::io;

use clap::Subcommand;

use audit::AuditCommand;
use compliance::ComplianceCommand;
use policy::PolicyCommand;

/// The commands that need no simulated device.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve devices and the API
    Serve(serve::ServeArgs),
    /// Copy the database into one file, while it is served or not
    Backup(backup::BackupArgs),
    /// Put a backup in the place of the database, with no server running
    Restore(backup::RestoreArgs),
    /// Export, verify and prove the audit log
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Change the main key
    #[command(subcommand)]
    Key(key::KeyCommand),
    /// Check and explain policies
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Check, compare and explain baselines of compliance
    #[command(subcommand)]
    Compliance(ComplianceCommand),
    /// Check and show the configuration
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Check the credentials of push profiles
    #[command(subcommand)]
    Push(push::PushCommand),
    /// Ask a server whether it is alive: exits with 0 if it is, else with 1
    Health(health::HealthArgs),
    /// Print completions for a shell
    Completions(pages::CompletionsArgs),
    /// Write manual pages to a directory, one per command
    Man(pages::ManArgs),
}

/// Runs a command; the exit code. `whole` is the program's command line, for
/// completions and manual pages.
pub fn run(command: Command, whole: clap::Command) -> u8 {
    match command {
        Command::Serve(args) => serve::run(&args),
        Command::Backup(args) => backup::backup(&args),
        Command::Restore(args) => backup::restore(&args),
        Command::Audit(command) => audit::run(&command),
        Command::Key(command) => key::run(&command),
        Command::Policy(command) => {
            printed("modegate policy", policy::run(&command, &mut io::stdout()))
        }
        Command::Compliance(command) => printed(
            "modegate compliance",
            compliance::run(&command, &mut io::stdout()),
        ),
        Command::Config(command) => {
            printed("modegate config", config::run(&command, &mut io::stdout()))
        }
        Command::Push(command) => report(
            "modegate push check",
            push::run(&command, &mut io::stdout()),
        ),
        Command::Health(args) => report("modegate health", health::run(&args).map(|()| 0)),
        Command::Completions(args) => {
            let done = pages::completions(&args, whole, &mut io::stdout());
            printed("modegate completions", done.map(|()| 0))
        }
        Command::Man(args) => report("modegate man", pages::man(&args, whole).map(|()| 0)),
    }
}

/// The exit code of a command that prints. A reader that closed the pipe has seen
/// enough: that is not an error.
fn printed(who: &str, ran: io::Result<u8>) -> u8 {
    match ran {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => 0,
        ran => report(who, ran),
    }
}

/// The exit code; what went wrong goes to standard error.
pub fn report(who: &str, ran: Result<u8, impl Display>) -> u8 {
    ran.unwrap_or_else(|error| {
        eprintln!("{who}: {error}");
        1
    })
}
