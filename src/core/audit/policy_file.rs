//! The files of a policy set as an export has them: `policy-sets/DIGEST.json`.

use serde::{Deserialize, Serialize};

use crate::policy::{FLOOR_VERSION, digest_of};

/// Most bytes of such a file.
pub const POLICY_FILE_BYTES: usize = 64 * 1024 * 1024;

/// A policy set. Its text is JSON in one line, keys in the order of the alphabet, without
/// spaces, with a line feed at the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyFile {
    /// Its files, name and text, in the order of the names.
    pub files: Vec<(String, String)>,
    /// What stands in its digest for the part that no file can change.
    pub floor: String,
}

impl PolicyFile {
    /// Of the files of a set.
    pub fn new(files: Vec<(String, String)>) -> Self {
        let floor = FLOOR_VERSION.to_owned();
        PolicyFile { files, floor }
    }

    /// The set's digest, as events name it.
    pub fn digest(&self) -> String {
        digest_of(&self.floor, &self.files)
    }

    /// Its text.
    pub fn text(&self) -> String {
        // Text only: writing to memory cannot fail.
        let json = serde_json::to_string(self).expect("a policy set is plain data");
        json + "\n"
    }

    /// Reads a text; `None` unless it is the one that [`PolicyFile::text`] gives.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let file: PolicyFile = serde_json::from_slice(text).ok()?;
        (file.text().as_bytes() == text).then_some(file)
    }
}
