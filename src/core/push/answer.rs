//! What WNS answered to a notification, and what to do about it.
//!
//! The HTTP code alone is not the outcome: a 200 can carry `dropped` or
//! `channelthrottled`. The status comes in `X-WNS-Status` (current
//! documentation), in `X-WNS-NotificationStatus` (older) or in both, in any
//! letter case. Codes and headers are those of Microsoft's "Push notification
//! service request and response headers", 2024 and older editions.

use serde::{Deserialize, Serialize};

use crate::ids::DeviceId;
use crate::named::named;
use crate::push::address::UriDigest;
use crate::push::profile::ProfileEvent;
use crate::push::{pause, sanitize};
use crate::time::Timestamp;

/// Longest message id that is kept, characters. WNS documents 16.
const MESSAGE_ID: usize = 64;
/// Headers looked at at most, of whatever name.
const HEADERS: usize = 200;

named! {
    /// What became of a notification.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    pub enum Outcome {
        /// 200, `received`: WNS has it. Not that the device got it: nothing tells that.
        Received = "received",
        /// 200, `dropped`: thrown away, whatever the device's connection.
        Dropped = "dropped",
        /// 200, `channelthrottled`: too many for this channel.
        ChannelThrottled = "channel_throttled",
        /// 2xx without a status that is known.
        Unclear = "unclear",
        /// 3xx. WNS has none; followed, it would carry the token elsewhere.
        Redirect = "redirect",
        /// 400: a header is wrong or contradicts another.
        BadRequest = "bad_request",
        /// 401: the token is not valid, or not any more.
        TokenRejected = "token_rejected",
        /// 403: the token is of another app than the channel.
        ChannelRefused = "channel_refused",
        /// 404: there is no such channel URI.
        UnknownChannel = "unknown_channel",
        /// 405: only POST is taken.
        MethodNotAllowed = "method_not_allowed",
        /// 406, and 429 which is not documented: the sender is over its limit.
        Throttled = "throttled",
        /// 410: the channel has expired or was revoked.
        Gone = "gone",
        /// 410 that says that the sender is blocked.
        SenderBlocked = "sender_blocked",
        /// 413: more than 5,000 bytes of body.
        TooLarge = "too_large",
        /// 500, and other 5xx.
        ServerError = "server_error",
        /// 503.
        Unavailable = "unavailable",
        /// Anything else.
        Unknown = "unknown",
    }
}

/// What the sender does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Nothing: wait for the session.
    Done,
    /// Do not send again: the device comes by itself, and its channel is read then.
    LeaveToPoll,
    /// Send again later.
    Retry(Retry),
    /// Get a new token and send once more, not oftener.
    RefreshToken,
    /// Never send to this URI again; set up a channel anew.
    ChannelDead,
    /// Token and channel are of different apps: the operator's fault, not the
    /// channel's. Two different channels stop the profile.
    ChannelRefused,
    /// Send nothing with this profile until an operator acts.
    StopProfile,
    /// This server's request is wrong: the same one is never sent again.
    Fault,
}

/// When and for what a notification is sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// Why.
    pub kind: RetryKind,
    /// What WNS asked for, milliseconds from the answer; without, the sender's own pauses.
    pub asked_ms: Option<i64>,
}

/// What a pause is for: each kind has pauses and an end of its own
/// ([`crate::push::wake::next_attempt`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetryKind {
    /// No answer: no connection, a time-out, an answer that is no HTTP.
    Network,
    /// 5xx, of WNS or the token service.
    Server,
    /// Too many, of this channel or of this sender.
    Throttled,
    /// A new token was refused too.
    Token,
}

/// The device's connection as WNS told it, when asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Connection {
    /// Connected.
    Connected,
    /// Not connected.
    Disconnected,
    /// Not connected for the moment (documented as `tempdisconnected` in one
    /// place and `tempconnected` in another).
    TemporarilyDisconnected,
    /// Another word, such as `unknown`.
    Other,
}

/// One answer of WNS, fit to be shown and kept: bounded, and without secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WnsResponse {
    /// HTTP status code.
    pub code: u16,
    /// What became of the notification.
    pub outcome: Outcome,
    /// `X-WNS-DeviceConnectionStatus`.
    pub connection: Option<Connection>,
    /// `X-WNS-Msg-ID`, which Microsoft asks for in a report.
    pub message_id: Option<String>,
    /// `X-WNS-Debug-Trace`, which Microsoft asks for too.
    pub debug_trace: Option<String>,
    /// `X-WNS-Error-Description`: often the only place with the reason.
    pub description: Option<String>,
    /// The longer of `Retry-After` and `X-WNS-CONTINUE-AFTER`, milliseconds
    /// from the answer, at most a day.
    pub asked_ms: Option<i64>,
}

/// What the headers say, before the code is looked at.
#[derive(Default)]
struct Parsed {
    /// Worst of both status headers.
    word: Option<Word>,
    connection: Option<Connection>,
    message_id: Option<String>,
    debug_trace: Option<String>,
    description: Option<String>,
    asked_ms: Option<i64>,
}

/// A notification status, the worse the greater.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Word {
    Received,
    Other,
    Throttled,
    Dropped,
}

impl WnsResponse {
    /// Reads an answer: its code, its headers (names in any letter case) and
    /// what was read of its body, which WNS mostly leaves empty.
    ///
    /// `secrets` are struck out of every text that is kept.
    pub fn read<'a>(
        code: u16,
        headers: impl IntoIterator<Item = (&'a str, &'a [u8])>,
        body: &str,
        secrets: &[&str],
        now: Timestamp,
    ) -> Self {
        let mut parsed = Parsed::default();
        for (name, value) in headers.into_iter().take(HEADERS) {
            parsed.take(name, &String::from_utf8_lossy(value), secrets, now);
        }
        let blocked =
            says_blocked(parsed.description.as_deref().unwrap_or_default()) || says_blocked(body);
        WnsResponse {
            code,
            outcome: outcome(code, parsed.word, blocked),
            connection: parsed.connection,
            message_id: parsed.message_id,
            debug_trace: parsed.debug_trace,
            description: parsed.description,
            asked_ms: parsed.asked_ms,
        }
    }

    /// What follows from it for the notification.
    pub fn action(&self) -> Action {
        let retry = |kind| {
            Action::Retry(Retry {
                kind,
                asked_ms: self.asked_ms,
            })
        };
        match self.outcome {
            Outcome::Received => Action::Done,
            Outcome::Dropped | Outcome::Unclear | Outcome::Unknown => Action::LeaveToPoll,
            Outcome::ChannelThrottled | Outcome::Throttled => retry(RetryKind::Throttled),
            Outcome::ServerError | Outcome::Unavailable => retry(RetryKind::Server),
            Outcome::TokenRejected => Action::RefreshToken,
            Outcome::UnknownChannel | Outcome::Gone => Action::ChannelDead,
            Outcome::ChannelRefused => Action::ChannelRefused,
            Outcome::SenderBlocked => Action::StopProfile,
            Outcome::BadRequest
            | Outcome::MethodNotAllowed
            | Outcome::TooLarge
            | Outcome::Redirect => Action::Fault,
        }
    }

    /// What the profile learns of it, if anything. A refused channel speaks against the
    /// profile only if the server set it: another may be of another app.
    pub fn for_profile(
        &self,
        device: DeviceId,
        channel: UriDigest,
        set_by_us: bool,
    ) -> Option<ProfileEvent> {
        match self.outcome {
            Outcome::Received => Some(ProfileEvent::Accepted),
            Outcome::ChannelRefused => {
                set_by_us.then_some(ProfileEvent::ChannelRefused(device, channel))
            }
            Outcome::SenderBlocked => Some(ProfileEvent::Blocked),
            Outcome::Throttled
            | Outcome::ServerError
            | Outcome::Unavailable
            | Outcome::TokenRejected => Some(ProfileEvent::Trouble),
            _ => None,
        }
    }

    /// What the channel learns of it, if anything.
    pub fn for_channel(&self) -> Option<WnsVerdict> {
        match self.outcome {
            Outcome::Received => Some(WnsVerdict::Taken),
            Outcome::UnknownChannel | Outcome::Gone => Some(WnsVerdict::Gone),
            Outcome::ChannelRefused => Some(WnsVerdict::Refused),
            _ => None,
        }
    }
}

/// What an answer says of the channel itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WnsVerdict {
    /// 200 with `received`.
    Taken,
    /// 404 or 410.
    Gone,
    /// 403.
    Refused,
}

fn outcome(code: u16, word: Option<Word>, blocked: bool) -> Outcome {
    match code {
        200..=299 => match word {
            Some(Word::Received) if code == 200 => Outcome::Received,
            Some(Word::Dropped) => Outcome::Dropped,
            Some(Word::Throttled) => Outcome::ChannelThrottled,
            _ => Outcome::Unclear,
        },
        300..=399 => Outcome::Redirect,
        400 => Outcome::BadRequest,
        401 => Outcome::TokenRejected,
        403 => Outcome::ChannelRefused,
        404 => Outcome::UnknownChannel,
        405 => Outcome::MethodNotAllowed,
        406 | 429 => Outcome::Throttled,
        410 if blocked => Outcome::SenderBlocked,
        410 => Outcome::Gone,
        413 => Outcome::TooLarge,
        503 => Outcome::Unavailable,
        500..=599 => Outcome::ServerError,
        _ => Outcome::Unknown,
    }
}

/// The exact wire form of the documented reason "Domain Blocked" is unknown,
/// so any text that names both is taken.
fn says_blocked(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.contains("domain") && text.contains("block")
}

impl Parsed {
    fn take(&mut self, name: &str, value: &str, secrets: &[&str], now: Timestamp) {
        let value = value.trim();
        let is = |expected: &str| name.eq_ignore_ascii_case(expected);
        if is("x-wns-status") || is("x-wns-notificationstatus") {
            self.word = self.word.max(Some(Word::from_text(value)));
        } else if is("x-wns-deviceconnectionstatus") {
            self.connection = Some(Connection::of(value));
        } else if is("x-wns-error-description") {
            self.description = Some(sanitize::clean_without(value, secrets));
        } else if is("x-wns-debug-trace") {
            self.debug_trace = Some(sanitize::clean_without(value, secrets));
        } else if is("x-wns-msg-id") {
            self.message_id = Some(identifier(value));
        } else if is("retry-after") || is("x-wns-continue-after") {
            self.asked_ms = self.asked_ms.max(pause::asked(value, now));
        }
    }
}

/// Letters, digits and dashes only: what an id is made of.
fn identifier(value: &str) -> String {
    let allowed = |c: &char| c.is_ascii_alphanumeric() || *c == '-';
    let kept: String = value.chars().filter(allowed).take(MESSAGE_ID).collect();
    sanitize::clean(&kept)
}

impl Word {
    fn from_text(text: &str) -> Self {
        match text.to_ascii_lowercase().as_str() {
            "received" => Word::Received,
            "dropped" => Word::Dropped,
            "channelthrottled" => Word::Throttled,
            _ => Word::Other,
        }
    }
}

impl Connection {
    fn of(text: &str) -> Self {
        match text.to_ascii_lowercase().as_str() {
            "connected" => Connection::Connected,
            "disconnected" => Connection::Disconnected,
            "tempdisconnected" | "tempconnected" => Connection::TemporarilyDisconnected,
            _ => Connection::Other,
        }
    }
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
