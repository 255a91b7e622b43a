//! Access tokens: the request in both forms, and what comes back.
//!
//! Legacy: Package SID and secret to login.live.com, as the device management
//! page documents it. Entra: application id and secret to the tenant's
//! endpoint of login.microsoftonline.com. Which one an identity may use was
//! settled when it was registered; one is never tried in place of the other.

use std::fmt;

use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::push::answer::{Action, Retry, RetryKind};
use crate::push::profile::{PackageSid, ProfileEvent, TokenForm};
use crate::push::wake::{self, Why};
use crate::push::{pause, sanitize};
use crate::secret::Secret;
use crate::time::Timestamp;

/// Why nothing came back. No address and no URI is in it: an HTTP client's own
/// errors name the URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NetworkFault {
    /// No connection, or no TLS: the certificate may be refused.
    #[error("could not connect: the network, TLS or the certificate failed")]
    Connect,
    /// It took too long.
    #[error("the request timed out")]
    Timeout,
    /// The connection broke, or what came was no HTTP.
    #[error("the connection broke, or the answer was not HTTP")]
    Broken,
}

/// Longest answer of a token service that is read, bytes. Real ones have about 2,000.
pub const ANSWER_BYTES: usize = 64 * 1024;
/// Longest token, bytes: what fits into one header anywhere.
const TOKEN_BYTES: usize = 8 * 1024;
/// Lifetime where the answer tells none, seconds. One documented sample has no
/// `expires_in`; a wrong guess costs one 401.
pub(crate) const ASSUMED_LIFE_S: u32 = 60 * 60;
/// Lifetimes outside of this are taken for its ends, seconds. The documented
/// ones are 86,400 and 86,399.
pub(crate) const LIFE_S: std::ops::RangeInclusive<u32> = 60..=24 * 60 * 60;

const LEGACY_URL: &str = "https://login.live.com/accesstoken.srf";
const LEGACY_SCOPE: &str = "notify.windows.com";
const ENTRA_SCOPE: &str = "https://wns.windows.com/.default";

/// What a push profile shows to the token service. Prints without the secret.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// Of an app of the Store's Partner Center.
    Legacy {
        /// Sent with `ms-app://` always: without it the answer is `invalid_client`.
        sid: PackageSid,
        /// The app secret.
        secret: Secret,
    },
    /// Of an app registration.
    Entra {
        /// Tenant id (a GUID) or its domain.
        tenant: TenantId,
        /// Application (client) id.
        client_id: String,
        /// The client secret.
        secret: Secret,
    },
}

/// An Entra tenant: a GUID or a domain name, which becomes part of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantId(String);

/// A text that is no tenant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected a tenant: a GUID or a domain name of at most 253 letters, digits, dots and dashes"
)]
pub struct TenantError;

impl TenantId {
    /// Reads one.
    ///
    /// # Errors
    /// It holds other characters than a GUID or a domain name does.
    pub fn parse(text: &str) -> Result<Self, TenantError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'-';
        let good = (1..=253).contains(&text.len())
            && text.bytes().all(allowed)
            && text.as_bytes()[0].is_ascii_alphanumeric();
        good.then(|| TenantId(text.to_owned())).ok_or(TenantError)
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = match self {
            Credentials::Legacy { sid, .. } => format!("Legacy({sid}, ***)"),
            Credentials::Entra { client_id, .. } => format!("Entra({client_id}, ***)"),
        };
        f.write_str(&shown)
    }
}

impl Credentials {
    /// Which form they are for.
    pub fn form(&self) -> TokenForm {
        match self {
            Credentials::Legacy { .. } => TokenForm::Legacy,
            Credentials::Entra { .. } => TokenForm::Entra,
        }
    }

    /// Where Microsoft documents the token service.
    pub fn documented_url(&self) -> String {
        match self {
            Credentials::Legacy { .. } => LEGACY_URL.to_owned(),
            Credentials::Entra { tenant, .. } => format!(
                "https://login.microsoftonline.com/{}/oauth2/v2.0/token",
                tenant.0
            ),
        }
    }

    /// The request's body, `application/x-www-form-urlencoded`.
    pub fn body(&self) -> Secret {
        let sid;
        let (client_id, scope) = match self {
            Credentials::Legacy { sid: numbers, .. } => {
                sid = numbers.to_string();
                (&sid, LEGACY_SCOPE)
            }
            Credentials::Entra { client_id, .. } => (client_id, ENTRA_SCOPE),
        };
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_id", client_id),
            ("client_secret", self.secret().reveal()),
            ("scope", scope),
        ];
        // Pairs of text are always encodable.
        Secret::new(serde_urlencoded::to_string(fields).unwrap_or_default())
    }

    /// What tells them from any others, without showing them.
    pub fn key(&self) -> CredentialsKey {
        let text = format!("{}\n{}", self.documented_url(), self.body().reveal());
        CredentialsKey(Sha256::digest(text.as_bytes()).into())
    }

    /// The secret.
    pub fn secret(&self) -> &Secret {
        match self {
            Credentials::Legacy { secret, .. } | Credentials::Entra { secret, .. } => secret,
        }
    }
}

/// SHA-256 over [`Credentials`]: changed ones have another key, and so another token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CredentialsKey([u8; 32]);

/// A token that was granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The bearer token.
    pub token: Secret,
    /// How long it is good, seconds.
    pub life_s: u32,
}

/// Why there is no token. Without secrets, whatever the service echoes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The service does not take the credentials: an operator must act.
    #[error("the token service rejected the credentials with {code}: {error} {description}")]
    Refused {
        /// HTTP status code.
        code: u16,
        /// OAuth's `error`, empty if there is none.
        error: String,
        /// OAuth's `error_description`.
        description: String,
    },
    /// It cannot answer now.
    #[error("expected a token, the token service answered {code}")]
    Unavailable {
        /// HTTP status code.
        code: u16,
        /// What `Retry-After` asks for, milliseconds.
        asked_ms: Option<i64>,
    },
    /// What came is no token answer.
    #[error("expected a token answer, got {0}")]
    Answer(&'static str),
    /// Nothing came.
    #[error("the token service did not answer: {0}")]
    Network(#[from] NetworkFault),
}

impl TokenError {
    /// What the profile learns of it.
    pub fn for_profile(&self) -> ProfileEvent {
        match self {
            TokenError::Refused { .. } => ProfileEvent::TokenRefused,
            _ => ProfileEvent::Trouble,
        }
    }

    /// What a wake learns of it.
    pub fn for_wake(&self) -> wake::Event {
        match self {
            TokenError::Refused { .. } => wake::Event::Cannot(Why::Profile),
            TokenError::Network(_) => wake::Event::NotSent,
            TokenError::Unavailable { asked_ms, .. } => retry(*asked_ms),
            TokenError::Answer(_) => retry(None),
        }
    }
}

fn retry(asked_ms: Option<i64>) -> wake::Event {
    wake::Event::Said(Action::Retry(Retry {
        kind: RetryKind::Server,
        asked_ms,
    }))
}

#[derive(Deserialize)]
struct Granted {
    #[serde(default)]
    access_token: Value,
    #[serde(default)]
    token_type: Value,
    #[serde(default)]
    expires_in: Value,
}

#[derive(Default, Deserialize)]
struct Refusal {
    #[serde(default)]
    error: Value,
    #[serde(default)]
    error_description: Value,
}

/// Reads the answer to a token request: the code, `Retry-After` if there was
/// one, and the body, which the caller bounded to [`ANSWER_BYTES`]. `secret`
/// is struck out of what is kept of a refusal.
///
/// # Errors
/// There is no token in it that could be sent as a header.
pub fn read_answer(
    code: u16,
    retry_after: Option<&str>,
    body: &[u8],
    secret: &Secret,
    now: Timestamp,
) -> Result<Grant, TokenError> {
    match code {
        200 => read_grant(body),
        400 | 401 | 403 => Err(refusal(code, body, secret)),
        _ => Err(TokenError::Unavailable {
            code,
            asked_ms: retry_after.and_then(|text| pause::asked(text, now)),
        }),
    }
}

fn read_grant(body: &[u8]) -> Result<Grant, TokenError> {
    let wrong = TokenError::Answer;
    let granted: Granted =
        serde_json::from_slice(body).map_err(|_| wrong("something that is no JSON object"))?;
    let token = match granted.access_token {
        Value::String(token) => token,
        Value::Null => return Err(wrong("JSON without access_token")),
        _ => return Err(wrong("an access_token that is no text")),
    };
    let sendable = |byte: u8| byte.is_ascii_graphic();
    if token.is_empty() || token.len() > TOKEN_BYTES || !token.bytes().all(sendable) {
        return Err(wrong("an access_token that cannot be sent in a header"));
    }
    match granted.token_type {
        Value::Null => {}
        Value::String(kind) if kind.eq_ignore_ascii_case("bearer") => {}
        _ => return Err(wrong("a token_type other than bearer")),
    }
    Ok(Grant {
        token: Secret::new(token),
        life_s: life(&granted.expires_in),
    })
}

/// A number, a number as text (Entra writes it so), or anything else: then
/// the lifetime is assumed.
fn life(expires_in: &Value) -> u32 {
    let seconds = match expires_in {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    match seconds {
        Some(seconds) if seconds.is_finite() => {
            // In range after the clamp, and whole after the cut.
            seconds.clamp(f64::from(*LIFE_S.start()), f64::from(*LIFE_S.end())) as u32
        }
        _ => ASSUMED_LIFE_S,
    }
}

fn refusal(code: u16, body: &[u8], secret: &Secret) -> TokenError {
    let refusal: Refusal = serde_json::from_slice(body).unwrap_or_default();
    let secrets = [("", secret.reveal())];
    let encoded = serde_urlencoded::to_string(secrets).unwrap_or_default();
    let clean = |value: &Value| {
        let text = value.as_str().unwrap_or_default();
        sanitize::clean_without(text, &[secret.reveal(), encoded.trim_start_matches('=')])
    };
    TokenError::Refused {
        code,
        error: clean(&refusal.error),
        description: clean(&refusal.error_description),
    }
}

#[cfg(test)]
#[path = "token_tests.rs"]
mod tests;
