//! The server itself.

use askama::Template;
use modegate_core::time::Timestamp;

use crate::shell::{Shell, Tone};
use crate::words::Word;

/// What the server is, and how it does.
#[derive(Debug, Template)]
#[template(path = "console/server.html")]
pub struct ServerPage {
    /// What every page shows.
    pub shell: Shell,
    /// Why it is not ready, if so.
    pub fault: Option<String>,
    /// What to look at although it is ready.
    pub warnings: Vec<String>,
    /// Since when it runs.
    pub started_at: Timestamp,
    /// Names and values, by subject.
    pub subjects: Vec<(&'static str, Vec<(&'static str, String)>)>,
    /// When the file of the main key was written.
    pub key_written_at: Option<Timestamp>,
    /// The certificates in use.
    pub certificates: Vec<CertificateRow>,
    /// The workers: name, whether it runs, how often it failed.
    pub workers: Vec<(&'static str, bool, u64)>,
    /// The settings in force: key, value, where it comes from.
    pub settings: Vec<(&'static str, String, String)>,
}

/// A certificate.
#[derive(Debug)]
pub struct CertificateRow {
    /// What it is.
    pub name: &'static str,
    /// The names in it.
    pub names: Vec<String>,
    /// From when on it is valid.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// How it stands.
    pub state: (Tone, String),
}
