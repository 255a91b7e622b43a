//! What a store does for compliance: which devices are to be judged, what was said of them,
//! the baselines that said it.

use async_trait::async_trait;

use super::Decide;
use super::error::StoreError;
use modegate_core::compliance::{ComplianceState, DeviceCompliance};
use modegate_core::device::Device;
use modegate_core::event::Event;
use modegate_core::ids::DeviceId;
use modegate_core::inventory::Inventory;
use modegate_core::time::Timestamp;

/// A device that is to be judged.
#[derive(Debug)]
pub struct ToJudge {
    /// The device.
    pub device: Device,
    /// What was read from it.
    pub inventory: Inventory,
    /// What was said of it the last time.
    pub before: DeviceCompliance,
}

/// What judging a device came to.
pub struct Judged {
    /// The device's number.
    pub number: u64,
    /// Its [revision](modegate_core::device::DeviceState::revision) when it was looked at:
    /// nothing is written of one that moved since, which stays due.
    pub revision: u64,
    /// What is said of it now.
    pub after: DeviceCompliance,
    /// When it is to be judged again though nothing moves.
    pub next_at: Option<Timestamp>,
    /// The events and the commands that follow from it, if any do.
    pub decide: Option<Decide>,
}

/// How many devices are in a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateCount {
    /// The baseline; empty for the devices as all baselines have them.
    pub baseline: String,
    /// The control; empty for the devices as the whole baseline has them.
    pub control: String,
    /// The name of a [`ComplianceState`], or [`NOT_COVERED`](modegate_core::compliance::NOT_COVERED).
    pub state: String,
    /// How many.
    pub devices: u64,
}

impl StateCount {
    /// Which row counts a device that is in this state there.
    pub fn state_name(state: Option<ComplianceState>) -> &'static str {
        state.map_or(
            modegate_core::compliance::NOT_COVERED,
            ComplianceState::name,
        )
    }
}

/// How far devices are judged by the set of baselines in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Backlog {
    /// Devices that wait to be judged because something moved.
    pub moved: u64,
    /// Whether there are devices that no one has made due since the set came into force.
    pub sweeping: bool,
}

/// Devices and what is said of them.
#[async_trait]
pub trait ComplianceStore: Send + Sync {
    /// Up to `limit` devices that are to be judged: those of which something moved first,
    /// then those whose time has come.
    async fn to_judge(&self, now: Timestamp, limit: usize) -> Result<Vec<ToJudge>, StoreError>;

    /// When the first device is to be judged though nothing moves.
    async fn next_judgement(&self) -> Result<Option<Timestamp>, StoreError>;

    /// Writes what judging came to, all in one transaction. How many devices were written:
    /// those that moved since they were looked at, or are gone, are left out.
    async fn write_judged(&self, judged: Vec<Judged>) -> Result<u64, StoreError>;

    /// What is said of a device; `None` where it was never judged, or is not there.
    async fn compliance(&self, device: DeviceId) -> Result<Option<DeviceCompliance>, StoreError>;

    /// Up to `limit` devices behind that number that were judged, by number.
    async fn compliances(
        &self,
        after: u64,
        limit: usize,
    ) -> Result<Vec<(Device, DeviceCompliance)>, StoreError>;

    /// Calls `visit` with every device that was judged, in the order of their ids, all as
    /// they are at one time. It blocks for as long as that takes: seconds for 100,000.
    fn each_compliance(
        &self,
        visit: &mut dyn FnMut(DeviceId, DeviceCompliance) -> Result<(), StoreError>,
    ) -> Result<(), StoreError>;

    /// How many devices are in each state.
    async fn compliance_counts(&self) -> Result<Vec<StateCount>, StoreError>;

    /// How far devices are judged.
    async fn compliance_backlog(&self) -> Result<Backlog, StoreError>;

    /// Puts a set of baselines in force: keeps each text under its digest, logs the event,
    /// and has every device judged. Nothing of that where the set is in force already.
    async fn put_baselines(
        &self,
        set: &str,
        texts: Vec<(String, String)>,
        event: Event,
    ) -> Result<(), StoreError>;

    /// Makes the next `most` devices due that have not been since the set of baselines came
    /// into force. Whether there are more.
    async fn sweep_compliance(&self, most: usize) -> Result<bool, StoreError>;

    /// The text of a baseline that was once in force, by its digest (64 hexadecimal digits).
    async fn baseline(&self, digest: &str) -> Result<Option<String>, StoreError>;

    /// When the latest list of each baseline's population was made, by the baseline's id.
    async fn snapshots(&self) -> Result<Vec<(String, Timestamp)>, StoreError>;

    /// Logs that a list of this baseline's population was made at that time.
    async fn put_snapshot(
        &self,
        baseline: &str,
        at: Timestamp,
        event: Event,
    ) -> Result<(), StoreError>;
}
