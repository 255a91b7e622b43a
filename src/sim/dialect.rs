//! How clients of the three families differ in what they send.

use super::message::escape;

/// How a client of another family speaks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Dialect {
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

impl Dialect {
    /// What it calls itself in HTTP (MS-MDM, note 3); what a phone says is unknown.
    pub(super) fn user_agent(self) -> &'static str {
        match self {
            Dialect::Ten => "MSFT OMA DM Client/1.2.0.1",
            Dialect::Tablet | Dialect::Phone => "Enrollment",
        }
    }

    /// What started its sessions, where it says so: the schedule.
    pub(super) fn origin(self) -> Option<&'static str> {
        (self == Dialect::Ten).then_some("2")
    }

    /// A SessionID: decimal, or two bytes in hexadecimal (DMClient CSP).
    pub(super) fn session_id(self, number: u32) -> String {
        match self {
            Dialect::Phone => format!("{number:X}"),
            Dialect::Tablet | Dialect::Ten => number.to_string(),
        }
    }

    /// A Status's Data, with the error that is behind it.
    pub(super) fn status_data(self, code: u16) -> String {
        if self == Dialect::Ten && code >= 400 {
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
            Dialect::Ten => [
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
