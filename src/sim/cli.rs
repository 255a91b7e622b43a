//! `modegate simulate`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::fleet::{FleetOptions, run};
use super::tablet::{Credentials, Trigger};
use super::transport::SimError;

/// What runs the tablets' agents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum When {
    /// Restarts: Machine
    Reboot,
    /// Logons: Maintenance
    Logon,
    /// Nightly maintenance
    Nightly,
    /// Pushes: Apps
    Push,
}

/// Flags of `simulate`.
#[derive(Debug, Args)]
pub struct SimulateArgs {
    /// The device endpoint, e.g. https://localhost:8443/sync
    #[arg(long)]
    url: String,
    /// How many tablets
    #[arg(long, default_value_t = 10)]
    devices: u32,
    /// How many sessions of each
    #[arg(long, default_value_t = 3)]
    sessions: u32,
    /// How many sessions at once
    #[arg(long, default_value_t = 16)]
    concurrency: usize,
    /// What runs their agents, in turn
    #[arg(long, value_enum, value_delimiter = ',', default_values = ["reboot", "logon", "nightly"])]
    trigger: Vec<When>,
    /// What their names (Source) begin with; a number follows
    #[arg(long, default_value = "sim-")]
    source_prefix: String,
    /// CAs to trust (PEM), e.g. ca.pem of the server's data folder
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// SyncML user name of every tablet
    #[arg(long, requires = "password")]
    username: Option<String>,
    /// Their password
    #[arg(long, requires = "username")]
    password: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs the tablets; the exit code is 0 when none saw a breach or an error.
pub async fn simulate(args: SimulateArgs) -> Result<u8, SimError> {
    let ca = match &args.ca {
        None => None,
        Some(path) => Some(
            std::fs::read(path)
                .map_err(|error| SimError::File(path.display().to_string(), error.to_string()))?,
        ),
    };
    let credentials = args.username.zip(args.password);
    let options = FleetOptions {
        url: args.url,
        ca,
        devices: args.devices,
        sessions: args.sessions,
        concurrency: args.concurrency,
        prefix: args.source_prefix,
        triggers: args
            .trigger
            .iter()
            .map(|when| match when {
                When::Reboot => Trigger::Reboot,
                When::Logon => Trigger::Logon,
                When::Nightly => Trigger::Nightly,
                When::Push => Trigger::Push,
            })
            .collect(),
        credentials: credentials.map(|(username, password)| Credentials {
            username,
            password,
            md5: true,
        }),
        progress: true,
    };
    let report = run(options).await?;
    if args.json {
        println!(
            "{}",
            serde_json::to_string_pretty(&report).unwrap_or_default()
        );
    } else {
        println!(
            "{} sessions, {} exchanges, {} commands, {} violations, {} errors; p50 {:.1} ms, p99 {:.1} ms, {:.0} sessions/s",
            report.sessions,
            report.exchanges,
            report.commands,
            report.violations,
            report.errors,
            report.p50_ms,
            report.p99_ms,
            report.sessions_per_second
        );
        for violation in &report.first_violations {
            println!("  {violation}");
        }
    }
    Ok(u8::from(report.violations > 0 || report.errors > 0))
}
