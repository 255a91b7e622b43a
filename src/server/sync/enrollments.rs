//! The first session with a certificate that the server issued: the device gets the name that
//! it says, or it is on record that the name is another device's.

use super::SyncService;
use super::request::Decoded;
use modegate_core::device::CertificateDigest;
use modegate_core::enrollment::first_session;
use modegate_core::session::{Authentication, Snapshot};
use modegate_core::time::Timestamp;
use modegate_store::StoreError;
use modegate_store::enrollment::EnrollmentKey;

impl SyncService {
    /// Whether something changed by it, so that the device is to be loaded again. One look into
    /// an index for a sender who proved nothing, and for a device that uses a certificate for
    /// the first time; a write only where an enrollment has to do with it.
    pub(super) async fn meet(
        &self,
        decoded: &Decoded<'_>,
        loaded: Option<&(Snapshot, Authentication)>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let Some(digest) = decoded.sync.evidence.certificate else {
            return Ok(false);
        };
        if loaded.is_some_and(|loaded| is_known(loaded, digest)) {
            return Ok(false);
        }
        let key = EnrollmentKey::Certificate(digest);
        let source = &decoded.source;
        let view = self.store.enrollment_view(key, Some(source)).await?;
        let Some(view) = view.filter(|view| first_session(view, (digest, source), now).is_some())
        else {
            return Ok(false);
        };
        let own = source.clone();
        let decide = move |view: &_| Ok(first_session(view, (digest, &own), now));
        let written =
            self.store
                .alter_enrollment(key, Some(source.clone()), Box::new(decide), None);
        match written.await {
            Ok(_) => {
                tracing::info!(enrollment = %view.enrollment.id, "a device began its first session with its certificate");
                Ok(true)
            }
            // Another request was first, or the device was retired.
            Err(StoreError::Changed | StoreError::Refused(_)) => Ok(true),
            Err(error) => Err(error),
        }
    }
}

/// Whether the sender is the device, by a certificate that it has used before.
fn is_known(
    (snapshot, authentication): &(Snapshot, Authentication),
    digest: CertificateDigest,
) -> bool {
    let device = &snapshot.device;
    let mut seen = device.state.certificates_seen.iter();
    // A device that the server issued nothing to has nothing to learn.
    let is_used = seen.any(|(seen, _)| *seen == digest) || device.record.enrollment.is_none();
    authentication.is_proven() && is_used
}
