//! Clients of the other families: a Windows Phone 8.1 and a Windows 10, as far
//! as they differ from the tablet. What they manage is a tree of nodes
//! ([`csp`]); how they speak is [`Speech`].

mod csp;

pub(super) use csp::Csp;

use super::message::escape;
use super::report::SessionReport;
use super::tablet::Tablet;
use super::transport::{SimError, Transport};

/// How a client of another family speaks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Speech {
    /// The 8.1 tablet's.
    #[default]
    Tablet,
    /// The phone's: no mode and no platform in the query, SessionIDs in
    /// hexadecimal, no LoginStatus.
    Phone,
    /// Windows 10's: its own User-Agent, a Status for each item with
    /// `msft:originalerror` where it failed, more alerts in package 1, no Get
    /// and no group inside an Atomic, values in pieces.
    Ten,
}

/// The namespace of `originalerror` (MS-MDM 2.2.5).
const MSFT: &str = "http://schemas.microsoft.com/MobileDevice/MDM";

impl Speech {
    /// What it calls itself in HTTP (MS-MDM, note 3); what a phone says is unknown.
    pub(super) fn user_agent(self) -> &'static str {
        match self {
            Speech::Ten => "MSFT OMA DM Client/1.2.0.1",
            Speech::Tablet | Speech::Phone => "Enrollment",
        }
    }

    /// A SessionID: decimal, or two bytes in hexadecimal (DMClient CSP).
    pub(super) fn session_id(self, number: u32) -> String {
        match self {
            Speech::Phone => format!("{number:X}"),
            Speech::Tablet | Speech::Ten => number.to_string(),
        }
    }

    /// A Status's Data, with the error that is behind it.
    pub(super) fn status_data(self, code: u16) -> String {
        if self == Speech::Ten && code >= 400 {
            let error = 0x8600_0000_u32 + u32::from(code);
            return format!(
                "<Data msft:originalerror=\"0x{error:08X}\" xmlns:msft=\"{MSFT}\">{code}</Data>"
            );
        }
        format!("<Data>{code}</Data>")
    }

    /// Alerts of package 1 besides the usual, as many as it returns.
    pub(super) fn alerts(self, body: &mut String, first_id: u32) -> usize {
        let alerts = match self {
            Speech::Ten => [
                ("com.microsoft.mdm.synctype", "mixed"),
                ("com.microsoft/MDM/AADUserToken", "e30.e30.x"),
            ],
            _ => return 0,
        };
        for (id, (kind, data)) in (first_id..).zip(alerts) {
            body.push_str(&format!(
                "<Alert><CmdID>{id}</CmdID><Data>1224</Data><Item><Meta><Type xmlns=\"syncml:metinf\">{}</Type></Meta>\
                 <Data>{data}</Data></Item></Alert>",
                escape(kind)
            ));
        }
        alerts.len()
    }
}

impl Tablet {
    /// A Windows Phone 8.1 that was enrolled with this PROVIDER-ID.
    pub fn phone(source: &str, provider_id: &str, transport: Transport) -> Self {
        Tablet::of(Speech::Phone, source, provider_id, transport)
    }

    /// A Windows 10 that was enrolled with this PROVIDER-ID.
    pub fn windows10(source: &str, provider_id: &str, transport: Transport) -> Self {
        let mut device = Tablet::of(Speech::Ten, source, provider_id, transport);
        device.refuses_gets_in_atomic(true);
        device
    }

    fn of(speech: Speech, source: &str, provider_id: &str, mut transport: Transport) -> Self {
        transport.user_agent = speech.user_agent();
        let mut device = Tablet::new(source, transport);
        device.behaviour.speech = speech;
        device
            .tree
            .become_family(Csp::new(provider_id, speech == Speech::Phone));
        device
    }

    /// The poll of a phone or a Windows 10, in its own way.
    pub async fn poll(&mut self) -> Result<SessionReport, SimError> {
        match self.behaviour.speech {
            Speech::Phone => self.session("", "").await,
            Speech::Tablet | Speech::Ten => self.session("Maintenance", "user").await,
        }
    }

    /// By which way it was wiped (`dowipe`, …), if it was.
    pub fn wiped(&self) -> Option<&str> {
        self.tree.csp.as_ref()?.wiped.as_deref()
    }

    /// The value of a node below `./Vendor/MSFT`, if it is there.
    pub fn node(&self, loc_uri: &str) -> Option<String> {
        self.tree.csp.as_ref()?.value(loc_uri)
    }

    /// Puts a value at a node below `./Vendor/MSFT`.
    pub fn set_node(&mut self, loc_uri: &str, value: &str) {
        if let Some(csp) = &mut self.tree.csp {
            csp.put(loc_uri, value);
        }
    }

    /// Values longer than this go in pieces, as large objects; 0: never.
    pub fn sends_pieces(&mut self, most: usize) {
        self.behaviour.pieces = most;
    }
}
