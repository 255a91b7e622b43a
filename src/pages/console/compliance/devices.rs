//! The devices that a baseline covers.

use askama::Template;

use super::Standing;
use crate::pager::Pager;
use crate::shell::Shell;
use crate::words::Word;

/// The devices that a baseline covers.
#[derive(Debug, Template)]
#[template(path = "console/compliance/devices.html")]
pub struct BaselineDevicesPage {
    /// What every page shows.
    pub shell: Shell,
    /// The baseline's id.
    pub baseline: String,
    /// The state that is looked for; empty for all.
    pub state: String,
    /// The states that there are: name and words.
    pub states: Vec<(&'static str, String)>,
    /// The control that is looked at; empty for the whole.
    pub control: String,
    /// The controls that there are.
    pub controls: Vec<String>,
    /// The devices.
    pub rows: Vec<DeviceRow>,
    /// The other pages.
    pub pager: Pager,
}

/// A device.
#[derive(Debug, Clone)]
pub struct DeviceRow {
    /// Its id.
    pub id: String,
    /// Its name for itself.
    pub source: String,
    /// That of its worst control.
    pub state: Option<Standing>,
    /// The controls that it is not compliant with, with their states.
    pub controls: Vec<(String, Standing)>,
}
