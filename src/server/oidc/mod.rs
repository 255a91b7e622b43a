//! Sign-in by an identity provider (OpenID Connect Core 1.0, authorization code with PKCE): what
//! is asked of the provider, and what of its response is believed. One provider, named by its
//! issuer. Nothing is asked of it before somebody wants to sign in.

mod claims;
mod documents;
mod id_token;
mod sign_in_state;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{ACCEPT, AUTHORIZATION};
use serde::Deserialize;
use tokio::sync::Semaphore;
use url::Url;
use url::form_urlencoded::byte_serialize;

use crate::config::{OidcRole, OidcSettings, secret_file};
use crate::egress::EgressPolicy;
use crate::http_client::{Body, Client, bounded, unanswered};
pub(crate) use claims::Claims;
use documents::{Documents, Metadata};
use id_token::{Expected, TokenFault};
use modegate_core::secret::Secret;
use modegate_core::time::Timestamp;
pub(crate) use sign_in_state::{SignInState, StateFault, UsedStates};

/// How long one request to the provider may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Longest response of the provider that is read, bytes.
const RESPONSE_BYTES: usize = 256 * 1024;
/// Codes that are exchanged at once.
const EXCHANGES: usize = 16;
/// Longest code that is passed on, bytes.
const CODE_BYTES: usize = 4_096;
/// Longest error code of the provider that is shown, bytes.
const ERROR_BYTES: usize = 64;

/// Why somebody is not signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SignInFault {
    /// The provider does not answer, or not as one; why, for the log.
    Unavailable(String),
    /// Whoever wanted to sign in, or the provider, said no.
    Denied,
    /// The provider reports an error of OAuth 2.0.
    Refused(String),
    /// The sign-in is not one that was begun here.
    State(StateFault),
    /// What the provider sent cannot be believed; why, for the log.
    Unproven(&'static str),
    /// No entry of `web.oidc.role` fits; what the claims were that they name.
    NoRole(String),
    /// There is no name by which the portal knows people.
    NoUser,
    /// No device belongs to this user.
    NoDevice(String),
}

/// Why the provider cannot be used with these settings.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// A file cannot be read.
    #[error("could not read the file {0}: {1}")]
    File(PathBuf, std::io::Error),
    /// TLS cannot be set up.
    #[error("could not set up TLS to the identity provider: {0}")]
    Tls(String),
}

/// What the provider sent a browser back with.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct ReturnQuery {
    #[serde(default)]
    pub(crate) state: String,
    code: Option<String>,
    error: Option<String>,
    iss: Option<String>,
}

/// The identity provider, as this server is registered there.
pub(crate) struct IdentityProvider {
    issuer: String,
    client_id: String,
    secret: Option<Secret>,
    scopes: String,
    /// Who may do what in the console.
    pub(crate) roles: Vec<OidcRole>,
    /// The sign-ins that have come back.
    pub(crate) used: UsedStates,
    http: Client,
    documents: Documents,
    exchanges: Semaphore,
}

impl IdentityProvider {
    /// The provider of these settings, if they name one.
    ///
    /// # Errors
    /// A file that they name cannot be used.
    pub(crate) fn new(settings: &OidcSettings) -> Result<Option<Self>, SetupError> {
        let (Some(issuer), Some(client_id)) = (&settings.issuer, &settings.client_id) else {
            return Ok(None);
        };
        let unread = |path: &PathBuf| {
            let path = path.clone();
            move |error| SetupError::File(path, error)
        };
        let secret = settings.client_secret_file.as_ref();
        let secret = secret.map(|path| secret_file(path).map_err(unread(path)));
        let ca = settings.ca.as_ref();
        let ca = ca.map(|path| std::fs::read(path).map_err(unread(path)));
        let http = Client::within(EgressPolicy::OPERATOR, TIMEOUT, ca.transpose()?.as_deref());
        let http = http.map_err(SetupError::Tls)?;
        Ok(Some(IdentityProvider {
            issuer: issuer.clone(),
            client_id: client_id.clone(),
            secret: secret.transpose()?,
            scopes: settings.scopes.join(" "),
            roles: settings.role.clone(),
            used: UsedStates::default(),
            documents: Documents::new(issuer.clone(), http.clone()),
            http,
            exchanges: Semaphore::new(EXCHANGES),
        }))
    }

    /// Where a browser is sent to sign in; it comes back to `return_to`.
    ///
    /// # Errors
    /// The provider does not answer.
    pub(crate) async fn authorization_url(
        &self,
        state: &SignInState,
        sealed: &str,
        return_to: &str,
    ) -> Result<Url, SignInFault> {
        let metadata = self.documents.metadata().await?;
        let mut url = metadata.authorization_endpoint.clone();
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("response_mode", "query")
            .append_pair("client_id", &self.client_id)
            .append_pair("redirect_uri", return_to)
            .append_pair("scope", &self.scopes)
            .append_pair("state", sealed)
            .append_pair("nonce", &state.nonce())
            .append_pair("code_challenge", &state.challenge())
            .append_pair("code_challenge_method", "S256");
        Ok(url)
    }

    /// Exchanges what a browser came back with for what the provider says of a person.
    ///
    /// # Errors
    /// There is nothing that can be believed.
    pub(crate) async fn claims(
        &self,
        state: &SignInState,
        query: &ReturnQuery,
        return_to: &str,
        now: Timestamp,
    ) -> Result<Claims, SignInFault> {
        if let Some(error) = &query.error {
            return Err(refusal(error));
        }
        let code = query.code.as_deref().unwrap_or_default();
        if code.is_empty() || code.len() > CODE_BYTES {
            return Err(SignInFault::Unproven("there is no code"));
        }
        let metadata = self.documents.metadata().await?;
        // RFC 9207: the response of another provider must not end here.
        match query.iss.as_deref() {
            Some(issuer) if issuer != self.issuer => {
                return Err(SignInFault::Unproven(
                    "another issuer sent the browser back",
                ));
            }
            None if metadata.sends_issuer => {
                return Err(SignInFault::Unproven(
                    "the issuer is missing in the response",
                ));
            }
            _ => {}
        }
        let token = self.exchange(&metadata, state, code, return_to).await?;
        self.verify(&metadata, &token, &state.nonce(), now).await
    }

    async fn verify(
        &self,
        metadata: &Metadata,
        token: &str,
        nonce: &str,
        now: Timestamp,
    ) -> Result<Claims, SignInFault> {
        let expected = Expected {
            issuer: &self.issuer,
            client_id: &self.client_id,
            nonce,
            now,
        };
        let keys = self.documents.keys(metadata).await?;
        let mut verified = id_token::verify(token, &keys, &expected);
        if verified == Err(TokenFault::UnknownKey) {
            let newer = self.documents.newer_keys(metadata, &keys).await?;
            verified = id_token::verify(token, &newer, &expected);
        }
        verified.map_err(|fault| match fault {
            TokenFault::UnknownKey => SignInFault::Unproven("the key is none that it publishes"),
            TokenFault::Wrong(why) => SignInFault::Unproven(why),
        })
    }

    /// The ID token for a code.
    async fn exchange(
        &self,
        metadata: &Metadata,
        state: &SignInState,
        code: &str,
        return_to: &str,
    ) -> Result<String, SignInFault> {
        #[derive(Deserialize)]
        struct Tokens {
            id_token: Option<String>,
            error: Option<String>,
        }
        let busy = || SignInFault::Unavailable("too many sign-ins at once".to_owned());
        let _place = self.exchanges.try_acquire().map_err(|_| busy())?;
        let verifier = state.verifier();
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", return_to),
            ("code_verifier", &verifier),
        ];
        let mut authorization = None;
        match &self.secret {
            Some(secret) if metadata.takes_basic => {
                authorization = Some(self.basic(secret));
            }
            Some(secret) => {
                form.extend([
                    ("client_id", &*self.client_id),
                    ("client_secret", secret.reveal()),
                ]);
            }
            None => form.push(("client_id", &self.client_id)),
        }
        let body = serde_urlencoded::to_string(&form).unwrap_or_default();
        let post = |http: &reqwest::Client| {
            let mut request = http
                .post(metadata.token_endpoint.clone())
                .header(ACCEPT, "application/json")
                .header("content-type", "application/x-www-form-urlencoded")
                .body(body.clone());
            if let Some(value) = &authorization {
                request = request.header(AUTHORIZATION, value);
            }
            request
        };
        let (status, body) = respond(&self.http, post, "the token endpoint").await?;
        let tokens: Option<Tokens> = serde_json::from_slice(&body).ok();
        match (status, tokens) {
            (200, Some(Tokens { id_token, .. })) => {
                id_token.ok_or(SignInFault::Unproven("there is no ID token"))
            }
            (
                400..=499,
                Some(Tokens {
                    error: Some(error), ..
                }),
            ) => Err(refusal(&error)),
            _ => Err(unavailable(
                "the token endpoint",
                &format!("status {status}"),
            )),
        }
    }

    /// RFC 6749, section 2.3.1: both are encoded as in a form before they are joined.
    fn basic(&self, secret: &Secret) -> String {
        let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
        let pair = format!("{}:{}", encoded(&self.client_id), encoded(secret.reveal()));
        format!("Basic {}", STANDARD.encode(pair))
    }
}

/// What an error code of OAuth 2.0 means for whoever wanted to sign in.
fn refusal(error: &str) -> SignInFault {
    match error {
        "access_denied" => SignInFault::Denied,
        "server_error" | "temporarily_unavailable" => {
            SignInFault::Unavailable(format!("it reports {error}"))
        }
        other => {
            let allowed = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
            SignInFault::Refused(other.chars().filter(allowed).take(ERROR_BYTES).collect())
        }
    }
}

fn unavailable(what: &str, why: &str) -> SignInFault {
    SignInFault::Unavailable(format!("{what}: {why}"))
}

/// Status and body of a response of the provider, which is bounded in time and size.
async fn respond(
    http: &Client,
    request: impl Fn(&reqwest::Client) -> reqwest::RequestBuilder,
    what: &str,
) -> Result<(u16, Vec<u8>), SignInFault> {
    let failed = |error: reqwest::Error| unavailable(what, unanswered(&error));
    let response = http.send(request).await.map_err(failed)?;
    let status = response.status().as_u16();
    match bounded(response, RESPONSE_BYTES).await.map_err(failed)? {
        Body::Whole(body) => Ok((status, body)),
        Body::Cut(_) => Err(unavailable(what, "more than 256 KiB")),
    }
}

/// A document of the provider, JSON.
async fn document<T: for<'de> Deserialize<'de>>(
    http: &Client,
    url: &Url,
    what: &str,
) -> Result<Arc<T>, SignInFault> {
    let get = |http: &reqwest::Client| http.get(url.clone()).header(ACCEPT, "application/json");
    let (status, body) = respond(http, get, what).await?;
    if status != 200 {
        return Err(unavailable(
            what,
            &format!("expected status 200, found {status}"),
        ));
    }
    let parsed = serde_json::from_slice(&body);
    let parsed = parsed
        .map_err(|_| unavailable(what, "expected JSON with the members that it must have"))?;
    Ok(Arc::new(parsed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_the_provider_is_shown_without_what_it_might_smuggle_in() {
        assert_eq!(refusal("access_denied"), SignInFault::Denied);
        let marked = refusal("invalid_scope<script>\u{202e}");
        assert_eq!(
            marked,
            SignInFault::Refused("invalid_scopescript".to_owned())
        );
        assert!(matches!(
            refusal("server_error"),
            SignInFault::Unavailable(_)
        ));
    }
}
