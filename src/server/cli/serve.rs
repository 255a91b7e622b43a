//! `modegate serve`.

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use super::flags::Sources;
use super::log::{self, Logger};
use crate::config::{SecretError, Settings};
use crate::http::Limits;
use crate::http::proxy::TrustedProxies;
use crate::serve::{KeySource, Options, Running, ServeError, start};
use crate::wns::service::Setting;
use crate::workers::retention::Retention;
use modegate_core::session::ServerAuth;

/// Flags of `serve`.
#[derive(Debug, Args)]
pub struct ServeArgs {
    #[command(flatten)]
    sources: Sources,
}

/// Serves until it is told to end; the exit code.
pub(super) fn run(args: &ServeArgs) -> u8 {
    let loaded = args.sources.read();
    // Where the rest is wrong, what is known of the log's format holds already.
    let settings = &loaded.settings;
    let logger = match log::start(&settings.log, settings.otlp_endpoint.as_deref()) {
        Ok(logger) => logger,
        Err(why) => {
            eprintln!("modegate serve: {why}");
            return 1;
        }
    };
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    let settings = match loaded.settled() {
        Ok(settings) => settings,
        Err(faults) => {
            for fault in &faults {
                refuse(&logger, &fault.to_string());
            }
            return 1;
        }
    };
    let options = match options(settings) {
        Ok(options) => options,
        Err(why) => return refuse(&logger, &why.to_string()),
    };
    let served = actix_web::rt::System::new().block_on(serve(options, &logger));
    match served {
        Ok(()) => 0,
        Err(error) => refuse(&logger, &error.to_string()),
    }
}

fn refuse(logger: &Logger, why: &str) -> u8 {
    logger.say("ERROR", &format!("modegate serve: {why}"));
    1
}

fn options(settings: Settings) -> Result<Options, SecretError> {
    let server_auth = settings.server_auth.as_ref().map(|auth| {
        let name = auth.name.clone();
        auth.password()
            .map(|password| ServerAuth { name, password })
    });
    let server_auth = server_auth.transpose()?;
    let proxies = (!settings.trusted_proxies.is_empty()).then(|| TrustedProxies {
        addresses: settings.trusted_proxies.clone(),
        header: settings.proxy_header,
        address_header: settings.proxy_address_header,
    });
    Ok(Options {
        key: KeySource::of(&settings),
        data: settings.data,
        listen: settings.listen,
        insecure_http: settings.insecure_http,
        names: settings.names,
        allow_rsa: settings.allow_rsa,
        client_ca: settings.client_ca,
        accept_unknown: settings.accept_unknown_devices,
        policies: settings.policies,
        database: settings.database,
        sync_path: settings.sync_path,
        jobs: settings.jobs,
        private_webhooks: settings.private_webhooks,
        templates: settings.templates,
        server_auth,
        proxies,
        limits: limits(&settings.limits),
        push: push(settings.wns),
        retention: Retention {
            events_days: settings.retention.events_days,
            results_days: settings.retention.results_days,
        },
        ..Options::new("")
    })
}

fn push(told: crate::config::Wns) -> Setting {
    Setting {
        token_url: told.token_url,
        host_suffix: told.host_suffix,
        workers: told.workers as usize,
        per_second: told.per_second,
        ..Setting::default()
    }
}

fn limits(told: &crate::config::Limits) -> Limits {
    let usual = Limits::default();
    Limits {
        device_per_minute: told.requests_per_device_per_minute,
        device_burst: told.requests_per_device_per_minute.min(usual.device_burst),
        address_per_minute: told.requests_per_address_per_minute,
        token_per_minute: told.api_requests_per_token_per_minute,
        connections: told.connections as usize,
        ..usual
    }
}

async fn serve(options: Options, logger: &Logger) -> Result<(), ServeError> {
    let (mut end, mut interrupt, mut reload) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
        signal(SignalKind::hangup())?,
    );
    let running: Running = start(options).await?;
    println!("{}", running.announcement());
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
    tracing::info!("ending: open exchanges finish first");
    running.stop().await?;
    failed.map_or(Ok(()), |failed| Err(failed.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_that_nobody_set_are_the_servers_own() {
        assert_eq!(limits(&crate::config::Limits::default()), Limits::default());
    }
}
