//! The installs of a device.

use askama::Template;
use modegate_core::time::Timestamp;

use super::DeviceHead;
use crate::console::state::StateBadge;
use crate::pager::Pager;
use crate::shell::Shell;
use crate::words::Word;

/// A device's installs, the newest first.
#[derive(Debug, Template)]
#[template(path = "console/devices/installs.html")]
pub struct InstallsPage {
    /// What every page shows.
    pub shell: Shell,
    /// The device.
    pub head: DeviceHead,
    /// The installs.
    pub installs: Vec<InstallRow>,
    /// The other pages of the list.
    pub pager: Pager,
}

/// An install.
#[derive(Debug, Clone)]
pub struct InstallRow {
    /// Its id.
    pub id: String,
    /// The app's name.
    pub app: String,
    /// The version.
    pub version: String,
    /// Its state.
    pub state: StateBadge,
    /// Per cent.
    pub progress: Option<u32>,
    /// Who asked for it.
    pub by: String,
    /// When.
    pub requested_at: Timestamp,
    /// Why it stands so, or when it goes, in words.
    pub words: Option<String>,
}
