//! The device's clock.

use jiff::Timestamp;

/// The time by the device's own clock.
#[expect(
    clippy::disallowed_methods,
    reason = "a simulated device has a clock of its own"
)]
pub(super) fn now() -> Timestamp {
    Timestamp::now()
}
