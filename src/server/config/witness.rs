//! The witnesses that the log's checkpoints are handed to.

use std::fmt;

use serde::{Serialize, Serializer};
use url::Url;

use super::values::token_url;
use modegate_core::tlog::VerifierKey;
use modegate_core::tlog::note::SignatureType;

/// A witness: `VKEY URL`, as the line of a trust file ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessAddress {
    /// The key that its cosignatures are known by.
    pub vkey: VerifierKey,
    /// Where it is asked: `add-checkpoint` is put behind this.
    pub url: Url,
}

impl WitnessAddress {
    /// Reads it. The URL is https, or plain http to a loopback address: an answer without a
    /// signature counts too, the size that a witness knows.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (vkey, url) = text.trim().split_once(' ')?;
        let vkey: VerifierKey = vkey.parse().ok()?;
        let mut url = token_url(url.trim())?;
        if url.query().is_some() || url.fragment().is_some() {
            return None;
        }
        if !url.path().ends_with('/') {
            url.set_path(&format!("{}/", url.path()));
        }
        (vkey.kind() == SignatureType::Cosignature).then_some(WitnessAddress { vkey, url })
    }
}

impl fmt::Display for WitnessAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.vkey, self.url)
    }
}

impl Serialize for WitnessAddress {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}
