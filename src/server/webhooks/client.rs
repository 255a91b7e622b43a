//! The HTTP client of webhooks: one request, no redirects, no proxies, and to
//! no address that a webhook may not reach, whatever its name resolves to.

use std::net::SocketAddr;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::sign::{EVENT, SIGNATURE, TIMESTAMP, signatures, timestamp};
use super::target::EgressPolicy;
use crate::http_client;
use modegate_core::time::Timestamp;
use modegate_core::webhooks::{Delivery, Webhook};

/// From connecting to the last header of the answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Why a delivery was not taken. Says nothing of the URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    /// The URL may not be reached (any more).
    #[error("its URL may not be reached: expected {0}")]
    Target(#[from] super::target::TargetError),
    /// An answer, but not 2xx.
    #[error("expected 2xx, it answered {0}")]
    Status(u16),
    /// No answer in time, no connection, no TLS, or an address that may not be reached.
    #[error("expected an answer within 10 s, none came: {0}")]
    Nothing(&'static str),
}

/// The client.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    http: http_client::Client,
    reach: EgressPolicy,
}

impl Client {
    /// One that reaches so far. `ca` are further CAs, PEM.
    ///
    /// # Errors
    /// TLS cannot be set up, or the CAs cannot be read.
    pub(crate) fn new(reach: EgressPolicy, ca: Option<&[u8]>) -> Result<Self, String> {
        let resolver = std::sync::Arc::new(Resolver(reach));
        let http = http_client::Client::new(TIMEOUT, ca, |builder| {
            builder.no_proxy().dns_resolver(resolver)
        })?;
        Ok(Client { http, reach })
    }

    /// Delivers once.
    ///
    /// # Errors
    /// It was not taken.
    pub(crate) async fn deliver(
        &self,
        webhook: &Webhook,
        delivery: &Delivery,
        now: Timestamp,
    ) -> Result<(), Refused> {
        let url = self.reach.check(webhook.url.reveal())?;
        let at = timestamp(now);
        let secrets = webhook.secrets(now);
        let signature = signatures(secrets, &at, &delivery.body);
        let request = |http: &reqwest::Client| {
            http.post(url.clone())
                .header("content-type", "application/json")
                .header(EVENT, &delivery.event)
                .header(SIGNATURE, &signature)
                .header(TIMESTAMP, &at)
                .body(delivery.body.clone())
        };
        let answer = self.http.send(request).await.map_err(|error| {
            Refused::Nothing(if error.is_timeout() {
                "the request timed out"
            } else if error.is_connect() {
                "could not connect"
            } else {
                "the connection was closed, or the response was not HTTP"
            })
        })?;
        match answer.status() {
            status if status.is_success() => Ok(()),
            status => Err(Refused::Status(status.as_u16())),
        }
    }
}

/// Resolves names, and forgets what may not be reached: a name that was good
/// when the webhook was made may point inside by now.
struct Resolver(EgressPolicy);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.0;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> =
                found.filter(|address| reach.allows(address.ip())).collect();
            if allowed.is_empty() {
                return Err("expected an address that webhooks may reach, found none".into());
            }
            let addresses: Addrs = Box::new(allowed.into_iter());
            Ok(addresses)
        })
    }
}
