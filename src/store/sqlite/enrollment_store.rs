//! What is kept of enrollments: writes go to the writer, reads run where they are called.

use async_trait::async_trait;

use super::{
    SqliteStore, enrollment_authorities, enrollment_rows, enrollment_tokens, enrollments,
    web_sessions,
};
use crate::api::Keep;
use crate::enrollment::{
    ChangeToken, DecideEnrollment, DecideIssue, DecideRenewal, EnrollmentAuthority,
    EnrollmentFilter, EnrollmentKey, EnrollmentStore,
};
use crate::{Purged, StoreError};
use modegate_core::device::CertificateDigest;
use modegate_core::enrollment::{
    DeviceEnrollment, EnrollmentToken, EnrollmentTokenId, EnrollmentView, IssueStep, IssueView,
    KeyDigest, RenewalStep, TokenDigest,
};
use modegate_core::ids::{EnrollmentId, Source};
use modegate_core::time::Timestamp;

#[async_trait]
impl EnrollmentStore for SqliteStore {
    async fn create_enrollment_token(
        &self,
        token: EnrollmentToken,
        keep: Option<Keep<EnrollmentToken>>,
    ) -> Result<EnrollmentToken, StoreError> {
        self.write(keep, move |db, keys| {
            enrollment_tokens::create(db, keys, token)
        })
        .await
    }

    async fn enrollment_token(
        &self,
        digest: TokenDigest,
    ) -> Result<Option<EnrollmentToken>, StoreError> {
        let found = self.read(|db, keys| enrollment_tokens::by_digest(db, keys, digest))?;
        Ok(found.map(|(_, token)| token))
    }

    async fn enrollment_tokens(
        &self,
        before: u64,
        limit: usize,
    ) -> Result<Vec<(u64, EnrollmentToken)>, StoreError> {
        self.read(|db, keys| enrollment_tokens::list(db, keys, before, limit))
    }

    async fn alter_enrollment_token(
        &self,
        id: EnrollmentTokenId,
        change: ChangeToken,
        keep: Option<Keep<EnrollmentToken>>,
    ) -> Result<EnrollmentToken, StoreError> {
        self.write(keep, move |db, keys| {
            enrollment_tokens::alter(db, keys, id, change)
        })
        .await
    }

    async fn purge_enrollment_tokens(
        &self,
        before: Timestamp,
        most: usize,
    ) -> Result<Purged, StoreError> {
        let sql = "DELETE FROM enrollment_token WHERE number IN \
                   (SELECT number FROM enrollment_token WHERE expires < ?1 LIMIT ?2)";
        self.write(None, move |db, _| {
            web_sessions::purge(db, sql, before, most)
        })
        .await
    }

    async fn issue_view(
        &self,
        token: TokenDigest,
        key: KeyDigest,
        now: Timestamp,
    ) -> Result<IssueView, StoreError> {
        self.read(|db, keys| enrollments::issue_view(db, keys, (token, key, now)))
    }

    async fn issue_enrollment(
        &self,
        token: TokenDigest,
        key: KeyDigest,
        now: Timestamp,
        decide: DecideIssue,
    ) -> Result<IssueStep, StoreError> {
        self.write(None, move |db, keys| {
            enrollments::issue(db, keys, (token, key, now), decide)
        })
        .await
    }

    async fn enrollment_view(
        &self,
        key: EnrollmentKey,
        source: Option<&Source>,
    ) -> Result<Option<EnrollmentView>, StoreError> {
        self.read(|db, keys| enrollments::view(db, keys, key, source))
    }

    async fn enrollment_of_key(&self, key: KeyDigest) -> Result<Option<EnrollmentId>, StoreError> {
        self.read(|db, _| enrollment_rows::of_key(db, key))
    }

    async fn alter_enrollment(
        &self,
        key: EnrollmentKey,
        source: Option<Source>,
        decide: DecideEnrollment,
        keep: Option<Keep<DeviceEnrollment>>,
    ) -> Result<DeviceEnrollment, StoreError> {
        self.write(keep, move |db, keys| {
            enrollments::alter(db, keys, (key, source.as_ref()), decide)
        })
        .await
    }

    async fn renew_enrollment(
        &self,
        presented: CertificateDigest,
        key: KeyDigest,
        decide: DecideRenewal,
    ) -> Result<RenewalStep, StoreError> {
        let presented = EnrollmentKey::Certificate(presented);
        self.write(None, move |db, keys| {
            enrollments::renew(db, keys, (presented, key), decide)
        })
        .await
    }

    async fn enrollments(
        &self,
        filter: EnrollmentFilter,
        before: u64,
        limit: usize,
    ) -> Result<Vec<(u64, DeviceEnrollment)>, StoreError> {
        self.read(|db, keys| enrollment_rows::list(db, keys, &filter, (before, limit)))
    }

    async fn enrollments_expiring(
        &self,
        before: Timestamp,
        after: (Timestamp, u64),
        limit: usize,
    ) -> Result<Vec<(u64, DeviceEnrollment)>, StoreError> {
        self.read(|db, keys| enrollment_rows::expiring(db, keys, before, after, limit))
    }

    async fn enrollment_authorities(&self) -> Result<Vec<(u64, EnrollmentAuthority)>, StoreError> {
        self.read(enrollment_authorities::list)
    }

    async fn add_enrollment_authority(
        &self,
        behind: u64,
        authority: EnrollmentAuthority,
    ) -> Result<Vec<(u64, EnrollmentAuthority)>, StoreError> {
        self.write(None, move |db, keys| {
            enrollment_authorities::add(db, keys, behind, &authority)
        })
        .await
    }

    async fn enrolled_devices(&self, user: &str, now: Timestamp) -> Result<u64, StoreError> {
        self.read(|db, keys| enrollment_rows::of_user(db, keys, user, now))
    }
}
