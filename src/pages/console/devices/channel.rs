//! The push channel of a device.

use askama::Template;
use modegate_core::time::Timestamp;

use super::{DeviceHead, Flag};
use crate::shell::Shell;
use crate::words::Word;

/// A device's push channel.
#[derive(Debug, Template)]
#[template(path = "console/devices/channel.html")]
pub struct ChannelPage {
    /// What every page shows.
    pub shell: Shell,
    /// The device.
    pub head: DeviceHead,
    /// The name of a write that its form asks for.
    pub once: String,
    /// Where the channel stands; `None` where no push profile is for the device.
    pub state: Option<Flag>,
    /// That in words.
    pub words: &'static str,
    /// Whether a push can be sent now.
    pub may_send: bool,
    /// Why it is not in use.
    pub reason: Option<String>,
    /// What people can do.
    pub advice: Option<String>,
    /// The push profile: id and package family name.
    pub profile: Option<(String, String)>,
    /// How old its URI is, in days, against how many it lives.
    pub age: Option<(u32, u32)>,
    /// Times and texts about it.
    pub facts: Vec<(&'static str, Fact)>,
    /// The latest wake: what is known of it.
    pub wake: Vec<(&'static str, Fact)>,
}

/// A fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// An instant.
    At(Timestamp),
    /// Words.
    Text(String),
}
