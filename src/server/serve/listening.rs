//! The listeners: which addresses are taken, and what is said of them.

use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::dev::Server;
use rustls::crypto::CryptoProvider;
use serde::Serialize;

use super::{KeySource, Running, ServeError, cores, sockets};
use crate::app::server::{Condition, ServerFacts, SettingView};
use crate::config::{self, Settings};
use crate::http::tls::{ServerCertificate, server_config, web_config};
use crate::http::{Listeners, Shared};

/// Where a server listens.
pub(super) struct Bound {
    pub(super) https: SocketAddr,
    pub(super) web: SocketAddr,
    pub(super) http: Option<SocketAddr>,
}

/// Refuses addresses on which others could reach what is for this machine.
pub(super) fn check_addresses(settings: &Settings) -> Result<(), ServeError> {
    let is_public = |http: &SocketAddr| !http.ip().is_loopback();
    if let Some(http) = settings.insecure_http.filter(is_public) {
        let why = "--insecure-http serves without encryption";
        return Err(ServeError::NotLoopback(http, why));
    }
    let listening = [settings.listen, settings.web_listen()];
    if let Some(public) = listening.into_iter().find(is_public)
        && settings.accept_unknown_devices
    {
        let why = "--accept-unknown-devices accepts any device by its name alone";
        return Err(ServeError::NotLoopback(public, why));
    }
    if settings.accept_unknown_devices && !settings.trusted_proxies.is_empty() {
        return Err(ServeError::Proxied);
    }
    Ok(())
}

/// The server on its listeners, and their addresses.
pub(super) fn listen(
    settings: &Settings,
    provider: &Arc<CryptoProvider>,
    certificate: &Arc<ServerCertificate>,
    shared: &Arc<Shared>,
) -> Result<(Server, Bound), ServeError> {
    let devices = server_config(Arc::clone(provider), Arc::clone(certificate))?;
    let pages = web_config(Arc::clone(provider), Arc::clone(certificate))?;
    let (https, https_address) = sockets::listen(settings.listen)?;
    let (web, web_address) = sockets::listen(settings.web_listen())?;
    let http = settings.insecure_http.map(sockets::listen).transpose()?;
    let (http, http_address) = http.unzip();
    let listeners = Listeners {
        https: (https, devices),
        web: (web, pages),
        http,
        connections: Arc::new(sockets::connections(settings, &shared.metrics)),
        patience: sockets::patience(settings),
    };
    let identifier = Arc::clone(&shared.identifier);
    let server = crate::http::serve(listeners, identifier, Arc::clone(shared), cores())?;
    let bound = Bound {
        https: https_address,
        web: web_address,
        http: http_address,
    };
    Ok((server, bound))
}

/// What `serve` says once it listens.
#[derive(Serialize)]
struct Announcement<'a> {
    listening: Listening,
    sync: &'a str,
    api: &'static str,
    console: String,
    portal: String,
}

#[derive(Serialize)]
struct Listening {
    https: SocketAddr,
    web: SocketAddr,
    #[serde(skip_serializing_if = "Option::is_none")]
    http: Option<SocketAddr>,
}

impl Running {
    /// The line of JSON that announces where the server listens.
    pub fn announcement(&self) -> String {
        let announcement = Announcement {
            listening: Listening {
                https: self.https,
                web: self.web,
                http: self.http,
            },
            sync: &self.sync_path,
            api: "/api/v1",
            console: self.page("/console"),
            portal: self.page("/portal/apps"),
        };
        // Addresses and text: it cannot fail.
        serde_json::to_string(&announcement).unwrap_or_default()
    }

    /// Says where the server listens, for other commands on this data directory and for links
    /// to pages, which are whole ones from now on.
    pub(super) fn announce(&self) -> Result<(), ServeError> {
        // Only the first values are kept, and these are they.
        let _ = self.shared.app.web_url.set(self.page(""));
        let _ = self.shared.app.server.set(self.facts());
        self.dir.announce(&self.announcement())
    }

    /// What this server is, for who looks at it.
    fn facts(&self) -> ServerFacts {
        let (options, settings) = (&self.options, &self.options.settings);
        let listeners = [
            ("HTTPS, devices and API", self.https),
            ("HTTPS, pages and API", self.web),
        ];
        let plain = self.http.map(|address| ("Plain HTTP, everything", address));
        let entries = config::entries(settings, &options.origins).into_iter();
        let setting = |entry: config::Entry| SettingView {
            key: entry.key,
            value: entry.value,
            origin: entry.origin.to_string(),
        };
        let (key_from, key_file) = KeySource::from_settings(settings).described(self.dir.path());
        ServerFacts {
            started_at: options.clock.now(),
            listeners: listeners.into_iter().chain(plain).collect(),
            data: self.dir.path().to_owned(),
            database: settings.database_path(),
            retention: settings.retention,
            settings: entries.map(setting).collect(),
            key_from,
            key_file,
            condition: Arc::clone(&self.shared.health) as Arc<dyn Condition>,
        }
    }

    /// The whole URL of a page.
    pub fn page(&self, path: &str) -> String {
        let beside = || format!("https://{}", self.web);
        let base = self.options.settings.web.url.clone().unwrap_or_else(beside);
        format!("{base}{path}")
    }
}
