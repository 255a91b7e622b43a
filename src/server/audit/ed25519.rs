//! Ed25519 signatures (RFC 8032) of logs and of witnesses, verified by the one crypto library
//! of the program.

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};

use modegate_core::tlog::note::{PUBLIC_KEY_BYTES, SIGNATURE_BYTES};

/// Whether the message has this signature by the key.
pub fn verify(
    public: &[u8; PUBLIC_KEY_BYTES],
    message: &[u8],
    signature: &[u8; SIGNATURE_BYTES],
) -> bool {
    let key = UnparsedPublicKey::new(&ED25519, public);
    key.verify(message, signature).is_ok()
}
