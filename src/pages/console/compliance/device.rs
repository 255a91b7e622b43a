//! How one device stands, and what shows that.

use askama::Template;
use modegate_core::context::Mode;
use modegate_core::time::Timestamp;

use super::Standing;
use crate::console::devices::{DeviceHead, mode_class};
use crate::shell::Shell;
use crate::words::Word;

/// How a device stands.
#[derive(Debug, Template)]
#[template(path = "console/compliance/device.html")]
pub struct DeviceCompliancePage {
    /// What every page shows.
    pub shell: Shell,
    /// The device.
    pub head: DeviceHead,
    /// Whether it was judged yet.
    pub is_judged: bool,
    /// Whether any baseline is in force.
    pub has_baselines: bool,
    /// By the baselines that cover it.
    pub baselines: Vec<BaselineStanding>,
}

/// How a device stands by one baseline.
#[derive(Debug, Clone)]
pub struct BaselineStanding {
    /// Its id.
    pub id: String,
    /// The digest of the text by which the device was judged.
    pub digest: String,
    /// That of its worst control.
    pub state: Option<Standing>,
    /// Its controls.
    pub controls: Vec<VerdictRow>,
}

/// How a device stands to one control.
#[derive(Debug, Clone)]
pub struct VerdictRow {
    /// The control.
    pub control: String,
    /// What it asks, where it is in force still.
    pub asks: Option<String>,
    /// Which answers are compliant.
    pub expects: Option<String>,
    /// How it stands.
    pub state: Standing,
    /// How it would stand without the exemption.
    pub beneath: Option<Standing>,
    /// Since when.
    pub since: Timestamp,
    /// Why nothing is known.
    pub reason: Option<String>,
    /// When the exemption or the grace ends.
    pub until: Option<Timestamp>,
    /// What it rests on.
    pub evidence: Option<EvidenceCells>,
}

/// What a verdict rests on.
#[derive(Debug, Clone)]
pub struct EvidenceCells {
    /// The value, or the digest of one that is long; `None` where there is none.
    pub value: Option<String>,
    /// When it was read.
    pub read_at: Timestamp,
    /// The command that read it: number and id.
    pub command: Option<(u32, String)>,
    /// The exchange that brought it, as far as the log goes back.
    pub exchange: Option<EvidenceExchange>,
}

/// The exchange that brought a reading.
#[derive(Debug, Clone)]
pub struct EvidenceExchange {
    /// Its place in the log.
    pub place: u64,
    /// The number of the session.
    pub session: u32,
    /// The mode that was decided on.
    pub mode: Mode,
    /// The beginning of the digest of the policy set that let the reading go.
    pub policy_set: String,
}
