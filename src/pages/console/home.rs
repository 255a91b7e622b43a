//! The first page of the console.

use askama::Template;
use modegate_core::time::Timestamp;

use crate::chart::Chart;
use crate::shell::{Shell, Tone};
use crate::words::Word;

/// Is it well, and what needs somebody.
#[derive(Debug, Template)]
#[template(path = "console/home.html")]
pub struct HomePage {
    /// What every page shows.
    pub shell: Shell,
    /// What is wrong with the server where it takes no requests.
    pub fault: Option<String>,
    /// The digest of the policy set in force, shortened.
    pub policy_set: String,
    /// Since when it is in force; `None` where that was long ago.
    pub policy_since: Option<Timestamp>,
    /// When the devices were counted; `None` where they were not, or not for the visitor.
    pub counted_at: Option<Timestamp>,
    /// How many devices there are, where they were counted.
    pub devices: Option<u64>,
    /// What devices need, the worst first.
    pub needs: Vec<Need>,
    /// What else needs somebody: the open alerts, the newest first.
    pub alerts: Vec<OpenAlert>,
    /// Whether there are more.
    pub more_alerts: bool,
    /// Charts of the fleet; none for whoever is bound to groups.
    pub charts: Vec<Chart>,
    /// Whether the visitor is bound to groups.
    pub is_bound: bool,
    /// What to do first, where there is no device yet.
    pub steps: Vec<FirstStep>,
}

/// How many devices need somebody for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// How many.
    pub count: u64,
    /// The reason.
    pub text: String,
    /// How urgent it is.
    pub tone: Tone,
    /// The list of these devices.
    pub href: String,
}

/// An alert that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenAlert {
    /// How urgent it is.
    pub tone: Tone,
    /// Its kind.
    pub kind: &'static str,
    /// What was found.
    pub message: String,
    /// What to do about it.
    pub action: &'static str,
    /// Since when.
    pub since: Timestamp,
    /// The page of what it is about.
    pub href: Option<String>,
}

/// A step towards the first device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstStep {
    /// What to do.
    pub text: &'static str,
    /// The same as a command.
    pub command: Option<String>,
    /// Where it can be done here: address and what the link says.
    pub link: Option<(&'static str, &'static str)>,
}
