//! Push profiles: do pushes work, and how old are the channels.

use askama::Template;
use modegate_core::time::Timestamp;

use crate::chart::Chart;
use crate::shell::{Shell, Tone};
use crate::words::Word;

/// All push profiles.
#[derive(Debug, Template)]
#[template(path = "console/push.html")]
pub struct PushPage {
    /// What every page shows.
    pub shell: Shell,
    /// The profiles.
    pub rows: Vec<ProfileRow>,
    /// Whether whoever looks may change them.
    pub may_change: bool,
    /// What the walk over all devices counted; nothing for who is bound to groups.
    pub channels: Option<Channels>,
    /// How often WNS answered what since the server started.
    pub answers: Vec<(&'static str, u64)>,
}

/// Devices by their channels.
#[derive(Debug)]
pub struct Channels {
    /// When they were counted.
    pub at: Timestamp,
    /// Devices by the state of the channel.
    pub by_state: Vec<(&'static str, u64)>,
    /// Channels by their age.
    pub chart: Chart,
}

/// A push profile, never with its secret.
#[derive(Debug, Clone)]
pub struct ProfileRow {
    /// Its id.
    pub id: String,
    /// The package family name.
    pub pfn: String,
    /// How it fares.
    pub health: &'static str,
    /// How that is meant.
    pub tone: Tone,
    /// Since when.
    pub since: Timestamp,
    /// Why.
    pub reason: Option<String>,
    /// What to do.
    pub advice: &'static str,
    /// The groups whose devices use it; none for all.
    pub groups: Vec<String>,
}

/// One push profile.
#[derive(Debug, Template)]
#[template(path = "console/push_profile.html")]
pub struct ProfilePage {
    /// What every page shows.
    pub shell: Shell,
    /// The profile.
    pub row: ProfileRow,
    /// Its other values.
    pub facts: Vec<(&'static str, String)>,
    /// What contradicts itself in it.
    pub warning: Option<&'static str>,
    /// Whether whoever looks may change it.
    pub may_change: bool,
    /// The name of the write.
    pub once: String,
}
