//! `modegate mock-wns`: the mock of WNS as a program of its own, with one app that is known to
//! it from the start.

use std::io::{self, Write};
use std::net::SocketAddr;

use clap::Args;
use modegate_core::package::{PackageSid, Pfn, ProfileError};
use modegate_sim::mock_wns::{App, Form, MockWns};
use serde_json::json;

/// Flags of `mock-wns`.
#[derive(Debug, Args)]
pub(crate) struct MockWnsArgs {
    /// Where to listen, a loopback address; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Package family name of the app that it knows
    #[arg(
        long,
        value_name = "PFN",
        default_value = "52314Publisher.TestWNS_t6e9vsyjkrw9w"
    )]
    pfn: String,
    /// Client secret of that app
    #[arg(long, value_name = "TEXT", default_value = "mock secret")]
    secret: String,
}

/// Why the mock does not run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MockWnsError {
    #[error(
        "--listen: expected a loopback address, such as 127.0.0.1:9090, found {0}: the mock has no authentication"
    )]
    NotLoopback(SocketAddr),
    #[error("--pfn: {0}")]
    Pfn(#[from] ProfileError),
    #[error("could not listen on {0}: {1}")]
    Listen(SocketAddr, io::Error),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Runs the mock until Ctrl-C. Standard output gets one line of JSON with its URLs.
pub(crate) async fn run(args: MockWnsArgs) -> Result<u8, MockWnsError> {
    if !args.listen.ip().is_loopback() {
        return Err(MockWnsError::NotLoopback(args.listen));
    }
    let sid = PackageSid::from_pfn(&Pfn::parse(&args.pfn)?).to_string();
    let mock = MockWns::on(args.listen, false)
        .map_err(|error| MockWnsError::Listen(args.listen, error))?;
    mock.register(App {
        pfn: args.pfn.clone(),
        form: Form::Legacy,
        client_id: sid.clone(),
        secret: args.secret.clone(),
        token_life_s: 86_400,
    });
    let base = format!("http://{}", mock.host_suffix());
    let line = json!({
        "url": base,
        "token_url": mock.token_url(),
        "host_suffix": mock.host_suffix(),
        "control": format!("{base}/mock"),
        // What POST /api/v1/push-profiles takes.
        "push_profile": {
            "pfn": args.pfn,
            "sid": sid,
            "secret": args.secret,
            "token_form": "legacy",
            "app_id": "mdm",
        },
    });
    writeln!(io::stdout(), "{line}")?;
    eprintln!(
        "The mock WNS runs; Ctrl-C ends it. Start the server with --wns-token-url {} --wns-host-suffix {}",
        mock.token_url(),
        mock.host_suffix()
    );
    tokio::signal::ctrl_c().await?;
    Ok(0)
}
