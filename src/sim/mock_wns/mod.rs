//! A WNS of one's own: a real HTTP server with the token service and the
//! channels, for tests, the demo and the simulator.
//!
//! It checks requests as strictly as WNS is documented to, answers every
//! documented code, and on request does what no server should: hangs up,
//! stalls, answers without end. It is an independent counterpart: it shares no
//! code with the client in the server's client.

mod client;
mod control;
mod notify;
mod reply;
mod state;
mod token;
mod wire;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;

use actix_web::dev::ServerHandle;
use actix_web::{App as WebApp, HttpServer, web};
use rustls::pki_types::PrivatePkcs8KeyDer;
use tokio::sync::mpsc::UnboundedReceiver;

pub use client::MockClient;
pub use reply::{Documented, Reply};
use state::Shared;
pub use state::{App, Form, Received, Request};

/// Longest body that is read at all, bytes: more than the documented 5,000, so
/// that the documented answer to it can be given.
const BODY_BYTES: usize = 256 * 1024;

/// A running mock, stopped when it is dropped.
pub struct MockWns {
    shared: Arc<Shared>,
    address: SocketAddr,
    ca: Option<String>,
    server: ServerHandle,
}

impl MockWns {
    /// Starts one on a free loopback port, over plain HTTP.
    ///
    /// # Errors
    /// No port could be had.
    pub async fn start() -> io::Result<MockWns> {
        MockWns::on((Ipv4Addr::LOCALHOST, 0).into(), false)
    }

    /// Starts one on a free loopback port, over HTTPS with a certificate of
    /// its own ([`MockWns::ca`]).
    ///
    /// # Errors
    /// No port could be had, or no certificate made.
    pub async fn start_https() -> io::Result<MockWns> {
        MockWns::on((Ipv4Addr::LOCALHOST, 0).into(), true)
    }

    /// Starts one there. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// The address is taken, or no certificate could be made.
    pub fn on(address: SocketAddr, https: bool) -> io::Result<MockWns> {
        let listener = TcpListener::bind(address)?;
        let address = listener.local_addr()?;
        let scheme = if https { "https" } else { "http" };
        let shared = Arc::new(Shared::new(&format!("{scheme}://{address}")));
        let data = web::Data::from(Arc::clone(&shared));
        let server = HttpServer::new(move || {
            WebApp::new()
                .app_data(data.clone())
                .app_data(web::PayloadConfig::new(BODY_BYTES))
                .service(control::routes())
                .route("/accesstoken.srf", web::to(token::legacy))
                .route("/{tenant}/oauth2/v2.0/token", web::to(token::entra))
                .default_service(web::to(notify::answer))
        })
        .workers(1)
        .on_connect(wire::on_connect)
        .shutdown_timeout(0)
        .disable_signals();
        let (server, ca) = if https {
            let (config, ca) = certificate().map_err(io::Error::other)?;
            (server.listen_rustls_0_23(listener, config)?, Some(ca))
        } else {
            (server.listen(listener)?, None)
        };
        let server = server.run();
        let handle = server.handle();
        tokio::spawn(server);
        Ok(MockWns {
            shared,
            address,
            ca,
            server: handle,
        })
    }

    /// `HOST:PORT` of its channel URIs: for `serve --wns-host-suffix`.
    pub fn host_suffix(&self) -> String {
        self.address.to_string()
    }

    /// The legacy token service: for `serve --wns-token-url`.
    pub fn token_url(&self) -> String {
        format!("{}/accesstoken.srf", self.shared.base)
    }

    /// The Entra token service of a tenant.
    pub fn entra_token_url(&self, tenant: &str) -> String {
        format!("{}/{tenant}/oauth2/v2.0/token", self.shared.base)
    }

    /// The certificate to trust, PEM, when it speaks HTTPS.
    pub fn ca(&self) -> Option<&str> {
        self.ca.as_deref()
    }

    /// Makes an app known to it, or changes the one with that PFN.
    pub fn register(&self, app: App) {
        self.shared.change(|state| state.register(app));
    }

    /// A new channel URI for this app on this device. Older ones stay valid
    /// until they are expired or revoked, as with WNS.
    pub fn mint(&self, pfn: &str, device: &str) -> String {
        let base = &self.shared.base;
        self.shared.change(|state| state.mint(base, pfn, device))
    }

    /// From now on the URI is answered with 410, revoked.
    pub fn revoke(&self, uri: &str) {
        self.shared.channel(uri, |channel| channel.revoked = true);
    }

    /// From now on every URI of the device is answered with 410, revoked.
    pub fn revoke_all(&self, device: &str) {
        self.shared.change(|state| {
            let channels = state.channels.values_mut();
            let of_it = channels.filter(|channel| channel.device == device);
            of_it.for_each(|channel| channel.revoked = true);
        });
    }

    /// From now on the URI is answered with 410, expired.
    pub fn expire(&self, uri: &str) {
        self.shared.channel(uri, |channel| channel.expired = true);
    }

    /// From now on, or with `None` not any more, notifications to the URI are
    /// answered with `channelthrottled` and so many seconds to wait.
    pub fn throttle(&self, uri: &str, seconds: Option<u32>) {
        self.shared
            .channel(uri, |channel| channel.throttled = seconds);
    }

    /// Connects or disconnects the device of the URI. What was cached for it
    /// and is not too old reaches it when it connects.
    pub fn connect(&self, uri: &str, connected: bool) {
        self.shared.connect(uri, connected);
    }

    /// From now on, or not any more, the app is answered as a blocked sender.
    pub fn block(&self, pfn: &str, blocked: bool) {
        self.shared.change(|state| state.block(pfn, blocked));
    }

    /// Every token granted so far is worth nothing any more.
    pub fn expire_tokens(&self) {
        self.shared.change(|state| state.tokens.clear());
    }

    /// From now on, or not any more, a connection takes one notification, and the next one on
    /// it finds it closed: what a load balancer does that forgets idle connections.
    pub fn cut_reused_connections(&self, cuts: bool) {
        self.shared.change(|state| state.cuts_reused = cuts);
    }

    /// What the next token request gets; said several times, the ones after it too.
    pub fn next_token(&self, reply: Reply) {
        self.shared
            .change(|state| state.token_script.push_back(reply));
    }

    /// What the next notification gets, to whatever URI.
    pub fn next_push(&self, reply: Reply) {
        self.shared
            .change(|state| state.push_script.push_back(reply));
    }

    /// What the next notification to this URI gets, before [`MockWns::next_push`].
    pub fn next_for(&self, uri: &str, reply: Reply) {
        self.shared
            .channel(uri, |channel| channel.script.push_back(reply));
    }

    /// Token requests so far.
    pub fn token_requests(&self) -> usize {
        self.shared.change(|state| state.token_requests)
    }

    /// Requests to channel URIs so far, the latest thousands of them, whatever
    /// they were answered.
    pub fn requests(&self) -> Vec<Request> {
        self.shared
            .change(|state| state.requests.iter().cloned().collect())
    }

    /// Notifications that reached a device, the latest thousands of them.
    pub fn received(&self) -> Vec<Received> {
        self.shared
            .change(|state| state.received.iter().cloned().collect())
    }

    /// Tells of every notification that reaches a device from now on: for a
    /// simulated tablet that then syncs.
    pub fn subscribe(&self) -> UnboundedReceiver<Received> {
        let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
        self.shared.change(|state| state.listeners.push(sender));
        receiver
    }

    /// Stops it: nothing is answered from now on.
    pub async fn stop(self) {
        self.shared.change(|state| state.stopped = true);
        self.server.stop(false).await;
    }
}

impl Drop for MockWns {
    fn drop(&mut self) {
        // The order is given when the future is made; nobody waits for it.
        drop(self.server.stop(false));
    }
}

/// A self-signed certificate for loopback, and itself in PEM to be trusted.
fn certificate() -> Result<(rustls::ServerConfig, String), Box<dyn std::error::Error + Send + Sync>>
{
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)?;
    let names = ["localhost".to_owned(), Ipv4Addr::LOCALHOST.to_string()];
    let certificate = rcgen::CertificateParams::new(names)?.self_signed(&key)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let private = PrivatePkcs8KeyDer::from(key.serialize_der());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private.into())?;
    Ok((config, certificate.pem()))
}
