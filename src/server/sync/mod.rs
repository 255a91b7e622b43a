//! The one way through the house:
//!
//! ```text
//! bytes -> decode -> load -> step -> encode -> commit -> bytes
//! ```
//!
//! Every sync request goes it once, without turning back; only when the device
//! changed between load and commit is it walked again from load. What is
//! decided is decided in [`modegate_core::session`]; here it is put in order and made
//! durable.

mod auth_failures;
mod encode;
mod gate;

use std::sync::{Arc, RwLock};
use std::time::Instant;

use sha2::{Digest, Sha256};
use tracing::field::Empty;
use tracing::{Instrument, Span};
use uuid::Uuid;

pub use auth_failures::AuthFailures;
pub use modegate_core::session::{MacClaim, Proof, ServerAuth};

use crate::clock::Clock;
use crate::metrics::{Metrics, Tally};
use modegate_core::context::{Family, Query};
use modegate_core::device::DeviceRecord;
use modegate_core::event::{Event, EventType};
use modegate_core::ids::{DeviceId, Source};
use modegate_core::limits;
use modegate_core::policy::PolicySet;
use modegate_core::push::in_force::InForce;
use modegate_core::session::AuthFailure;
use modegate_core::session::server_auth::{Signature, signature};
use modegate_core::session::{self, Request, Step};
use modegate_store::{Store, StoreError};
use modegate_wire::decode::Blame;
use modegate_wire::encoding::Encoding;
use modegate_wire::message::Message;

/// How often the way is walked when the device changes under it.
const WALKS: u32 = 3;

/// What goes back over HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
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

impl Answer {
    /// The HTTP status that it becomes.
    pub fn status(&self) -> u16 {
        match self {
            Answer::Reply(_) | Answer::Signed(..) => 200,
            Answer::BadRequest(_) => 400,
            Answer::TooLarge(_) => 413,
            Answer::Forbidden => 403,
            Answer::TooOften(_) => 429,
            Answer::Busy => 503,
        }
    }
}

/// Derives the nonce of a device (by its number) for a count of authentications.
pub type Nonces = Box<dyn Fn(u64, u64) -> [u8; 16] + Send + Sync>;

/// Everything that a sync request needs.
pub struct Way {
    store: Arc<dyn Store>,
    policies: RwLock<Arc<PolicySet>>,
    push: RwLock<Arc<InForce>>,
    nonces: Nonces,
    accept_unknown: bool,
    clock: Clock,
    server_auth: Option<ServerAuth>,
    gate: gate::Gate,
    auth_failures: AuthFailures,
    metrics: Arc<Metrics>,
}

impl Way {
    /// A way to `store`, with `policies` in force until others are put there.
    pub fn new(
        store: Arc<dyn Store>,
        policies: Arc<PolicySet>,
        nonces: Nonces,
        accept_unknown: bool,
    ) -> Self {
        let metrics = Arc::<Metrics>::default();
        Way {
            store,
            policies: RwLock::new(policies),
            push: RwLock::default(),
            nonces,
            accept_unknown,
            clock: Clock::default(),
            server_auth: None,
            gate: gate::Gate::default(),
            auth_failures: AuthFailures::new(Arc::clone(&metrics)),
            metrics,
        }
    }

    /// The same with another clock than the machine's.
    #[must_use]
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Counting here.
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

    /// The policy set in force.
    pub fn policies(&self) -> Arc<PolicySet> {
        match self.policies.read() {
            Ok(set) => Arc::clone(&set),
            // Only an assignment happens under the lock: the value is whole.
            Err(poisoned) => Arc::clone(&poisoned.into_inner()),
        }
    }

    /// Puts another policy set in force: for every exchange that loads from now on.
    pub fn enforce(&self, policies: Arc<PolicySet>) {
        match self.policies.write() {
            Ok(mut set) => *set = policies,
            Err(poisoned) => *poisoned.into_inner() = policies,
        }
    }

    /// The push profiles in force; none until some are put there.
    pub fn push(&self) -> Arc<InForce> {
        match self.push.read() {
            Ok(push) => Arc::clone(&push),
            Err(poisoned) => Arc::clone(&poisoned.into_inner()),
        }
    }

    /// Puts other push profiles in force, for every exchange that loads from now on.
    pub fn use_push(&self, push: Arc<InForce>) {
        match self.push.write() {
            Ok(mut set) => *set = push,
            Err(poisoned) => *poisoned.into_inner() = push,
        }
    }

    /// The auth_failures counted so far.
    pub fn auth_failures(&self) -> &AuthFailures {
        &self.auth_failures
    }

    /// Walks one request through the house.
    pub async fn walk(
        &self,
        proof: &Proof,
        raw_query: &str,
        encoding: Encoding,
        body: &[u8],
    ) -> Answer {
        self.walk_admitted(proof, raw_query, (encoding, body), &|_| Ok(()))
            .await
    }

    /// The same, for a Source that `admit` lets in; else it says after how many
    /// seconds the device may come again, and the store is not touched.
    pub async fn walk_admitted(
        &self,
        proof: &Proof,
        raw_query: &str,
        (encoding, body): (Encoding, &[u8]),
        admit: &(dyn Fn(&str) -> Result<(), u32> + Sync),
    ) -> Answer {
        // Filled in as it becomes known; of secrets and of what a stranger says, nothing.
        let span = tracing::info_span!(
            "exchange",
            device = Empty,
            session = Empty,
            mode = Empty,
            platform = Empty,
            delivered = Empty,
            withheld = Empty,
            status = Empty,
            duration_ms = Empty,
        );
        let begun = Instant::now();
        async {
            let attempts = self.attempts(proof, raw_query, (encoding, body), admit, begun);
            let answer = attempts.await;
            Span::current().record("status", answer.status());
            Span::current().record("duration_ms", begun.elapsed().as_secs_f64() * 1000.0);
            tracing::debug!("answered");
            answer
        }
        .instrument(span)
        .await
    }

    async fn attempts(
        &self,
        proof: &Proof,
        raw_query: &str,
        (encoding, body): (Encoding, &[u8]),
        admit: &(dyn Fn(&str) -> Result<(), u32> + Sync),
        begun: Instant,
    ) -> Answer {
        let message = match encoding.decode(body) {
            Ok(message) => message,
            Err(error) => {
                return match error.blame() {
                    Blame::TooLarge => Answer::TooLarge(error.to_string()),
                    Blame::Malformed => Answer::BadRequest(error.to_string()),
                };
            }
        };
        let source = Source(message.header.source.uri.clone());
        if source.0.is_empty() || source.0.len() > limits::SOURCE_BYTES {
            return Answer::BadRequest(format!(
                "expected a Source of 1 to {} bytes, found {} bytes",
                limits::SOURCE_BYTES,
                source.0.len()
            ));
        }
        if let Err(seconds) = admit(&source.0) {
            return Answer::TooOften(seconds);
        }
        let Some(_turn) = self.gate.enter(&source).await else {
            return Answer::Busy;
        };
        for _ in 0..WALKS {
            let once = self.once(proof, raw_query, (encoding, body), &message, &source, begun);
            match once.await {
                Ok(answer) => return answer,
                Err(StoreError::Changed) => {
                    tracing::debug!("the device changed since load: once more")
                }
                Err(error) => {
                    tracing::error!(%error, "an exchange was not made durable; nothing was sent");
                    return Answer::Busy;
                }
            }
        }
        Answer::Busy
    }

    async fn once(
        &self,
        proof: &Proof,
        raw_query: &str,
        (encoding, body): (Encoding, &[u8]),
        message: &Message,
        source: &Source,
        begun: Instant,
    ) -> Result<Answer, StoreError> {
        let (policies, push) = (self.policies(), self.push());
        // The nonce belongs to the device's number, which is known after load;
        // `choose` needs none.
        let none = |_: u64| [0; 16];
        let mut request = Request {
            proof,
            trust_source: self.accept_unknown,
            raw_query: on_record(raw_query),
            query: Query::read(raw_query),
            message,
            digest: digest(proof, raw_query, encoding, body),
            now: self.clock.now(),
            nonce: &none,
            policies: &policies,
            push: &push,
            server: self.server_auth.as_ref(),
        };
        let choose = |device: &modegate_core::device::Device| session::choose(device, &request);
        let Some(snapshot) = self.load(source, &choose).await? else {
            self.auth_failures.count(AuthFailure::Unknown);
            return Ok(Answer::Forbidden);
        };
        let number = snapshot.device.number;
        Span::current().record("device", tracing::field::display(snapshot.device.id));
        let nonce = |count: u64| (self.nonces)(number, count);
        request.nonce = &nonce;
        match session::step(&snapshot, &request) {
            Step::Forbidden => {
                self.auth_failures.count(AuthFailure::Other);
                Ok(Answer::Forbidden)
            }
            Step::Challenge(reply) => {
                self.auth_failures.count(AuthFailure::Unproven);
                Ok(Answer::Reply(encoding.encode(&reply)))
            }
            Step::Replay => {
                let signature = signature(&snapshot.device.state, &request);
                Ok(answer(snapshot.reply.unwrap_or_default(), signature))
            }
            Step::Exchange(mut exchange) => {
                let reply = encode::guarded(&mut exchange, encoding);
                let signature = signature(exchange.state(), &request);
                let tally = Tally::of(&snapshot.device.state, &exchange);
                let record = exchange.record();
                Span::current()
                    .record("session", record.session)
                    .record("mode", record.mode.name())
                    .record("platform", record.platform.name())
                    .record("delivered", tally.delivered())
                    .record("withheld", tally.withheld());
                self.store
                    .commit(exchange.into_commit(reply.clone()))
                    .await?;
                self.metrics.exchanged(&tally, begun.elapsed());
                Ok(answer(reply, signature))
            }
        }
    }

    async fn load(
        &self,
        source: &Source,
        choose: modegate_store::Choose<'_>,
    ) -> Result<Option<modegate_core::session::Snapshot>, StoreError> {
        if let Some(snapshot) = self.store.load(source, choose).await? {
            return Ok(Some(snapshot));
        }
        if !self.accept_unknown {
            return Ok(None);
        }
        self.register_unknown(source).await?;
        self.store.load(source, choose).await
    }

    /// `--accept-unknown-devices`: a device without a record is registered at
    /// its first message.
    async fn register_unknown(&self, source: &Source) -> Result<(), StoreError> {
        let now = self.clock.now();
        let id = DeviceId(Uuid::now_v7());
        let record = DeviceRecord {
            source: source.clone(),
            family: Family::Windows81,
            device_client_id: source.0.clone(),
            user: None,
            groups: Vec::new(),
            credentials: None,
            certificates: Vec::new(),
            registered_at: now,
            rotation: Default::default(),
        };
        let event = Event::new(now, "device", Some(id), EventType::DeviceRegistered)
            .detail("registered at its first message (--accept-unknown-devices)");
        match self.store.register(id, record, event, None).await {
            // Somebody else was quicker: the record is there.
            Ok(_) | Err(StoreError::SourceTaken(_)) => Ok(()),
            Err(other) => Err(other),
        }
    }
}

fn answer(reply: Vec<u8>, signature: Option<Signature>) -> Answer {
    match signature {
        Some(signature) => {
            let mac = signature.header(&reply);
            Answer::Signed(reply, mac)
        }
        None => Answer::Reply(reply),
    }
}

/// The part of a raw query that is kept on record.
fn on_record(raw_query: &str) -> &str {
    let mut end = raw_query.len().min(limits::QUERY_BYTES);
    while !raw_query.is_char_boundary(end) {
        end -= 1;
    }
    &raw_query[..end]
}

/// What makes a request the same request: the identity that was proved, the raw
/// query, the way it is written and the body (law 6). Each part ends where its
/// length says.
fn digest(proof: &Proof, raw_query: &str, encoding: Encoding, body: &[u8]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update([encoding as u8]);
    hasher.update(proof.certificate.map_or([0; 32], |digest| digest.0));
    // Who sends the same bytes without the mac is somebody else.
    hasher.update([u8::from(proof.mac.is_some())]);
    if let Some(MacClaim::Made(mac, _)) = &proof.mac {
        hasher.update((mac.username.len() as u64).to_le_bytes());
        hasher.update(&mac.username);
        hasher.update(&mac.mac);
    }
    hasher.update((raw_query.len() as u64).to_le_bytes());
    hasher.update(raw_query);
    hasher.update(body);
    hasher.finalize().into()
}
