//! Requests that prove nothing, and what is on record of those that named a device.

use serde::{Deserialize, Serialize};

use super::CertificateDigest;
use crate::change::DeviceChange;
use crate::device::{Device, DeviceState};
use crate::event::{Event, EventType, RefusalRecord};
use crate::named::named;
use crate::time::Timestamp;

named! {
    /// Why a request counts as a stranger's. Rows hold it: new values go last.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
    pub enum AuthFailure by eq {
        /// Its Source is no registered device.
        Unknown = "unknown",
        /// It is not the device that it says it is.
        Other = "other",
        /// It was challenged for credentials.
        Unproven = "unproven",
    }
}

impl AuthFailure {
    /// Why, in words.
    pub fn describe(self) -> &'static str {
        match self {
            AuthFailure::Unknown => "no registered device has that Source",
            AuthFailure::Other => "the request does not prove to be that device",
            AuthFailure::Unproven => "SyncML credentials were missing or wrong",
        }
    }
}

/// Requests that named a device and were refused for the same reason, with the same
/// certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Why.
    pub reason: AuthFailure,
    /// The certificate that they showed.
    pub certificate: Option<CertificateDigest>,
    /// How many.
    pub count: u64,
}

/// What is on record of the requests that named a device and were refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// When it was put on record.
    pub at: Timestamp,
    /// The requests since the record before, at most [`REFUSALS`].
    pub refusals: Vec<Refusal>,
}

/// Kinds of refusals in one record.
pub const REFUSALS: usize = 8;
/// How long after one record the next may be made, milliseconds.
const EVERY_MS: i64 = 60 * 60 * 1000;

impl Refused {
    /// Whether what a device was refused may go on record: at most once an hour, so that
    /// a stranger who knows its name cannot fill the log.
    pub fn is_due(state: &DeviceState, now: Timestamp) -> bool {
        let latest = state.refused.as_ref().map(|refused| refused.at);
        latest.is_none_or(|at| !(0..EVERY_MS).contains(&now.ms_since(at)))
    }

    /// Puts refusals on the record of the device that they named, and into the log: when,
    /// why, which certificate; never a name or an address. Where that is not due, nothing
    /// changes.
    pub fn record(device: &Device, mut refusals: Vec<Refusal>, now: Timestamp) -> DeviceChange {
        let first = refusals
            .first()
            .filter(|_| Refused::is_due(&device.state, now));
        let Some(first) = first else {
            return DeviceChange::only_events(device, Vec::new());
        };
        let mut event = Event::new(now, "server", Some(device.id), EventType::DeviceRefused)
            .detail(first.reason.describe());
        event.count = Some(refusals.iter().map(|refusal| refusal.count).sum());
        refusals.truncate(REFUSALS);
        event.refusals = refusals.iter().map(RefusalRecord::from).collect();
        let refused = Some(Refused { at: now, refusals });
        let state = DeviceState {
            refused,
            ..device.state.clone()
        };
        let change = DeviceChange::new(device, state).with_events(vec![event]);
        DeviceChange {
            review_installs: false,
            ..change
        }
    }
}

impl From<&Refusal> for RefusalRecord {
    fn from(refusal: &Refusal) -> Self {
        RefusalRecord {
            reason: refusal.reason.name().to_owned(),
            certificate_sha256: refusal.certificate.map(|digest| digest.to_string()),
            count: refusal.count,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::device;

    fn refusal(reason: AuthFailure, certificate: Option<u8>) -> Refusal {
        Refusal {
            reason,
            certificate: certificate.map(|byte| CertificateDigest([byte; 32])),
            count: 2,
        }
    }

    #[test]
    fn what_a_device_was_refused_goes_on_record_once_an_hour() {
        let mut device = device(1, &[]);
        let at = Timestamp(10 * EVERY_MS);
        assert!(Refused::record(&device, Vec::new(), at).events.is_empty());
        let many: Vec<_> = (0..20)
            .map(|n| refusal(AuthFailure::Other, Some(n)))
            .collect();
        let change = Refused::record(&device, many, at);
        let event = &change.events[0];
        assert_eq!(
            (event.what, event.count),
            (EventType::DeviceRefused, Some(40))
        );
        assert_eq!(event.refusals.len(), REFUSALS);
        assert_eq!(event.refusals[1].certificate_sha256, Some("01".repeat(32)));
        device.state = change.state;
        let one = || vec![refusal(AuthFailure::Unproven, None)];
        for (later, due) in [
            (0, false),
            (EVERY_MS - 1, false),
            (EVERY_MS, true),
            (-1, true),
        ] {
            let change = Refused::record(&device, one(), at.plus_ms(later));
            assert_eq!(change.events.len(), usize::from(due), "{later}");
        }
    }
}
