//! `modegate simulate`.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::cli_enroll::EnrollArgs;
use super::fleet::{FleetBehaviour, FleetOptions, FleetReport, run};
use super::mock_wns::MockClient;
use super::proof::Credentials;
use super::tablet::Trigger;
use super::transport::{ClientIdentity, SimError};

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
    #[arg(long, required_unless_present = "domain")]
    url: Option<String>,
    /// Number of tablets
    #[arg(long, default_value_t = 10)]
    devices: u32,
    /// Number of sessions of each tablet
    #[arg(long, default_value_t = 3)]
    sessions: u32,
    /// Number of concurrent sessions
    #[arg(long, default_value_t = 16)]
    concurrency: usize,
    /// Triggers that start the agents, used in turn
    #[arg(long, value_enum, value_delimiter = ',', default_values = ["reboot", "logon", "nightly"])]
    trigger: Vec<When>,
    /// Prefix of the device names (Source); a number follows
    #[arg(long, default_value = "sim-")]
    source_prefix: String,
    /// CAs to trust (PEM), e.g. ca.pem of the server's data directory
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// SyncML user name of every tablet
    #[arg(long, requires = "password", conflicts_with = "enroll")]
    username: Option<String>,
    /// SyncML password of every tablet
    #[arg(long, requires = "username")]
    password: Option<String>,
    /// Authenticate with the header x-syncml-hmac instead of a Cred
    #[arg(long, requires = "username")]
    mac: bool,
    /// Client certificate of every tablet (PEM, with intermediate certificates if needed)
    #[arg(long, value_name = "FILE", requires = "key", conflicts_with = "enroll")]
    certificate: Option<PathBuf>,
    /// Its private key (PEM)
    #[arg(long, value_name = "FILE", requires = "certificate")]
    key: Option<PathBuf>,
    /// Send WBXML instead of XML
    #[arg(long)]
    wbxml: bool,
    /// Send no mode in the query
    #[arg(long)]
    mode_less: bool,
    /// Start the agents manually: what needs the enrolled user fails
    #[arg(long)]
    by_hand: bool,
    /// Percent-encode child names in Results
    #[arg(long)]
    encoded_names: bool,
    /// Send long lists of names in two messages
    #[arg(long)]
    split_results: bool,
    /// Send each message that may be repeated twice
    #[arg(long)]
    retransmit: bool,
    /// Seconds between two sessions of a tablet
    #[arg(long, value_name = "SECONDS", default_value = "0", value_parser = seconds)]
    interval: Duration,
    /// Directory that keeps the tablets, so that the next run goes on with them
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// A mock WNS (`modegate mock-wns`): gives out channel URIs, and each trigger push waits for its notification
    #[arg(long, value_name = "URL")]
    wns: Option<String>,
    /// Seconds that trigger push waits for a notification of the mock WNS
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds, requires = "wns")]
    push_wait: Duration,
    #[command(flatten)]
    enrollment: EnrollArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// A time in seconds, fractions allowed.
fn seconds(text: &str) -> Result<Duration, String> {
    let number = text.parse::<f64>().ok();
    number
        .and_then(|number| Duration::try_from_secs_f64(number).ok())
        .ok_or_else(|| "expected a number of seconds, such as 0.5 or 60".to_owned())
}

/// Runs the tablets; the exit code is 0 when none saw a breach or an error.
pub async fn simulate(args: SimulateArgs) -> Result<u8, SimError> {
    let identity = match (&args.certificate, &args.key) {
        (Some(certificate), Some(key)) => {
            Some(ClientIdentity::from_pem(&pem(certificate)?, &pem(key)?)?)
        }
        _ => None,
    };
    let ca = args.ca.as_deref().map(pem).transpose()?;
    let json = args.json;
    let wns = match &args.wns {
        Some(url) => Some(MockClient::connect(url, args.push_wait).await?),
        None => None,
    };
    let enrollment = args.enrollment.plan(args.url.as_deref()).await?;
    let options = FleetOptions {
        wns,
        enrollment,
        ..fleet_options(args, ca, identity)
    };
    let report = run(options).await?;
    // A reader that closed the pipe has seen enough.
    let _ = io::stdout().write_all(text(&report, json).as_bytes());
    Ok(u8::from(report.violations > 0 || report.errors > 0))
}

fn fleet_options(
    args: SimulateArgs,
    ca: Option<Vec<u8>>,
    identity: Option<ClientIdentity>,
) -> FleetOptions {
    let credentials = args.username.zip(args.password);
    FleetOptions {
        url: args.url.unwrap_or_default(),
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
        identity,
        behaviour: FleetBehaviour {
            mac: args.mac,
            wbxml: args.wbxml,
            mode_less: args.mode_less,
            by_hand: args.by_hand,
            encoded_names: args.encoded_names,
            split_results: args.split_results,
            retransmit: args.retransmit,
        },
        interval: args.interval,
        state: args.state,
        wns: None,
        enrollment: None,
        progress: true,
    }
}

fn text(report: &FleetReport, json: bool) -> String {
    if json {
        return serde_json::to_string_pretty(report).unwrap_or_default() + "\n";
    }
    let mut text = format!(
        "{} sessions, {} exchanges, {} commands, {} violations, {} errors; p50 {:.1} ms, p99 {:.1} ms, {:.0} sessions/s\n",
        report.sessions,
        report.exchanges,
        report.commands,
        report.violations,
        report.errors,
        report.p50_ms,
        report.p99_ms,
        report.sessions_per_second
    );
    for (reason, count) in &report.errors_by_reason {
        text += &format!("  {count} × {reason}\n");
    }
    for violation in &report.first_violations {
        text += &format!("  {violation}\n");
    }
    text
}

/// A file in PEM, without the byte order mark that editors of Windows save, and not in
/// UTF-16: the reader knows neither.
fn pem(path: &Path) -> Result<Vec<u8>, SimError> {
    let bytes = std::fs::read(path)
        .map_err(|error| SimError::File(path.display().to_string(), error.to_string()))?;
    Ok(match bytes.as_slice() {
        [0xef, 0xbb, 0xbf, text @ ..] => text.to_vec(),
        [0xff, 0xfe, text @ ..] => {
            let pairs = text.chunks_exact(2);
            let units: Vec<u16> = pairs
                .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
                .collect();
            String::from_utf16_lossy(&units).into_bytes()
        }
        _ => bytes,
    })
}
