//! The server's own CAs. They lie sealed in the database, so that a backup has them: the first
//! is made when the first certificate is to be signed, and the next when one ends too soon.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use async_trait::async_trait;
use sha2::{Digest as _, Sha256};
use tokio::sync::Mutex;

use super::authority::{Authority, AuthorityFiles, KeyKind};
use super::issuer::{CertificateRequest, IssueError, IssuedCertificate, Issuer};
use crate::clock::Clock;
use modegate_core::device::CertificateDigest;
use modegate_store::Store;
use modegate_store::enrollment::EnrollmentAuthority;

/// CAs by their numbers.
type Known = BTreeMap<u64, Arc<Authority>>;

/// An issuer with CAs of its own.
pub struct OwnIssuer {
    store: Arc<dyn Store>,
    clock: Clock,
    kind: KeyKind,
    known: Mutex<Known>,
}

impl OwnIssuer {
    /// Keeps its CAs in `store`; those that it makes have keys of that kind.
    pub fn new(store: Arc<dyn Store>, clock: Clock, kind: KeyKind) -> Self {
        OwnIssuer {
            store,
            clock,
            kind,
            known: Mutex::default(),
        }
    }

    /// The CA for a certificate: that of the one that it follows, as long as it lasts, or else
    /// the newest.
    async fn authority_for(
        &self,
        request: &CertificateRequest,
    ) -> Result<Arc<Authority>, IssueError> {
        let mut known = self.known.lock().await;
        let kept = self.store.enrollment_authorities().await;
        open(&mut known, kept.map_err(unavailable)?)?;
        if let Some(found) = fitting(&known, request) {
            return Ok(found);
        }
        let behind = known.keys().next_back().copied().unwrap_or(0);
        let made = self.make().await?;
        let kept = self.store.add_enrollment_authority(behind, made).await;
        open(&mut known, kept.map_err(unavailable)?)?;
        let newest = known.values().next_back().map(Arc::clone);
        newest.ok_or_else(|| IssueError::Unavailable("there is no enrollment CA".to_owned()))
    }

    async fn make(&self) -> Result<EnrollmentAuthority, IssueError> {
        let (kind, now) = (self.kind, self.clock.now());
        // A key of RSA takes a second.
        let made = tokio::task::spawn_blocking(move || AuthorityFiles::make(kind, now));
        let files = made.await.map_err(unavailable)?.map_err(unavailable)?;
        tracing::info!("made a CA for the certificates of devices");
        Ok(EnrollmentAuthority {
            certificate: files.certificate,
            key: files.key,
            made_at: now,
        })
    }
}

fn unavailable(error: impl std::fmt::Display) -> IssueError {
    IssueError::Unavailable(error.to_string())
}

/// Opens those that are not known yet.
fn open(known: &mut Known, kept: Vec<(u64, EnrollmentAuthority)>) -> Result<(), IssueError> {
    for (number, kept) in kept {
        if let Entry::Vacant(place) = known.entry(number) {
            let files = AuthorityFiles {
                certificate: kept.certificate,
                key: kept.key,
            };
            let authority = Authority::open(&files).map_err(unavailable)?;
            place.insert(Arc::new(authority));
        }
    }
    Ok(())
}

fn fitting(known: &Known, request: &CertificateRequest) -> Option<Arc<Authority>> {
    let digest = |one: &Authority| CertificateDigest(Sha256::digest(one.certificate()).into());
    let before = request.follows;
    let before = known.values().find(|one| Some(digest(one)) == before);
    let mut candidates = before.into_iter().chain(known.values().next_back());
    let found = candidates.find(|one| one.valid_until() >= request.not_after);
    found.map(Arc::clone)
}

#[async_trait]
impl Issuer for OwnIssuer {
    async fn issue(&self, request: CertificateRequest) -> Result<IssuedCertificate, IssueError> {
        let authority = self.authority_for(&request).await?;
        let signed = tokio::task::spawn_blocking(move || authority.sign(&request));
        signed.await.map_err(unavailable)?
    }
}
