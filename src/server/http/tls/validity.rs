//! From when to when a certificate is valid, and what to say of it.

use std::net::IpAddr;

use rustls::pki_types::CertificateDer;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

use modegate_core::alert::AlertKind;
use modegate_core::time::Timestamp;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// A certificate expires soon in its last 30 days, or where it is short-lived in the last
/// quarter of its time: one that is renewed by itself is renewed before that.
const SOON_MS: i64 = 30 * DAY_MS;
const SOON_PART: i64 = 4;

/// When a certificate is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// From then on.
    pub not_before: Timestamp,
    /// Until then.
    pub not_after: Timestamp,
}

/// The names in a certificate: host names and addresses, in its order.
pub fn names_of(certificate: &CertificateDer<'_>) -> Vec<String> {
    let Ok((_, certificate)) = X509Certificate::from_der(certificate) else {
        return Vec::new();
    };
    let Ok(Some(names)) = certificate.subject_alternative_name() else {
        return Vec::new();
    };
    let names = names
        .value
        .general_names
        .iter()
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => Some((*name).to_owned()),
            GeneralName::IPAddress(bytes) => address(bytes).map(|address| address.to_string()),
            _ => None,
        });
    names.collect()
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from))
        .ok()
}

impl Validity {
    /// As the certificate says; `None` for what is not a certificate.
    pub fn of(certificate: &CertificateDer<'_>) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
        let validity = certificate.validity();
        let at = |seconds: i64| Timestamp(seconds.saturating_mul(1000));
        Some(Validity {
            not_before: at(validity.not_before.timestamp()),
            not_after: at(validity.not_after.timestamp()),
        })
    }

    /// What an operator should know: that it has expired, does so soon, or is not valid
    /// yet. `None` where all is well.
    pub fn remark(&self, now: Timestamp) -> Option<String> {
        self.fault(now).map(|(_, remark)| remark)
    }

    /// The same, with the kind of the alert that it is worth.
    pub(crate) fn fault(&self, now: Timestamp) -> Option<(AlertKind, String)> {
        let (left, at) = (self.not_after.ms_since(now), self.not_after);
        let soon = SOON_MS.min(self.not_after.ms_since(self.not_before) / SOON_PART);
        if left < 0 {
            Some((AlertKind::CertificateInvalid, format!("expired on {at}")))
        } else if now < self.not_before {
            let remark = format!("is not valid before {}", self.not_before);
            Some((AlertKind::CertificateInvalid, remark))
        } else if left < soon {
            let remark = format!("expires on {at}, in {} days", left / DAY_MS);
            Some((AlertKind::CertificateExpiring, remark))
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn soon_is_a_month_or_a_quarter_of_a_short_life() {
        let remark = |days: i64, left_ms: i64| {
            let not_after = Timestamp(days * DAY_MS);
            let not_before = Timestamp(0);
            let validity = Validity {
                not_before,
                not_after,
            };
            validity
                .remark(not_after.plus_ms(-left_ms))
                .unwrap_or_default()
        };
        for (days, left_ms, expected) in [
            (365, -1, "expired on 1971-01-01"),
            (
                365,
                29 * DAY_MS,
                "expires on 1971-01-01T00:00:00.000Z, in 29 days",
            ),
            (365, 30 * DAY_MS, ""),
            (365, 366 * DAY_MS, "is not valid before 1970-01-01"),
            (90, 23 * DAY_MS, ""),
            (
                90,
                22 * DAY_MS,
                "expires on 1970-04-01T00:00:00.000Z, in 22 days",
            ),
            (8, DAY_MS, "in 1 days"),
        ] {
            let found = remark(days, left_ms);
            assert_eq!(found.is_empty(), expected.is_empty(), "{found}");
            assert!(found.contains(expected), "{found}");
        }
    }
}
