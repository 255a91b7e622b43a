//! What is on record of an exchange.

use serde::{Deserialize, Serialize};

use super::touched::Touched;
use crate::activity::TriggerRecord;
use crate::command::CommandState;
use crate::context::{Context, ContextSet, Family, Login, Mode, Platform};
use crate::kind::Kind;
use crate::named::named;

/// What is on record of one exchange.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExchangeRecord {
    /// The session's number on the device.
    pub session: u32,
    /// The device's SessionID.
    pub session_id: String,
    /// The device's MsgID.
    pub message: u32,
    /// The raw query as sent, without `?`.
    pub query: String,
    /// The mode decided on.
    pub mode: Mode,
    /// The platform decided on.
    pub platform: Platform,
    /// The login status in force.
    pub login: Login,
    /// Every context that the session had named by then, which is what was decided on;
    /// empty where that is the one above alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contexts: Vec<Context>,
    /// How the device proved who it is; left out where that is as in the session's message
    /// before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<ProofRecord>,
    /// What of the device's record decides; left out where it is as the device's exchange
    /// before had it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<SubjectRecord>,
    /// Digest of the policy set that decided.
    pub policy_set: String,
    /// What the header's Status said.
    pub status: u16,
    /// What went out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub delivered: Vec<Delivered>,
    /// SHA-256 of the reply's bytes, 64 hexadecimal digits, where it carries commands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_sha256: Option<String>,
    /// What was held back, grouped by reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub withheld: Vec<Withheld>,
    /// The device's event that lists what was held back, where it is the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withheld_as: Option<u64>,
    /// What became of commands.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outcomes: Vec<Outcome>,
    /// Things worth knowing, e.g. a retransmission or a message out of order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Whether it answered a wake: a push was sent for it shortly before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub woken: bool,
    /// Whether the agent looked as if run by hand.
    #[serde(
        rename = "by_hand",
        default,
        skip_serializing_if = "std::ops::Not::not"
    )]
    pub manual: bool,
    /// Whether the session ended with this exchange.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ended: bool,
    /// What likely began the session, as it looked then: on the first exchange, and on a
    /// later one that showed it to be otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trigger: Option<TriggerRecord>,
}

impl ExchangeRecord {
    /// The context that its own message named.
    pub fn context(&self) -> Context {
        Context {
            mode: self.mode,
            platform: self.platform,
            login: self.login,
        }
    }

    /// Every context that its session had named. An event of version 1 does not say: it
    /// knows its own alone.
    pub fn all_contexts(&self) -> ContextSet {
        if self.contexts.is_empty() {
            return ContextSet::only(self.context());
        }
        let set = ContextSet::default();
        self.contexts.iter().fold(set, |set, &one| set.with(one))
    }
}

/// How a device proved who it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProofRecord {
    /// By what.
    pub by: ProofKind,
    /// SHA-256 of the client certificate that counted, 64 hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_sha256: Option<String>,
}

named! {
    serialized
    /// By what a device proved who it is. Where a bound certificate and credentials both
    /// counted, the credentials are named, and the certificate stands beside them.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
    pub enum ProofKind {
        /// By a certificate that is bound to it.
        Certificate = "certificate",
        /// By a certificate from a trusted issuer with the device's name.
        Issuer = "issuer",
        /// By user name and password (`syncml:auth-basic`).
        Basic = "basic",
        /// By a digest over a nonce (`syncml:auth-md5`).
        Digest = "digest",
        /// By `x-syncml-hmac`.
        Hmac = "hmac",
        /// By its Source alone: nothing is on record to prove, and the server takes that.
        Source = "source",
    }
}

/// What of a device's record decisions look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubjectRecord {
    /// Its family.
    pub family: Family,
    /// Its groups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
}

/// A command that went out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivered {
    /// Its number.
    pub command: u32,
    /// Its kind.
    pub kind: Kind,
    /// The rules that let it go.
    pub rules: Vec<String>,
    /// What it touched as it went out, where that is not as `command.queued` has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub touched: Option<Touched>,
}

/// Commands that were held back for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withheld {
    /// Their kind.
    pub kind: Kind,
    /// The rules.
    pub rules: Vec<String>,
    /// The modes that would let them go.
    pub modes: Vec<Mode>,
    /// How many.
    pub count: u32,
    /// Their numbers.
    pub commands: Vec<u32>,
    /// What some of them touched, where that is not as `command.queued` has it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub touched: Vec<TouchedBy>,
}

/// What one command touched as it was decided on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TouchedBy {
    /// Its number.
    pub command: u32,
    /// What it touched.
    #[serde(flatten)]
    pub touched: Touched,
}

/// What became of a command in an exchange.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// Its number.
    pub command: u32,
    /// Its kind.
    pub kind: Kind,
    /// The state it went to.
    pub state: CommandState,
    /// The worst Status, where one came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Why, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The rules that refused it, where it failed for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<String>,
    /// What it touched, where rules refused it and that is not as `command.queued` has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub touched: Option<Touched>,
}
