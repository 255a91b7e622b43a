//! `modegate serve`.

use std::io::{self, Write};

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use super::flags::Sources;
use super::log::{self, Logger};
use crate::serve::{Options, Running, ServeError, start};

/// Flags of `serve`.
#[derive(Debug, Args)]
pub struct ServeArgs {
    #[command(flatten)]
    sources: Sources,
}

/// Serves until a signal ends it; the exit code.
pub(super) fn run(args: &ServeArgs) -> u8 {
    let loaded = args.sources.read();
    // Faults elsewhere do not change the format of the log.
    let settings = &loaded.settings;
    let logger = match log::start(&settings.log, settings.otlp.endpoint.as_deref()) {
        Ok(logger) => logger,
        Err(why) => {
            eprintln!("modegate serve: {why}");
            return 1;
        }
    };
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    let origins = loaded.origins.clone();
    let settings = match loaded.settled() {
        Ok(settings) => settings,
        Err(faults) => {
            for fault in &faults {
                fail(&logger, &fault.to_string());
            }
            return 1;
        }
    };
    let options = Options {
        origins,
        ..Options::from(settings)
    };
    let served = actix_web::rt::System::new().block_on(serve(options, &logger));
    match served {
        Ok(()) => 0,
        Err(error) => fail(&logger, &error.to_string()),
    }
}

fn fail(logger: &Logger, why: &str) -> u8 {
    logger.say("ERROR", &format!("modegate serve: {why}"));
    1
}

async fn serve(options: Options, logger: &Logger) -> Result<(), ServeError> {
    let (mut end, mut interrupt, mut reload) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
        signal(SignalKind::hangup())?,
    );
    let running: Running = start(options).await?;
    // Nobody has to read it.
    let _ = writeln!(io::stdout(), "{}", running.announcement());
    running.announced();
    let token = format!("the admin token is in {}", running.token_file.display());
    logger.say("INFO", &token);
    let failed = loop {
        tokio::select! {
            _ = end.recv() => break None,
            _ = interrupt.recv() => break None,
            failed = running.failed() => break Some(failed),
            _ = reload.recv() => running.reload().await,
        }
    };
    tracing::info!("shutting down; open exchanges finish first");
    running.stop().await?;
    failed.map_or(Ok(()), |failed| Err(failed.into()))
}
