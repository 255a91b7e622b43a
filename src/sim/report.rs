//! What a session saw.

use serde::Serialize;

/// A breach that a tablet noticed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
pub enum Violation {
    /// A command that the mode cannot carry.
    #[error("received {verb} {loc_uri} in mode {mode}")]
    Forbidden {
        /// Its verb.
        verb: String,
        /// Its node.
        loc_uri: String,
        /// The mode.
        mode: String,
    },
    /// The document is not what 8.1's parser reads.
    #[error("malformed reply: {0}")]
    Form(String),
    /// Statuses are missing, wrong or out of order.
    #[error("wrong Statuses in the reply: {0}")]
    Statuses(String),
    /// Numbers are reused or missing.
    #[error("wrong numbers in the reply: {0}")]
    Numbers(String),
    /// A command that changes something came twice in one session.
    #[error("sent twice in one session: {0}")]
    Twice(String),
    /// A retransmission was answered with other bytes.
    #[error("repeated message: {0}")]
    Retransmission(String),
    /// The server did not prove itself where it was asked to.
    #[error("wrong server credentials: {0}")]
    Server(String),
}

/// A command that a tablet received.
#[derive(Debug, Clone, Serialize)]
pub struct Received {
    /// Its verb.
    pub verb: String,
    /// Its node.
    pub loc_uri: String,
    /// What the tablet answered.
    pub status: u16,
}

/// How a session went.
#[derive(Debug, Clone, Default, Serialize)]
pub struct SessionReport {
    /// Its query string.
    pub query: String,
    /// How many messages went to and fro.
    pub exchanges: u32,
    /// What came, in order.
    pub received: Vec<Received>,
    /// What was wrong.
    pub violations: Vec<Violation>,
    /// The HTTP status that ended it, if it was not 200.
    pub http_status: Option<u16>,
    /// Whether it unenrolled the tablet.
    pub unenrolled: bool,
    /// Whether a reply was lost on the way, which ended it.
    pub lost: bool,
    /// How many messages were sent twice and answered with the same bytes.
    pub retransmitted: u32,
    /// How many large objects the server refused.
    pub refused_pieces: u32,
    /// Whether the server proved itself, where it was asked to.
    pub server_proven: bool,
}
