//! A key that signs the log's checkpoints.

use super::key::SigningKey;
use modegate_core::time::Timestamp;
use modegate_core::tlog::{Origin, VerifierKey};
use modegate_store::StoreError;

/// A key that signs under the log's origin.
#[derive(Debug)]
pub(super) struct Signer {
    pub(super) key: SigningKey,
    pub(super) verifier: VerifierKey,
    pub(super) until: Option<Timestamp>,
}

impl Signer {
    /// This key, until then or without an end.
    pub(super) fn new(
        origin: &Origin,
        key: SigningKey,
        until: Option<Timestamp>,
    ) -> Result<Self, StoreError> {
        let verifier = verifier(origin, &key)?;
        Ok(Signer {
            key,
            verifier,
            until,
        })
    }
}

/// Under which origin checkpoints are signed, and with which keys; the one in force first.
#[derive(Debug)]
pub(super) struct Signing {
    pub(super) origin: Origin,
    pub(super) signers: Vec<Signer>,
}

impl Signing {
    /// The keys that sign at that time.
    pub(super) fn at(&self, now: Timestamp) -> impl Iterator<Item = &Signer> {
        let signs = move |signer: &&Signer| signer.until.is_none_or(|until| until > now);
        self.signers.iter().filter(signs)
    }
}

/// The verifier key of a key under that origin.
pub(super) fn verifier(origin: &Origin, key: &SigningKey) -> Result<VerifierKey, StoreError> {
    let failed = |fault| StoreError::Failed(format!("the key of {origin}: {fault}").into());
    origin.key(*key.public()).map_err(failed)
}
