//! Sends raw notifications to WNS: address first, then the token, then one
//! POST, and once more with a new token when the first one was rejected.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use url::Url;

use crate::clock::Clock;
use crate::config::{Wns, token_url};
use crate::http_client::{self, Body, bounded};
use crate::metrics::Metrics;
use crate::wns::http::fault_of;
use crate::wns::token_cache::AccessTokenCache;
use modegate_core::push::address::{
    AddressError, ChannelUri, HostPolicy, SuffixError, is_loopback,
};
use modegate_core::push::answer::{Action, WnsResponse};
use modegate_core::push::profile::ProfileEvent;
use modegate_core::push::token::NetworkFault;
use modegate_core::push::token::{ANSWER_BYTES, Credentials, Grant, TokenError, read_answer};
use modegate_core::push::wake::{self, TTL_RANGE_S, WakeOptions, Why};
use modegate_core::secret::Secret;

/// Longest part of WNS's answer body that is looked at, bytes. It is mostly empty.
const BODY_BYTES: usize = 2 * 1024;
/// How long the body is waited for once code and headers are there: they are the answer.
const BODY_WAIT: Duration = Duration::from_secs(2);
/// What the notification says. The device ignores it, but it must not be empty.
const CONTENT: &[u8] = b"modegate";

/// Why a client cannot be made of [`Wns`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// The host that is to be excepted is none.
    #[error(transparent)]
    Suffix(#[from] SuffixError),
    /// The token service's address is none.
    #[error(
        "expected a token URL: https, or plain http to a loopback address, without user information"
    )]
    TokenUrl,
    /// TLS could not be set up.
    #[error("could not set up TLS: {0}")]
    Tls(String),
}

/// Why a notification got no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PushError {
    /// The URI may not be sent to. No token was asked for.
    #[error("rejected the channel URI: {0}")]
    Address(#[from] AddressError),
    /// There is no token to send with.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// WNS did not answer.
    #[error("no response from WNS: {0}")]
    Network(#[from] NetworkFault),
}

impl PushError {
    /// What the profile learns of it, if anything.
    pub fn for_profile(&self) -> Option<ProfileEvent> {
        match self {
            PushError::Address(_) => None,
            PushError::Token(error) => Some(error.for_profile()),
            PushError::Network(_) => Some(ProfileEvent::Trouble),
        }
    }

    /// What a wake learns of it.
    pub fn for_wake(&self) -> wake::Event {
        match self {
            PushError::Address(_) => wake::Event::Cannot(Why::NoChannel),
            PushError::Token(error) => error.for_wake(),
            PushError::Network(NetworkFault::Connect) => wake::Event::NotSent,
            PushError::Network(NetworkFault::Timeout | NetworkFault::Broken) => {
                wake::Event::NoAnswer
            }
        }
    }
}

/// A client of WNS with the tokens that it holds. Cheap to share behind an `Arc`.
pub struct WnsClient {
    http: http_client::Client,
    policy: HostPolicy,
    token_url: Option<Url>,
    tokens: AccessTokenCache,
    clock: Clock,
    metrics: Arc<Metrics>,
}

impl fmt::Debug for WnsClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WnsClient")
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

impl WnsClient {
    /// Makes one.
    ///
    /// # Errors
    /// An address of `options` is none, or its CAs are unreadable.
    pub fn new(options: &Wns, clock: Clock) -> Result<Self, SetupError> {
        let policy = match &options.host_suffix {
            Some(suffix) => HostPolicy::with_suffix(suffix)?,
            None => HostPolicy::default(),
        };
        let token_url = options.token_url.as_deref().map(token_url);
        let token_url = token_url
            .map(|url| url.ok_or(SetupError::TokenUrl))
            .transpose()?;
        let local = |url: &Url| url.host_str().is_some_and(is_loopback);
        // What is for loopback must not leave by a proxy.
        let proxies = !policy.has_loopback() && !token_url.as_ref().is_some_and(local);
        let configure = move |builder: reqwest::ClientBuilder| match proxies {
            true => builder,
            false => builder.no_proxy(),
        };
        // WNS documents neither HTTP/2 nor redirects, and a redirect would carry the token
        // elsewhere.
        let http = http_client::Client::new(options.timeout, options.ca.as_deref(), configure);
        Ok(WnsClient {
            http: http.map_err(SetupError::Tls)?,
            policy,
            token_url,
            tokens: AccessTokenCache::new(Clock::clone(&clock)),
            clock,
            metrics: Arc::default(),
        })
    }

    /// The same, counting in these metrics.
    #[must_use]
    pub fn with_metrics(mut self, metrics: Arc<Metrics>) -> Self {
        self.metrics = metrics;
        self
    }

    /// What it counts in.
    pub(super) fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// What may be sent to: for URIs as devices tell them.
    pub fn policy(&self) -> &HostPolicy {
        &self.policy
    }

    /// Asks for a token, so that a profile is known to be good before anything is sent.
    ///
    /// # Errors
    /// There is none.
    pub async fn check(&self, credentials: &Credentials) -> Result<(), TokenError> {
        self.token(credentials, None).await.map(|_| ())
    }

    /// Forgets token and failure that are kept for these credentials: an
    /// operator wants them tried anew.
    pub fn forget(&self, credentials: &Credentials) {
        self.tokens.forget(credentials.key());
    }

    /// Sends one notification to a channel URI as it is kept.
    ///
    /// # Errors
    /// The URI is refused, there is no token, or WNS did not answer. What WNS
    /// answers is never an error here.
    pub async fn push(
        &self,
        credentials: &Credentials,
        uri: &Secret,
        options: WakeOptions,
    ) -> Result<WnsResponse, PushError> {
        let uri = ChannelUri::parse(uri.reveal(), &self.policy)?;
        let token = self.token(credentials, None).await?;
        let answer = self.post(&uri, &token, options).await?;
        if answer.action() != Action::RefreshToken {
            return Ok(answer);
        }
        let renewed = self.token(credentials, Some(&token)).await?;
        if renewed == token {
            return Ok(answer);
        }
        Ok(self.post(&uri, &renewed, options).await?)
    }

    async fn token(
        &self,
        credentials: &Credentials,
        rejected: Option<&Secret>,
    ) -> Result<Secret, TokenError> {
        let fetch = async || {
            let fetched = self.fetch(credentials).await;
            self.metrics.token_requested(&fetched);
            fetched
        };
        self.tokens.token(credentials.key(), rejected, fetch).await
    }

    async fn fetch(&self, credentials: &Credentials) -> Result<Grant, TokenError> {
        let documented = || Url::parse(&credentials.documented_url()).ok();
        let url = self.token_url.clone().or_else(documented);
        let url = url.ok_or(TokenError::Answer("no URL of a token service"))?;
        let body = credentials.body();
        let request = |http: &reqwest::Client| {
            http.post(url.clone())
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(body.reveal().to_owned())
        };
        let answer = self.http.send(request).await.map_err(|e| fault_of(&e))?;
        let code = answer.status().as_u16();
        let retry_after = answer.headers().get(RETRY_AFTER);
        let retry_after = retry_after.and_then(|value| Some(value.to_str().ok()?.to_owned()));
        let body = match bounded(answer, ANSWER_BYTES)
            .await
            .map_err(|e| fault_of(&e))?
        {
            Body::Whole(body) => body,
            Body::Cut(_) => return Err(TokenError::Answer("more than 64 KiB")),
        };
        let now = self.clock.now();
        read_answer(
            code,
            retry_after.as_deref(),
            &body,
            credentials.secret(),
            now,
        )
    }

    async fn post(
        &self,
        uri: &ChannelUri,
        token: &Secret,
        options: WakeOptions,
    ) -> Result<WnsResponse, NetworkFault> {
        let request = |http: &reqwest::Client| {
            let request = http
                .post(uri.url().clone())
                .header(AUTHORIZATION, bearer(token))
                .header(CONTENT_TYPE, "application/octet-stream")
                .header("X-WNS-Type", "wns/raw")
                .header("X-WNS-RequestForStatus", "true")
                // A body of known length: WNS takes no chunks.
                .body(CONTENT);
            let request = match options.kept_s {
                Some(seconds) => request
                    .header("X-WNS-Cache-Policy", "cache")
                    .header("X-WNS-TTL", seconds.max(*TTL_RANGE_S.start())),
                None => request.header("X-WNS-Cache-Policy", "no-cache"),
            };
            match options.priority {
                Some(priority) => request.header("X-WNS-PRIORITY", u32::from(priority.number())),
                None => request,
            }
        };
        let sent = self.http.send(request).await.map_err(|e| fault_of(&e));
        let answer = sent.inspect_err(|fault| self.metrics.push_sent(Err(*fault)))?;
        let code = answer.status().as_u16();
        let headers = answer.headers().clone();
        let body = match tokio::time::timeout(BODY_WAIT, bounded(answer, BODY_BYTES)).await {
            Ok(Ok(Body::Whole(body) | Body::Cut(body))) => body,
            // Code and headers are the answer.
            Ok(Err(_)) | Err(_) => Vec::new(),
        };
        let headers = headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_bytes()));
        let query = uri.url().query().unwrap_or_default();
        let secrets = [token.reveal(), uri.text().reveal(), query];
        let body = String::from_utf8_lossy(&body);
        let now = self.clock.now();
        let answer = WnsResponse::read(code, headers, &body, &secrets, now);
        self.metrics.push_sent(Ok(&answer));
        Ok(answer)
    }
}

/// The header, marked so that nothing prints it.
fn bearer(token: &Secret) -> HeaderValue {
    // Tokens were checked to be printable ASCII when they were read.
    let text = format!("Bearer {}", token.reveal());
    let mut value = HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""));
    value.set_sensitive(true);
    value
}
