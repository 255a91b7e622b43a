//! Stub
use super::message::*;
/// x
pub fn encode(_m: &Message) -> String {
    String::new()
}
/// x
pub fn element_len(_e: &Element) -> usize {
    100
}
/// x
pub fn frame_len(_h: &Header) -> usize {
    100
}
