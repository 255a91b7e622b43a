//! Stub
/// To come.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PasswordDigest(pub [u8; 16]);
/// x
pub fn basic_matches(_d: &str, _u: &str, _p: &PasswordDigest) -> bool {
    false
}
/// x
pub fn md5_matches(_d: &str, _p: &PasswordDigest, _n: &[u8]) -> bool {
    false
}
