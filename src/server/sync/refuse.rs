//! What is noted of a request that proved nothing.

use super::SyncService;
use super::refusals::Refused;
use super::request::Decoded;
use modegate_core::device::{self, AuthFailure, Device};
use modegate_core::time::Timestamp;
use modegate_store::StoreError;
use modegate_wire::auth::AuthType;

impl SyncService {
    /// Counts a request that proved nothing, and puts it on the list and on the record of
    /// the device that it named, at most once an hour.
    pub(super) async fn refuse(
        &self,
        decoded: &Decoded<'_>,
        reason: AuthFailure,
        device: Option<&Device>,
        now: Timestamp,
    ) {
        let evidence = decoded.sync.evidence;
        self.auth_failures.count(reason);
        if reason == AuthFailure::Unproven && !self.is_in_vain(decoded, now) {
            return;
        }
        self.refusals.add(Refused {
            source: decoded.source.clone(),
            reason,
            address: evidence.address,
            certificate: evidence.certificate,
            device: device.map(|device| device.id),
            first_at: now,
            last_at: now,
            count: 1,
        });
        let due = device.filter(|device| device::Refused::is_due(&device.state, now));
        if let Some(device) = due
            && let Err(error) = self.put_on_record(device, now).await
        {
            tracing::error!(%error, "could not put a refusal on record");
        }
    }

    /// Whether a challenge is one too many: the message answered one, or its password is
    /// wrong whatever the nonce.
    fn is_in_vain(&self, decoded: &Decoded<'_>, now: Timestamp) -> bool {
        let header = &decoded.message.header;
        let cred = header.cred.as_ref();
        let is_basic = cred.is_some_and(|cred| {
            !matches!(
                AuthType::from_name(&cred.kind),
                Some(AuthType::Md5 | AuthType::Mac)
            )
        });
        let is_repeated = is_basic || header.msg_id > 1;
        self.refusals.challenged(&decoded.source, is_repeated, now)
    }

    async fn put_on_record(&self, device: &Device, now: Timestamp) -> Result<(), StoreError> {
        let refusals = self.refusals.take(device.id);
        let record = move |device: &Device| Ok(device::Refused::record(device, refusals, now));
        self.store
            .alter(device.id, Box::new(record), None)
            .await
            .map(drop)
    }
}
