//! What the server itself knows of a device, without asking it.

use serde::Serialize;

use crate::context::{Family, Mode};
use crate::device::{DeviceRecord, DeviceState};
use crate::inventory::{Inventory, Value};
use crate::named::named;
use crate::time::Timestamp;

named! {
    documented
    /// What a control may ask of the server's own knowledge.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
    pub enum Fact {
        /// When the device's latest message came: a time.
        LastSession = "last_session",
        /// When the device was last in Maintenance: a time.
        LastMaintenance = "last_maintenance",
        /// Whether the maker still supports the family's system: true or false.
        VendorSupported = "vendor_supported",
        /// Whether the device is enrolled, as far as the server knows: true or false.
        Enrolled = "enrolled",
    }
}

/// The device that is judged.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// Its groups.
    pub groups: &'a [String],
    /// What the server knows of it.
    pub facts: Facts,
    /// What was read from it.
    pub inventory: &'a Inventory,
}

/// The facts of one device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// Its family.
    pub family: Family,
    /// When it was registered.
    pub registered_at: Timestamp,
    /// How many sessions it began.
    pub sessions: u32,
    /// When its latest message came.
    pub last_session: Option<Timestamp>,
    /// When it was last in Maintenance.
    pub last_maintenance: Option<Timestamp>,
    /// Whether it was ever in a mode in which its user can be asked for.
    pub has_met_user: bool,
    /// Since when it is known to be unenrolled.
    pub unenrolled_at: Option<Timestamp>,
}

impl Facts {
    /// Of a device with this record and state.
    pub fn new(record: &DeviceRecord, state: &DeviceState) -> Self {
        Facts {
            family: record.family,
            registered_at: record.registered_at,
            sessions: state.sessions,
            last_session: state.session.as_ref().map(|session| session.last_at),
            last_maintenance: state.last_seen(Mode::Maintenance),
            has_met_user: [Mode::Maintenance, Mode::Apps]
                .into_iter()
                .any(|mode| state.last_seen(mode).is_some()),
            unenrolled_at: state.unenrolled_at,
        }
    }

    /// The value of a fact at that time; `None` where the server does not know.
    pub(super) fn value(&self, fact: Fact, now: Timestamp) -> Option<Value> {
        match fact {
            Fact::LastSession => self.last_session.map(Value::Time),
            Fact::LastMaintenance => self.last_maintenance.map(Value::Time),
            Fact::VendorSupported => {
                vendor_support_ends(self.family).map(|ends| Value::Bool(now < ends))
            }
            Fact::Enrolled => self
                .last_session
                .map(|_| Value::Bool(self.unenrolled_at.is_none())),
        }
    }
}

/// When the maker's support of a family's system ended: the end, in UTC, of the last day.
/// `None` for a family of several systems that ended or end at different times.
pub fn vendor_support_ends(family: Family) -> Option<Timestamp> {
    match family {
        // 2023-01-10, extended support of Windows 8.1.
        Family::Windows81 => Some(Timestamp(1_673_395_200_000)),
        // 2017-07-11, Windows Phone 8.1.
        Family::WindowsPhone81 => Some(Timestamp(1_499_817_600_000)),
        Family::Windows10 => None,
    }
}
