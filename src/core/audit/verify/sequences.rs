//! The numbers of events: each device counts 1, 2, 3, …, and so do the events that concern
//! none. What is redacted has its number in the event that says so.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::finding::{Finding, FindingKind};
use crate::ids::DeviceId;

/// What counts its events by itself: a device, or all that concerns none.
pub(super) type Chain = Option<DeviceId>;

/// The last number of each device, and the numbers that are missing. 24 bytes per device,
/// and what a map adds.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sequences {
    #[serde(with = "pairs")]
    last: BTreeMap<Chain, u64>,
    #[serde(with = "pairs")]
    missing: BTreeMap<(Chain, u64), u64>,
    /// Whether a device's first number may be any: its first events were deleted.
    any_first: bool,
}

impl Sequences {
    /// From here on a device's first number may be any.
    pub(super) fn allow_any_first(&mut self) {
        self.any_first = true;
    }

    /// How many devices there are.
    pub(super) fn devices(&self) -> u64 {
        self.last.keys().filter(|chain| chain.is_some()).count() as u64
    }

    /// Takes the next event. No more numbers may be missing in all than entries are redacted.
    pub(super) fn take(
        &mut self,
        entry: u64,
        chain: Chain,
        seq: u64,
        redacted: u64,
    ) -> Result<(), Finding> {
        let last = match self.last.insert(chain, seq) {
            Some(last) => last,
            None if self.any_first => return Ok(()),
            None => 0,
        };
        let fault = || {
            let chain = describe(chain);
            let what = format!("{chain} has number {seq} behind number {last}");
            Finding::at(entry, FindingKind::Sequence, what)
        };
        let skipped = seq.checked_sub(last).and_then(|step| step.checked_sub(1));
        let skipped = skipped.ok_or_else(fault)?;
        if skipped > redacted.saturating_sub(self.missing.len() as u64) {
            return Err(fault());
        }
        for seq in last + 1..seq {
            self.missing.insert((chain, seq), entry);
        }
        Ok(())
    }

    /// Compares what is missing with the numbers of what was redacted.
    pub(super) fn close(&self, redacted: &BTreeSet<(Chain, u64)>) -> Vec<Finding> {
        let unnamed = self
            .missing
            .iter()
            .filter(|(number, _)| !redacted.contains(number))
            .map(|((chain, seq), &entry)| {
                let what = format!("{} lacks number {seq} before it", describe(*chain));
                Finding::at(entry, FindingKind::Sequence, what)
            });
        // Behind the last one that is there, the redacted ones go on without a gap.
        let mut ends: BTreeMap<Chain, u64> = BTreeMap::new();
        let misplaced = redacted
            .iter()
            .filter(|number| !self.missing.contains_key(number))
            .filter(move |&&(chain, seq)| {
                let end = ends.get(&chain).or(self.last.get(&chain)).copied();
                let follows = match end {
                    // It may stand before the first one that is there.
                    Some(end) if seq <= end => return !self.any_first,
                    Some(end) => seq - end == 1,
                    None => seq == 1 || self.any_first,
                };
                ends.insert(chain, seq);
                !follows
            })
            .map(|&(chain, seq)| {
                let what = format!("the redacted number {seq} of {}", describe(chain));
                let what = what + " is there as well, or does not follow its last one";
                Finding::new(FindingKind::RedactionWrong, "log", what)
            });
        unnamed.chain(misplaced).collect()
    }
}

/// A map as a list of pairs: a key of JSON is a text.
mod pairs {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<K: Serialize, S: Serializer>(
        map: &BTreeMap<K, u64>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(map)
    }

    pub(super) fn deserialize<'de, K: Deserialize<'de> + Ord, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<K, u64>, D::Error> {
        let pairs = Vec::<(K, u64)>::deserialize(deserializer)?;
        Ok(pairs.into_iter().collect())
    }
}

pub(super) fn describe(chain: Chain) -> String {
    match chain {
        Some(device) => format!("device {device}"),
        None => "what concerns no device".to_owned(),
    }
}
