//! The list of devices.

use askama::Template;
use modegate_core::time::Timestamp;

use super::{Flag, LastSeen};
use crate::pager::Pager;
use crate::shell::Shell;
use crate::words::Word;

/// Which devices there are.
#[derive(Debug, Template)]
#[template(path = "console/devices/list.html")]
pub struct DevicesPage {
    /// What every page shows.
    pub shell: Shell,
    /// What is looked for.
    pub filter: Filter,
    /// The devices.
    pub devices: Vec<DeviceRow>,
    /// The other pages of the list.
    pub pager: Pager,
    /// When what the filters by state look at was worked out.
    pub as_of: Option<Timestamp>,
    /// Whether the list goes on behind what one page looks at.
    pub is_partial: bool,
    /// Whether the visitor may change devices.
    pub may_operate: bool,
    /// Where a command is queued for all that match, where a batch can say so.
    pub batch_for_all: Option<String>,
    /// Whether there is any device that the visitor may see.
    pub has_any: bool,
}

/// What is looked for.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// The beginning of a name or a user.
    pub text: String,
    /// A group.
    pub group: String,
    /// The groups that there are, where that is known.
    pub groups: Vec<String>,
    /// A family.
    pub family: String,
    /// All families.
    pub families: Vec<&'static str>,
    /// A flag.
    pub flag: String,
    /// All flags: name, and in words.
    pub flags: Vec<(String, String)>,
    /// The filters that are set, each with the address of the list without it.
    pub set: Vec<(String, String)>,
}

/// A device of the list.
#[derive(Debug, Clone)]
pub struct DeviceRow {
    /// Its id.
    pub id: String,
    /// Its name for itself.
    pub source: String,
    /// Its user.
    pub user: Option<String>,
    /// Its groups.
    pub groups: Vec<String>,
    /// Its family.
    pub family: &'static str,
    /// When it was last here, by mode.
    pub seen: Vec<LastSeen>,
    /// How many commands wait.
    pub waits: usize,
    /// What is to be known of it.
    pub flags: Vec<Flag>,
}
