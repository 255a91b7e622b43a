//! `modegate serve`: the shell put together, from a data directory to a running server.

mod audit_log;
mod baselines;
pub(crate) mod certificates;
pub(crate) mod data_dir;
mod enrolling;
mod expiry;
pub mod keys;
mod listening;
mod log_outlets;
mod options;
mod permissions;
pub(crate) mod preflight;
mod reload;
pub(crate) mod sockets;
pub(crate) mod witness;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use rustls::crypto::CryptoProvider;
use tokio::sync::{Notify, watch};

use crate::app::web_sessions::{Lifetime, WebSessions};
use crate::app::{App, alerts::Alerts, baseline_reload, policy_reload};
use crate::audit::Sealer;
use crate::audit::lists::Lists;
use crate::config::{self, Limits, Settings};
use crate::current::Current;
use crate::egress::EgressPolicy;
use crate::http::bodies::BodyBudget;
use crate::http::health::Health;
use crate::http::identity::Identifier;
use crate::http::proxy::{ProxyCounts, TrustedProxies};
use crate::http::rates::Rates;
use crate::http::site::WebSite;
use crate::http::stream_places::StreamPlaces;
use crate::http::tls::{ServerCertificate, TlsRefusals, Validity, fault_of};
use crate::http::{InFlightWrites, RefusedLog, Shared};
use crate::metrics::Metrics;
use crate::supervisor::{Supervisor, WorkerFailed, WorkerStatus};
use crate::sync::SyncService;
use crate::token_cache::TokenCache;
use crate::wns::service::Push;
use crate::work::WorkPool;
use crate::workers::WorkerContext;
use crate::workers::alerts::Conditions;
pub(crate) use audit_log::audit_setup;
use audit_log::open_log;
use certificates::Issuers;
use data_dir::DataDir;
pub use keys::KeySource;
use modegate_core::alert::{AlertKind, Subject};
use modegate_core::compliance::BaselineSet;
use modegate_core::event::{Event, EventType};
use modegate_core::policy::PolicySet;
use modegate_core::secret::Secret;
use modegate_core::session::ServerAuth;
use modegate_core::time::Timestamp;
use modegate_core::tokens::TokenDigest;
use modegate_store::sqlite::SqliteStore;
use modegate_store::{Store, StoreError};
pub use options::{Options, ServeError};

/// A running server.
pub struct Running {
    /// Where HTTPS listens.
    pub https: SocketAddr,
    /// Where pages and API are served without asking for a client certificate.
    pub web: SocketAddr,
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
    shared: Arc<Shared>,
    certificate: Arc<ServerCertificate>,
    issuers_validity: Option<Validity>,
    provider: Arc<CryptoProvider>,
    handle: ServerHandle,
    end: watch::Sender<bool>,
    serving: tokio::task::JoinHandle<io::Result<()>>,
    workers: Supervisor,
    announced: watch::Sender<bool>,
}

/// How long the end of the server may seal the log.
const SEALING: Duration = Duration::from_secs(20);

/// Starts the server; it serves when this returns.
///
/// # Errors
/// What stands in its way.
pub async fn start(options: Options) -> Result<Running, ServeError> {
    let (settings, clock) = (&options.settings, &options.clock);
    let (policies, baselines) = rules(settings, clock.now())?;
    let dir = DataDir::open(&settings.data)?;
    let metrics = metrics(&options);
    let keys = KeySource::from_settings(settings).open(&dir, &settings.database_path())?;
    let token = dir.admin_token()?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let certified = certificates::server_certificate(dir.path(), settings, &provider)?;
    let chain = certified.cert.clone();
    let (issuers, issuers_validity) = issuers(settings, &provider)?;
    let certificate = Arc::new(ServerCertificate::new(certified));
    let (store, sealer) = open_log(&options, keys, &metrics).await?;
    let sync = Arc::new(sync_service(&options, &store, &policies, &metrics)?);
    record_start(&*store, (&policies, &baselines), clock.now()).await?;
    let push = push(&options, &store, &sync, &metrics).await?;
    let (end, ending) = watch::channel(false);
    let status = Arc::<WorkerStatus>::default();
    let parts = (store, sealer, Arc::new(Current::new(baselines)));
    let app = app(&options, parts, sync, push, &metrics, &token).await?;
    let shared = Arc::new(Shared {
        app,
        health: Arc::new(Health::new(Arc::clone(&status))),
        identifier: Arc::new(identifier(settings, issuers, &metrics)),
        metrics,
        rates: Rates::new(&limits(settings)),
        sync_path: settings.sync_path.clone(),
        bodies: BodyBudget::new(&settings.limits),
        streams: stream_places(settings),
        refused: RefusedLog::default(),
        in_flight: InFlightWrites::default(),
        web: WebSite::new(&settings.web).map_err(ServeError::Logo)?,
        ending,
    });
    expiry::watch(&shared, &chain, issuers_validity);
    let (server, bound) = listening::listen(settings, &provider, &certificate, &shared)?;
    let (workers, announced) = workers(settings, &shared, status)?;
    let running = Running {
        https: bound.https,
        web: bound.web,
        http: bound.http,
        sync_path: settings.sync_path.clone(),
        token,
        token_file: dir.file("admin-token"),
        ca: dir.file("ca.pem"),
        options,
        dir,
        shared,
        certificate,
        issuers_validity,
        provider,
        handle: server.handle(),
        end,
        serving: tokio::spawn(server),
        workers,
        announced,
    };
    running.announce()?;
    Ok(running)
}

/// What is counted, by the server's clock.
fn metrics(options: &Options) -> Arc<Metrics> {
    let metrics = Metrics::on(options.clock.clone()).with_process();
    Arc::new(metrics.with_disk(&options.settings.database_path()))
}

fn stream_places(settings: &Settings) -> StreamPlaces {
    let limits = &settings.limits;
    StreamPlaces::new(
        limits.event_streams,
        limits.event_streams_per_token as usize,
    )
}

/// The use cases on these parts, with the API tokens that the store has.
async fn app(
    options: &Options,
    (store, sealer, baselines): (Arc<SqliteStore>, Arc<Sealer>, Arc<Current<BaselineSet>>),
    sync: Arc<SyncService>,
    push: Arc<Push>,
    metrics: &Arc<Metrics>,
    admin_token: &Secret,
) -> Result<Arc<App>, ServeError> {
    let alerts = Alerts::new(
        Arc::clone(&store) as Arc<dyn Store>,
        options.clock.clone(),
        Arc::clone(metrics),
    );
    let alerts = Arc::new(alerts.await?);
    // The files were read just now: what a reload refused was fixed since.
    for (kind, subject) in reload::REFUSALS {
        alerts.clear(kind, subject()).await?;
    }
    if options.settings.retention.events_days == 0 {
        let kind = AlertKind::LogNotExported;
        alerts.clear(kind, Subject::Server).await?;
    }
    if options.settings.siem.sinks.is_empty() {
        alerts.settle(&[AlertKind::SiemBehind], Vec::new()).await?;
    }
    let shared_store = Arc::clone(&store) as Arc<dyn Store>;
    let app = App {
        enrolling: enrolling::enrolling(options, &shared_store)?,
        keys: store.keys(),
        store,
        sealer,
        audit_public: options.settings.audit.public,
        sync,
        baselines,
        policies: options.settings.policies.clone(),
        judges: options.settings.compliance.enabled,
        reloading: tokio::sync::Mutex::default(),
        metrics: Arc::clone(metrics),
        push,
        alerts,
        clock: options.clock.clone(),
        page_bytes: options.settings.limits.api_page_bytes.into(),
        templates: options.settings.templates.clone(),
        web_sessions: web_sessions(&options.settings.web),
        tokens: TokenCache::new(TokenDigest::from_text(admin_token.reveal())),
        refreshing: tokio::sync::Mutex::default(),
        work: WorkPool::new(cores()),
        open_installs_per_token: options.settings.limits.open_installs_per_token.into(),
        webhook_egress: webhook_egress(&options.settings),
        batches: Arc::new(Notify::new()),
        waiting: Arc::default(),
        web_url: OnceLock::new(),
        server: OnceLock::new(),
        #[cfg(feature = "oidc")]
        provider: crate::oidc::IdentityProvider::new(&options.settings.web.oidc)?,
        certificate_fault: |certificate| fault_of(certificate).map(|fault| fault.to_string()),
    };
    app.refresh_tokens().await?;
    Ok(Arc::new(app))
}

impl Running {
    /// The announcement is written: what else belongs on standard output may follow.
    pub fn announced(&self) {
        self.announced.send_replace(true);
    }

    /// Completes once a background worker has failed too often to be restarted;
    /// the server should be stopped then.
    pub async fn failed(&self) -> WorkerFailed {
        self.workers.failed().await
    }

    /// Ends the server: open exchanges finish first.
    pub async fn stop(self) -> Result<(), ServeError> {
        self.shared.health.drain();
        tokio::time::sleep(self.options.drain).await;
        // Streams end first, or they would be waited for.
        self.end.send_replace(true);
        self.handle.stop(true).await;
        self.workers.stop().await;
        let ended = self.serving.await;
        self.dir.retract();
        let (app, now) = (&self.shared.app, self.options.clock.now());
        let failures = app.sync.auth_failures().take();
        let logged = app.store.log(failures.events(now)).await;
        let counted = app.metrics.hourly.flush(&*app.store).await;
        // Everything that is logged is sealed, or the next start goes on.
        let sealed = app.sealer.finish(SEALING).await;
        // Connections that still end hold the store; the process does not wait for them.
        app.store.close().await;
        logged.and(counted)?;
        sealed?;
        ended
            .map_err(io::Error::other)?
            .map_err(ServeError::Runtime)
    }
}

/// The issuers of `client_ca`, if there are any, and when the first of them expires.
fn issuers(
    settings: &Settings,
    provider: &Arc<CryptoProvider>,
) -> Result<(Option<Issuers>, Option<Validity>), ServeError> {
    let Some(path) = &settings.client_ca else {
        return Ok((None, None));
    };
    let issuers = certificates::issuers(path, Arc::clone(provider))?;
    let validity = expiry::first_to_expire(&issuers.certificates);
    Ok((Some(issuers), validity))
}

/// Works out what a connection proves.
fn identifier(settings: &Settings, issuers: Option<Issuers>, metrics: &Arc<Metrics>) -> Identifier {
    Identifier {
        issuers: issuers.map(|issuers| issuers.verifier),
        proxies: (!settings.trusted_proxies.is_empty()).then(|| TrustedProxies {
            addresses: settings.trusted_proxies.clone(),
            header: settings.proxy_header,
            address_header: settings.proxy_address_header,
        }),
        counts: ProxyCounts::new(Arc::clone(metrics)),
        tls: Arc::new(TlsRefusals::new(Arc::clone(metrics))),
    }
}

fn sync_service(
    options: &Options,
    store: &Arc<SqliteStore>,
    policies: &Arc<PolicySet>,
    metrics: &Arc<Metrics>,
) -> Result<SyncService, ServeError> {
    let settings = &options.settings;
    let sync = SyncService::new(
        Arc::clone(store) as Arc<dyn Store>,
        Arc::clone(policies),
        store.nonces(),
        settings.accept_unknown_devices,
    );
    Ok(sync
        .with_clock(options.clock.clone())
        .with_metrics(Arc::clone(metrics))
        .with_bounds(limits(settings).device_bounds())
        .reading_schedules(settings.inventory.schedule_age_ms())
        .repairing_polling(settings.inventory.repair_polling)
        .proving_itself(server_auth(&settings.server_auth)?))
}

/// When sessions of the pages end.
fn web_sessions(settings: &config::WebSettings) -> WebSessions {
    const HOUR: u32 = 60;
    WebSessions::new(
        Lifetime::of_minutes(settings.console_idle_minutes, settings.console_hours * HOUR),
        Lifetime::of_minutes(
            settings.portal_idle_hours * HOUR,
            settings.portal_days * 24 * HOUR,
        ),
    )
}

/// What the server proves itself to devices with; the common password is read here.
fn server_auth(settings: &config::ServerAuth) -> Result<Option<ServerAuth>, ServeError> {
    let Some(name) = settings.name.clone() else {
        return Ok(None);
    };
    let password = settings.password_file.as_ref().map(|path| {
        let password = config::secret_file(path);
        let password = password.map_err(|error| ServeError::File(path.clone(), error))?;
        if password.reveal().is_empty() {
            return Err(ServeError::BadFile(path.clone(), "a password"));
        }
        Ok(password)
    });
    Ok(Some(ServerAuth {
        name,
        password: password.transpose()?,
        allows_basic: settings.basic,
    }))
}

async fn push(
    options: &Options,
    store: &Arc<SqliteStore>,
    sync: &Arc<SyncService>,
    metrics: &Arc<Metrics>,
) -> Result<Arc<Push>, ServeError> {
    let push = Push::new(
        Arc::clone(store) as Arc<dyn Store>,
        sync.active_profiles(),
        &options.settings.wns,
        options.settings.templates.clone(),
        options.clock.clone(),
    )?;
    let push = push.with_metrics(Arc::clone(metrics));
    push.refresh().await?;
    Ok(Arc::new(push))
}

/// The background workers, and how they learn that the announcement is written.
fn workers(
    settings: &Settings,
    shared: &Shared,
    status: Arc<WorkerStatus>,
) -> Result<(Supervisor, watch::Sender<bool>), ServeError> {
    let (announced, is_announced) = watch::channel(false);
    let webhooks = crate::webhooks::client::Client::new(shared.app.webhook_egress, None)
        .map_err(ServeError::Webhooks)?;
    let workers = crate::workers::start(WorkerContext {
        store: Arc::clone(&shared.app.store),
        clock: shared.app.clock.clone(),
        metrics: Arc::clone(&shared.metrics),
        conditions: Arc::new(conditions(settings, shared, status)),
        sync: Arc::clone(&shared.app.sync),
        push: Arc::clone(&shared.app.push),
        notifications: settings.wns.workers as usize,
        webhooks,
        batches: Arc::clone(&shared.app.batches),
        waiting: Arc::clone(&shared.app.waiting),
        templates: settings.templates.clone(),
        jobs: settings.jobs.clone(),
        retention: settings.retention,
        sealer: Arc::clone(&shared.app.sealer),
        judge: baselines::judge(settings, shared),
        lists: Lists::of(&settings.data),
        snapshot_ms: settings.compliance.snapshot_ms(),
        witnesses: Arc::new(log_outlets::witnesses(settings, shared.app.clock.now())?),
        siem: log_outlets::forwarders(settings, shared, &is_announced)?,
        database: settings.database_path(),
        export_directory: settings.audit.export_directory.clone(),
    });
    Ok((workers, announced))
}

/// Where the conditions are seen that alerts are raised for.
fn conditions(settings: &Settings, shared: &Shared, workers: Arc<WorkerStatus>) -> Conditions {
    Conditions {
        store: Arc::clone(&shared.app.store),
        clock: shared.app.clock.clone(),
        alerts: Arc::clone(&shared.app.alerts),
        push: Arc::clone(&shared.app.push),
        workers,
        health: Arc::clone(&shared.health),
        sealer: Arc::clone(&shared.app.sealer),
        metrics: Arc::clone(&shared.metrics),
        database: settings.database_path(),
        reserved_bytes: u64::from(settings.alerts.disk_reserved_mib) * 1024 * 1024,
        patience: Duration::from_secs(settings.audit.unsealed_seconds.into()),
    }
}

fn limits(settings: &Settings) -> Limits {
    if settings.accept_unknown_devices {
        settings.limits.without_rates()
    } else {
        settings.limits
    }
}

/// The policies and the baselines of compliance, where the addresses are ones to listen on.
fn rules(
    settings: &Settings,
    now: Timestamp,
) -> Result<(Arc<PolicySet>, Arc<BaselineSet>), ServeError> {
    listening::check_addresses(settings)?;
    let directory = settings.policies.as_deref();
    let policies = policy_reload::read(directory).map_err(ServeError::Policies)?;
    let baselines = baseline_reload::read(settings.compliance.enabled, directory, now);
    let baselines = baselines.map_err(ServeError::Baselines)?;
    Ok((Arc::new(policies), Arc::new(baselines)))
}

/// A server that only this machine reaches may tell this machine, too.
fn webhook_egress(settings: &Settings) -> EgressPolicy {
    EgressPolicy {
        private: settings.webhooks.allow_private,
        loopback: settings.is_local(),
    }
}

pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}

async fn record_start(
    store: &dyn Store,
    (policies, baselines): (&PolicySet, &BaselineSet),
    now: Timestamp,
) -> Result<(), StoreError> {
    store
        .keep_policy_set(policies.digest(), policies.files().to_vec())
        .await?;
    let version = concat!("modegate ", env!("CARGO_PKG_VERSION"));
    let started = Event::new(now, "server", None, EventType::ServerStarted).detail(version);
    let loaded = Event::new(now, "server", None, EventType::PolicyLoaded)
        .detail(format!("policy set {}", policies.digest()));
    store.log(vec![started, loaded]).await?;
    baseline_reload::put(store, baselines, "server", now).await
}
