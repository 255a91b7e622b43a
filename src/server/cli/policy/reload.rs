//! `modegate policy reload`.

use std::io;
use std::path::PathBuf;

use clap::Args;
use reqwest::Method;

use super::CommandOutput;
use crate::cli::request::{RequestError, ServerArgs, wait};

/// Where a server is that wrote nothing down.
const DEFAULT: &str = "https://localhost:8443";

/// Flags of `policy reload`.
#[derive(Debug, Args)]
pub struct ReloadArgs {
    /// The server's data directory, for the defaults below
    #[arg(long, value_name = "DIR", default_value = "./data")]
    data: PathBuf,
    #[command(flatten)]
    server: ServerArgs,
}

pub(super) fn run(args: &ReloadArgs) -> io::Result<CommandOutput> {
    let url = args.server.url(&args.data);
    let url = url.unwrap_or_else(|| DEFAULT.to_owned());
    let loaded = wait(async {
        let api = args.server.open(&url, &args.data)?;
        api.call(Method::POST, "/policies/reload", None, 200).await
    });
    let loaded = match loaded {
        Ok(loaded) => loaded,
        Err(RequestError::Refused(_, _, _, errors)) if !errors.is_empty() => {
            let lines = errors.iter().map(|fault| {
                let text = |name: &str| fault[name].as_str().unwrap_or_default();
                let (field, expected, found) = (text("field"), text("expected"), text("found"));
                format!("{field}: expected {expected}, found {found}\n")
            });
            return Ok((1, lines.collect()));
        }
        Err(error) => return Err(io::Error::other(error)),
    };
    let digest = |name: &str| loaded[name].as_str().unwrap_or_default().to_owned();
    let (now, before) = (digest("policy_set"), digest("before"));
    let text = match now == before {
        true => format!("policy set {now} is in force, as before\n"),
        false => format!("policy set {now} is in force, instead of {before}\n"),
    };
    Ok((0, text))
}
