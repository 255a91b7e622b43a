//! The manifest of an export: what it is of, and a digest of each file that is neither a
//! tile nor the checkpoint. A verifier works it out anew and compares the bytes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::tlog::{Checkpoint, Origin};

/// Name of the manifest in an export.
pub const MANIFEST: &str = "manifest.json";
/// Name of the checkpoint in an export.
pub const CHECKPOINT: &str = "checkpoint";
/// Where the texts of baselines of compliance are in an export.
pub const BASELINES: &str = "baselines/";
/// Where the lists of their populations are.
pub const SNAPSHOTS: &str = "snapshots/";
/// Most bytes of the text of a baseline.
pub const BASELINE_BYTES: usize = 1024 * 1024;
/// Most bytes of a manifest.
pub const MANIFEST_BYTES: usize = 16 * 1024 * 1024;
/// The form that is written.
const FORM: u32 = 1;

/// The manifest of an export. Its text is JSON in one line, keys in the order of the
/// alphabet, without spaces, with a line feed at the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Each other file by its path in the export: SHA-256, 64 hexadecimal digits.
    pub files: BTreeMap<String, String>,
    /// The number of the first entry that is in the export: 0 unless older ones were
    /// deleted or left out. A multiple of 256.
    pub first: u64,
    /// The form of the manifest: 1.
    pub form: u32,
    /// The log.
    pub origin: String,
    /// The root of its tree, in base64.
    pub root: String,
    /// How many entries its tree has.
    pub size: u64,
}

impl Manifest {
    /// Of an export up to this checkpoint, with these other files (path and digest).
    pub fn new(checkpoint: &Checkpoint, first: u64, files: BTreeMap<String, String>) -> Self {
        Manifest {
            files,
            first,
            form: FORM,
            origin: checkpoint.origin.to_string(),
            root: checkpoint.root.base64(),
            size: checkpoint.size,
        }
    }

    /// Its text.
    pub fn text(&self) -> String {
        // Numbers and text only: writing to memory cannot fail.
        let json = serde_json::to_string(self).expect("a manifest is plain data");
        json + "\n"
    }

    /// Reads a text. Whether it is the one spelling shows when it is worked out anew.
    pub fn parse(text: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(text)
    }
}

/// The digest of a file's contents as a manifest has it.
pub fn digest(contents: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(contents))
}

/// Whether it is a digest as events and manifests have it: SHA-256, 64 hexadecimal digits.
pub fn is_digest(text: &str) -> bool {
    let is_hexadecimal = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.len() == 64 && text.bytes().all(is_hexadecimal)
}

/// The digest of a file that is read in parts: `read` fills a buffer and answers how many
/// bytes it put there, 0 at the end.
pub fn digest_of_stream<E>(
    mut read: impl FnMut(&mut [u8]) -> Result<usize, E>,
) -> Result<String, E> {
    let (mut hasher, mut buffer) = (Sha256::new(), [0; 16 * 1024]);
    loop {
        match read(&mut buffer)? {
            0 => return Ok(data_encoding::HEXLOWER.encode(&hasher.finalize())),
            read => hasher.update(&buffer[..read]),
        }
    }
}

/// The path of a file with a policy set.
pub fn policy_set_path(digest: &str) -> String {
    format!("policy-sets/{digest}.json")
}

/// The path of a file with the text of a baseline of compliance.
pub fn baseline_path(digest: &str) -> String {
    format!("{BASELINES}{digest}.toml")
}

/// The path of a file with the list of a baseline's population, by its root in hexadecimal.
pub fn snapshot_path(baseline: &str, root: &crate::tlog::Hash) -> String {
    // No part of a path begins with a dot.
    let name = baseline.strip_prefix('.').map(|rest| format!("_{rest}"));
    let name = name.as_deref().unwrap_or(baseline);
    format!("{SNAPSHOTS}{name}-{root}.txt")
}

/// The path of a file with a verifier key: its name with `_` for what is neither a letter,
/// a digit, a dot nor a hyphen, then the key's id.
pub fn key_path(origin: &Origin, id: &crate::tlog::note::KeyId) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-".contains(c);
    let name: String = origin
        .to_string()
        .chars()
        .map(|c| if plain(c) { c } else { '_' })
        .collect();
    format!("keys/{name}_{id}.vkey")
}

/// Whether an export may have a file of this path beside tiles, checkpoint and manifest.
pub fn is_plain_path(path: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let part = |part: &str| !part.starts_with('.') && !part.is_empty() && part.chars().all(plain);
    path.split('/').all(part)
}
