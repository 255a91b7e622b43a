//! What is looked at of an event where reading all of it would take too long.

use std::borrow::Cow;

use serde::Deserialize;

/// An event of any version, by its type and by the policy set that decided.
#[derive(Deserialize)]
pub(super) struct Glance<'a> {
    #[serde(rename = "type", borrow)]
    pub(super) what: Cow<'a, str>,
    #[serde(borrow)]
    exchange: Option<Decided<'a>>,
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

    /// The digest of the policy set that decided, where it is of an exchange.
    pub(super) fn policy_set(&self) -> Option<&str> {
        self.exchange.as_ref().map(|decided| &*decided.policy_set)
    }
}
