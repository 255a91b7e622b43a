//! What the mock can be told to do for one request instead of its usual.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

/// What one request gets.
#[derive(Debug, Clone)]
pub enum Reply {
    /// This, whatever was asked.
    Says {
        /// HTTP status code.
        code: u16,
        /// Headers besides the usual ones of HTTP.
        headers: Vec<(String, String)>,
        /// The body.
        body: String,
    },
    /// The usual, after this time.
    Late(Duration),
    /// The usual, once there is a permit, which it takes.
    Held(Arc<Semaphore>),
    /// Not a byte: the connection is closed.
    HangsUp,
    /// These bytes in place of HTTP, then the connection is closed.
    Garbage(Vec<u8>),
    /// This code and a body that never ends.
    Endless(u16),
    /// This code and the beginning of a body, then nothing more.
    Stalls(u16),
}

impl Reply {
    /// This code with an empty body.
    pub fn code(code: u16) -> Reply {
        Reply::body(code, "")
    }

    /// This code with this body.
    pub fn body(code: u16, body: &str) -> Reply {
        Reply::Says {
            code,
            headers: Vec::new(),
            body: body.to_owned(),
        }
    }

    /// The same with one more header, where it has headers.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Reply {
        if let Reply::Says { headers, .. } = &mut self {
            headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }
}

/// The answers that WNS documents for notifications.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Documented {
    /// 200, `received`.
    Received,
    /// 200, `dropped`.
    Dropped,
    /// 200, `channelthrottled`.
    ChannelThrottled,
    /// 400.
    BadRequest,
    /// 401.
    Unauthorized,
    /// 403.
    Forbidden,
    /// 404.
    NotFound,
    /// 405.
    MethodNotAllowed,
    /// 406.
    NotAcceptable,
    /// 410, expired or revoked.
    Gone,
    /// 410, sender blocked.
    DomainBlocked,
    /// 413.
    TooLarge,
    /// 500.
    ServerError,
    /// 503.
    Unavailable,
}

impl Documented {
    /// All of them.
    pub const ALL: [Documented; 14] = [
        Documented::Received,
        Documented::Dropped,
        Documented::ChannelThrottled,
        Documented::BadRequest,
        Documented::Unauthorized,
        Documented::Forbidden,
        Documented::NotFound,
        Documented::MethodNotAllowed,
        Documented::NotAcceptable,
        Documented::Gone,
        Documented::DomainBlocked,
        Documented::TooLarge,
        Documented::ServerError,
        Documented::Unavailable,
    ];

    /// The answer as WNS gives it: status words in both headers, pauses where
    /// they are documented.
    pub fn reply(self) -> Reply {
        let (code, word, reason) = match self {
            Documented::Received => (200, "received", ""),
            Documented::Dropped => (
                200,
                "dropped",
                "the device is offline and nothing is cached",
            ),
            Documented::ChannelThrottled => (
                200,
                "channelthrottled",
                "too many notifications for this channel",
            ),
            Documented::BadRequest => (400, "", "Ttl value conflicts with X-WNS-Cache-Policy"),
            Documented::Unauthorized => (401, "", "the token is not valid"),
            Documented::Forbidden => (403, "", "Channel URL incompatible with caller app"),
            Documented::NotFound => (404, "", "no such channel"),
            Documented::MethodNotAllowed => (405, "", "only POST is accepted"),
            Documented::NotAcceptable => (406, "dropped", "too many requests of this sender"),
            Documented::Gone => (410, "dropped", "Revoked channel URL"),
            Documented::DomainBlocked => (410, "dropped", "Domain Blocked"),
            Documented::TooLarge => (413, "", "more than 5000 bytes"),
            Documented::ServerError => (500, "", "internal"),
            Documented::Unavailable => (503, "", "try later"),
        };
        let mut reply = Reply::code(code).with("X-WNS-Msg-ID", "4A1B2C3D4E5F6071");
        if !word.is_empty() {
            reply = reply
                .with("X-WNS-Status", word)
                .with("X-WNS-NotificationStatus", word);
        }
        if !reason.is_empty() {
            reply = reply.with("X-WNS-Error-Description", reason);
        }
        match self {
            Documented::ChannelThrottled => reply.with("X-WNS-CONTINUE-AFTER", "60"),
            Documented::NotAcceptable | Documented::Unavailable => reply.with("Retry-After", "30"),
            _ => reply,
        }
    }
}
