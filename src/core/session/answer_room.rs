//! How much is kept of what a device answers: per command, so that no command brings
//! more than its reader can bear, and per device.

use super::event_recorder::EventRecorder;
use crate::command::{NodeResult, OpenCommand};
use crate::limits::DeviceBounds;

/// How far what is kept of a device may pass its bound until older answers are deleted.
/// The answers of one message take less.
const SLACK: u64 = 8 * 1024 * 1024;

/// The room for a device's answers.
#[derive(Debug)]
pub(super) struct AnswerRoom {
    bounds: DeviceBounds,
    /// Bytes that are kept, with those of this message.
    kept: u64,
}

impl AnswerRoom {
    /// Of a device of which so many bytes are kept.
    pub(super) fn new(bounds: DeviceBounds, kept: u64) -> Self {
        AnswerRoom { bounds, kept }
    }

    /// Leaves of `results` what is kept; whether that is all that the command may bring.
    pub(super) fn admit(
        &mut self,
        command: &mut OpenCommand,
        results: &mut Vec<NodeResult>,
        recorder: &mut EventRecorder,
    ) -> bool {
        let (mut fits, mut full) = (true, false);
        results.retain(|result| {
            let bytes = result.bytes();
            if command.answer_bytes + bytes > self.bounds.command_answers {
                fits = false;
            } else if self.kept + bytes > self.bounds.device_answers + SLACK {
                full = true;
            } else {
                command.answer_bytes += bytes;
                self.kept += bytes;
                return true;
            }
            false
        });
        if full {
            recorder.note(
                "answers were dropped: what is kept of open commands fills the device's share",
            );
        }
        fits
    }

    /// Bytes that are kept now.
    pub(super) fn kept(&self) -> u64 {
        self.kept
    }

    /// Why a command ends whose answers did not all fit.
    pub(super) fn too_large(&self) -> String {
        format!(
            "its answers exceed {} bytes: the rest was dropped",
            self.bounds.command_answers
        )
    }

    /// How many bytes of older answers are to be deleted.
    pub(super) fn to_free(&self, recorder: &mut EventRecorder) -> u64 {
        let over = self.kept.saturating_sub(self.bounds.device_answers);
        if over > 0 {
            let most = self.bounds.device_answers;
            recorder.note(format!(
                "the oldest answers are deleted: at most {most} bytes are kept"
            ));
        }
        over
    }
}
