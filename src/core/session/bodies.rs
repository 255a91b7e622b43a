//! The bodies at hand in a step, as they go out: bound to the device's key of
//! MDM_Client, Adds as Replace where the device has what they add.

use std::borrow::Cow;

use crate::command::CommandBody;
use crate::device::DeviceState;
use crate::ids::CommandSeq;
use crate::session::Snapshot;

/// The bodies.
pub(super) struct Bodies<'a>(Vec<(CommandSeq, Cow<'a, CommandBody>)>);

impl<'a> Bodies<'a> {
    /// Those of a snapshot, for a device with this key of MDM_Client.
    pub(super) fn new(snapshot: &'a Snapshot, client_id: &str) -> Self {
        let bodies = snapshot
            .bodies
            .iter()
            .map(|(seq, body)| (*seq, body.bound(client_id)));
        Bodies(bodies.collect())
    }

    /// The body of that command, Adds as they were queued.
    pub(super) fn get(&self, seq: CommandSeq) -> Option<&CommandBody> {
        let (_, body) = self.0.iter().find(|(of, _)| *of == seq)?;
        Some(body)
    }

    /// The body of that command as it would go out now.
    pub(super) fn going_out(
        &self,
        state: &DeviceState,
        seq: CommandSeq,
    ) -> Option<Cow<'_, CommandBody>> {
        let body = self.get(seq)?;
        let as_replace = state.open(seq).is_some_and(|command| command.as_replace);
        Some(if as_replace {
            Cow::Owned(body.as_replace())
        } else {
            Cow::Borrowed(body)
        })
    }

    /// Puts another at hand: one that the step itself queued.
    pub(super) fn add(&mut self, seq: CommandSeq, body: &CommandBody, client_id: &str) {
        let bound = body.bound(client_id).into_owned();
        self.0.push((seq, Cow::Owned(bound)));
    }
}
