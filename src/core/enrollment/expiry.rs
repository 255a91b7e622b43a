//! Whether a device is to renew its certificate.

use super::{DAY_MS, DeviceEnrollment, Phase};
use crate::named::named;
use crate::time::Timestamp;

/// Days before the end from which a renewal that did not come is late.
const LATE_DAYS: i64 = 14;

named! {
    /// How near the end of a certificate is.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum Expiry by eq {
        /// The device need not renew it yet, or the enrollment has ended.
        None = "none",
        /// The device may renew it.
        Due = "due",
        /// It ends soon, or has ended, and the device did not renew it.
        Late = "late",
    }
}

impl DeviceEnrollment {
    /// How near the end of its certificate is. A renewed one counts once the device has used it.
    pub fn expiry(&self, now: Timestamp) -> Expiry {
        let Some(current) = self.current().filter(|_| self.phase() != Phase::Ended) else {
            return Expiry::None;
        };
        let left = current.not_after.ms_since(now);
        if left <= LATE_DAYS * DAY_MS {
            return Expiry::Late;
        }
        match left <= i64::from(self.renewal_days) * DAY_MS {
            true => Expiry::Due,
            false => Expiry::None,
        }
    }
}
