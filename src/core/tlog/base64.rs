//! Base64 (RFC 4648, section 4) in its one canonical spelling.

use data_encoding::BASE64;

/// In base64, padded.
pub fn encode(bytes: &[u8]) -> String {
    BASE64.encode(bytes)
}

/// The bytes that are spelled so; `None` for any text that [`encode`] does not give, such
/// as one with bits that mean nothing, or two encodings one behind another.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let bytes = BASE64.decode(text.as_bytes()).ok()?;
    (encode(&bytes) == text).then_some(bytes)
}
