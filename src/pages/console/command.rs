//! One command: where it stands, what was decided on it, what the device answered.

use askama::Template;
use modegate_core::time::Timestamp;

use super::policy_sets::PolicySetLink;
use super::state::StateBadge;
use crate::shell::Shell;
use crate::words::Word;

/// A command.
#[derive(Debug, Template)]
#[template(path = "console/command.html")]
pub struct CommandPage {
    /// What every page shows.
    pub shell: Shell,
    /// Its id.
    pub id: String,
    /// Its number on its device.
    pub number: u32,
    /// Its device: id and name.
    pub device: (String, String),
    /// The name of its type.
    pub name: String,
    /// Its kind.
    pub kind: &'static str,
    /// Where it stands.
    pub state: StateBadge,
    /// Why, in words.
    pub reason: Option<String>,
    /// What is doubtful about it.
    pub warning: Option<&'static str>,
    /// Who queued it.
    pub actor: String,
    /// When.
    pub queued_at: Timestamp,
    /// Higher goes first.
    pub priority: i32,
    /// Not sent before.
    pub not_before: Option<Timestamp>,
    /// Not sent after.
    pub expires_at: Option<Timestamp>,
    /// The app that it concerns.
    pub app: Option<String>,
    /// The ids of commands that it waits for.
    pub after: Vec<String>,
    /// The id of the command that it was queued for.
    pub serves: Option<String>,
    /// How often it was tried, while it is open.
    pub attempts: Option<u8>,
    /// When it can go.
    pub forecast: Option<Outlook>,
    /// What it does: how deep it stands in groups, its verb, its node.
    pub operations: Vec<OperationLine>,
    /// What the device answered.
    pub results: Vec<ResultLine>,
    /// What became of it, in order.
    pub history: Vec<HistoryLine>,
    /// What was decided on it, the newest first.
    pub decisions: Vec<DecisionLine>,
    /// What the page shows, in one word.
    pub revision: String,
    /// Whether more may come.
    pub is_open: bool,
    /// Whether whoever looks may cancel it.
    pub may_cancel: bool,
    /// Whether whoever looks may have it sent again.
    pub may_retry: bool,
    /// The name of the write.
    pub once: String,
}

/// When a command can go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outlook {
    /// In words.
    pub text: String,
    /// The modes whose sessions carry it.
    pub modes: Vec<&'static str>,
    /// When a session that carries it was last seen.
    pub last_seen: Option<Timestamp>,
}

/// An operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperationLine {
    /// The groups that it stands in.
    pub groups: String,
    /// What is done.
    pub verb: &'static str,
    /// To what.
    pub loc_uri: String,
}

/// What the device answered about a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultLine {
    /// The node.
    pub loc_uri: String,
    /// The status.
    pub status: Option<u16>,
    /// The value.
    pub data: Option<String>,
    /// The error behind the status.
    pub error: Option<String>,
}

/// A step of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryLine {
    /// When.
    pub at: Timestamp,
    /// Where it stood then.
    pub state: StateBadge,
    /// Why.
    pub reason: Option<String>,
}

/// What a session decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionLine {
    /// When.
    pub at: Timestamp,
    /// The number of the session.
    pub session: u32,
    /// How many exchanges of the session in a row decided the same.
    pub times: usize,
    /// In which mode.
    pub mode: &'static str,
    /// `deliver` or `withhold`.
    pub verdict: StateBadge,
    /// By which rules.
    pub rules: Vec<String>,
    /// The modes that would have let it go.
    pub modes: Vec<&'static str>,
    /// The policy set.
    pub policy_set: PolicySetLink,
}
