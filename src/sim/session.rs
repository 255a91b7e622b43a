//! One session of MDMAgent: package 1, then an answer to every package of the
//! server's until it sends no more commands (OMA DM 1.2.1, 8; MS-MDM 4).

use std::collections::HashSet;
use std::fmt::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use serde::Serialize;

use super::ability::{do_item, may};
use super::message::{Outgoing, ServerCommand, ServerMessage, escape, is_one_line, read, write};
use super::tablet::{Credentials, Tablet};
use super::transport::SimError;
use super::tree::address;

/// Most messages of a session: a server that goes on past this has a loop.
const MESSAGES: u32 = 100;

/// A breach that a tablet noticed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
pub enum Violation {
    /// A command that the mode cannot carry.
    #[error("{verb} {loc_uri} came in {mode}")]
    Forbidden {
        /// Its verb.
        verb: String,
        /// Its node.
        loc_uri: String,
        /// The mode.
        mode: String,
    },
    /// The document is not what 8.1's parser reads.
    #[error("the reply's form: {0}")]
    Form(String),
    /// Statuses are missing, wrong or out of order.
    #[error("the reply's Statuses: {0}")]
    Statuses(String),
    /// Numbers are reused or missing.
    #[error("the reply's numbers: {0}")]
    Numbers(String),
    /// A command came twice in one session.
    #[error("offered twice in one session: {0}")]
    Twice(String),
}

/// A command that a tablet received.
#[derive(Debug, Clone, Serialize)]
pub struct Received {
    /// Its verb.
    pub verb: String,
    /// Its node.
    pub loc_uri: String,
    /// What the tablet answered.
    pub status: u16,
}

/// How a session went.
#[derive(Debug, Clone, Default, Serialize)]
pub struct SessionReport {
    /// Its query string.
    pub query: String,
    /// How many messages went to and fro.
    pub exchanges: u32,
    /// What came, in order.
    pub received: Vec<Received>,
    /// What was wrong.
    pub violations: Vec<Violation>,
    /// The HTTP status that ended it, if it was not 200.
    pub http_status: Option<u16>,
    /// Whether it unenrolled the tablet.
    pub unenrolled: bool,
}

/// A session under way.
struct Agent<'a> {
    tablet: &'a mut Tablet,
    mode: &'a str,
    report: SessionReport,
    offered: HashSet<String>,
    messages: Vec<u32>,
    ids: Vec<u32>,
    proof: Proof,
}

/// What the agent sends as Cred.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Proof {
    None,
    Each,
}

/// Runs one session; `alert` is the type of a generic alert to send with package 1.
pub(super) async fn run(
    tablet: &mut Tablet,
    mode: &str,
    login: &str,
    number: u32,
    alert: Option<&str>,
) -> Result<SessionReport, SimError> {
    let query = if mode.is_empty() {
        String::new()
    } else {
        format!("mode={mode}&Platform=WoA")
    };
    let proof = if tablet.credentials.is_some() {
        Proof::Each
    } else {
        Proof::None
    };
    let report = SessionReport {
        query,
        ..SessionReport::default()
    };
    let (offered, messages, ids) = (HashSet::new(), Vec::new(), Vec::new());
    let mut agent = Agent {
        tablet,
        mode,
        report,
        offered,
        messages,
        ids,
        proof,
    };
    let package1 = agent.package1(login, alert);
    let (mut body, mut challenges) = (package1.clone(), 0);
    for msg_id in 1..=MESSAGES {
        let sent_commands = body.matches("<CmdID>").count();
        let Some(reply) = agent.exchange(number, msg_id, &body).await? else {
            break;
        };
        agent.check(
            &reply,
            msg_id,
            if body == package1 { sent_commands } else { 0 },
        );
        let header = reply.statuses.first().cloned();
        if let Some(status) = header.filter(|status| matches!(status.code, 401 | 407)) {
            challenges += 1;
            agent.take_nonce(status.next_nonce.as_deref());
            if challenges > 1 && status.auth.is_none() || challenges > 2 {
                break;
            }
            body.clone_from(&package1);
            continue;
        }
        if let Some(nonce) = reply
            .statuses
            .first()
            .and_then(|status| status.next_nonce.clone())
        {
            agent.take_nonce(Some(&nonce));
        }
        match agent.answer(&reply) {
            Some(next) => body = next,
            None => break,
        }
    }
    agent.tablet.used.push_back((agent.messages, agent.ids));
    while agent.tablet.used.len() > 1 {
        agent.tablet.used.pop_front();
    }
    Ok(agent.report)
}

impl Agent<'_> {
    fn package1(&self, login: &str, alert: Option<&str>) -> String {
        let mut body = String::from("<Alert><CmdID>1</CmdID><Data>1201</Data></Alert>");
        let _ = write!(
            body,
            "<Alert><CmdID>2</CmdID><Data>1224</Data><Item><Meta><Type xmlns=\"syncml:metinf\">\
             com.microsoft/MDM/LoginStatus</Type></Meta><Data>{login}</Data></Item></Alert>"
        );
        if let Some(kind) = alert {
            let _ = write!(
                body,
                "<Alert><CmdID>4</CmdID><Data>1226</Data><Item><Meta><Type xmlns=\"syncml:metinf\">{kind}</Type>\
                 <Format xmlns=\"syncml:metinf\">int</Format></Meta><Data>1</Data></Item></Alert>"
            );
        }
        body.push_str("<Replace><CmdID>3</CmdID>");
        for node in ["DevId", "Man", "Mod", "DmV", "Lang"] {
            let loc_uri = format!("./DevInfo/{node}");
            let value = self
                .tablet
                .tree
                .get(&address(&loc_uri))
                .map(|(_, value)| value)
                .unwrap_or_default();
            let _ = write!(
                body,
                "<Item><Source><LocURI>{loc_uri}</LocURI></Source><Data>{}</Data></Item>",
                escape(&value)
            );
        }
        body + "</Replace>"
    }

    /// Sends a message; `None` when the session is over without a reply to read.
    async fn exchange(
        &mut self,
        session: u32,
        msg_id: u32,
        body: &str,
    ) -> Result<Option<ServerMessage>, SimError> {
        let session_id = session.to_string();
        let credentials = self.tablet.credentials.clone();
        let cred = credentials
            .as_ref()
            .filter(|_| self.proof == Proof::Each)
            .map(|c| proof(c, &self.tablet.nonce));
        let text = write(&Outgoing {
            session_id: &session_id,
            msg_id,
            url: &self.tablet.transport.url,
            source: &self.tablet.source,
            user: credentials.as_ref().map(|c| c.username.as_str()),
            cred,
            body,
            is_final: true,
        });
        let answer = self.tablet.transport.post(&self.report.query, text).await?;
        self.report.exchanges += 1;
        if answer.status != 200 {
            self.report.http_status = Some(answer.status);
            return Ok(None);
        }
        if !answer.has_length {
            self.report
                .violations
                .push(Violation::Form("no Content-Length, or chunked".to_owned()));
        }
        if !is_one_line(&answer.body) {
            // The 8.1 agent stops here, silently.
            self.report
                .violations
                .push(Violation::Form("white space between tags".to_owned()));
            return Ok(None);
        }
        match read(&answer.body) {
            Ok(reply) if reply.session_id == session_id && reply.target == self.tablet.source => {
                Ok(Some(reply))
            }
            Ok(_) => {
                self.report
                    .violations
                    .push(Violation::Form("another SessionID or Target".to_owned()));
                Ok(None)
            }
            Err(why) => {
                self.report.violations.push(Violation::Form(why));
                Ok(None)
            }
        }
    }

    fn take_nonce(&mut self, nonce: Option<&str>) {
        if let Some(nonce) = nonce.and_then(|nonce| STANDARD.decode(nonce).ok()) {
            self.tablet.nonce = nonce;
        }
    }

    /// Holds a reply against the protocol.
    fn check(&mut self, reply: &ServerMessage, msg_id: u32, commands: usize) {
        let mut wrong: Vec<Violation> = Vec::new();
        match reply.statuses.first() {
            Some(status)
                if reply.first == "Status" && status.cmd_ref == "0" && status.msg_ref == msg_id => {
            }
            _ => wrong.push(Violation::Statuses(
                "the first is not the header's".to_owned(),
            )),
        }
        if reply.statuses.len() != commands + 1 {
            let found = reply.statuses.len();
            wrong.push(Violation::Statuses(format!(
                "{found} for {commands} commands and the header"
            )));
        }
        if reply.bare_meta > 0 {
            wrong.push(Violation::Form(
                "a child of Meta without syncml:metinf".to_owned(),
            ));
        }
        let unique: HashSet<u32> = reply.cmd_ids.iter().copied().collect();
        if unique.len() != reply.cmd_ids.len() || unique.contains(&0) {
            wrong.push(Violation::Numbers("CmdIDs are not unique, or 0".to_owned()));
        }
        let challenged = reply
            .statuses
            .first()
            .is_some_and(|status| matches!(status.code, 401 | 407));
        if !challenged {
            let before = self.tablet.used.iter().any(|(messages, ids)| {
                messages.contains(&reply.msg_id) || ids.iter().any(|id| unique.contains(id))
            });
            if before
                || self.messages.contains(&reply.msg_id)
                || self.ids.iter().any(|id| unique.contains(id))
            {
                wrong.push(Violation::Numbers(
                    "used within the last two sessions".to_owned(),
                ));
            }
            self.messages.push(reply.msg_id);
            self.ids.extend(&reply.cmd_ids);
        }
        self.report.violations.extend(wrong);
    }

    /// Does what the reply asks; what to send next, or `None` at the end.
    fn answer(&mut self, reply: &ServerMessage) -> Option<String> {
        let go_on = reply.alerts.contains(&1222);
        if reply.commands.is_empty() && !go_on {
            return None;
        }
        let mut body = format!(
            "<Status><CmdID>1</CmdID><MsgRef>{}</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><Data>200</Data></Status>",
            reply.msg_id
        );
        let mut next_id = 2;
        for command in &reply.commands {
            self.perform(command, reply.msg_id, &mut next_id, &mut body);
            if self.report.unenrolled {
                // The session is dropped at once, without an answer.
                return None;
            }
        }
        Some(body)
    }

    fn perform(
        &mut self,
        command: &ServerCommand,
        msg_id: u32,
        next_id: &mut u32,
        body: &mut String,
    ) -> u16 {
        match command {
            ServerCommand::Group {
                name,
                cmd_id,
                children,
            } => {
                let before = self.tablet.tree.clone();
                let mut inner = String::new();
                let codes: Vec<u16> = children
                    .iter()
                    .map(|child| self.perform(child, msg_id, next_id, &mut inner))
                    .collect();
                let failed = codes.iter().any(|code| *code >= 300);
                let code = match (name.as_str(), failed) {
                    ("Atomic", true) => {
                        self.tablet.tree = before;
                        inner =
                            inner.replace("<Data>200</Data></Status>", "<Data>216</Data></Status>");
                        507
                    }
                    _ => 200,
                };
                status(body, next_id, msg_id, *cmd_id, name, code);
                body.push_str(&inner);
                code
            }
            ServerCommand::Node {
                verb,
                cmd_id,
                items,
            } => {
                let mut worst = 200;
                let mut results = String::new();
                for (target, data) in items {
                    let (code, value) = self.item(verb, target, data.as_deref().unwrap_or(""));
                    worst = worst.max(code);
                    if let Some((format, value)) = value {
                        let _ = write!(
                            results,
                            "<Item><Source><LocURI>{}</LocURI></Source><Meta><Format xmlns=\"syncml:metinf\">{format}\
                             </Format></Meta><Data>{}</Data></Item>",
                            escape(target),
                            escape(&value)
                        );
                    }
                }
                status(body, next_id, msg_id, *cmd_id, verb, worst);
                if !results.is_empty() {
                    let id = *next_id;
                    *next_id += 1;
                    let _ = write!(
                        body,
                        "<Results><CmdID>{id}</CmdID><MsgRef>{msg_id}</MsgRef><CmdRef>{cmd_id}</CmdRef>{results}</Results>"
                    );
                }
                worst
            }
        }
    }

    fn item(
        &mut self,
        verb: &str,
        target: &str,
        data: &str,
    ) -> (u16, Option<(&'static str, String)>) {
        let at = address(target);
        if !self.offered.insert(format!("{verb} {target} {data}")) {
            self.report
                .violations
                .push(Violation::Twice(target.to_owned()));
        }
        let (code, value) = if may(self.mode, verb, &at) {
            do_item(
                &mut self.tablet.tree,
                verb,
                &at,
                target,
                data,
                &mut self.report.unenrolled,
            )
        } else {
            let (verb, loc_uri, mode) = (verb.to_owned(), target.to_owned(), self.mode.to_owned());
            self.report.violations.push(Violation::Forbidden {
                verb,
                loc_uri,
                mode,
            });
            (500, None)
        };
        self.report.received.push(Received {
            verb: verb.to_owned(),
            loc_uri: target.to_owned(),
            status: code,
        });
        (code, value)
    }
}

fn status(body: &mut String, next_id: &mut u32, msg_id: u32, cmd_ref: u32, cmd: &str, code: u16) {
    let id = *next_id;
    *next_id += 1;
    let _ = write!(
        body,
        "<Status><CmdID>{id}</CmdID><MsgRef>{msg_id}</MsgRef><CmdRef>{cmd_ref}</CmdRef><Cmd>{cmd}</Cmd><Data>{code}</Data></Status>"
    );
}

/// Type and Data of a Cred (OMA DM Security 5.3).
fn proof(credentials: &Credentials, nonce: &[u8]) -> (String, String) {
    let plain = format!("{}:{}", credentials.username, credentials.password);
    if !credentials.md5 {
        return ("syncml:auth-basic".to_owned(), STANDARD.encode(plain));
    }
    let inner = STANDARD.encode(Md5::digest(plain));
    let outer = [inner.as_bytes(), b":", nonce].concat();
    (
        "syncml:auth-md5".to_owned(),
        STANDARD.encode(Md5::digest(outer)),
    )
}
