//! What a store keeps for push besides the devices' states.

use modegate_core::change::Refusal;
use modegate_core::event::Event;
use modegate_core::push::record::{ProfileChange, PushProfile};

/// Decides on a push profile, given all of them and the one in question, inside
/// the transaction. It must not block.
pub type DecideProfile = Box<
    dyn FnOnce(&[PushProfile], Option<&PushProfile>) -> Result<(ProfileChange, Event), Refusal>
        + Send,
>;
