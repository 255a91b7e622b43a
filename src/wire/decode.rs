//! Stub
use super::message::*;
/// x
#[derive(Debug, thiserror::Error)]
#[error("x")]
pub struct DecodeError;
/// x
pub fn decode(_b: &[u8]) -> Result<Message, DecodeError> { Err(DecodeError) }
