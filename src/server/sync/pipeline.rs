//! The pipeline: decode, load, authenticate, step, encode, commit.

use std::sync::OnceLock;
use std::time::Instant;

use tracing::field::{Empty, display};
use tracing::{Instrument, Span};

use super::registration::register_unknown;
use super::request::{Decoded, Received, SyncRequest};
use super::{ClientEvidence, SyncResponse, SyncService, encode};
use crate::metrics::ExchangeMetrics;
use modegate_core::context::Query;
use modegate_core::device::{AuthFailure, Device};
use modegate_core::policy::PolicySet;
use modegate_core::push::active_profiles::ActiveProfiles;
use modegate_core::session::server_auth::{Signature, signature};
use modegate_core::session::{self, Authentication, Exchange, Request, Snapshot, Step};
use modegate_store::StoreError;
use modegate_wire::encoding::Encoding;
use modegate_wire::message::Message;

/// How often the pipeline runs when the device changes under it.
const ATTEMPTS: u32 = 3;

/// Whom a message counts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sender<'a> {
    /// The device that it proved to be from, by its Source.
    Device(&'a str),
    /// Whoever sent it: it proved nothing, and says that it is this device's if it was
    /// readable.
    Unproven(Option<&'a str>),
}

/// Lets a message in, or says after how many seconds its sender may come again.
pub(super) type Admit<'a> = &'a (dyn Fn(Sender<'_>) -> Result<(), u32> + Sync);

impl SyncService {
    /// Answers one request of a device.
    pub async fn handle(
        &self,
        evidence: &ClientEvidence,
        raw_query: &str,
        encoding: Encoding,
        body: &[u8],
    ) -> SyncResponse {
        let received = Received {
            encoding,
            bytes: body,
            is_whole: true,
        };
        self.handle_admitted(evidence, raw_query, received, &|_| Ok(()))
            .await
    }

    /// The same, for a message that `admit` lets in once it is known who proved what.
    pub async fn handle_admitted(
        &self,
        evidence: &ClientEvidence,
        raw_query: &str,
        received: Received<'_>,
        admit: Admit<'_>,
    ) -> SyncResponse {
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
        let sync = SyncRequest {
            evidence,
            raw_query,
            received,
        };
        let begun = Instant::now();
        async {
            let answer = match sync.decode(begun) {
                Ok(decoded) => self.answer(&decoded, admit).await,
                Err(refused) => {
                    let source = &refused.unreadable.header.source.uri;
                    let named = (!source.is_empty()).then_some(source.as_str());
                    match admit(Sender::Unproven(named)) {
                        Err(seconds) => SyncResponse::TooOften(seconds),
                        Ok(()) => {
                            self.note_refused(&sync, &refused).await;
                            refused.answer
                        }
                    }
                }
            };
            Span::current().record("status", answer.status());
            Span::current().record("duration_ms", begun.elapsed().as_secs_f64() * 1000.0);
            tracing::debug!("responded");
            answer
        }
        .instrument(span)
        .await
    }

    /// Who proved to be the device gets its turn: one exchange per device at a time,
    /// attempted again where the device changed between load and commit. Anybody else
    /// gets an answer that needs none.
    async fn answer(&self, decoded: &Decoded<'_>, admit: Admit<'_>) -> SyncResponse {
        let (mut turn, mut attempts) = (None, 0);
        while attempts < ATTEMPTS {
            let (policies, push) = (self.policies(), self.push());
            let message = (&decoded.message, decoded.digest);
            let request = self.request(&decoded.sync, message, &policies, &push);
            let (snapshot, authentication) = match self.load(decoded, &request).await {
                Ok(Some(loaded)) => loaded,
                Ok(None) => {
                    if let Err(seconds) = admit(Sender::Unproven(Some(&decoded.source.0))) {
                        return SyncResponse::TooOften(seconds);
                    }
                    self.refuse(decoded, AuthFailure::Unknown, None, request.now)
                        .await;
                    return SyncResponse::Forbidden;
                }
                Err(error) => return failed(&error),
            };
            if turn.is_none() {
                let is_proven = authentication.is_proven();
                let sender = match is_proven {
                    true => Sender::Device(&decoded.source.0),
                    false => Sender::Unproven(Some(&decoded.source.0)),
                };
                if let Err(seconds) = admit(sender) {
                    return SyncResponse::TooOften(seconds);
                }
                if is_proven {
                    let Some(passage) = self.gate.enter(&decoded.source).await else {
                        return SyncResponse::Busy;
                    };
                    let has_waited = passage.has_waited();
                    turn = Some(passage);
                    if has_waited {
                        // Another exchange has changed what was loaded.
                        continue;
                    }
                }
            }
            attempts += 1;
            let loaded = (snapshot, authentication);
            match self.exchange(decoded, &request, loaded).await {
                Ok(answer) => return answer,
                Err(StoreError::Changed) => {
                    tracing::debug!("the device changed since load; trying again");
                }
                Err(error) => return failed(&error),
            }
        }
        SyncResponse::Busy
    }

    /// From step to commit.
    async fn exchange(
        &self,
        decoded: &Decoded<'_>,
        request: &Request<'_>,
        (snapshot, authentication): (Snapshot, Authentication),
    ) -> Result<SyncResponse, StoreError> {
        let encoding = decoded.sync.received.encoding;
        Span::current().record("device", display(snapshot.device.id));
        match session::step(&snapshot, authentication, request) {
            Step::Forbidden => {
                let device = Some(&snapshot.device);
                self.refuse(decoded, AuthFailure::Other, device, request.now)
                    .await;
                Ok(SyncResponse::Forbidden)
            }
            Step::Challenge(reply) => {
                let device = Some(&snapshot.device);
                self.refuse(decoded, AuthFailure::Unproven, device, request.now)
                    .await;
                Ok(SyncResponse::Reply(encoding.encode(&reply)))
            }
            Step::Over(over) => {
                self.metrics.over_bound();
                if let Some(report) = over.report {
                    self.store.commit(report).await?;
                }
                Ok(SyncResponse::TooOften(over.seconds))
            }
            Step::Replay => {
                let signature = signature(&snapshot.device.record, &snapshot.device.state, request);
                Ok(signed(snapshot.reply.unwrap_or_default(), signature))
            }
            Step::Exchange(mut exchange) => {
                let reply = encode::guarded(&mut exchange, encoding);
                let signature = signature(&snapshot.device.record, exchange.state(), request);
                self.commit(*exchange, &snapshot.device, &reply, decoded.begun)
                    .await?;
                self.refusals.proved(&decoded.source);
                Ok(signed(reply, signature))
            }
        }
    }

    /// What the core is asked.
    pub(super) fn request<'a>(
        &'a self,
        sync: &SyncRequest<'a>,
        (message, digest): (&'a Message, [u8; 32]),
        policies: &'a PolicySet,
        push: &'a ActiveProfiles,
    ) -> Request<'a> {
        Request {
            evidence: sync.evidence,
            trust_source: self.accept_unknown,
            raw_query: sync.query_on_record(),
            query: Query::read(sync.raw_query),
            message,
            digest,
            now: self.clock.now(),
            bounds: self.bounds,
            schedule_age: self.schedule_age,
            repairs_polling: self.repairs_polling,
            nonce: &*self.nonces,
            policies,
            push,
            server: self.server_auth.as_ref(),
        }
    }

    /// The device's row; on it, who speaks; and what the step must see of the
    /// device, if it is the device that speaks. One read, but for a first session with a
    /// certificate. `None` for a Source that is not registered.
    async fn load(
        &self,
        decoded: &Decoded<'_>,
        request: &Request<'_>,
    ) -> Result<Option<(Snapshot, Authentication)>, StoreError> {
        let mut loaded = self.load_once(decoded, request).await?;
        if self.meet(decoded, loaded.as_ref(), request.now).await? {
            loaded = self.load_once(decoded, request).await?;
        }
        if loaded.is_none() && self.accept_unknown {
            register_unknown(&*self.store, &decoded.source, request.now).await?;
            loaded = self.load_once(decoded, request).await?;
        }
        Ok(loaded)
    }

    async fn load_once(
        &self,
        decoded: &Decoded<'_>,
        request: &Request<'_>,
    ) -> Result<Option<(Snapshot, Authentication)>, StoreError> {
        let authentication = OnceLock::new();
        let authenticate = |device: &Device| {
            *authentication.get_or_init(|| session::authenticate(device, request))
        };
        let plan = |device: &Device| session::plan_read(device, authenticate(device), request);
        let loaded = self.store.load(&decoded.source, &plan).await?;
        Ok(loaded.map(|snapshot| {
            let authentication = authenticate(&snapshot.device);
            (snapshot, authentication)
        }))
    }

    /// Makes an exchange durable, with its reply, and counts it.
    async fn commit(
        &self,
        exchange: Exchange,
        before: &Device,
        reply: &[u8],
        begun: Instant,
    ) -> Result<(), StoreError> {
        let counted = ExchangeMetrics::from_exchange(before, &exchange);
        let record = exchange.record();
        Span::current()
            .record("session", record.session)
            .record("mode", record.mode.name())
            .record("platform", record.platform.name())
            .record("delivered", counted.delivered())
            .record("withheld", counted.withheld());
        let against_profile = exchange.against_profile().cloned();
        let commit = exchange.into_commit(reply.to_vec());
        self.store.commit(commit).await?;
        if let Some(report) = against_profile {
            self.push.report(report);
        }
        self.metrics.exchanged(&counted, begun.elapsed());
        Ok(())
    }
}

fn failed(error: &StoreError) -> SyncResponse {
    tracing::error!(%error, "could not commit an exchange; nothing was sent");
    SyncResponse::Busy
}

/// A reply to a proven device, signed where the device wants that.
fn signed(reply: Vec<u8>, signature: Option<Signature>) -> SyncResponse {
    match signature {
        Some(signature) => {
            let mac = signature.header(&reply);
            SyncResponse::Signed(reply, mac)
        }
        None => SyncResponse::Reply(reply),
    }
}
