//! What a store does for all devices as one: finds those that are asked for without a look at
//! each, and keeps what a walk over all of them found.

use async_trait::async_trait;
use serde::Serialize;

use super::error::StoreError;
use modegate_core::context::Family;
use modegate_core::device::Device;
use modegate_core::fleet::{Census, DeviceFlag, SurveyedDevice};

/// Something by which devices are found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Term {
    /// The enrolled user; letter case does not matter.
    User(String),
    /// A group that it is in.
    Group(String),
    /// Its family.
    Family(Family),
    /// A flag that the latest census found.
    Flag(DeviceFlag),
}

/// Which devices are asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeviceQuery {
    /// Those whose source begins so, or whose user does where users' names are kept in
    /// clear; letter case does not matter. They come in the order of these names, else in
    /// that of their registration.
    pub prefix: Option<String>,
    /// Those of which at least one term of each list is true.
    pub all_of: Vec<Vec<Term>>,
}

/// A place in a list of devices: behind this one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DevicePlace {
    /// The name by which the device was found, in lower case; empty where it was not looked
    /// for by a name.
    pub name: String,
    /// The device's number.
    pub number: u64,
}

/// How much one read takes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FindBounds {
    /// Devices that are read.
    pub devices: usize,
    /// Entries of indexes that are read.
    pub entries: usize,
}

/// What one read found.
#[derive(Debug, Clone, Default)]
pub struct FoundDevices {
    /// The devices, each with its place.
    pub devices: Vec<(DevicePlace, Device)>,
    /// Where to go on; `None` at the end.
    pub next: Option<DevicePlace>,
    /// Entries of indexes that were read.
    pub entries: usize,
}

/// How many devices there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceCount {
    /// How many were counted.
    pub devices: u64,
    /// Whether there may be more.
    pub more: bool,
}

/// Whether users' names are kept in clear, so that devices are found by how they begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum UserIndex {
    /// They are not: devices are found by the whole name.
    #[default]
    Sealed,
    /// They are.
    Prefix,
}

/// All devices as one.
#[async_trait]
pub trait FleetStore: Send + Sync {
    /// The devices that are asked for behind that place, as far as the bounds go.
    async fn find_devices(
        &self,
        query: &DeviceQuery,
        after: &DevicePlace,
        bounds: FindBounds,
    ) -> Result<FoundDevices, StoreError>;

    /// How many devices are asked for: up to `most` devices and as many entries of indexes
    /// are looked at. Where users' names are in clear, a prefix that a device's source and
    /// user both begin with counts it twice.
    async fn count_devices(
        &self,
        query: &DeviceQuery,
        most: usize,
    ) -> Result<DeviceCount, StoreError>;

    /// Up to `limit` devices behind that number, by number, with what is beside their rows.
    async fn survey(&self, after: u64, limit: usize) -> Result<Vec<SurveyedDevice>, StoreError>;

    /// Keeps these as the flags of all devices behind `after` up to `to`, by number. Writes
    /// only what is another.
    async fn put_flags(
        &self,
        after: u64,
        to: u64,
        flags: Vec<(u64, Vec<DeviceFlag>)>,
    ) -> Result<(), StoreError>;

    /// The flags that are kept of these devices, by number.
    async fn flags_of(&self, devices: &[u64]) -> Result<Vec<Vec<DeviceFlag>>, StoreError>;

    /// Keeps a census in place of the one before.
    async fn put_census(&self, census: Census) -> Result<(), StoreError>;

    /// The latest census that was kept; `None` before the first.
    async fn census(&self) -> Result<Option<Census>, StoreError>;
}
