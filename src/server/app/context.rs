//! What use cases work with.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use rustls::pki_types::CertificateDer;
use tokio::sync::Notify;
use uuid::Uuid;

use super::alerts::Alerts;
use super::enrolling::Enrolling;
use super::error::AppError;
use super::revision::Match;
use super::server::ServerFacts;
use super::waiting::LatestCensus;
use super::web_sessions::WebSessions;
use crate::audit::Sealer;
use crate::clock::Clock;
use crate::current::Current;
use crate::egress::EgressPolicy;
use crate::metrics::Metrics;
use crate::sync::SyncService;
use crate::token_cache::TokenCache;
use crate::wns::service::Push;
use crate::work::WorkPool;
use modegate_core::compliance::BaselineSet;
use modegate_core::ids::DeviceId;
use modegate_core::operations::{BuildContext, Templates};
use modegate_core::secret::Secret;
use modegate_core::time::Timestamp;
use modegate_store::api::Keep;
use modegate_store::seal::Keys;
use modegate_store::{Store, StoreError};

/// What use cases work with.
pub(crate) struct App {
    /// The store.
    pub store: Arc<dyn Store>,
    /// The keys that seal what callers keep for the server.
    pub keys: Arc<Keys>,
    /// Seals the log, and when it is asked to.
    pub sealer: Arc<Sealer>,
    /// Whether the log's checkpoint and its hash tiles are for everybody.
    pub audit_public: bool,
    /// The sync pipeline, with the policies and push profiles in force.
    pub sync: Arc<SyncService>,
    /// The baselines of compliance in force.
    pub baselines: Arc<Current<BaselineSet>>,
    /// The directory of the policy files; `None` where the set is the one compiled in.
    pub policies: Option<PathBuf>,
    /// Whether devices are judged by baselines of compliance.
    pub judges: bool,
    /// Held while the policy files or the baselines are read again.
    pub reloading: tokio::sync::Mutex<()>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// By what devices enroll.
    pub enrolling: Enrolling,
    /// Push: the profiles in force, and what is tried with them.
    pub push: Arc<Push>,
    /// What an operator should act on.
    pub alerts: Arc<Alerts>,
    /// Where the time comes from.
    pub clock: Clock,
    /// Bytes of the entries of one page of a list.
    pub page_bytes: u64,
    /// Texts whose grammar is not known for sure.
    pub templates: Templates,
    /// Who is signed in to the pages.
    pub web_sessions: WebSessions,
    /// The tokens of the API.
    pub tokens: TokenCache,
    /// Held while the tokens in memory are brought up to date, so that none is
    /// overtaken by an older reading.
    pub refreshing: tokio::sync::Mutex<()>,
    /// Where work runs that would hold up devices.
    pub work: WorkPool,
    /// Installs that one token may have under way.
    pub open_installs_per_token: u64,
    /// What webhooks may reach.
    pub webhook_egress: EgressPolicy,
    /// Wakes whoever works at batches.
    pub batches: Arc<Notify>,
    /// What waits across the fleet, as of the latest look at all devices.
    pub waiting: Arc<LatestCensus>,
    /// Where people reach the pages: what links begin with. It is known once the server listens.
    pub web_url: OnceLock<String>,
    /// What the server is: it is known once the server listens.
    pub server: OnceLock<ServerFacts>,
    /// The identity provider by which people sign in to the pages, if there is one.
    #[cfg(feature = "oidc")]
    pub provider: Option<crate::oidc::IdentityProvider>,
    /// Why TLS takes this certificate from no client, if it does not.
    pub certificate_fault: fn(&CertificateDer<'_>) -> Option<String>,
}

impl App {
    /// The time.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A new id; later ones are greater.
    pub(crate) fn new_id(&self) -> Uuid {
        Uuid::now_v7()
    }

    /// A new secret: 32 random bytes from the system, so that nothing can be guessed.
    pub(crate) fn new_secret(&self, prefix: &str) -> Secret {
        let digits = data_encoding::HEXLOWER.encode(&self.random::<32>());
        Secret::new(format!("{prefix}{digits}"))
    }

    /// Random bytes from the system.
    pub(crate) fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0_u8; N];
        // The system's generator does not fail once the machine is up.
        aws_lc_rs::rand::fill(&mut bytes).expect("the system's random numbers");
        bytes
    }

    /// What a command is made with, for this device or for any. `fresh` is for what of
    /// it must be new, such as a JobID.
    pub(super) fn setting<'a>(
        &'a self,
        device: Option<DeviceId>,
        actor: &'a str,
        now: Timestamp,
        fresh: Uuid,
    ) -> BuildContext<'a> {
        BuildContext {
            device,
            templates: &self.templates,
            actor,
            now,
            fresh,
        }
    }

    /// Takes over what tokens the store has now.
    pub(crate) async fn refresh_tokens(&self) -> Result<(), StoreError> {
        let _turn = self.refreshing.lock().await;
        self.tokens.replace(self.store.tokens().await?);
        Ok(())
    }
}

/// How a write is done, beside what it does.
pub(crate) struct WriteOptions<T> {
    /// What the caller last saw of what it changes, where it minds.
    pub(crate) expected: Option<Match>,
    /// What is kept of the write, where the caller named it.
    pub(crate) keep: Option<Keep<T>>,
}

/// Does a write and what follows from it to the end, even if its caller goes away.
pub(super) async fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, AppError>> + Send + 'static,
) -> Result<T, AppError> {
    let done = tokio::spawn(work).await;
    done.unwrap_or(Err(AppError::Interrupted))
}
