//! The latest requests that proved nothing, in memory: few, and no stranger can push all
//! others out. Whoever may read all finds a tablet here that is not let in, by what it
//! calls itself, its address, its certificate or the reason.
//!
//! Names and addresses of strangers stay here. What goes on the record of a device is
//! [`modegate_core::device::Refused`].

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use modegate_core::device::{AuthFailure, CertificateDigest, Refusal};
use modegate_core::ids::{DeviceId, Source};
use modegate_core::time::Timestamp;

/// Entries of the list.
const ENTRIES: usize = 512;
/// Entries of one address (of IPv6, a network of 64 bits): tablets of a school share one,
/// and so does whoever makes names up.
const ENTRIES_PER_ADDRESS: usize = 128;
/// Sources whose challenge may yet be answered.
const CHALLENGED: usize = 1_024;
/// A device that is challenged again after this long has not answered, milliseconds.
const ANSWERED_WITHIN_MS: i64 = 60 * 1000;

/// Equal requests that proved nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// What they called themselves.
    pub source: Source,
    /// Why they were refused.
    pub reason: AuthFailure,
    /// Where they came from.
    pub address: Option<IpAddr>,
    /// The certificate that they showed.
    pub certificate: Option<CertificateDigest>,
    /// The device that is registered under that name.
    pub device: Option<DeviceId>,
    /// When the first came.
    pub first_at: Timestamp,
    /// When the latest came.
    pub last_at: Timestamp,
    /// How many came.
    pub count: u64,
}

/// The list.
#[derive(Debug, Default)]
pub struct Refusals {
    /// The latest last, each with how many are not on a device's record yet.
    entries: Mutex<VecDeque<(Refused, u64)>>,
    /// Who was challenged and has not answered yet, and since when; the latest last.
    challenged: Mutex<VecDeque<(Source, Timestamp)>>,
}

impl Refusals {
    /// Adds a request; its `first_at` and `count` are those of a first one.
    pub(super) fn add(&self, refused: Refused) {
        let mut entries = locked(&self.entries);
        let is_equal = |other: &Refused| {
            (&other.source, other.reason, other.address)
                == (&refused.source, refused.reason, refused.address)
                && (other.certificate, other.device) == (refused.certificate, refused.device)
        };
        let known = entries.iter().position(|(other, _)| is_equal(other));
        if let Some((mut known, open)) = known.and_then(|at| entries.remove(at)) {
            known.last_at = refused.last_at;
            known.count += 1;
            entries.push_back((known, open + 1));
            return;
        }
        let network = refused.address.map(network);
        let is_near = |(other, _): &&(Refused, u64)| other.address.map(self::network) == network;
        let oldest = if entries.iter().filter(is_near).count() >= ENTRIES_PER_ADDRESS {
            entries.iter().position(|entry| is_near(&entry))
        } else {
            (entries.len() >= ENTRIES).then_some(0)
        };
        if let Some(oldest) = oldest {
            entries.remove(oldest);
        }
        entries.push_back((refused, 1));
    }

    /// The list, the latest first.
    pub fn list(&self) -> Vec<Refused> {
        let entries = locked(&self.entries);
        entries
            .iter()
            .rev()
            .map(|(refused, _)| refused.clone())
            .collect()
    }

    /// What is not on the record of that device yet; it counts as if it were from now on.
    pub(super) fn take(&self, device: DeviceId) -> Vec<Refusal> {
        let mut all: Vec<Refusal> = Vec::new();
        let mut entries = locked(&self.entries);
        let open = entries.iter_mut().rev();
        let of_device = open.filter(|(refused, open)| refused.device == Some(device) && *open > 0);
        for (refused, open) in of_device {
            let count = std::mem::take(open);
            let (reason, certificate) = (refused.reason, refused.certificate);
            let known = all.iter_mut();
            match known
                .into_iter()
                .find(|it| (it.reason, it.certificate) == (reason, certificate))
            {
                Some(known) => known.count += count,
                None => all.push(Refusal {
                    reason,
                    certificate,
                    count,
                }),
            }
        }
        all
    }

    /// Notes that `source` was challenged; whether in vain: it was challenged before and
    /// has proved nothing since. A device's first message is often challenged.
    pub(super) fn challenged(&self, source: &Source, is_repeated: bool, now: Timestamp) -> bool {
        let mut challenged = locked(&self.challenged);
        let known = challenged.iter().find(|(other, _)| other == source);
        match known {
            Some((_, since)) => is_repeated || now.ms_since(*since) >= ANSWERED_WITHIN_MS,
            None => {
                if challenged.len() >= CHALLENGED {
                    challenged.pop_front();
                }
                challenged.push_back((source.clone(), now));
                is_repeated
            }
        }
    }

    /// Notes that `source` proved who it is.
    pub(super) fn proved(&self, source: &Source) {
        locked(&self.challenged).retain(|(other, _)| other != source);
    }
}

fn locked<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is under the lock is whole whenever it is given up.
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What counts as one address.
fn network(address: IpAddr) -> u128 {
    match address.to_canonical() {
        IpAddr::V4(address) => u128::from(u32::from(address)),
        IpAddr::V6(address) => u128::from(address) >> 64 << 64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(source: &str, address: [u8; 4], device: Option<u128>) -> Refused {
        Refused {
            source: Source(source.into()),
            reason: AuthFailure::Other,
            address: Some(address.into()),
            certificate: Some(CertificateDigest([1; 32])),
            device: device.map(|id| DeviceId(uuid::Uuid::from_u128(id))),
            first_at: Timestamp(1),
            last_at: Timestamp(1),
            count: 1,
        }
    }

    #[test]
    fn equal_requests_are_one_entry_and_go_on_record_once() {
        let list = Refusals::default();
        for at in 1..=3 {
            list.add(Refused {
                last_at: Timestamp(at),
                ..refused("a", [192, 0, 2, 1], Some(7))
            });
        }
        list.add(refused("a", [192, 0, 2, 2], Some(7)));
        let all = list.list();
        assert_eq!(
            (all.len(), all[1].count, all[1].last_at),
            (2, 3, Timestamp(3))
        );
        let device = DeviceId(uuid::Uuid::from_u128(7));
        let taken = list.take(device);
        assert_eq!(
            (taken.len(), taken[0].count),
            (1, 4),
            "addresses are not told apart"
        );
        assert!(list.take(device).is_empty());
        assert_eq!(list.list(), all, "it stays on the list");
    }

    #[test]
    fn whoever_makes_names_up_pushes_out_only_their_own() {
        let list = Refusals::default();
        list.add(refused("a tablet", [192, 0, 2, 1], None));
        for n in 0..10 * ENTRIES {
            list.add(refused(&format!("made up {n}"), [192, 0, 2, 2], None));
        }
        let all = list.list();
        assert_eq!(all.len(), 1 + ENTRIES_PER_ADDRESS);
        assert!(all.iter().any(|one| one.source.0 == "a tablet"));
        for n in 0..2 * ENTRIES {
            let [.., high, low] = n.to_be_bytes();
            list.add(refused("many", [10, 0, high, low], None));
        }
        assert_eq!(list.list().len(), ENTRIES);
    }

    #[test]
    fn a_challenge_is_in_vain_when_the_next_comes_before_any_proof() {
        let list = Refusals::default();
        let (device, at) = (Source("d".into()), Timestamp(1_000_000));
        assert!(!list.challenged(&device, false, at), "a first message");
        assert!(
            !list.challenged(&device, false, at.plus_ms(59_000)),
            "lost, and sent again"
        );
        assert!(list.challenged(&device, false, at.plus_ms(60_000)));
        list.proved(&device);
        assert!(!list.challenged(&device, false, at.plus_ms(60_001)));
        assert!(
            list.challenged(&device, true, at.plus_ms(60_002)),
            "its answer proved nothing"
        );
        for n in 0..2 * CHALLENGED {
            list.challenged(&Source(n.to_string()), false, at);
        }
        assert_eq!(locked(&list.challenged).len(), CHALLENGED);
    }
}
