//! The `modegate` program: the server's commands, and those that need simulated
//! devices.

mod demo;
mod mock_wns;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use modegate_server::cli;
use modegate_server::cli::help::{self, Examples};

/// A session allocates and frees some hundred small pieces; the system's
/// allocator took an eighth of its CPU (docs/performance.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The backend that Windows 8.1 tablets sync with, gated by the mode their
/// MDMAgent runs in.
#[derive(Debug, Parser)]
#[command(name = "modegate", version, about)]
struct Cli {
    /// What to do.
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[command(flatten)]
    Server(cli::Command),
    /// Play the scenario of the modes against the real server with a simulated tablet
    #[command(display_order = 1)]
    Demo(demo::DemoArgs),
    /// Run simulated tablets against any server
    #[command(display_order = 1)]
    Simulate(modegate_sim::SimulateArgs),
    /// Run a mock of WNS with its token service
    #[command(display_order = 1)]
    MockWns(mock_wns::MockWnsArgs),
}

/// The examples of the commands here.
const EXAMPLES: [Examples; 3] = [
    (
        "demo",
        &[
            "modegate demo",
            "modegate demo --no-open",
            "modegate demo --exit --data ./demo",
        ],
    ),
    (
        "simulate",
        &[
            "modegate simulate --url https://localhost:8443/sync --ca ./data/ca.pem",
            "modegate simulate --url http://127.0.0.1:8080/sync --devices 100 --sessions 5 --trigger reboot,push --json",
            "modegate simulate --url http://127.0.0.1:8080/sync --state ./tablets --interval 5 --trigger logon,push --wns http://127.0.0.1:9090",
            "modegate simulate --enroll --url https://localhost:8443 --ca ./data/ca.pem --devices 2 --enrollment-token-file tokens --state ./tablets",
        ],
    ),
    ("mock-wns", &["modegate mock-wns --listen 127.0.0.1:9090"]),
];

/// The command line as it is parsed, with examples in its help.
fn command() -> clap::Command {
    let command = help::with_examples(Cli::command(), &help::EXAMPLES);
    help::with_examples(command, &EXAMPLES)
}

fn main() -> ExitCode {
    let cli = match Cli::from_arg_matches(&command().get_matches()) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    ExitCode::from(match cli.command {
        Command::Server(server) => cli::run(server, command()),
        Command::Demo(args) => {
            cli::log::to_stderr("warn");
            actix_web::rt::System::new().block_on(demo::run(args))
        }
        Command::MockWns(args) => {
            cli::log::to_stderr("warn");
            let ran = actix_web::rt::System::new().block_on(mock_wns::run(args));
            cli::report("modegate mock-wns", ran)
        }
        Command::Simulate(args) => {
            cli::log::to_stderr("warn");
            let simulated = tokio::runtime::Runtime::new()
                .map(|runtime| runtime.block_on(modegate_sim::simulate(args)));
            match simulated {
                Ok(ran) => cli::report("modegate simulate", ran),
                Err(error) => cli::report("modegate simulate", Err(error)),
            }
        }
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn all() -> Vec<Examples> {
        help::EXAMPLES.into_iter().chain(EXAMPLES).collect()
    }

    fn leaves(command: &clap::Command, path: &str, found: &mut Vec<String>) {
        for inner in command.get_subcommands() {
            let path = format!("{path} {}", inner.get_name()).trim().to_owned();
            if inner.has_subcommands() {
                leaves(inner, &path, found);
            } else {
                found.push(path);
            }
        }
    }

    #[test]
    fn every_command_has_examples() {
        let mut found = Vec::new();
        leaves(&super::command(), "", &mut found);
        for path in found {
            assert!(
                all().iter().any(|(known, _)| *known == path),
                "'{path}' has no examples in EXAMPLES"
            );
        }
    }

    #[test]
    fn every_example_is_a_command_line() {
        for (path, lines) in all() {
            for line in lines {
                // What the shell takes is not for the program.
                let words = line.split(" >").next().unwrap().split(' ');
                let parsed = super::command().try_get_matches_from(words);
                assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
                assert!(line.starts_with(&format!("modegate {path}")), "{line}");
            }
        }
    }
}
