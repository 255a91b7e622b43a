//! `modegate push check`: whether the credentials of a push profile are right, and which of
//! them is wrong. A running server asks for a token; nothing is sent to a device.

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::{Args, Subcommand};
use reqwest::Method;
use serde::Deserialize;
use serde_json::Value;

use super::request::{RequestError, ServerArgs, wait};
use modegate_core::push::diagnosis::{Finding, Verdict, diagnose};
use modegate_core::push::profile::{Health, PackageSid, Pfn};

/// Where a server is that wrote nothing down.
const DEFAULT: &str = "https://localhost:8443";
/// How long the token service may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// The pause between two looks at the profile.
const PAUSE: Duration = Duration::from_millis(200);

/// What to do with push profiles.
#[derive(Debug, Subcommand)]
pub enum PushCommand {
    /// Have a running server ask WNS for a token with a profile's credentials, and say which
    /// of PFN, SID and secret is wrong and what to do. Sends nothing to a device. Exits with
    /// 0 if all is well, else with 1
    Check(CheckArgs),
}

/// Flags of `push check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// The push profile: its id, or its PFN
    #[arg(value_name = "PROFILE")]
    profile: String,
    /// The server's data directory, for the defaults below
    #[arg(long, value_name = "DIR", default_value = "./data")]
    data: PathBuf,
    #[command(flatten)]
    server: ServerArgs,
}

/// Why a profile was not checked.
#[derive(Debug, thiserror::Error)]
pub(super) enum CheckError {
    #[error(transparent)]
    Request(#[from] RequestError),
    #[error("expected the id or PFN of one of {known}, found '{found}'")]
    Profile { known: String, found: String },
    #[error("{0}")]
    Print(#[from] io::Error),
}

impl From<CheckError> for io::Error {
    fn from(error: CheckError) -> Self {
        match error {
            CheckError::Print(error) => error,
            other => io::Error::other(other.to_string()),
        }
    }
}

/// A push profile as the API shows it.
#[derive(Debug, Deserialize)]
struct Profile {
    id: String,
    pfn: String,
    sid: Option<String>,
    health: Health,
    reason: Option<String>,
}

/// Runs it; the exit code.
pub(super) fn run(command: &PushCommand, out: &mut dyn Write) -> Result<u8, CheckError> {
    let PushCommand::Check(args) = command;
    let profile = wait(check(args))?;
    let findings = findings(&profile);
    writeln!(out, "{} ({})", profile.pfn, profile.id)?;
    for Finding {
        field,
        verdict,
        words,
    } in &findings
    {
        let verdict = match verdict {
            Verdict::Good => "good",
            Verdict::Wrong => "wrong",
            Verdict::Unknown => "unknown",
        };
        writeln!(out, "{field:<10} {verdict:<8} {words}")?;
    }
    let is_well = profile.health == Health::Healthy
        && findings.iter().all(|one| one.verdict != Verdict::Wrong);
    Ok(u8::from(!is_well))
}

fn findings(profile: &Profile) -> Vec<Finding> {
    let sid = profile.sid.as_deref().map(PackageSid::parse);
    match (Pfn::parse(&profile.pfn), sid.transpose()) {
        (Ok(pfn), Ok(sid)) => diagnose(
            &pfn,
            sid.as_ref(),
            profile.health,
            profile.reason.as_deref(),
        ),
        // A server of another version says something else.
        _ => Vec::new(),
    }
}

/// The profile after its credentials were tried, or when there is no answer in time.
async fn check(args: &CheckArgs) -> Result<Profile, CheckError> {
    let url = args.server.url(&args.data);
    let server = args
        .server
        .open(url.as_deref().unwrap_or(DEFAULT), &args.data)?;
    let all = server
        .call(Method::GET, "/push-profiles?limit=100", None, 200)
        .await?;
    let all = list(&all);
    let wanted = |one: &&Profile| one.id == args.profile || one.pfn == args.profile;
    let Some(profile) = all.iter().find(wanted) else {
        let known: Vec<&str> = all.iter().map(|one| one.pfn.as_str()).collect();
        return Err(CheckError::Profile {
            known: known.join(", "),
            found: args.profile.clone(),
        });
    };
    let path = format!("/push-profiles/{}", profile.id);
    let tried = format!("{path}/check");
    server.call(Method::POST, &tried, None, 202).await?;
    let begun = Instant::now();
    loop {
        let answer = server.call(Method::GET, &path, None, 200).await?;
        if let Ok(profile) = serde_json::from_value::<Profile>(answer)
            && (profile.health != Health::Unchecked || begun.elapsed() > PATIENCE)
        {
            return Ok(profile);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn list(page: &Value) -> Vec<Profile> {
    let items = page["items"].as_array().into_iter().flatten();
    items
        .filter_map(|item| serde_json::from_value(item.clone()).ok())
        .collect()
}
