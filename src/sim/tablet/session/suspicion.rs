//! A server that must prove itself (OMA DM Security 1.2.1, 5): the tablet's
//! challenge goes with its Status for the header, the server's Cred comes with
//! the next message.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Agent;
use crate::message::ServerMessage;
use crate::proof::{fresh_nonce, is_right};
use crate::report::Violation;

/// Replies of one session that a tablet answers without being convinced.
const DOUBTS: u32 = 3;

/// What a tablet makes of a reply's sender.
pub(super) struct Judged {
    /// For the header's Status.
    pub(super) code: u16,
    /// The nonce for the server's next message.
    pub(super) challenge: Option<String>,
    /// What every command is answered instead of being done.
    pub(super) refused: Option<u16>,
}

impl Agent<'_> {
    /// Judges who sent a reply; `None` ends the session.
    pub(super) fn judge_server(&mut self, reply: &ServerMessage) -> Option<Judged> {
        let Some(server) = self.tablet.behaviour.server.clone() else {
            return Some(Judged {
                code: 200,
                challenge: None,
                refused: None,
            });
        };
        let right = reply
            .cred
            .as_ref()
            .map(|cred| is_right(cred, &server, &self.tablet.server_nonce));
        let asked = self.doubts > 0 || self.report.server_proven;
        let wrong = match right {
            Some(true) => None,
            Some(false) => Some((401, "wrong for the nonce that the server sent")),
            None => Some((407, "none, although the server asked for them")),
        };
        let nonce = fresh_nonce();
        let challenge = Some(STANDARD.encode(&nonce));
        self.tablet.server_nonce = nonce;
        let Some((code, what)) = wrong else {
            self.report.server_proven = true;
            return Some(Judged {
                code: 200,
                challenge,
                refused: None,
            });
        };
        if asked {
            self.report.server_proven = false;
            let what = Violation::Server(what.to_owned());
            self.report.violations.push(what);
        }
        self.doubts += 1;
        if server.strict && self.doubts >= DOUBTS {
            return None;
        }
        Some(Judged {
            code: if server.strict { code } else { 200 },
            challenge,
            refused: server.strict.then_some(code),
        })
    }
}
