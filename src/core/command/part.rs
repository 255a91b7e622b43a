//! The history of a command: what each exchange brought for it.

use serde::{Deserialize, Serialize};

use super::CommandState;
use crate::ids::CommandSeq;
use crate::loc_uri::LocUri;
use crate::secret::Secret;
use crate::time::Timestamp;

/// What one exchange (or one API call) brought for a command: appended to its
/// history, never changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The command.
    pub seq: CommandSeq,
    /// Which part of its history this is: 1, 2, …
    pub part: u32,
    /// The state that it had afterwards.
    pub state: CommandState,
    /// When.
    pub at: Timestamp,
    /// Why, in words, where a status does not say it.
    pub reason: Option<String>,
    /// What the device answered.
    pub results: Vec<NodeResult>,
}

/// Every answer of these parts in order, pieces of a large object (Status 213)
/// put together; one that broke off keeps its 213.
pub fn answers(parts: &[Part]) -> Vec<NodeResult> {
    // The text of a large object grows in place: a device chooses how many pieces.
    let mut answers: Vec<(NodeResult, String)> = Vec::new();
    for result in parts.iter().flat_map(|part| &part.results) {
        let begun = answers
            .iter_mut()
            .rev()
            .take(PIECES_BACK)
            .find(|(other, text)| {
                other.status == 213 && !text.is_empty() && other.loc_uri == result.loc_uri
            });
        match (begun, &result.data) {
            (Some((begun, text)), Some(more)) if matches!(result.status, 213 | 200) => {
                text.push_str(more.reveal());
                if result.status != 213 {
                    // Whole now; its Status is the Get's own.
                    begun.status = 0;
                }
            }
            (_, Some(first)) if result.status == 213 => {
                answers.push((result.clone(), first.reveal().to_owned()));
            }
            _ => answers.push((result.clone(), String::new())),
        }
    }
    let joined = answers.into_iter().map(|(mut result, text)| {
        if !text.is_empty() {
            result.data = Some(Secret::new(text));
        }
        result
    });
    joined.collect()
}

/// How many answers back the beginning of a large object is looked for: between
/// its pieces stands little else.
const PIECES_BACK: usize = 64;

/// One node's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeResult {
    /// The node, as the command named it; for a value from below it, as the device did.
    pub loc_uri: LocUri,
    /// The Status, 0 where only Results came.
    pub status: u16,
    /// `Meta/Format` of the Results.
    pub format: Option<String>,
    /// `Data` of the Results, or of the alert that ended the command.
    pub data: Option<Secret>,
    /// The error behind the Status, as the device names it (an HRESULT mostly).
    #[serde(default)]
    pub original_error: Option<u32>,
    /// The node as the device named it, where that is neither the one that was asked
    /// for nor one below it.
    #[serde(default)]
    pub source: Option<String>,
}

impl NodeResult {
    /// An answer about that node which says nothing yet.
    pub fn of_node(loc_uri: LocUri) -> Self {
        NodeResult {
            loc_uri,
            status: 0,
            format: None,
            data: None,
            original_error: None,
            source: None,
        }
    }
}
