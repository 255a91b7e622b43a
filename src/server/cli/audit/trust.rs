//! What whoever verifies a log trusts, and takes for good: the flags of `audit verify` and
//! `audit report`.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;

use super::AuditError;
use crate::audit::ed25519;
use modegate_core::audit::verify::{Accepted, Question};
use modegate_core::tlog::policy::POLICY_BYTES;
use modegate_core::tlog::{TrustPolicy, VerifierKey};

/// The flags.
#[derive(Debug, Args)]
pub(super) struct TrustArgs {
    /// A verifier key of the log that is trusted, or a file with one; may be repeated
    /// [default: for a data directory its own]
    #[arg(long, value_name = "VKEY")]
    key: Vec<String>,
    /// A trust file (c2sp.org/tlog-policy): keys of logs, witnesses, and how many of them must
    /// have cosigned the checkpoint
    #[arg(long, value_name = "FILE")]
    pub(super) policy: Option<PathBuf>,
    /// A file with an older checkpoint that the log must go on from; may be repeated
    #[arg(long, value_name = "CHECKPOINT")]
    pub(super) against: Vec<PathBuf>,
    /// Take it for good that the entries before this one are not there
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(super) accept_first: u64,
    /// Take it for good that so many entries are redacted
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(super) accept_redacted: u64,
}

impl TrustArgs {
    /// What is asked of the log, with so many entries that may be unsealed.
    pub(super) fn question(&self, unsealed: u64) -> Result<Question<'static>, AuditError> {
        let policy = self.policy.as_deref().map(|path| {
            let text = read(path)?;
            if text.len() > POLICY_BYTES {
                return Err(AuditError::Wrong(path.to_owned(), "too long".to_owned()));
            }
            let policy = TrustPolicy::parse(&text);
            policy.map_err(|fault| AuditError::Wrong(path.to_owned(), fault.to_string()))
        });
        let keys = self.key.iter().map(|key| key_of(key));
        let older = self.against.iter().map(|path| read(path));
        Ok(Question {
            checkpoint: None,
            keys: keys.collect::<Result<_, _>>()?,
            policy: policy.transpose()?,
            older: older.collect::<Result<_, _>>()?,
            accepted: Accepted {
                first: self.accept_first,
                redacted: self.accept_redacted,
                unsealed,
            },
            ed25519: &ed25519::verify,
        })
    }
}

pub(super) fn read(path: &Path) -> Result<Vec<u8>, AuditError> {
    fs::read(path).map_err(|error| AuditError::File(path.to_owned(), error))
}

/// A verifier key, or the one in a file.
fn key_of(text: &str) -> Result<VerifierKey, AuditError> {
    let path = Path::new(text);
    let line = match path.is_file() {
        true => String::from_utf8_lossy(&read(path)?).into_owned(),
        false => text.to_owned(),
    };
    let wrong =
        |fault: &dyn std::fmt::Display| AuditError::Wrong(path.to_owned(), fault.to_string());
    line.trim().parse().map_err(|fault| wrong(&fault))
}
