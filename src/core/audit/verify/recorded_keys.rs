//! The keys that a database records as those of its log: whoever may write to its tables may
//! add one, or end one.

use super::finding::{Finding, FindingKind};
use super::source::RecordedKey;
use crate::time::Timestamp;
use crate::tlog::note::{PUBLIC_KEY_BYTES, VerifierKey};
use crate::tlog::{Checkpoint, Origin};

/// Where what is found of them is.
const PLACE: &str = "recorded keys";

type Public = [u8; PUBLIC_KEY_BYTES];

/// What the log says of its keys.
pub(super) struct LoggedKeys<'a> {
    /// Its newest checkpoint.
    pub(super) checkpoint: &'a Checkpoint,
    /// The keys that began to sign after the first, in order, and until when those before
    /// them sign.
    pub(super) changes: &'a [(String, Timestamp)],
    /// Whether the log is there from its first entry on.
    pub(super) whole: bool,
}

/// Compares the keys that are recorded with what the log says. `trusted` are keys that are
/// known from elsewhere.
pub(super) fn check<'a>(
    log: &LoggedKeys<'_>,
    recorded: &[RecordedKey],
    trusted: impl Iterator<Item = &'a VerifierKey>,
) -> Vec<Finding> {
    let origin = &log.checkpoint.origin;
    let public = |vkey: &str| vkey.parse::<VerifierKey>().ok().map(|key| *key.public());
    let changes: Vec<_> = log.changes.iter().map(|(vkey, _)| public(vkey)).collect();
    let is_first = |key: &Public| !changes.contains(&Some(*key));
    let mut of_log = trusted.filter(|key| origin_of(key).is_some_and(|of| of.same_log(origin)));
    // The first key is in no event. It is known where it is trusted.
    let mut first = of_log.find_map(|key| is_first(key.public()).then(|| *key.public()));
    let (mut findings, mut seen) = (Vec::new(), Vec::new());
    for row in recorded {
        let wrong = |what: &str| {
            let what = format!("{}: {what}", row.vkey);
            Finding::new(FindingKind::RecordedKey, PLACE, what)
        };
        let key = row.vkey.parse::<VerifierKey>().ok();
        let of = key.as_ref().and_then(origin_of);
        let of = of.filter(|of| of.same_log(origin) && of.epoch() <= origin.epoch());
        let Some(key) = key.filter(|_| of.is_some()) else {
            findings.push(wrong("it is no key of this log"));
            continue;
        };
        seen.push(*key.public());
        let at = changes
            .iter()
            .position(|known| *known == Some(*key.public()));
        if at.is_none() && log.whole && first.get_or_insert(*key.public()) != key.public() {
            findings.push(wrong("no event says that it signs this log"));
            continue;
        }
        let next = at.map_or(0, |at| at + 1);
        // A later change ends it sooner where the key before was lost.
        let later = log.changes.get(next..).unwrap_or_default();
        let until = later.iter().map(|(_, until)| *until).min();
        // A change that nothing is known of any more may have ended it.
        if row.until != until && (log.whole || at.is_some()) {
            findings.push(wrong("it signs until another time than the log says"));
        }
    }
    let missing = changes.into_iter().flatten().chain(first);
    let missing = missing.filter(|key| !seen.contains(key)).count();
    if missing > 0 || (seen.is_empty() && recorded.is_empty()) {
        let what = "a key is not recorded that signs this log";
        findings.push(Finding::new(FindingKind::RecordedKey, PLACE, what));
    }
    findings
}

fn origin_of(key: &VerifierKey) -> Option<Origin> {
    key.name().parse().ok()
}
