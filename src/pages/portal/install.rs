//! How far one request is, why it is no further, and when it comes further.

use askama::Template;
use modegate_core::installs::standing::Standing;

use super::OutlookWords;
use super::steps::{StepRow, stage_word};
use crate::shell::Shell;
use crate::words::{Language, PortalWord, Text as _, Word};

/// One request.
#[derive(Debug, Template)]
#[template(path = "portal/install.html")]
pub struct InstallPage {
    /// What every page shows.
    pub shell: Shell,
    /// Its id.
    pub id: String,
    /// The app's id.
    pub app: String,
    /// The app's name.
    pub name: String,
    /// The version.
    pub version: String,
    /// The tablet's name.
    pub tablet: String,
    /// The tablet's id.
    pub device: String,
    /// Its number on the tablet, for the helpdesk.
    pub number: u32,
    /// In one sentence, also for screen readers.
    pub status: String,
    /// The stages.
    pub steps: Vec<StepRow>,
    /// Why it is where it is.
    pub outlook: OutlookWords,
    /// What it is known by, for whoever asks for news.
    pub revision: String,
    /// After how many seconds to ask for news; `None` once it is final.
    pub every: Option<u32>,
    /// Whether it can be taken back.
    pub can_take_back: bool,
    /// Whether the app can be asked for once more.
    pub can_retry: bool,
    /// The page of the request that took its place.
    pub successor: Option<String>,
    /// The name of the write that its form does.
    pub once: String,
}

/// How far an install is, in one sentence.
pub fn status(standing: &Standing, outlook: &OutlookWords, language: Language) -> String {
    if standing.hold.is_none() {
        return outlook.now.clone();
    }
    let (step, all) = (standing.step(), standing.stages.len());
    let stage = standing.stages.get(step - 1);
    let word = stage.map_or(PortalWord::StageAsked, |stage| stage_word(stage.stage));
    PortalWord::StepOf.filled(language, &[&step, &all, &word.text(language)])
}

impl InstallPage {
    /// What the helpdesk finds it by.
    fn helpdesk(&self) -> String {
        PortalWord::ForHelpdesk.filled(self.shell.language, &[&self.tablet, &self.number])
    }
}
