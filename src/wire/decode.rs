//! Stub
use super::message::*;
/// x
#[derive(Debug, thiserror::Error)]
#[error("x")]
pub struct DecodeError;
/// x
pub enum Blame {
    #[doc = "x"]
    TooLarge,
    #[doc = "x"]
    Malformed,
}
impl DecodeError {
    /// x
    pub fn blame(&self) -> Blame {
        Blame::Malformed
    }
}
/// x
pub fn decode(_b: &[u8]) -> Result<Message, DecodeError> {
    Err(DecodeError)
}
