//! When a tablet was last here, and how to make it come.

use askama::Template;

use super::Tablet;
use super::clock::ClockTime;
use crate::shell::Shell;
use crate::words::{Language, PortalWord, Word};

/// One tablet of the person.
#[derive(Debug, Template)]
#[template(path = "portal/device.html")]
pub struct DevicePage {
    /// What every page shows.
    pub shell: Shell,
    /// The person's tablets.
    pub tablets: Vec<Tablet>,
    /// The one that is shown; none where the person has none.
    pub tablet: Option<Tablet>,
    /// When it was last here.
    pub last_here: Option<ClockTime>,
    /// Whether a push can reach it.
    pub can_be_called: bool,
    /// Whether it comes when its user signs in; else by its own schedule.
    pub comes_at_sign_in: bool,
    /// About when its user usually signs in.
    pub usual_sign_in: Option<String>,
    /// Its next night.
    pub night: Option<String>,
}
