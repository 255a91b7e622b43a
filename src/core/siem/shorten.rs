//! Lines that are too long for a receiver: what is left of them, and what vouches for the rest.

use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// What of an event's own fields a shortened line keeps, besides its words.
const KEPT: [&str; 6] = ["v", "seq", "at", "device", "type", "command"];
/// Longest name that is kept, characters, and where no words are.
const NAME: usize = 64;
const NAME_ALONE: usize = 12;

/// How much a line is shortened, and what the whole line is known by.
#[derive(Debug)]
pub(super) struct Shortened {
    bytes: usize,
    sha256: String,
    /// So many characters of the event's words are kept.
    words: usize,
}

impl Shortened {
    /// From this whole line, with so many characters of the event's words.
    pub(super) fn new(whole: &str, words: usize) -> Self {
        Shortened {
            bytes: whole.len(),
            sha256: HEXLOWER.encode(&Sha256::digest(whole)),
            words,
        }
    }

    /// Length and SHA-256 of the whole line.
    pub(super) fn record(&self) -> Value {
        json!({"bytes": self.bytes, "sha256": self.sha256})
    }

    /// As many of these words as are kept.
    pub(super) fn words<'a>(&self, text: &'a str) -> Option<&'a str> {
        (self.words > 0).then(|| cut(text, self.words))
    }

    /// A name, if it is not too long.
    pub(super) fn name<'a>(&self, text: &'a str) -> &'a str {
        cut(text, if self.words > 0 { NAME } else { NAME_ALONE })
    }

    /// What is left of an event.
    pub(super) fn event(&self, event: &Value) -> Value {
        let is_short = |value: &&Value| value.as_str().is_none_or(|text| text.len() <= NAME);
        let kept = KEPT.iter().filter_map(|name| {
            let value = event.get(name).filter(is_short)?;
            Some(((*name).to_owned(), value.clone()))
        });
        let mut kept: serde_json::Map<String, Value> = kept.collect();
        if let Some(actor) = event["actor"].as_str() {
            kept.insert("actor".to_owned(), self.name(actor).into());
        }
        let words = event["detail"].as_str().and_then(|text| self.words(text));
        if let Some(words) = words {
            kept.insert("detail".to_owned(), words.into());
        }
        Value::Object(kept)
    }
}

/// The first so many characters.
fn cut(text: &str, characters: usize) -> &str {
    match text.char_indices().nth(characters) {
        Some((end, _)) => text.get(..end).unwrap_or_default(),
        None => text,
    }
}
