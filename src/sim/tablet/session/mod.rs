//! One session of MDMAgent: package 1, then an answer to every package of the
//! server's until it sends no more commands (OMA DM 1.2.1, 8; MS-MDM 4).

mod check;
mod perform;
mod suspicion;

use std::collections::HashSet;
use std::fmt::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::address::address;
use crate::answer::Piece;
use crate::behaviour::Behaviour;
use crate::message::{Outgoing, ServerMessage, escape, is_one_line, read, write};
use crate::outcome::Found;
use crate::proof::{cred, mac_header};
use crate::report::{SessionReport, Violation};
use crate::tablet::Tablet;
use crate::transport::{HttpResponse, SimError};
use crate::wbxml;

/// Most messages of a session: a server that goes on past this has a loop.
const MESSAGES: u32 = 100;

/// A session under way.
pub(super) struct Agent<'a> {
    pub(super) tablet: &'a mut Tablet,
    pub(super) mode: &'a str,
    pub(super) report: SessionReport,
    /// Commands that came.
    pub(super) offered: HashSet<String>,
    /// The server's MsgIDs and CmdIDs.
    pub(super) messages: Vec<u32>,
    pub(super) ids: Vec<u32>,
    /// What is to follow in the next message of the same package.
    pub(super) later: Vec<Piece>,
    /// How many replies with commands came from a server not proven.
    pub(super) doubts: u32,
}

/// The body of a message.
#[derive(Debug, Clone)]
pub(super) struct Package {
    pub(super) body: String,
    /// How many commands of it the server has to answer.
    pub(super) commands: usize,
    pub(super) is_final: bool,
}

/// Runs one session; `alert` is the type of a generic alert to send with package 1.
pub(super) async fn run(
    tablet: &mut Tablet,
    mode: &str,
    login: &str,
    number: u32,
    alert: Option<&str>,
) -> Result<SessionReport, SimError> {
    let query = match mode {
        "" => String::new(),
        _ if tablet.behaviour.no_mode => "Platform=WoA".to_owned(),
        mode => format!("mode={mode}&Platform=WoA"),
    };
    let mut agent = Agent {
        tablet,
        mode,
        report: SessionReport {
            query,
            ..SessionReport::default()
        },
        offered: HashSet::new(),
        messages: Vec::new(),
        ids: Vec::new(),
        later: Vec::new(),
        doubts: 0,
    };
    let package1 = agent.package1(login, alert);
    let ended = agent.converse(&package1, number).await;
    agent.tablet.used.push_back((agent.messages, agent.ids));
    while agent.tablet.used.len() > 1 {
        agent.tablet.used.pop_front();
    }
    ended.map(|()| agent.report)
}

impl Agent<'_> {
    async fn converse(&mut self, package1: &Package, number: u32) -> Result<(), SimError> {
        let (mut next, mut challenges) = (package1.clone(), 0);
        for msg_id in 1..=MESSAGES {
            let Some(reply) = self.exchange(number, msg_id, &next).await? else {
                break;
            };
            self.check(&reply, msg_id, &next);
            let header = reply.statuses.first();
            self.take_nonce(header.and_then(|status| status.next_nonce.as_deref()));
            if reply.is_challenge() {
                challenges += 1;
                let unanswerable = header.is_none_or(|status| status.auth.is_none());
                if challenges > 1 && unanswerable || challenges > 2 {
                    break;
                }
                next = repeated(package1, reply.msg_id);
                continue;
            }
            match self.answer(&reply) {
                Some(package) => next = package,
                None => break,
            }
        }
        Ok(())
    }

    fn package1(&self, login: &str, alert: Option<&str>) -> Package {
        let dialect = self.tablet.behaviour.dialect;
        let mut body = String::from("<Alert><CmdID>1</CmdID><Data>1201</Data></Alert>");
        let mut commands = 2 + dialect.alerts(&mut body, 6);
        if !login.is_empty() {
            commands += 1;
            let _ = write!(
                body,
                "<Alert><CmdID>2</CmdID><Data>1224</Data><Item><Meta><Type xmlns=\"syncml:metinf\">\
             com.microsoft/MDM/LoginStatus</Type></Meta><Data>{login}</Data></Item></Alert>"
            );
        }
        if let Some(kind) = alert {
            commands += 1;
            let _ = write!(
                body,
                "<Alert><CmdID>3</CmdID><Data>1226</Data><Item><Meta><Type xmlns=\"syncml:metinf\">{kind}</Type>\
                 <Format xmlns=\"syncml:metinf\">int</Format></Meta><Data>1</Data></Item></Alert>"
            );
        }
        body.push_str("<Replace><CmdID>4</CmdID>");
        for node in ["DevId", "Man", "Mod", "DmV", "Lang"] {
            let loc_uri = format!("./DevInfo/{node}");
            let Ok(Found::Value(_, value)) = self.tablet.tree.get(&address(&loc_uri)) else {
                continue;
            };
            let _ = write!(
                body,
                "<Item><Source><LocURI>{loc_uri}</LocURI></Source><Data>{}</Data></Item>",
                escape(&value)
            );
        }
        Package {
            body: body + "</Replace>",
            commands,
            is_final: true,
        }
    }

    /// Sends a message; `None` when the session is over without a reply to read.
    async fn exchange(
        &mut self,
        session: u32,
        msg_id: u32,
        package: &Package,
    ) -> Result<Option<ServerMessage>, SimError> {
        let session_id = self.tablet.behaviour.dialect.session_id(session);
        let credentials = self.tablet.credentials.clone();
        let (by_mac, nonce) = (self.tablet.behaviour.by_mac, &self.tablet.nonce);
        let text = write(&Outgoing {
            session_id: &session_id,
            msg_id,
            url: &self.tablet.transport.url,
            source: &self.tablet.source,
            user: credentials.as_ref().map(|c| c.username.as_str()),
            cred: credentials
                .as_ref()
                .filter(|_| !by_mac)
                .map(|c| cred(c, nonce)),
            body: &package.body,
            is_final: package.is_final,
        });
        let body = match self.tablet.behaviour.wbxml {
            true => wbxml::from_xml(&text),
            false => text.into_bytes(),
        };
        let mac = credentials
            .as_ref()
            .filter(|_| by_mac)
            .map(|c| mac_header(c, nonce, &body));
        let answer = self.post(&body, mac.as_deref()).await?;
        if Behaviour::take(&mut self.tablet.behaviour.lost_replies) {
            self.report.lost = true;
            return Ok(None);
        }
        let Some(reply) = self.readable(&answer, &session_id) else {
            return Ok(None);
        };
        let repeatable = !reply.is_challenge() && (msg_id > 1 || !reply.commands.is_empty());
        if repeatable && Behaviour::take(&mut self.tablet.behaviour.retransmissions) {
            self.send_again(&body, mac.as_deref(), &answer).await?;
        }
        Ok(Some(reply))
    }

    fn media_type(&self) -> &'static str {
        match self.tablet.behaviour.wbxml {
            true => "application/vnd.syncml.dm+wbxml",
            false => "application/vnd.syncml.dm+xml",
        }
    }

    async fn post(&mut self, body: &[u8], mac: Option<&str>) -> Result<HttpResponse, SimError> {
        let media_type = self.media_type();
        let query = &self.report.query;
        let answer = self
            .tablet
            .transport
            .post(query, media_type, body.to_owned(), mac)
            .await?;
        self.report.exchanges += 1;
        Ok(answer)
    }

    /// The same message once more must be answered by the same bytes.
    async fn send_again(
        &mut self,
        body: &[u8],
        mac: Option<&str>,
        first: &HttpResponse,
    ) -> Result<(), SimError> {
        let again = self.post(body, mac).await?;
        if again.status == first.status && again.body == first.body {
            self.report.retransmitted += 1;
        } else {
            let what = if again.status == first.status {
                "other bytes".to_owned()
            } else {
                format!("HTTP {} after {}", again.status, first.status)
            };
            self.report.violations.push(Violation::Retransmission(what));
        }
        Ok(())
    }

    /// The message in an answer, if the 8.1 agent would read on.
    fn readable(&mut self, answer: &HttpResponse, session_id: &str) -> Option<ServerMessage> {
        if answer.status != 200 {
            self.report.http_status = Some(answer.status);
            return None;
        }
        let media_type = self.media_type();
        let mut note = |what: String| self.report.violations.push(Violation::Form(what));
        if !answer.has_length {
            note("no Content-Length, or chunked".to_owned());
        }
        let essence = answer.media_type.split(';').next().unwrap_or("").trim();
        if essence != media_type {
            note(format!("Content-Type {essence} to {media_type}"));
        }
        let text = match self.tablet.behaviour.wbxml {
            true => wbxml::to_xml(&answer.body),
            false => String::from_utf8(answer.body.clone()).map_err(|error| error.to_string()),
        };
        let text = match text {
            Ok(text) => text,
            Err(why) => {
                note(why);
                return None;
            }
        };
        if !is_one_line(&text) {
            // The 8.1 agent stops here, silently.
            note("white space between tags".to_owned());
            return None;
        }
        match read(&text) {
            Ok(reply) if reply.session_id == session_id && reply.target == self.tablet.source => {
                return Some(reply);
            }
            Ok(_) => note("another SessionID or Target".to_owned()),
            Err(why) => note(why),
        }
        None
    }

    fn take_nonce(&mut self, nonce: Option<&str>) {
        if let Some(nonce) = nonce.and_then(|nonce| STANDARD.decode(nonce).ok()) {
            self.tablet.nonce = nonce;
        }
    }
}

/// Package 1 once more after a challenge, with a Status for the challenge's
/// header before it, as Windows 11 was seen to send it.
fn repeated(package1: &Package, msg_id: u32) -> Package {
    let header = format!(
        "<Status><CmdID>5</CmdID><MsgRef>{msg_id}</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><Data>200</Data></Status>"
    );
    Package {
        body: header + &package1.body,
        ..package1.clone()
    }
}
