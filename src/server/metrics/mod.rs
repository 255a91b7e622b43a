//! What the server counts, and how it is called (docs/running.md lists it).
//! Counting takes atomics only. No label names a device, a user or a command: the number of series is fixed.

mod alerts;
mod audit;
mod compliance;
mod connections;
mod disk;
mod exchange;
mod format;
mod process;
mod push;
mod queues;
mod refused;
mod shape;
mod siem;
mod store;
mod webhooks;

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

pub use connections::ConnectionEnd;
pub use exchange::ExchangeMetrics;
pub use format::Format;
pub(crate) use push::wake_end;
pub use refused::RefusedReason;
pub use shape::{Histogram, Labelled};

use alerts::OpenAlerts;
use audit::AuditMetrics;
use compliance::{ComplianceMetrics, RELOADS};
pub(crate) use disk::disk;
use process::ProcessCollector;
use push::PushMetrics;
use siem::SiemMetrics;
use webhooks::WebhookMetrics;

use crate::clock::Clock;
use crate::tally::PendingCounts;
use modegate_core::command::CommandState;
use modegate_core::context::Mode;
use modegate_core::device::AuthFailure;
use modegate_core::installs::InstallState;
use modegate_core::kind::Kind;
use modegate_core::time::Timestamp;

/// What became of a command in a decision.
const OUTCOMES: [&str; 3] = ["delivered", "withheld", "refused"];
/// The classes of HTTP statuses.
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];
/// The methods that the API knows, and the others.
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "other"];
/// What was synced to the disk.
const SYNCS: [&str; 2] = ["commit", "checkpoint"];

/// Everything that is counted.
#[derive(Debug)]
pub struct Metrics {
    exchanges: Labelled<Counter>,
    exchange_seconds: Labelled<Histogram>,
    decisions: Labelled<Counter>,
    sessions_begun: Counter,
    sessions_ended: Counter,
    queue: Labelled<Gauge>,
    queue_oldest: Gauge<f64, AtomicU64>,
    commit_seconds: Histogram,
    load_seconds: Histogram,
    batch_pieces: Histogram,
    syncs: Labelled<Counter>,
    tls_refused: Family<[(&'static str, &'static str); 1], Counter>,
    proxies: Labelled<Counter>,
    strangers: Labelled<Counter>,
    connections: Gauge,
    connections_ended: Labelled<Counter>,
    messages_refused: Labelled<Counter>,
    over_bound: Counter,
    http: Labelled<Counter>,
    api: Labelled<Counter>,
    reloads: Labelled<Counter>,
    certificate_expiry: Family<[(&'static str, &'static str); 1], Gauge>,
    worker_restarts: Family<[(&'static str, &'static str); 1], Counter>,
    alerts: OpenAlerts,
    push: PushMetrics,
    installs: Labelled<Counter>,
    webhooks: WebhookMetrics,
    audit: AuditMetrics,
    compliance: ComplianceMetrics,
    siem: SiemMetrics,
    /// What is counted by the hour besides.
    pub(crate) hourly: PendingCounts,
    registry: Registry,
    /// What is called as in every program: without our prefix.
    process: Registry,
}

/// What becomes of a proxy's header that is not believed.
const PROXIES: [&str; 2] = ["ignored", "refused"];

/// The names of kinds, by discriminant, which is not the order of `ALL`.
fn kind_names() -> [&'static str; Kind::ALL.len()] {
    let mut names = [""; Kind::ALL.len()];
    for kind in Kind::ALL {
        names[kind as usize] = kind.name();
    }
    names
}

impl Metrics {
    /// Everything at zero, by the machine's clock.
    pub fn new() -> Self {
        Metrics::on(Clock::default())
    }

    /// Everything at zero; what is counted by the hour is by the hours of this clock.
    pub fn on(clock: Clock) -> Self {
        let modes = || Mode::ALL.map(Mode::name);
        let counter = Counter::<u64>::default;
        let states = CommandState::ALL.map(CommandState::name);
        let mut metrics = Metrics {
            exchanges: Labelled::one(&["mode"], modes(), counter),
            exchange_seconds: Labelled::one(&["mode"], modes(), Histogram::of_seconds),
            decisions: Labelled::two(&["kind", "outcome"], &kind_names(), &OUTCOMES, counter),
            sessions_begun: counter(),
            sessions_ended: counter(),
            queue: Labelled::one(&["state"], states, Gauge::default),
            queue_oldest: Gauge::default(),
            commit_seconds: Histogram::of_seconds(),
            load_seconds: Histogram::of_seconds(),
            batch_pieces: Histogram::of_pieces(),
            syncs: Labelled::one(&["of"], SYNCS, counter),
            tls_refused: Family::default(),
            proxies: Labelled::one(&["result"], PROXIES, counter),
            strangers: Labelled::one(
                &["reason"],
                AuthFailure::ALL.map(AuthFailure::name),
                counter,
            ),
            connections: Gauge::default(),
            connections_ended: Labelled::one(
                &["reason"],
                ConnectionEnd::ALL.map(ConnectionEnd::name),
                counter,
            ),
            messages_refused: Labelled::one(
                &["reason"],
                RefusedReason::ALL.map(RefusedReason::name),
                counter,
            ),
            over_bound: counter(),
            http: Labelled::one(&["class"], CLASSES, counter),
            api: Labelled::two(&["method", "class"], &METHODS, &CLASSES, counter),
            reloads: Labelled::one(&["result"], RELOADS, counter),
            certificate_expiry: Family::default(),
            worker_restarts: Family::default(),
            alerts: OpenAlerts::default(),
            push: PushMetrics::new(),
            installs: Labelled::one(
                &["state"],
                InstallState::ALL.map(InstallState::name),
                counter,
            ),
            webhooks: WebhookMetrics::new(),
            audit: AuditMetrics::new(),
            compliance: ComplianceMetrics::new(),
            siem: SiemMetrics::default(),
            hourly: PendingCounts::new(clock),
            registry: Registry::with_prefix("modegate"),
            process: Registry::default(),
        };
        metrics.name_exchanges();
        metrics.name_store();
        metrics.name_shell();
        metrics.name_deliveries();
        metrics
    }

    /// The same, with what the system knows of this process.
    #[must_use]
    pub fn with_process(mut self) -> Self {
        self.process.register_collector(Box::new(ProcessCollector));
        self
    }

    fn name_deliveries(&mut self) {
        let to = &mut self.registry;
        self.push.name(to);
        to.register(
            "installs_reached",
            "Installs of apps that came to a state, by that state",
            self.installs.clone(),
        );
        self.webhooks.name(to);
        self.audit.name(to);
        self.compliance.name(to);
        self.siem.name(to);
    }

    fn name_exchanges(&mut self) {
        let to = &mut self.registry;
        to.register(
            "exchanges",
            "Exchanges made durable and answered, by the mode decided on",
            self.exchanges.clone(),
        );
        to.register_with_unit(
            "exchange_duration",
            "Time from the last byte of a request to its durable reply, by mode",
            Unit::Seconds,
            self.exchange_seconds.clone(),
        );
        to.register("decisions", "Commands that a decision delivered, withheld or refused, by kind; equal lists of withheld commands count once", self.decisions.clone());
        to.register(
            "sessions_begun",
            "Sessions that devices began",
            self.sessions_begun.clone(),
        );
        to.register(
            "sessions_ended",
            "Sessions that ended; one that falls silent is counted when its device connects again",
            self.sessions_ended.clone(),
        );
        to.register("queue_commands", "Commands that are not in a final state, by state, at the last complete scan of all devices", self.queue.clone());
        to.register_with_unit(
            "queue_oldest_age",
            "Age of the oldest waiting command, 0 if none waits, at the last complete scan of all devices",
            Unit::Seconds,
            self.queue_oldest.clone(),
        );
        to.register(
            "strangers",
            "Sync requests that proved no identity, by reason",
            self.strangers.clone(),
        );
        to.register(
            "messages_refused",
            "Sync requests whose message was not read, by reason",
            self.messages_refused.clone(),
        );
        to.register(
            "devices_over_bound",
            "Sync requests answered 429 because the device had written all that it may within an hour",
            self.over_bound.clone(),
        );
    }

    fn name_store(&mut self) {
        let to = &mut self.registry;
        to.register_with_unit(
            "store_commit_duration",
            "Time from handing work to the writer until it is durable",
            Unit::Seconds,
            self.commit_seconds.clone(),
        );
        to.register_with_unit(
            "store_load_duration",
            "Time to read the data that one exchange needs",
            Unit::Seconds,
            self.load_seconds.clone(),
        );
        to.register(
            "store_batch_pieces",
            "Units of work in one transaction",
            self.batch_pieces.clone(),
        );
        to.register(
            "store_syncs",
            "Disk syncs, by what needed them",
            self.syncs.clone(),
        );
    }

    fn name_shell(&mut self) {
        let to = &mut self.registry;
        to.register(
            "tls_handshakes_refused",
            "TLS handshakes refused, by reason",
            self.tls_refused.clone(),
        );
        to.register(
            "proxy_headers",
            "Headers with a client certificate that were not accepted, by result",
            self.proxies.clone(),
        );
        to.register(
            "connections",
            "Connections that are open",
            self.connections.clone(),
        );
        to.register(
            "connections_ended",
            "Connections that were refused, or ended because their peer made no progress, by reason",
            self.connections_ended.clone(),
        );
        to.register(
            "http_requests",
            "HTTP requests, by class of status",
            self.http.clone(),
        );
        to.register(
            "api_requests",
            "API requests, by method and class of status",
            self.api.clone(),
        );
        to.register(
            "policy_reloads",
            "Reloads of the policy files, by result",
            self.reloads.clone(),
        );
        to.register_with_unit(
            "certificate_expiry_timestamp",
            "When a certificate expires, in Unix time: the server's own, and the first to expire of client_ca",
            Unit::Seconds,
            self.certificate_expiry.clone(),
        );
        to.register(
            "worker_restarts",
            "Failures of a background worker, by worker",
            self.worker_restarts.clone(),
        );
        self.alerts.name(to);
        let version = ("version", env!("CARGO_PKG_VERSION"));
        to.register(
            "build",
            "The version of the server, as a label",
            Info::new([version]),
        );
    }

    /// Counts a TLS handshake that was refused. `reason` is one of a few fixed
    /// words, such as `no_shared_cipher`: it becomes a label.
    pub(crate) fn tls_refused(&self, reason: &'static str) {
        self.tls_refused.get_or_create(&[("reason", reason)]).inc();
    }

    /// Counts a header about a client's certificate that was not believed: from an
    /// address that is no trusted proxy (`ignored`), or wrong in itself (`refused`).
    pub(crate) fn proxy_header(&self, from_proxy: bool) {
        self.proxies.at(usize::from(from_proxy)).inc();
    }

    /// The text of everything.
    pub fn text(&self, format: Format) -> String {
        let mut text = String::with_capacity(32 * 1024);
        for registry in [&self.registry, &self.process] {
            // Writing to memory does not fail.
            let _ = encode_registry(&mut text, registry);
        }
        let _ = encode_eof(&mut text);
        format.written(text)
    }

    /// A request proved nothing.
    pub(crate) fn auth_failed(&self, failure: AuthFailure) {
        self.strangers.at(failure as usize).inc();
    }

    /// So many connections are open.
    pub(crate) fn connections_open(&self, count: usize) {
        self.connections
            .set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// A connection was refused, or ended by the server.
    pub(crate) fn connection_ended(&self, why: ConnectionEnd) {
        self.connections_ended.at(why as usize).inc();
    }

    /// The message of a sync request was not read.
    pub(crate) fn message_refused(&self, reason: RefusedReason) {
        self.messages_refused.at(reason as usize).inc();
    }

    /// A device had written all that it may within an hour.
    pub(crate) fn over_bound(&self) {
        self.over_bound.inc();
    }

    /// An HTTP request was answered with this status.
    pub(crate) fn answered(&self, status: u16) {
        self.http.at(class(status)).inc();
    }

    /// An API request was answered with this status.
    pub(crate) fn api_answered(&self, method: &str, status: u16) {
        let known = METHODS.iter().position(|known| *known == method);
        let method = known.unwrap_or(METHODS.len() - 1);
        self.api.at(method * CLASSES.len() + class(status)).inc();
    }

    /// The policy files were read again, and put in force or refused.
    pub(crate) fn reloaded(&self, in_force: bool) {
        self.reloads.at(usize::from(!in_force)).inc();
    }

    /// A certificate in use expires then. `which` is one of a few fixed words.
    pub(crate) fn certificate_expires(&self, which: &'static str, at: Timestamp) {
        let label = [("certificate", which)];
        self.certificate_expiry
            .get_or_create(&label)
            .set(at.0 / 1000);
    }

    /// A background worker was started: its series begins at zero.
    pub(crate) fn worker_started(&self, worker: &'static str) {
        let label = [("worker", worker)];
        self.worker_restarts.get_or_create(&label).inc_by(0);
    }

    /// A background worker failed, and is restarted unless it failed too often.
    pub(crate) fn worker_restarted(&self, worker: &'static str) {
        let label = [("worker", worker)];
        self.worker_restarts.get_or_create(&label).inc();
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Metrics::new()
    }
}

fn class(status: u16) -> usize {
    usize::from(status / 100).clamp(1, CLASSES.len()) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_and_mode_has_its_own_series_and_statuses_their_class() {
        let metrics = Metrics::new();
        metrics
            .decisions
            .at(Kind::WnsConfiguration as usize * OUTCOMES.len() + 1)
            .inc();
        metrics.exchanges.at(Mode::Apps as usize).inc();
        metrics.auth_failed(AuthFailure::Other);
        for status in [200, 204, 503, 99, 700] {
            metrics.answered(status);
        }
        metrics.api_answered("BREW", 418);
        let text = metrics.text(Format::OpenMetrics);
        for line in [
            "modegate_decisions_total{kind=\"wns_configuration\",outcome=\"withheld\"} 1",
            "modegate_exchanges_total{mode=\"Apps\"} 1",
            "modegate_strangers_total{reason=\"other\"} 1",
            "modegate_http_requests_total{class=\"2xx\"} 2",
            "modegate_http_requests_total{class=\"5xx\"} 2",
            "modegate_api_requests_total{method=\"other\",class=\"4xx\"} 1",
            concat!(
                "modegate_build_info{version=\"",
                env!("CARGO_PKG_VERSION"),
                "\"} 1"
            ),
        ] {
            assert!(
                text.lines().any(|found| found == line),
                "{line} in:\n{text}"
            );
        }
        assert!(text.ends_with("# EOF\n"));
    }
}
