//! The list of all devices that a baseline covers with their states, and its root: that
//! proves the population and each line of it.
//!
//! One line per device and control: `device SP control SP state SP since SP read_at LF`.
//! Times are milliseconds since 1970-01-01T00:00:00Z; `-` stands where nothing was read. Lines
//! are sorted by device and then by control, as bytes. The root is that of the RFC 6962 tree
//! whose leaves are the lines, each with its LF.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::device::BaselineVerdicts;
use super::verdict::ComplianceState;
use crate::ids::DeviceId;
use crate::tlog::{Frontier, Hash, leaf_hash};

/// How many devices are in each state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct StateCounts {
    /// Compliant by every control.
    pub compliant: u64,
    /// At the worst exempt.
    pub exempt: u64,
    /// At the worst in grace.
    pub in_grace: u64,
    /// At the worst unknown.
    pub unknown: u64,
    /// Not compliant by some control.
    pub not_compliant: u64,
}

impl StateCounts {
    /// Counts one more.
    pub fn add(&mut self, state: ComplianceState) {
        *match state {
            ComplianceState::Compliant => &mut self.compliant,
            ComplianceState::Exempt => &mut self.exempt,
            ComplianceState::InGrace => &mut self.in_grace,
            ComplianceState::Unknown => &mut self.unknown,
            ComplianceState::NotCompliant => &mut self.not_compliant,
        } += 1;
    }

    /// How many there are in all.
    pub fn total(&self) -> u64 {
        self.compliant + self.exempt + self.in_grace + self.unknown + self.not_compliant
    }
}

/// A list under way: devices come in the order of their ids.
#[derive(Debug, Default)]
pub struct Snapshot {
    tree: Frontier,
    counts: StateCounts,
    latest: Option<DeviceId>,
}

/// What proves a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotHead {
    /// How many lines it has.
    pub lines: u64,
    /// How many devices are in each state.
    pub counts: StateCounts,
    /// The root of its tree.
    pub root: Hash,
}

/// A device came out of order, or twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("device {0} comes after a device that it should come before")]
pub struct OutOfOrder(pub DeviceId);

impl Snapshot {
    /// Appends the lines of a device to `text`.
    pub fn push(
        &mut self,
        device: DeviceId,
        verdicts: &BaselineVerdicts,
        text: &mut String,
    ) -> Result<(), OutOfOrder> {
        if self.latest.is_some_and(|latest| latest >= device) {
            return Err(OutOfOrder(device));
        }
        self.latest = Some(device);
        for (control, verdict) in &verdicts.controls {
            let start = text.len();
            let (state, since) = (verdict.state().name(), verdict.since.0);
            // Writing to a string cannot fail.
            let _ = write!(text, "{device} {control} {state} {since} ");
            let _ = match &verdict.evidence {
                Some(evidence) => writeln!(text, "{}", evidence.read_at.0),
                None => writeln!(text, "-"),
            };
            self.tree
                .push(leaf_hash(&text.as_bytes()[start..]), |_, _| {});
        }
        if let Some(state) = verdicts.state() {
            self.counts.add(state);
        }
        Ok(())
    }

    /// What proves the list as it is now.
    pub fn head(&self) -> SnapshotHead {
        SnapshotHead {
            lines: self.tree.size(),
            counts: self.counts,
            root: self.tree.root(),
        }
    }
}

/// A list that is read, line after line.
#[derive(Debug, Default)]
pub struct ListCheck {
    tree: Frontier,
    counts: StateCounts,
    /// The device and the control of the line before.
    latest: Option<(String, String)>,
    /// The worst state so far of that device.
    worst: Option<ComplianceState>,
    fault: Option<String>,
}

impl ListCheck {
    /// Takes the next line, with its LF.
    pub fn line(&mut self, line: &[u8]) {
        if self.fault.is_none()
            && let Err(why) = self.read(line)
        {
            self.fault = Some(format!("line {}: {why}", self.tree.size() + 1));
        }
        self.tree.push(leaf_hash(line), |_, _| {});
    }

    fn read(&mut self, line: &[u8]) -> Result<(), String> {
        let expected = || "expected a device, a control, a state and two times".to_owned();
        let text = std::str::from_utf8(line).map_err(|_| expected())?;
        let text = text.strip_suffix('\n').ok_or_else(expected)?;
        let parts: Vec<&str> = text.split(' ').collect();
        let [device, control, state, since, read_at] = parts[..] else {
            return Err(expected());
        };
        let is_time = |text: &str| text.parse::<i64>().is_ok_and(|at| at.to_string() == text);
        let state = ComplianceState::from_name(state).ok_or_else(expected)?;
        if device.parse::<DeviceId>().is_err() || !is_time(since) {
            return Err(expected());
        }
        if read_at != "-" && !is_time(read_at) {
            return Err(expected());
        }
        let place = (device.to_owned(), control.to_owned());
        if self.latest.as_ref().is_some_and(|latest| *latest >= place) {
            return Err("it comes after a line that it should come before".to_owned());
        }
        if self
            .latest
            .as_ref()
            .is_none_or(|(latest, _)| latest != device)
        {
            self.count();
        }
        self.worst = self.worst.max(Some(state));
        self.latest = Some(place);
        Ok(())
    }

    /// Counts the device whose lines ended.
    fn count(&mut self) {
        if let Some(worst) = self.worst.take() {
            self.counts.add(worst);
        }
    }

    /// What the list comes to.
    ///
    /// # Errors
    /// The first line that is none.
    pub fn head(mut self) -> Result<SnapshotHead, String> {
        self.count();
        match self.fault {
            Some(fault) => Err(fault),
            None => Ok(SnapshotHead {
                lines: self.tree.size(),
                counts: self.counts,
                root: self.tree.root(),
            }),
        }
    }
}
