//! The witnesses that the log's checkpoints are handed to.

use std::fmt;

use serde::{Serialize, Serializer};
use url::Url;

use super::values::{Rule, token_url};
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

/// How a witness is written.
pub(super) struct WitnessLine;

impl Rule for WitnessLine {
    type Value = WitnessAddress;
    const EXPECTED: &'static str = "the verifier key of a witness (type 0x04), a space and its URL: https, or plain \
                                    http to a loopback address";
    const IS_SECRET: bool = false;

    fn parse(text: &str) -> Option<WitnessAddress> {
        WitnessAddress::parse(text)
    }
}

impl WitnessAddress {
    /// Reads it. The URL is https, or plain http to a loopback address: an answer without a
    /// signature counts too, the size that a witness knows.
    fn parse(text: &str) -> Option<Self> {
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_witness_is_its_key_and_a_url_that_nobody_can_forge_answers_of() {
        let key = |kind| VerifierKey::new("w.example/1", kind, [7; 32]).unwrap();
        let witness = key(SignatureType::Cosignature);
        for (url, read) in [
            ("https://w.example", "https://w.example/"),
            ("https://w.example:8445/a", "https://w.example:8445/a/"),
            ("http://127.0.0.1:8445/", "http://127.0.0.1:8445/"),
        ] {
            let line = format!("{witness} {url}");
            let address = WitnessLine::parse(&line).unwrap();
            assert_eq!(address.to_string(), format!("{witness} {read}"));
        }
        for wrong in [
            witness.to_string(),
            format!("{} https://w.example/", key(SignatureType::Ed25519)),
            format!("{witness} http://w.example/"),
            format!("{witness} https://w.example/?a=b"),
            format!("{witness} https://user@w.example/"),
            "w.example/1 https://w.example/".to_owned(),
        ] {
            assert!(WitnessLine::parse(&wrong).is_none(), "{wrong}");
        }
    }
}
