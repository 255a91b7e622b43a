//! What a session of a device would carry now.

use askama::Template;
use modegate_core::context::Mode;

use super::DeviceHead;
use crate::shell::Shell;
use crate::words::Word;

/// What a session in each mode, or in one context, would carry now.
#[derive(Debug, Template)]
#[template(path = "console/devices/preview.html")]
pub struct PreviewPage {
    /// What every page shows.
    pub shell: Shell,
    /// The device.
    pub head: DeviceHead,
    /// The modes: name, whether it is asked for.
    pub modes: Vec<(&'static str, bool)>,
    /// The login statuses: name, whether it is asked for.
    pub logins: Vec<(&'static str, bool)>,
    /// The contexts that were asked about.
    pub contexts: Vec<ContextPreview>,
    /// The policy set that decides.
    pub policy_set: String,
}

/// What a session in one context would carry.
#[derive(Debug, Clone)]
pub struct ContextPreview {
    /// Its mode.
    pub mode: Mode,
    /// Its login status.
    pub login: &'static str,
    /// What would go, in that order.
    pub deliver: Vec<PreviewRow>,
    /// What would stay.
    pub withhold: Vec<PreviewRow>,
    /// What would be refused for good.
    pub refuse: Vec<PreviewRow>,
}

/// A command in a preview.
#[derive(Debug, Clone)]
pub struct PreviewRow {
    /// Its number.
    pub seq: u32,
    /// Its id.
    pub id: String,
    /// Its kind.
    pub kind: &'static str,
    /// The rules that decide.
    pub rules: Vec<String>,
    /// The modes that would let it go, login aside.
    pub modes: Vec<Mode>,
    /// When it can go, in words.
    pub goes: Option<String>,
}
