//! A command that is to be queued: its type, its form, and what would become of it.

use askama::Template;

use super::form::{Control, Fault, Section};
use super::state::StateBadge;
use crate::shell::Shell;
use crate::words::Word;

/// The types of commands, to choose one.
#[derive(Debug, Template)]
#[template(path = "console/command_types.html")]
pub struct TypesPage {
    /// What every page shows.
    pub shell: Shell,
    /// For whom.
    pub lead: String,
    /// Where the form leads.
    pub action: String,
    /// What it carries along: names and values.
    pub fields: Vec<(String, String)>,
    /// The types: name and what each does.
    pub types: Vec<(&'static str, &'static str)>,
}

/// The form of a command.
#[derive(Debug, Template)]
#[template(path = "console/command_new.html")]
pub struct NewCommandPage {
    /// What every page shows.
    pub shell: Shell,
    /// The question.
    pub heading: String,
    /// What the type does.
    pub about: &'static str,
    /// Where the form is posted to.
    pub action: String,
    /// The name of the type.
    pub type_name: &'static str,
    /// The name of the write.
    pub once: String,
    /// For whom, where that is asked.
    pub targets: Option<Targets>,
    /// The fields.
    pub sections: Vec<Section>,
    /// What is wrong with what was entered.
    pub faults: Vec<Fault>,
    /// The secrets that were entered, sealed by the server.
    pub kept: String,
    /// What would become of it.
    pub preview: Option<Preview>,
    /// Where another type is chosen.
    pub other_type: String,
}

/// For whom a batch is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Targets {
    /// `all`, `groups` or `devices`.
    pub to: String,
    /// The groups, one a line, and the devices.
    pub sections: Vec<Section>,
}

/// What would become of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// Its kind.
    pub kind: &'static str,
    /// The device that was looked at, where there are several.
    pub looked_at: Option<String>,
    /// What each mode would do.
    pub modes: Vec<PreviewMode>,
    /// When it could go, in words.
    pub forecast: Option<String>,
    /// The numbers of waiting commands that it takes the place of.
    pub replaces: Vec<u32>,
    /// The digest of the policy set.
    pub policy_set: String,
}

/// What sessions in a mode would do with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviewMode {
    /// The mode.
    pub mode: &'static str,
    /// `deliver`, `withhold` or `refuse`.
    pub verdict: StateBadge,
    /// The rules that determine it.
    pub rules: Vec<String>,
}
