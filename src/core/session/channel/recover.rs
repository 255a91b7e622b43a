//! A phone whose channel has ended: another PFN, or the same once more.

use super::work::Work;
use crate::context::Family;
use crate::device::DeviceState;
use crate::push::recovery::{self, Recovery};
use crate::time::Timestamp;

impl Work<'_> {
    /// A session began that may set the PFN. Where the phone's channel is in trouble and no
    /// effect is waited for, the next push profile's PFN is used, if there is one for the
    /// phone; else the channel's own rules set the same once more.
    pub(super) fn recover(&mut self) {
        let now = self.recorder.now;
        if self.family() != Family::WindowsPhone81 || !self.channel.may_be_set(now) {
            return;
        }
        let status = self.state.push.status;
        let Some(reason) = recovery::trouble(&self.channel, status, now) else {
            return;
        };
        let earlier = self.state.recovery;
        let Some(recovery) = Recovery::after(earlier, reason, now) else {
            return;
        };
        self.state.recovery = Some(recovery);
        let push = self.request.push;
        let next = push.another(&self.subject.record.groups, self.target);
        let Some(next) = next.filter(|next| next.owner() != self.target.owner()) else {
            return;
        };
        self.recorder.note(format!(
            "{}: the phone is set up for the PFN of the next push profile, {}",
            reason.words(),
            next.pfn
        ));
        self.target = next;
        self.mine();
    }

    /// A recovery ends with a channel that can be sent to.
    pub(super) fn end_recovery(&mut self) {
        let now = self.recorder.now;
        let is_usable = self.channel.may_send(now) && !self.channel.was_set_in_vain();
        let open = self
            .state
            .recovery
            .as_mut()
            .filter(|recovery| recovery.is_open());
        if let (Some(recovery), true) = (open, is_usable) {
            recovery.ended_at = Some(now);
            let words = recovery.reason.words();
            let note = format!("the phone has a channel again ({words})");
            self.recorder.note(note);
        }
    }
}

/// A set went out: where a recovery is under way, that is its attempt.
pub(super) fn attempted(state: &mut DeviceState, now: Timestamp) {
    let open = state.recovery.filter(Recovery::is_open);
    let Some(recovery) = open.map(|open| open.attempted(now)) else {
        return;
    };
    state.recovery = Some(recovery);
    if let Some(channel) = &mut state.channel {
        channel.next_set_at = channel.next_set_at.max(recovery.wait_until);
    }
}
