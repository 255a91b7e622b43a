//! `modegate serve`: the shell put together, from a data folder to a running server.

mod certificates;
pub(crate) mod data_dir;
pub mod keys;
mod options;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;

use actix_web::dev::ServerHandle;
use rustls::crypto::CryptoProvider;
use tokio::sync::{Notify, watch};

use crate::app::App;
use crate::http::health::Health;
use crate::http::identity::Identifier;
use crate::http::proxy::ProxyCounts;
use crate::http::rates::Rates;
use crate::http::tls::{ServerCertificate, TlsRefusals, fault_of, server_config};
use crate::http::{Listeners, Shared, UnderWay};
use crate::metrics::Metrics;
use crate::sync::Way;
use crate::token_cache::TokenBook;
use crate::webhooks::target::Reach;
use crate::wns::service::Push;
use crate::workers::Tasks;
use data_dir::DataDir;
pub use keys::KeySource;
use modegate_core::event::{Event, EventType};
use modegate_core::policy::{Fault, PolicySet};
use modegate_core::secret::Secret;
use modegate_core::time::Timestamp;
use modegate_core::tokens::TokenDigest;
use modegate_store::sqlite::SqliteStore;
use modegate_store::{Store, StoreError};
pub use options::{Options, ServeError};

/// A running server.
pub struct Running {
    /// Where HTTPS listens.
    pub https: SocketAddr,
    /// Where plain HTTP listens, if it does.
    pub http: Option<SocketAddr>,
    /// The path of the device endpoint.
    pub sync_path: String,
    /// The admin token.
    pub token: Secret,
    /// Where the token lies.
    pub token_file: PathBuf,
    /// The CA that devices must trust, if the server made its certificate.
    pub ca: PathBuf,
    options: Options,
    dir: DataDir,
    way: Arc<Way>,
    store: Arc<SqliteStore>,
    certificate: Arc<ServerCertificate>,
    provider: Arc<CryptoProvider>,
    handle: ServerHandle,
    end: watch::Sender<bool>,
    serving: tokio::task::JoinHandle<io::Result<()>>,
    health: Arc<Health>,
    metrics: Arc<Metrics>,
    tasks: Tasks,
}

/// Starts the server; it serves when this returns.
pub async fn start(options: Options) -> Result<Running, ServeError> {
    check_addresses(&options)?;
    let policies = Arc::new(policy_set(&options).map_err(ServeError::Policies)?);
    let dir = DataDir::open(&options.data)?;
    let metrics = Arc::<Metrics>::default();
    let keys = options.key.open(&dir)?;
    let token = dir.admin_token()?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let certified =
        certificates::server_certificate(&dir, &options.names, options.allow_rsa, &provider)?;
    let certificate = Arc::new(ServerCertificate::new(certified));
    let tls = server_config(Arc::clone(&provider), Arc::clone(&certificate))?;
    let identifier = Arc::new(identifier(&options, &provider, &metrics)?);
    let database = options
        .database
        .clone()
        .unwrap_or_else(|| dir.file("modegate.db"));
    let store = Arc::new(SqliteStore::open_observed(
        &database,
        keys,
        Arc::clone(&metrics) as _,
    )?);
    let way = Arc::new(way(&options, &store, &policies, &metrics));
    record_start(&*store, &policies, options.clock.now()).await?;

    let clock = options.clock.clone();
    let push = Arc::new(Push::new(
        Arc::clone(&store) as Arc<dyn Store>,
        Arc::clone(&way),
        &options.push,
        options.templates.clone(),
        clock,
    )?);
    push.refresh().await?;

    let (https, https_address) = listen(options.listen)?;
    let http = options.insecure_http.map(listen).transpose()?;
    let (http, http_address) = http.map_or((None, None), |(listener, address)| {
        (Some(listener), Some(address))
    });
    let health = Arc::new(Health::default());
    let (end, ending) = watch::channel(false);
    let limits = if options.accept_unknown {
        options.limits.without_rates()
    } else {
        options.limits
    };
    let batches = Arc::new(Notify::new());
    let reach = webhook_reach(&options);
    let hooks = crate::webhooks::client::Client::new(reach, None).map_err(ServeError::Webhooks)?;
    let app = Arc::new(App {
        store: Arc::clone(&store) as Arc<dyn Store>,
        way: Arc::clone(&way),
        push: Arc::clone(&push),
        clock: options.clock.clone(),
        templates: options.templates.clone(),
        tokens: TokenBook::new(TokenDigest::of(token.reveal())),
        refreshing: tokio::sync::Mutex::default(),
        webhook_reach: reach,
        batches: Arc::clone(&batches),
        certificate_fault: |certificate| fault_of(certificate).map(|fault| fault.to_string()),
    });
    app.refresh_tokens().await?;
    let shared = Arc::new(Shared {
        app,
        metrics: Arc::clone(&metrics),
        health: Arc::clone(&health),
        identifier: Arc::clone(&identifier),
        rates: Rates::new(&limits),
        under_way: UnderWay::default(),
        ending,
    });
    let workers = std::thread::available_parallelism().map_or(2, usize::from);
    let listeners = Listeners {
        https: (https, tls),
        http,
        connections: limits.connections,
    };
    let server = crate::http::serve(listeners, identifier, shared, &options.sync_path, workers)?;
    let handle = server.handle();
    let serving = tokio::spawn(server);
    let tasks = Tasks::start(
        &options,
        &way,
        &store,
        push,
        hooks,
        batches,
        Arc::clone(&metrics),
    );
    Ok(Running {
        https: https_address,
        http: http_address,
        sync_path: options.sync_path.clone(),
        token,
        token_file: dir.file("admin-token"),
        ca: dir.file("ca.pem"),
        options,
        dir,
        way,
        store,
        certificate,
        provider,
        handle,
        end,
        serving,
        health,
        metrics,
        tasks,
    })
}

impl Running {
    /// The one line that tells where the server listens, JSON.
    pub fn announcement(&self) -> String {
        let Running {
            https, sync_path, ..
        } = self;
        let http = self
            .http
            .map_or(String::new(), |http| format!(r#","http":"{http}""#));
        let sync = serde_json::Value::from(sync_path.as_str());
        format!(r#"{{"listening":{{"https":"{https}"{http}}},"sync":{sync},"api":"/api/v1"}}"#)
    }

    /// Reads policies and the server's certificate again. What is wrong is
    /// refused, told and on record; what was in force stays.
    pub async fn reload(&self) {
        let now = self.options.clock.now();
        let set = policy_set(&self.options);
        self.metrics.reloaded(set.is_ok());
        let event = match set {
            Ok(set) => {
                tracing::info!(digest = set.digest(), "the policy set is in force");
                let detail = format!("policy set {}", set.digest());
                let kept = self
                    .store
                    .keep_policy_set(set.digest(), set.files().to_vec())
                    .await;
                if let Err(error) = kept {
                    tracing::error!(%error, "the policy set could not be kept; the old one stays in force");
                    return;
                }
                self.way.enforce(Arc::new(set));
                Event::new(now, "operator:SIGHUP", None, EventType::PolicyLoaded).detail(detail)
            }
            Err(faults) => {
                for fault in &faults {
                    tracing::error!("{fault}");
                }
                tracing::error!("the policy files are refused; the set in force stays");
                let detail = format!("{} faults, the first: {}", faults.len(), faults[0]);
                Event::new(now, "operator:SIGHUP", None, EventType::PolicyRefused).detail(detail)
            }
        };
        if let Err(error) = self.store.log(vec![event]).await {
            tracing::error!(%error, "the reload is not on record");
        }
        let allow_rsa = self.options.allow_rsa;
        match certificates::server_certificate(
            &self.dir,
            &self.options.names,
            allow_rsa,
            &self.provider,
        ) {
            Ok(certified) => self.certificate.replace(certified),
            Err(error) => {
                tracing::error!(%error, "the server's certificate is refused; the old one stays")
            }
        }
    }

    /// Ends the server: open exchanges finish first.
    pub async fn stop(self) -> Result<(), ServeError> {
        self.health.drain();
        tokio::time::sleep(self.options.drain).await;
        // Streams end first, or they would be waited for.
        self.end.send_replace(true);
        self.handle.stop(true).await;
        self.tasks.stop().await;
        let ended = self.serving.await;
        self.store
            .log(self.way.auth_failures().take(self.options.clock.now()))
            .await?;
        ended
            .map_err(io::Error::other)?
            .map_err(ServeError::Runtime)
    }
}

/// Who works out what a connection proves.
fn identifier(
    options: &Options,
    provider: &Arc<CryptoProvider>,
    metrics: &Arc<Metrics>,
) -> Result<Identifier, ServeError> {
    let issuers = options
        .client_ca
        .as_deref()
        .map(|path| certificates::issuers(path, Arc::clone(provider)));
    Ok(Identifier {
        issuers: issuers.transpose()?,
        proxies: options.proxies.clone(),
        counts: ProxyCounts::new(Arc::clone(metrics)),
        tls: Arc::new(TlsRefusals::new(Arc::clone(metrics))),
    })
}

fn way(
    options: &Options,
    store: &Arc<SqliteStore>,
    policies: &Arc<PolicySet>,
    metrics: &Arc<Metrics>,
) -> Way {
    let way = Way::new(
        Arc::clone(store) as Arc<dyn Store>,
        Arc::clone(policies),
        store.nonces(),
        options.accept_unknown,
    );
    way.with_clock(options.clock.clone())
        .with_metrics(Arc::clone(metrics))
        .proving_itself(options.server_auth.clone())
}

fn policy_set(options: &Options) -> Result<PolicySet, Vec<Fault>> {
    options
        .policies
        .as_deref()
        .map_or_else(PolicySet::builtin, crate::policy_files::load)
}

fn check_addresses(options: &Options) -> Result<(), ServeError> {
    if let Some(http) = options
        .insecure_http
        .filter(|http| !http.ip().is_loopback())
    {
        return Err(ServeError::NotLoopback(
            http,
            "plain HTTP hides nothing (--insecure-http)",
        ));
    }
    if options.accept_unknown && !options.listen.ip().is_loopback() {
        let why = "--accept-unknown-devices takes any device by its name alone";
        return Err(ServeError::NotLoopback(options.listen, why));
    }
    Ok(())
}

/// A server that only this machine reaches may tell this machine, too.
fn webhook_reach(options: &Options) -> Reach {
    Reach {
        private: options.private_webhooks,
        loopback: options.listen.ip().is_loopback(),
    }
}

fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), ServeError> {
    let failed = |error| ServeError::Listen(address, error);
    let listener = TcpListener::bind(address).map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

async fn record_start(
    store: &dyn Store,
    policies: &PolicySet,
    now: Timestamp,
) -> Result<(), StoreError> {
    store
        .keep_policy_set(policies.digest(), policies.files().to_vec())
        .await?;
    let version = concat!("modegate ", env!("CARGO_PKG_VERSION"));
    let started = Event::new(now, "server", None, EventType::ServerStarted).detail(version);
    let loaded = Event::new(now, "server", None, EventType::PolicyLoaded)
        .detail(format!("policy set {}", policies.digest()));
    store.log(vec![started, loaded]).await
}
