//! What a device says of itself as it enrolls: shown to operators, proved by nothing, and
//! never what anything is decided by.

use serde::{Deserialize, Serialize};

/// Most claims that are kept.
const CLAIMS: usize = 32;
/// Longest name of a claim, bytes.
const NAME_BYTES: usize = 64;
/// Longest value of a claim, bytes.
const VALUE_BYTES: usize = 256;

/// Names and values, in the order in which they came. A name may occur again.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DeviceClaims(Vec<(String, String)>);

impl DeviceClaims {
    /// What is kept of these claims: so many, each cut off where it is long, without control
    /// characters.
    pub fn new(claims: impl IntoIterator<Item = (String, String)>) -> Self {
        let named = claims
            .into_iter()
            .map(|(name, value)| (bounded(&name, NAME_BYTES), bounded(&value, VALUE_BYTES)));
        let kept = named.filter(|(name, _)| !name.is_empty());
        DeviceClaims(kept.take(CLAIMS).collect())
    }

    /// All of them.
    pub fn all(&self) -> &[(String, String)] {
        &self.0
    }

    /// The first value of that name, in any letter case.
    pub fn first(&self, name: &str) -> Option<&str> {
        let mut found = self.0.iter();
        let found = found.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

fn bounded(text: &str, most: usize) -> String {
    let mut kept = String::new();
    for character in text.chars().filter(|character| !character.is_control()) {
        if kept.len() + character.len_utf8() > most {
            break;
        }
        kept.push(character);
    }
    kept
}
