//! `modegate demo`: the MDMAgent article played through the real server over real HTTPS,
//! by a simulated tablet, with what went to it and what was held back told on
//! standard output.

mod api;
mod scenario;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use modegate_server::serve::{Options, ServeError, start};
use modegate_sim::mock_wns::MockWns;

/// Flags of `demo`.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// End after the scenario: with 0 when every step went as Microsoft's article on MDMAgent.exe says, else 1
    #[arg(long)]
    exit: bool,
    /// The data directory, which can be served afterwards
    #[arg(long, value_name = "DIR", default_value = "./demo-data")]
    data: PathBuf,
    /// The HTTPS address to listen on; port 0 picks a free port
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
}

/// Why the demo could not be played.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DemoError {
    #[error(transparent)]
    Serve(#[from] ServeError),
    #[error(transparent)]
    Sim(#[from] modegate_sim::SimError),
    #[error("unexpected answer of the API: {0}")]
    Api(String),
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

/// Plays the demo; the exit code.
pub(crate) async fn run(args: DemoArgs) -> u8 {
    match play(&args).await {
        Ok(true) => 0,
        Ok(false) => 1,
        Err(error) => {
            eprintln!("modegate demo: {error}");
            1
        }
    }
}

async fn play(args: &DemoArgs) -> Result<bool, DemoError> {
    let mut options = Options::new(&args.data);
    options.settings.listen = args.listen;
    let wns = Arc::new(MockWns::start().await?);
    options.settings.wns.token_url = Some(wns.token_url());
    options.settings.wns.host_suffix = Some(wns.host_suffix());
    let running = start(options).await?;
    println!(
        "modegate is listening on https://{} (data in {})",
        running.https,
        args.data.display()
    );
    let api = api::Api::new(&running)?;
    let good = scenario::play(&api, &running, &wns).await;
    match &good {
        Ok(true) => println!("\nEvery step went as Microsoft's article on MDMAgent.exe says."),
        Ok(false) => println!("\nSome steps failed: see above."),
        Err(error) => println!("\nThe scenario stopped: {error}"),
    }
    if !args.exit {
        println!("\nThe server is still running. Look around, then stop it with Ctrl-C:");
        println!(
            "  curl --cacert {ca} -H \"Authorization: Bearer $(cat {token})\" https://localhost:{port}/api/v1/events",
            ca = running.ca.display(),
            token = running.token_file.display(),
            port = running.https.port()
        );
        tokio::select! {
            ended = tokio::signal::ctrl_c() => ended?,
            failed = running.failed() => return Err(ServeError::from(failed).into()),
        }
    }
    running.stop().await?;
    good
}
