//! Push over the Windows Push Notification Services (WNS): what wakes a device.
//!
//! Three machines that know nothing of each other: the health of a push
//! profile ([`profile`]), the life of a device's channel ([`channel`]) and a
//! wake ([`wake`]). They are pure, as is the reading of what WNS answers
//! ([`answer`]). The WNS client sends to nothing that [`address`] did not let through.
//!
//! A push is a wish, never a condition: no command waits for one.

pub mod active_profiles;
pub mod address;
pub mod advice;
pub mod answer;
pub mod channel;
pub mod diagnosis;
pub mod pause;
pub mod profile;
pub mod rate;
pub mod read_back;
pub mod record;
pub mod recovery;
pub mod sanitize;
pub mod set_pause;
pub mod token;
pub mod wake;
