//! What is looked at of an event where reading all of it would take too long.

use std::borrow::Cow;

use modegate_core::event::BaselineRecord;
use serde::Deserialize;

/// An event of any version, by its type, by the policy set that decided, and by what it says
/// of compliance.
#[derive(Deserialize)]
pub(super) struct Glance<'a> {
    #[serde(rename = "type", borrow)]
    pub(super) what: Cow<'a, str>,
    #[serde(borrow)]
    exchange: Option<Decided<'a>>,
    #[serde(default)]
    baselines: Vec<BaselineRecord>,
    compliance: Option<Judged>,
    snapshot: Option<Listed>,
}

#[derive(Deserialize)]
struct Judged {
    baseline: BaselineRecord,
}

/// A list of the devices that a baseline covers.
#[derive(Deserialize)]
pub(super) struct Listed {
    pub(super) baseline: BaselineRecord,
    /// Its root, in base64.
    pub(super) root: String,
}

#[derive(Deserialize)]
struct Decided<'a> {
    #[serde(borrow)]
    policy_set: Cow<'a, str>,
}

impl<'a> Glance<'a> {
    /// `None` where it is no event.
    pub(super) fn at(json: &'a [u8]) -> Option<Self> {
        serde_json::from_slice(json).ok()
    }

    /// The baselines of compliance that it names.
    pub(super) fn baselines(&self) -> impl Iterator<Item = &BaselineRecord> {
        let judged = self.compliance.iter().map(|judged| &judged.baseline);
        let listed = self.snapshot.iter().map(|listed| &listed.baseline);
        self.baselines.iter().chain(judged).chain(listed)
    }

    /// The list of devices that it states.
    pub(super) fn listed(&self) -> Option<&Listed> {
        self.snapshot.as_ref()
    }

    /// The digest of the policy set that decided, where it is of an exchange.
    pub(super) fn policy_set(&self) -> Option<&str> {
        self.exchange.as_ref().map(|decided| &*decided.policy_set)
    }
}
