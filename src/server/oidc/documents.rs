//! What the provider publishes: its metadata (OpenID Connect Discovery 1.0) and its keys. Both
//! are fetched when they are needed first, and kept for an hour.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Deserialize;
use tokio::sync::{Mutex, MutexGuard};
use url::Url;

use super::id_token::KeySet;
use super::{SignInFault, document, unavailable};
use crate::egress::EgressPolicy;
use crate::http_client::Client;

/// How long they are kept: a key that the provider withdrew is not believed for longer.
const KEPT: Duration = Duration::from_secs(60 * 60);
/// How often at most keys are fetched again because one is not known.
const REFRESHED: Duration = Duration::from_secs(60);
/// How long a failure stands, so that those who wait for the same document do not wait one
/// after the other.
const FAILED: Duration = Duration::from_secs(5);

/// What of the metadata is used.
#[derive(Debug)]
pub(super) struct Metadata {
    pub(super) authorization_endpoint: Url,
    pub(super) token_endpoint: Url,
    jwks_uri: Url,
    /// Whether the client's secret is taken in the header `Authorization`.
    pub(super) takes_basic: bool,
    /// Whether the provider says who it is when it sends a browser back.
    pub(super) sends_issuer: bool,
}

/// The metadata as the provider writes it.
#[derive(Deserialize)]
struct Published {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl Metadata {
    /// What of it is used, if it is that of this issuer.
    fn of(published: &Published, issuer: &str) -> Result<Self, String> {
        if published.issuer != issuer {
            let found: String = published.issuer.chars().take(200).collect();
            return Err(format!(
                "expected the issuer {issuer:?}, exactly as web.oidc.issuer has it, found {found:?}"
            ));
        }
        // A provider behind TLS leads to nothing without it.
        let scheme = issuer.split(':').next().unwrap_or_default();
        let endpoint = |name: &str, text: &str| {
            let url = EgressPolicy::OPERATOR.check(text).ok();
            let url = url.filter(|url| url.scheme() == "https" || url.scheme() == scheme);
            url.ok_or_else(|| format!("{name}: expected an https URL"))
        };
        let methods = published.token_endpoint_auth_methods_supported.as_deref();
        let is_basic = |method: &String| method == "client_secret_basic";
        Ok(Metadata {
            authorization_endpoint: endpoint(
                "authorization_endpoint",
                &published.authorization_endpoint,
            )?,
            token_endpoint: endpoint("token_endpoint", &published.token_endpoint)?,
            jwks_uri: endpoint("jwks_uri", &published.jwks_uri)?,
            takes_basic: methods.is_none_or(|methods| methods.iter().any(is_basic)),
            sends_issuer: published.authorization_response_iss_parameter_supported,
        })
    }
}

#[derive(Default)]
struct Cache {
    metadata: Option<(Instant, Arc<Metadata>)>,
    keys: Option<(Instant, Arc<KeySet>)>,
    /// When keys were fetched last because one was not known.
    refreshed: Option<Instant>,
    failed: Option<(Instant, SignInFault)>,
}

fn fresh<T>(kept: Option<&(Instant, Arc<T>)>) -> Option<Arc<T>> {
    kept.filter(|(at, _)| at.elapsed() < KEPT)
        .map(|(_, kept)| Arc::clone(kept))
}

/// What the provider publishes. One request at a time fetches it; the others wait for it.
pub(super) struct Documents {
    issuer: String,
    http: Client,
    cache: Mutex<Cache>,
}

impl Documents {
    pub(super) fn new(issuer: String, http: Client) -> Self {
        Documents {
            issuer,
            http,
            cache: Mutex::default(),
        }
    }

    /// The metadata.
    pub(super) async fn metadata(&self) -> Result<Arc<Metadata>, SignInFault> {
        let mut cache = self.cache.lock().await;
        if let Some(metadata) = fresh(cache.metadata.as_ref()) {
            return Ok(metadata);
        }
        check_failure(&cache)?;
        let fetched = self.fetch_metadata().await.map(Arc::new);
        let metadata = noted(&mut cache, fetched)?;
        cache.metadata = Some((Instant::now(), Arc::clone(&metadata)));
        Ok(metadata)
    }

    /// The keys.
    pub(super) async fn keys(&self, metadata: &Metadata) -> Result<Arc<KeySet>, SignInFault> {
        let mut cache = self.cache.lock().await;
        match fresh(cache.keys.as_ref()) {
            Some(keys) => Ok(keys),
            None => self.fetch_keys(&mut cache, metadata).await,
        }
    }

    /// The keys again, since one is not among these; once a minute at most.
    pub(super) async fn newer_keys(
        &self,
        metadata: &Metadata,
        than: &Arc<KeySet>,
    ) -> Result<Arc<KeySet>, SignInFault> {
        let mut cache = self.cache.lock().await;
        match fresh(cache.keys.as_ref()) {
            // Somebody else fetched them meanwhile.
            Some(keys) if !Arc::ptr_eq(&keys, than) => return Ok(keys),
            _ => {}
        }
        let is_early = |at: Instant| at.elapsed() < REFRESHED;
        if cache.refreshed.is_some_and(is_early) {
            return Ok(Arc::clone(than));
        }
        cache.refreshed = Some(Instant::now());
        self.fetch_keys(&mut cache, metadata).await
    }

    async fn fetch_metadata(&self) -> Result<Metadata, SignInFault> {
        const WHAT: &str = "the metadata";
        let base = self.issuer.trim_end_matches('/');
        let url = Url::parse(&format!("{base}/.well-known/openid-configuration"));
        let url = url.map_err(|_| unavailable(WHAT, "its URL cannot be used"))?;
        let published = document::<Published>(&self.http, &url, WHAT).await?;
        Metadata::of(&published, &self.issuer).map_err(|why| unavailable(WHAT, &why))
    }

    async fn fetch_keys(
        &self,
        cache: &mut MutexGuard<'_, Cache>,
        metadata: &Metadata,
    ) -> Result<Arc<KeySet>, SignInFault> {
        check_failure(cache)?;
        let fetched = document::<KeySet>(&self.http, &metadata.jwks_uri, "the keys").await;
        let keys = noted(cache, fetched)?;
        cache.keys = Some((Instant::now(), Arc::clone(&keys)));
        Ok(keys)
    }
}

/// Whether something failed a moment ago.
fn check_failure(cache: &Cache) -> Result<(), SignInFault> {
    let recent = cache
        .failed
        .as_ref()
        .filter(|(at, _)| at.elapsed() < FAILED);
    recent.map_or(Ok(()), |(_, fault)| Err(fault.clone()))
}

/// The same; a failure stands for a while.
fn noted<T>(cache: &mut Cache, fetched: Result<T, SignInFault>) -> Result<T, SignInFault> {
    cache.failed = fetched
        .as_ref()
        .err()
        .map(|fault| (Instant::now(), fault.clone()));
    fetched
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn published(issuer: &str, token_endpoint: &str) -> Published {
        Published {
            issuer: issuer.to_owned(),
            authorization_endpoint: format!("{issuer}/authorize"),
            token_endpoint: token_endpoint.to_owned(),
            jwks_uri: format!("{issuer}/keys"),
            token_endpoint_auth_methods_supported: None,
            authorization_response_iss_parameter_supported: false,
        }
    }

    #[test]
    fn an_issuer_is_compared_as_it_is_written() {
        let issuer = "https://login.contoso.com/adfs";
        let token = "https://login.contoso.com/token";
        assert!(Metadata::of(&published(issuer, token), issuer).is_ok());
        for other in [
            "https://login.contoso.com/adfs/",
            "https://LOGIN.contoso.com/adfs",
            "https://login.contoso.com/{tenantid}",
        ] {
            let fault = Metadata::of(&published(other, token), issuer).unwrap_err();
            assert!(fault.contains("expected the issuer"), "{fault}");
        }
    }

    #[test]
    fn a_provider_behind_tls_leads_to_nothing_without_it() {
        let issuer = "https://login.contoso.com";
        for token in [
            "http://127.0.0.1/token",
            "http://login.contoso.com/t",
            "token",
        ] {
            assert!(Metadata::of(&published(issuer, token), issuer).is_err());
        }
        let (local, token) = ("http://127.0.0.1:8080", "http://127.0.0.1:8080/token");
        assert!(Metadata::of(&published(local, token), local).is_ok());
    }
}
