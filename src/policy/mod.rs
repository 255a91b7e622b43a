//! The policy engine.

/// To come.
pub struct PolicySet {}
