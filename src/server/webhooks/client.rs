//! The HTTP client of webhooks: one request, no redirects, no proxies, and to
//! no address that a webhook may not reach, whatever its name resolves to.

use std::time::Duration;

use super::sign::{EVENT, SIGNATURE, TIMESTAMP, signatures, timestamp};
use crate::egress::{EgressPolicy, TargetError};
use crate::http_client::{self, unanswered};
use modegate_core::time::Timestamp;
use modegate_core::webhooks::{Delivery, Webhook};

/// From connecting to the last header of the answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Why a delivery was not taken. Says nothing of the URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    /// The URL may not be reached (any more).
    #[error("its URL may not be reached: expected {0}")]
    Target(#[from] TargetError),
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
        let http = http_client::Client::within(reach, TIMEOUT, ca)?;
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
        let answer = self.http.send(request).await;
        let answer = answer.map_err(|error| Refused::Nothing(unanswered(&error)))?;
        match answer.status() {
            status if status.is_success() => Ok(()),
            status => Err(Refused::Status(status.as_u16())),
        }
    }
}
