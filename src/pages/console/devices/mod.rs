//! Devices: their list, and the pages of one.

pub mod access;
pub mod channel;
pub mod form;
pub mod installs;
pub mod inventory;
pub mod list;
pub mod preview;
pub mod queue;
pub mod timeline;

use modegate_core::context::Mode;
use modegate_core::time::Timestamp;

use crate::shell::Tone;

/// The pages of one device: the end of the address, and what each is called.
pub const PAGES: [(&str, &str); 8] = [
    ("", "Timeline"),
    ("/queue", "Queue"),
    ("/preview", "Preview"),
    ("/inventory", "Inventory"),
    ("/installs", "Installs"),
    ("/channel", "Channel"),
    ("/access", "Access"),
    ("/compliance", "Compliance"),
];

/// A short word about a device, with how it is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flag {
    /// How it is meant.
    pub tone: Tone,
    /// The word.
    pub text: String,
}

/// What every page of one device shows first.
#[derive(Debug, Clone)]
pub struct DeviceHead {
    /// The device's id.
    pub id: String,
    /// Its name for itself.
    pub source: String,
    /// Its user.
    pub user: Option<String>,
    /// Its family.
    pub family: &'static str,
    /// Its groups, as far as the visitor may know of them.
    pub groups: Vec<String>,
    /// What is to be known of it.
    pub flags: Vec<Flag>,
    /// Whether the visitor may change it.
    pub may_operate: bool,
    /// Which of [`PAGES`] this is: the end of its address.
    pub here: &'static str,
}

impl DeviceHead {
    /// The pages of the device: address, name, whether it is this one.
    pub fn pages(&self) -> Vec<(String, &'static str, bool)> {
        let page = |(end, text): (&str, &'static str)| {
            (
                format!("/console/devices/{}{end}", self.id),
                text,
                end == self.here,
            )
        };
        PAGES.into_iter().map(page).collect()
    }
}

/// When a device was last here in a mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastSeen {
    /// The mode.
    pub mode: Mode,
    /// When; `None` for never.
    pub at: Option<Timestamp>,
}

/// The end of the class names of a mode's badge.
pub fn mode_class(mode: &Mode) -> &'static str {
    match mode {
        Mode::Machine => "machine",
        Mode::Maintenance => "maintenance",
        Mode::Apps => "apps",
        Mode::Unspecified => "unspecified",
    }
}
