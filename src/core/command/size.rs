//! How much commands and their answers take where they are kept: close enough to hold
//! bounds by, without packing them.

use super::{CommandBody, NodeResult, OpenCommand, Operation, StoredCommand};

impl CommandBody {
    /// Bytes that it takes where it is kept, about.
    pub fn bytes(&self) -> u64 {
        fn of(operations: &[Operation]) -> u64 {
            let one = |operation: &Operation| match operation {
                Operation::Node { loc_uri, data, .. } => {
                    let data = data.as_ref().map_or(0, |data| data.reveal().len());
                    (16 + loc_uri.as_str().len() + data) as u64
                }
                Operation::Group(_, children) => of(children),
            };
            operations.iter().map(one).sum()
        }
        128 + of(&self.operations)
    }
}

impl OpenCommand {
    /// Bytes that it takes in the device's state, about.
    pub(crate) fn bytes(&self) -> u64 {
        /// Its fields of fixed length, most of which are short.
        const FRAME: usize = 64;
        let ids: usize = self.leases.iter().map(|lease| lease.statuses.len()).sum();
        let unknown: usize = self
            .unknown
            .iter()
            .map(|(_, node)| node.as_str().len())
            .sum();
        (FRAME + 3 * self.leaves.len() + 5 * ids + unknown) as u64
    }
}

impl NodeResult {
    /// Bytes that it takes where it is kept, about.
    pub fn bytes(&self) -> u64 {
        /// The status, lengths, its place in a list.
        const FRAME: usize = 16;
        let format = self.format.as_ref().map_or(0, String::len);
        let data = self.data.as_ref().map_or(0, |data| data.reveal().len());
        let source = self
            .source
            .as_ref()
            .map_or(0, |source| source.as_str().len());
        (FRAME + self.loc_uri.as_str().len() + source + format + data) as u64
    }
}

impl StoredCommand {
    /// The same without what the device answered.
    #[must_use]
    pub fn without_results(mut self) -> Self {
        for part in &mut self.parts {
            part.results.clear();
        }
        self
    }

    /// Bytes that it takes with its history, about.
    pub fn bytes(&self) -> u64 {
        let results = self.parts.iter().flat_map(|part| &part.results);
        self.body.bytes() + results.map(NodeResult::bytes).sum::<u64>()
    }
}
