//! What happened to a device, by mode; what waits, and why.

use askama::Template;
use modegate_core::context::Mode;
use modegate_core::time::Timestamp;

use super::{DeviceHead, LastSeen};
use crate::chart::Chart;
use crate::console::policy_sets::PolicySetLink;
use crate::console::state::StateBadge;
use crate::pager::Pager;
use crate::shell::Shell;
use crate::words::Word;

/// The first page of a device.
#[derive(Debug, Template)]
#[template(path = "console/devices/timeline.html")]
pub struct TimelinePage {
    /// What every page shows.
    pub shell: Shell,
    /// The device.
    pub head: DeviceHead,
    /// The name of a write that its forms ask for.
    pub once: String,
    /// What the page shows, as a revision.
    pub rev: String,
    /// Seconds until the script looks again; `None` for a page of the past.
    pub every: Option<u32>,
    /// When it was last here, by mode.
    pub seen: Vec<LastSeen>,
    /// When it usually comes, in words.
    pub usual: Option<String>,
    /// The sessions of the last days by day and hour.
    pub calendar: Option<Chart>,
    /// The latest wake, in words.
    pub wake: Option<String>,
    /// What to look at where it has never been here.
    pub is_new: bool,
    /// The commands that wait.
    pub waits: Vec<Wait>,
    /// How many more wait.
    pub more_waits: usize,
    /// The links of the filter by mode: address, name, whether it is this one.
    pub filters: Vec<(String, &'static str, bool)>,
    /// What happened, the newest first.
    pub happened: Vec<Happened>,
    /// The other pages of what happened.
    pub pager: Pager,
}

/// A command that waits or is out.
#[derive(Debug, Clone)]
pub struct Wait {
    /// Its number on the device.
    pub seq: u32,
    /// Its id.
    pub id: String,
    /// What it was called.
    pub name: String,
    /// Its kind.
    pub kind: &'static str,
    /// The app or label that it is about.
    pub about: Option<String>,
    /// When it was queued.
    pub since: Timestamp,
    /// Its state.
    pub state: StateBadge,
    /// What the session of the mode that was last seen says: the mode and whether it goes.
    pub held: Option<Held>,
    /// The modes whose sessions carry it.
    pub modes: Vec<Mode>,
    /// When it goes, in words.
    pub goes: String,
    /// What only the device's user can do about it.
    pub user: Option<String>,
    /// Whether a push helps, and why.
    pub push: Option<String>,
}

/// Why the latest kind of session does not carry a command.
#[derive(Debug, Clone)]
pub struct Held {
    /// The mode of that session.
    pub mode: Mode,
    /// The rules that hold it back.
    pub rules: Vec<String>,
}

/// One thing that happened.
#[derive(Debug, Clone)]
pub enum Happened {
    /// A session.
    Session(Box<SessionEntry>),
    /// Something else.
    Event(EventEntry),
}

/// A session.
#[derive(Debug, Clone)]
pub struct SessionEntry {
    /// Its number on the device.
    pub no: u32,
    /// Where the log has it.
    pub place: u64,
    /// When it began.
    pub at: Timestamp,
    /// The mode of its first message.
    pub mode: Mode,
    /// The other modes that it named.
    pub other_modes: Vec<Mode>,
    /// Its query, as sent.
    pub query: String,
    /// Its login status.
    pub login: &'static str,
    /// What likely began it.
    pub began: &'static str,
    /// Why that is likely.
    pub because: String,
    /// How many messages it had.
    pub messages: u64,
    /// Whether it ended.
    pub has_ended: bool,
    /// Whether it contradicted itself.
    pub contradicts: bool,
    /// What it carried.
    pub delivered: Vec<Delivery>,
    /// How many commands its first message held back.
    pub withheld: u64,
    /// Those by reason.
    pub reasons: Vec<WithheldGroup>,
    /// The earlier session that held back the same.
    pub same_as: Option<u32>,
    /// The policy sets that decided.
    pub policy_sets: Vec<PolicySetLink>,
    /// Things worth knowing.
    pub notes: Vec<String>,
}

/// A command that a session carried.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Its number.
    pub seq: u32,
    /// Its id.
    pub id: String,
    /// Its kind.
    pub kind: &'static str,
    /// The rules that let it go.
    pub rules: Vec<String>,
    /// The state that it came to, with the worst Status of the device.
    pub outcome: Option<(StateBadge, Option<u16>)>,
    /// Why, in words.
    pub reason: Option<String>,
}

/// Commands that were held back for one reason.
#[derive(Debug, Clone)]
pub struct WithheldGroup {
    /// Their kind.
    pub kind: &'static str,
    /// How many.
    pub count: u64,
    /// The rules.
    pub rules: Vec<String>,
    /// The modes that would let them go.
    pub modes: Vec<Mode>,
}

/// An event that is no session.
#[derive(Debug, Clone)]
pub struct EventEntry {
    /// Where the log has it.
    pub place: u64,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub actor: String,
    /// What, in words.
    pub what: &'static str,
    /// The command that it is about: number and id.
    pub command: Option<(u32, String)>,
    /// The kind of that.
    pub kind: Option<&'static str>,
    /// More, in words.
    pub detail: Option<String>,
}
