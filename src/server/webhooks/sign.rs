//! Signatures: HMAC-SHA256 over the time and the body, so that a receiver
//! knows who sent it, and that it is not an old one sent again.

use aws_lc_rs::hmac;

use modegate_core::secret::Secret;
use modegate_core::time::Timestamp;

/// The header with the time, seconds since 1970.
pub(crate) const TIMESTAMP: &str = "modegate-timestamp";
/// The header with the signature.
pub(crate) const SIGNATURE: &str = "modegate-signature";
/// The header with the event's name.
pub(crate) const EVENT: &str = "modegate-event";

/// The time as it is signed and sent: seconds since 1970.
pub(crate) fn timestamp(now: Timestamp) -> String {
    now.0.div_euclid(1000).to_string()
}

/// A signature by each secret, with commas between them: while a secret is changed, a
/// receiver accepts what any of them fits.
pub(crate) fn signatures<'a>(
    secrets: impl Iterator<Item = &'a Secret>,
    timestamp: &str,
    body: &[u8],
) -> String {
    let all: Vec<String> = secrets
        .map(|secret| signature(secret, timestamp, body))
        .collect();
    all.join(",")
}

/// `v1=` and 64 hexadecimal digits: HMAC-SHA256 with the secret over the time
/// as sent, a dot, and the body.
pub(crate) fn signature(secret: &Secret, timestamp: &str, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.reveal().as_bytes());
    let mut context = hmac::Context::with_key(&key);
    context.update(timestamp.as_bytes());
    context.update(b".");
    context.update(body);
    let digits = data_encoding::HEXLOWER.encode(context.sign().as_ref());
    format!("v1={digits}")
}
