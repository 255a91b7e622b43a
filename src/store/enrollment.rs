//! Enrollments: one-time tokens, and what is on record of the devices that enrolled.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::api::Keep;
use crate::{Purged, StoreError};
use modegate_core::change::Refusal;
use modegate_core::device::CertificateDigest;
use modegate_core::enrollment::{
    DeviceEnrollment, EnrollmentChange, EnrollmentToken, EnrollmentTokenId, EnrollmentView,
    IssueStep, IssueView, KeyDigest, Phase, RenewalStep, TokenDigest,
};
use modegate_core::event::Event;
use modegate_core::ids::{DeviceId, EnrollmentId, Source};
use modegate_core::secret::Secret;
use modegate_core::time::Timestamp;

/// Decides on an issue, inside the transaction. It must not block.
pub type DecideIssue = Box<dyn FnOnce(&IssueView) -> IssueStep + Send>;

/// Decides on an enrollment, inside the transaction; none where nothing changes. It must not
/// block.
pub type DecideEnrollment =
    Box<dyn FnOnce(&EnrollmentView) -> Result<Option<EnrollmentChange>, Refusal> + Send>;

/// Decides on a renewal, given the enrollment that has the key, inside the transaction. It must
/// not block.
pub type DecideRenewal =
    Box<dyn FnOnce(&EnrollmentView, Option<EnrollmentId>) -> RenewalStep + Send>;

/// Changes a token, inside the transaction. It must not block.
pub type ChangeToken =
    Box<dyn FnOnce(EnrollmentToken) -> Result<(EnrollmentToken, Event), Refusal> + Send>;

/// Which enrollment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EnrollmentKey {
    /// The one with this id.
    Id(EnrollmentId),
    /// The one in which this certificate was issued.
    Certificate(CertificateDigest),
}

/// Which enrollments a list has. What is left out does not matter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EnrollmentFilter {
    /// How far they are.
    pub phase: Option<Phase>,
    /// Those that are in conflict with another device.
    pub in_conflict: bool,
    /// Those of one device.
    pub device: Option<DeviceId>,
    /// Those of the devices of a user, in any letter case.
    pub user: Option<String>,
}

/// A certification authority of the server's own that signs certificates of devices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrollmentAuthority {
    /// Its certificate, DER.
    pub certificate: Vec<u8>,
    /// Its private key, PKCS#8 in PEM.
    pub key: Secret,
    /// When it was made.
    pub made_at: Timestamp,
}

/// What is kept of enrollments.
#[async_trait]
pub trait EnrollmentStore: Send + Sync {
    /// Keeps a new token, with its event. Refused where there are [`TOKENS`] that have not
    /// expired.
    ///
    /// [`TOKENS`]: modegate_core::enrollment::TOKENS
    async fn create_enrollment_token(
        &self,
        token: EnrollmentToken,
        keep: Option<Keep<EnrollmentToken>>,
    ) -> Result<EnrollmentToken, StoreError>;

    /// The token with that digest.
    async fn enrollment_token(
        &self,
        digest: TokenDigest,
    ) -> Result<Option<EnrollmentToken>, StoreError>;

    /// Up to `limit` tokens with numbers below `before`, the newest first, with their numbers.
    async fn enrollment_tokens(
        &self,
        before: u64,
        limit: usize,
    ) -> Result<Vec<(u64, EnrollmentToken)>, StoreError>;

    /// Changes a token. The token afterwards.
    async fn alter_enrollment_token(
        &self,
        id: EnrollmentTokenId,
        change: ChangeToken,
        keep: Option<Keep<EnrollmentToken>>,
    ) -> Result<EnrollmentToken, StoreError>;

    /// Deletes tokens that expired before `before`, at most `most` of them.
    async fn purge_enrollment_tokens(
        &self,
        before: Timestamp,
        most: usize,
    ) -> Result<Purged, StoreError>;

    /// What a decision on an issue would see now.
    async fn issue_view(
        &self,
        token: TokenDigest,
        key: KeyDigest,
        now: Timestamp,
    ) -> Result<IssueView, StoreError>;

    /// Decides on an issue and writes it: the device, the enrollment and the token, or that it
    /// was refused. What was decided.
    async fn issue_enrollment(
        &self,
        token: TokenDigest,
        key: KeyDigest,
        now: Timestamp,
        decide: DecideIssue,
    ) -> Result<IssueStep, StoreError>;

    /// An enrollment with its device and, where `source` is another device's, with that one;
    /// without a `source`, with the device that it is in conflict with.
    async fn enrollment_view(
        &self,
        key: EnrollmentKey,
        source: Option<&Source>,
    ) -> Result<Option<EnrollmentView>, StoreError>;

    /// The enrollment that has not ended and has a certificate with that key.
    async fn enrollment_of_key(&self, key: KeyDigest) -> Result<Option<EnrollmentId>, StoreError>;

    /// Decides on an enrollment, which is seen as by [`EnrollmentStore::enrollment_view`], and
    /// writes what changes. The enrollment afterwards.
    async fn alter_enrollment(
        &self,
        key: EnrollmentKey,
        source: Option<Source>,
        decide: DecideEnrollment,
        keep: Option<Keep<DeviceEnrollment>>,
    ) -> Result<DeviceEnrollment, StoreError>;

    /// Decides on a renewal and writes it; its answer, or what was decided instead.
    async fn renew_enrollment(
        &self,
        presented: CertificateDigest,
        key: KeyDigest,
        decide: DecideRenewal,
    ) -> Result<RenewalStep, StoreError>;

    /// Up to `limit` enrollments with numbers below `before`, the newest first, with their
    /// numbers.
    async fn enrollments(
        &self,
        filter: EnrollmentFilter,
        before: u64,
        limit: usize,
    ) -> Result<Vec<(u64, DeviceEnrollment)>, StoreError>;

    /// Up to `limit` enrollments that have not ended and whose certificates expire before
    /// `before`, behind that end and number, the first to expire first, with their numbers.
    async fn enrollments_expiring(
        &self,
        before: Timestamp,
        after: (Timestamp, u64),
        limit: usize,
    ) -> Result<Vec<(u64, DeviceEnrollment)>, StoreError>;

    /// The authorities with their numbers, the newest last.
    async fn enrollment_authorities(&self) -> Result<Vec<(u64, EnrollmentAuthority)>, StoreError>;

    /// Keeps a new authority if number `behind` is still the last one, or 0 if there was none.
    /// All of them afterwards.
    async fn add_enrollment_authority(
        &self,
        behind: u64,
        authority: EnrollmentAuthority,
    ) -> Result<Vec<(u64, EnrollmentAuthority)>, StoreError>;

    /// How many enrollments of the devices of a user have not ended or expired.
    async fn enrolled_devices(&self, user: &str, now: Timestamp) -> Result<u64, StoreError>;
}
