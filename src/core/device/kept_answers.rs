//! How much is kept of a device's answers to commands.

use serde::{Deserialize, Serialize};

use crate::command::{NodeResult, Part};

/// What is kept of a device's answers, and where the oldest of them lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct KeptAnswers {
    /// Bytes of all ([`NodeResult::bytes`]).
    pub bytes: u64,
    /// The number of the command and of its part up to which answers were deleted to make
    /// room; from its beginning, if none were.
    pub freed_to: (u32, u32),
}

impl KeptAnswers {
    /// So many bytes were deleted.
    pub fn free(&mut self, bytes: u64) {
        self.bytes = self.bytes.saturating_sub(bytes);
    }
}

impl Part {
    /// Bytes of the answers in it.
    pub fn answer_bytes(&self) -> u64 {
        self.results.iter().map(NodeResult::bytes).sum()
    }
}
