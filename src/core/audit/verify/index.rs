//! What a database keeps beside the entries, so that it can list the events of each device:
//! columns of each row, and where the events of each device end. Lists go by it and it is not
//! in the tree, so each value is compared with what the entries come to.

use std::collections::BTreeMap;

use super::finding::{Finding, FindingKind};
use super::sequences::{Chain, describe};
use super::source::{IndexEnd, IndexRow};

/// An event of a device whose number is a multiple of this is a mark: later ones name it.
const MARK_EVERY: u64 = 64;

/// Where the events of a device end, as far as the log was read.
#[derive(Debug)]
struct End {
    device: Chain,
    seq: u64,
    place: u64,
    mark: u64,
}

/// The ends, by the numbers that the database gives devices: some 60 bytes per device.
#[derive(Debug, Default)]
pub(super) struct Index {
    ends: BTreeMap<u64, End>,
    /// Whether nothing is compared, since the rows before were not read.
    skipped: bool,
    /// The place of the first row that is there: what is before it was deleted.
    begin: Option<u64>,
}

impl Index {
    /// Of a log of which only a part is read: the ends of the devices are not known.
    pub(super) fn skipped() -> Self {
        Index {
            skipped: true,
            ..Index::default()
        }
    }

    /// Compares a row with its event: with that of its entry, or with the stub of a redacted
    /// one.
    pub(super) fn take(
        &mut self,
        entry: u64,
        row: &IndexRow,
        device: Chain,
        seq: u64,
    ) -> Result<(), Finding> {
        if self.skipped {
            return Ok(());
        }
        let begin = *self.begin.get_or_insert(row.place);
        let mark = match seq % MARK_EVERY {
            0 => row.place,
            _ => row.mark,
        };
        let place = row.place;
        let end = End {
            device,
            seq,
            place,
            mark,
        };
        let wrong = |what: String| Err(Finding::at(entry, FindingKind::Index, what));
        let before = self.ends.insert(row.device, end);
        if row.seq != seq {
            let listed = row.seq;
            return wrong(format!("it is listed with number {listed}, and has {seq}"));
        }
        let (prev, mark) = (row.prev, row.mark);
        let Some(before) = before else {
            // Its device's events before it, if there were any, were deleted.
            return match prev < begin && mark < begin {
                true => Ok(()),
                false => wrong(format!(
                    "no event of {} is before it, and it is listed behind one",
                    describe(device)
                )),
            };
        };
        if before.device != device {
            let (device, other) = (describe(device), describe(before.device));
            return wrong(format!(
                "it is of {device}, and listed with those of {other}"
            ));
        }
        match (prev, mark) == (before.place, before.mark) {
            true => Ok(()),
            false => wrong(format!(
                "it is listed behind other events of {} than those before it",
                describe(device)
            )),
        }
    }

    /// Compares where a device's events end with the last of them. Each is taken once.
    pub(super) fn end(&mut self, found: &IndexEnd) -> Result<(), Finding> {
        if self.skipped {
            return Ok(());
        }
        let wrong = |what: &str| {
            let place = describe(found.device);
            Err(Finding::new(FindingKind::Index, place, what))
        };
        let Some(end) = self.ends.remove(&found.number) else {
            // All its events were deleted, if there were any.
            return match found.head < self.begin.unwrap_or(u64::MAX) {
                true => Ok(()),
                false => wrong("the database lists events of it that are not its own"),
            };
        };
        if end.device != found.device {
            return wrong("the database lists the events of another device as its own");
        }
        let last = (end.place, end.mark, end.seq + 1);
        match last == (found.head, found.mark, found.next) {
            true => Ok(()),
            false => wrong("the database does not list its events up to the last one"),
        }
    }

    /// Whose events the database does not list at all.
    pub(super) fn close(&self) -> impl Iterator<Item = Finding> {
        self.ends.values().map(|end| {
            let what = "the database does not list its events";
            Finding::new(FindingKind::Index, describe(end.device), what)
        })
    }
}
