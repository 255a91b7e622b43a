//! What a session in some context would carry now. Consumes nothing.

use serde::Serialize;

use crate::clock::Timestamp;
use crate::context::{Context, Mode};
use crate::ids::CommandSeq;
use crate::kind::Kind;
use crate::policy::PolicySet;
use crate::store::Device;

/// The three lists of a preview, in the order in which commands would go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Preview {
    /// What would go.
    pub deliver: Vec<PreviewDeliver>,
    /// What would stay, and why.
    pub withhold: Vec<PreviewHold>,
    /// What would be refused for good.
    pub refuse: Vec<PreviewHold>,
}

/// A command that would go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PreviewDeliver {
    /// Its number.
    pub command: CommandSeq,
    /// Its kind.
    pub kind: Kind,
    /// The rules that let it go.
    pub rules: Vec<String>,
}

/// A command that would not go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PreviewHold {
    /// Its number.
    pub command: CommandSeq,
    /// Its kind.
    pub kind: Kind,
    /// The rules that determined it; never empty.
    pub rules: Vec<String>,
    /// The modes of Machine, Maintenance and Apps that would let it go, login aside.
    pub modes: Vec<Mode>,
    /// When it can go, in words.
    pub next: Option<String>,
}

/// What a session of `device` in `context` would carry at `now`.
pub fn preview(
    _device: &Device,
    _context: Context,
    _policies: &PolicySet,
    _now: Timestamp,
) -> Preview {
    Preview {
        deliver: Vec::new(),
        withhold: Vec::new(),
        refuse: Vec::new(),
    }
}
