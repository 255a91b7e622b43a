//! What touching a node comes to.

use super::classes::Cim;

/// What a Get finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// The names below an interior node.
    Names(Vec<String>),
    Value(Cim, String),
}

/// What a method did that concerns the agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    None,
    Unenroll,
    Lock,
}
