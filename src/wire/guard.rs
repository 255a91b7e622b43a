//! Stub
use super::message::*;
/// x
pub fn machine_may_carry(_e: &Element) -> bool {
    true
}
