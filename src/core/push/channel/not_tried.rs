//! A set that counts as not tried.

use super::{Channel, ChannelState};

impl Channel {
    /// The set that left was answered by an agent that could not have done it: it is
    /// as due as before, without a pause.
    pub(crate) fn set_not_tried(&mut self) {
        if self.state == ChannelState::SetSent {
            self.state = ChannelState::NeedsSet;
        }
        if !self.turned {
            self.set_attempts = self.set_attempts.saturating_sub(1);
        }
        self.turned = false;
        self.next_set_at = None;
    }
}
