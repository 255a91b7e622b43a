//! What a look at the log came to, and how to verify it elsewhere.

use askama::Template;
use modegate_core::time::Timestamp;

use crate::shell::Shell;
use crate::words::Word;

/// What a look at the log came to.
#[derive(Debug, Template)]
#[template(path = "console/audit/verify.html")]
pub struct VerifyPage {
    /// What every page shows.
    pub shell: Shell,
    /// What was found; `None` before the first checkpoint.
    pub check: Option<Check>,
}

/// A look at the newest part of the log.
#[derive(Debug, Clone)]
pub struct Check {
    /// Whether nothing is wrong.
    pub good: bool,
    /// The origin of the log.
    pub origin: String,
    /// How many entries the newest checkpoint covers.
    pub size: u64,
    /// Their root, base64.
    pub root: String,
    /// When it was signed.
    pub at: Timestamp,
    /// The signed note.
    pub note: String,
    /// Entries that are not sealed yet.
    pub unsealed: u64,
    /// The number of the first entry that was hashed again.
    pub from: u64,
    /// How many older checkpoints were compared.
    pub checkpoints: usize,
    /// What is wrong.
    pub faults: Vec<String>,
}
