//! The sync pipeline. Every request of a device takes the same path, once:
//!
//! ```text
//! bytes -> decode -> load -> authenticate -> step -> encode -> commit -> bytes
//! ```
//!
//! It stands in `pipeline`; only when the device changed between load and commit, or
//! while its turn was waited for, does it run again from load. The turn, and the
//! device's rate, are for who has proved to be the device. What is decided is decided in
//! [`modegate_core::session`]; here it is put in order and made durable.

mod auth_failures;
mod encode;
mod enrollments;
mod gate;
mod pipeline;
mod refusals;
mod refuse;
mod refused;
mod registration;
mod request;

use std::sync::Arc;

pub use auth_failures::AuthFailures;
pub use modegate_core::session::{ClientEvidence, MacClaim, ServerAuth};
pub use pipeline::Sender;
pub use refusals::{Refusals, Refused};
pub use request::Received;

use crate::clock::Clock;
use crate::current::Current;
use crate::metrics::Metrics;
use crate::wns::in_force::ProfilesInForce;
use modegate_core::limits::DeviceBounds;
use modegate_core::policy::PolicySet;
use modegate_core::push::active_profiles::ActiveProfiles;
use modegate_store::Store;

/// What goes back over HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SyncResponse {
    /// 200 with this SyncML document, written as the request was.
    Reply(Vec<u8>),
    /// The same, signed: the value of the header `x-syncml-hmac` beside it.
    Signed(Vec<u8>, String),
    /// 400: not SyncML, with what was expected and what came.
    BadRequest(String),
    /// 413: over a bound, which is named.
    TooLarge(String),
    /// 403: an unknown device, or one that proves to be another.
    Forbidden,
    /// 429: too often; may come again after so many seconds.
    TooOften(u32),
    /// 503: busy; the device comes again.
    Busy,
}

impl SyncResponse {
    /// The HTTP status that it becomes.
    pub fn status(&self) -> u16 {
        match self {
            SyncResponse::Reply(_) | SyncResponse::Signed(..) => 200,
            SyncResponse::BadRequest(_) => 400,
            SyncResponse::TooLarge(_) => 413,
            SyncResponse::Forbidden => 403,
            SyncResponse::TooOften(_) => 429,
            SyncResponse::Busy => 503,
        }
    }
}

/// Derives the nonce of a device (by its number) for a count of authentications.
pub type Nonces = Box<dyn Fn(u64, u64) -> [u8; 16] + Send + Sync>;

/// Everything that a sync request needs.
pub struct SyncService {
    store: Arc<dyn Store>,
    policies: Current<PolicySet>,
    push: Arc<ProfilesInForce>,
    nonces: Nonces,
    accept_unknown: bool,
    clock: Clock,
    server_auth: Option<ServerAuth>,
    gate: gate::Gate,
    auth_failures: AuthFailures,
    refused: refused::RefusedMessages,
    metrics: Arc<Metrics>,
    bounds: DeviceBounds,
    schedule_age: Option<i64>,
    repairs_polling: bool,
    refusals: Refusals,
}

impl SyncService {
    /// Works on `store`, with `policies` in force until [`SyncService::enforce`].
    pub fn new(
        store: Arc<dyn Store>,
        policies: Arc<PolicySet>,
        nonces: Nonces,
        accept_unknown: bool,
    ) -> Self {
        let metrics = Arc::<Metrics>::default();
        SyncService {
            store,
            policies: Current::new(policies),
            push: Arc::default(),
            nonces,
            accept_unknown,
            clock: Clock::default(),
            server_auth: None,
            gate: gate::Gate::default(),
            auth_failures: AuthFailures::new(Arc::clone(&metrics)),
            refused: refused::RefusedMessages::default(),
            metrics,
            bounds: DeviceBounds::default().without_rates(),
            schedule_age: None,
            repairs_polling: false,
            refusals: Refusals::default(),
        }
    }

    /// The same with these bounds on what one device may make the server keep and write.
    /// Without them there are none per hour.
    #[must_use]
    pub fn with_bounds(mut self, bounds: DeviceBounds) -> Self {
        self.bounds = bounds;
        self
    }

    /// The same, reading a device's clock and plan of its own accord when what is known of
    /// them is older than so many milliseconds. Without this it never does.
    #[must_use]
    pub fn reading_schedules(mut self, age_ms: Option<i64>) -> Self {
        self.schedule_age = age_ms;
        self
    }

    /// The same, repairing polling schedules that are off, where it reads them.
    #[must_use]
    pub fn repairing_polling(mut self, repairs: bool) -> Self {
        self.repairs_polling = repairs;
        self
    }

    /// The same with another clock than the machine's.
    #[must_use]
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// The same, counting in these metrics.
    #[must_use]
    pub fn with_metrics(mut self, metrics: Arc<Metrics>) -> Self {
        self.auth_failures = AuthFailures::new(Arc::clone(&metrics));
        self.metrics = metrics;
        self
    }

    /// With these credentials for devices that want the server to prove itself.
    #[must_use]
    pub fn proving_itself(mut self, by: Option<ServerAuth>) -> Self {
        self.server_auth = by;
        self
    }

    /// What the server is called where it proves itself; `None` where it does not.
    pub fn server_name(&self) -> Option<&str> {
        self.server_auth.as_ref().map(|server| server.name.as_str())
    }

    /// The policy set in force.
    pub fn policies(&self) -> Arc<PolicySet> {
        self.policies.get()
    }

    /// Puts another policy set in force: for every exchange that loads from now on.
    pub fn enforce(&self, policies: Arc<PolicySet>) {
        self.policies.replace(policies);
    }

    /// The push profiles in force; none until some are put there.
    pub fn push(&self) -> Arc<ActiveProfiles> {
        self.push.get()
    }

    /// Where the push profiles in force are kept: the push service replaces
    /// them there, for every exchange that loads from then on, and takes from
    /// there what devices report of them.
    pub fn active_profiles(&self) -> Arc<ProfilesInForce> {
        Arc::clone(&self.push)
    }

    /// The latest requests that proved nothing.
    pub fn refusals(&self) -> &Refusals {
        &self.refusals
    }

    /// The failed authentications counted so far.
    pub fn auth_failures(&self) -> &AuthFailures {
        &self.auth_failures
    }
}
