//! Stub; replaced at merge.
use crate::context::{ContextSet, Family, Mode};
use crate::kind::Leaf;
/// x
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleId(pub std::sync::Arc<str>);
impl std::fmt::Display for RuleId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
/// x
pub struct PolicySet {}
/// x
pub struct Subject<'a> {
    #[doc = "x"]
    pub family: Family,
    #[doc = "x"]
    pub groups: &'a [String],
    #[doc = "x"]
    pub leaves: &'a [Leaf],
}
/// x
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    #[doc = "x"]
    Deliver,
    #[doc = "x"]
    Withhold,
    #[doc = "x"]
    Refuse,
}
/// x
#[derive(Debug)]
pub struct Decision {
    #[doc = "x"]
    pub verdict: Verdict,
    #[doc = "x"]
    pub rules: Vec<RuleId>,
    #[doc = "x"]
    pub modes: Vec<Mode>,
}
impl PolicySet {
    /// x
    pub fn decide(&self, _c: ContextSet, _s: &Subject<'_>) -> Decision {
        Decision {
            verdict: Verdict::Withhold,
            rules: vec![],
            modes: vec![],
        }
    }
    /// x
    pub fn digest(&self) -> &str {
        ""
    }
}
