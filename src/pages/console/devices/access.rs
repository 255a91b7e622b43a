//! By what a device proves who it is, and the server to it.

use askama::Template;
use modegate_core::time::Timestamp;

use super::DeviceHead;
use crate::console::form::{Control, Fault, Section};
use crate::shell::Shell;
use crate::words::Word;

/// How a device proves who it is.
#[derive(Debug, Template)]
#[template(path = "console/devices/access.html")]
pub struct AccessPage {
    /// What every page shows.
    pub shell: Shell,
    /// The device.
    pub head: DeviceHead,
    /// The names of the writes that its forms ask for.
    pub once: [String; 3],
    /// The certificates that it may show.
    pub certificates: Vec<CertificateRow>,
    /// Those that it may not show any more.
    pub revoked: Vec<String>,
    /// The form that binds one.
    pub sections: Vec<Section>,
    /// What is wrong with what was entered there.
    pub faults: Vec<Fault>,
    /// The name of its credentials, if it has any.
    pub username: Option<String>,
    /// Whether the server can prove itself at all: it has a name for that.
    pub server_name: Option<String>,
    /// Whether the server has a password for this device alone.
    pub has_server_password: bool,
    /// The requests that named it and were refused, the latest.
    pub refused: Option<Refusals>,
    /// The links by which its user can sign in to the portal.
    pub links: Vec<LinkRow>,
    /// Whether it has a user.
    pub has_user: bool,
}

/// A certificate.
#[derive(Debug, Clone)]
pub struct CertificateRow {
    /// Its digest.
    pub sha256: String,
    /// Since when it is accepted.
    pub not_before: Option<Timestamp>,
    /// What it is for.
    pub note: Option<String>,
    /// When it was bound.
    pub added_at: Option<Timestamp>,
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
}

/// Requests that named a device and did not prove to be it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusals {
    /// As of when.
    pub at: Timestamp,
    /// How many, why, and with which certificate.
    pub all: Vec<(u64, String, Option<String>)>,
}

/// A link to the portal.
#[derive(Debug, Clone)]
pub struct LinkRow {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub user: String,
    /// When it was made.
    pub made_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// A QR code as SVG that the server drew: rectangles, with numbers alone in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QrCode(String);

impl QrCode {
    /// What the server drew.
    pub fn drawn_by_server(svg: String) -> Self {
        QrCode(svg)
    }
}

impl std::fmt::Display for QrCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

// No text of anybody stands in it.
impl askama::filters::HtmlSafe for QrCode {}

/// A link to the portal that was just made, which is shown once.
#[derive(Debug, Template)]
#[template(path = "console/devices/new_link.html")]
pub struct NewLinkPage {
    /// What every page shows.
    pub shell: Shell,
    /// Whose it is.
    pub user: String,
    /// The device that it is for.
    pub source: String,
    /// Where its user goes.
    pub url: String,
    /// What its user can type in its place.
    pub code: String,
    /// The address as a picture, where the server knows all of it.
    pub qr: Option<QrCode>,
    /// When it ends.
    pub expires_at: Timestamp,
}
