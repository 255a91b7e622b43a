//! A device of the world: what it was told, what it did, and what must never
//! happen to it. It reads replies with the simulator's kind of strictness, by
//! the message model.

use std::collections::{HashMap, HashSet};

use modegate_core::context::Family;
use modegate_core::ids::CommandSeq;
use modegate_server::sync::SyncResponse;
use modegate_wire::encoding::Encoding;
use modegate_wire::message::{Element, Message, Verb};

use super::Chance;
use crate::syncml::{header_status, message, results, status};

/// What a command does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    Read,
    Reset,
    Set,
    Configure,
}

/// One command as it can be told from all others of the world.
#[derive(Debug, Clone)]
pub struct Token {
    pub what: What,
    pub name: String,
}

impl Token {
    pub fn node(&self) -> (Verb, String) {
        let name = &self.name;
        match self.what {
            What::Read => (
                Verb::Get,
                format!("./cimv2/Win32_Service/Win32_Service.Name=%22{name}%22/State"),
            ),
            What::Reset => (
                Verb::Exec,
                format!(
                    "./cimv2/MDM_Client/MDM_Client.DeviceClientID=%22{name}%22/Exec=ResetUserPassword"
                ),
            ),
            What::Set => (
                Verb::Replace,
                format!("./cimv2/MDM_Restrictions/MDM_Restrictions.Key=%22{name}%22/WifiEnabled"),
            ),
            What::Configure => (
                Verb::Exec,
                format!(
                    "./cimv2/MDM_WNSConfiguration/MDM_WNSConfiguration.AppId=%22{name}%22/Exec=UpdateConfiguration"
                ),
            ),
        }
    }
}

#[derive(Debug)]
pub struct Known {
    pub token: Token,
    pub sent: usize,
    pub done: usize,
    pub cancelled: bool,
    /// The server has answered a message with its final Status.
    pub settled: bool,
}

/// A message: query, encoding, bytes.
pub type Sent = (String, Encoding, Vec<u8>);

pub struct Client {
    pub number: usize,
    pub family: Family,
    pub calm: bool,
    pub commands: HashMap<CommandSeq, Known>,
    pub sessions_without_commands: usize,
    /// Messages that the network still has.
    pub stale: Vec<Sent>,
    tokens: usize,
    session: u32,
    msg_id: u32,
    mode: &'static str,
    machine: bool,
    encoding: Encoding,
    /// What is to be answered: (MsgRef, CmdRef, verb, of which command).
    owed: Vec<(u32, u32, &'static str, CommandSeq)>,
    server_msg: u32,
    /// Final Statuses that are on the way.
    under_way: Vec<CommandSeq>,
    got_commands: bool,
    seen_in_session: HashSet<CommandSeq>,
}

const MODES: [&str; 4] = ["Machine", "Maintenance", "Apps", ""];

impl Client {
    pub fn new(number: usize, chance: &mut Chance) -> Client {
        let families = [Family::Windows81, Family::Windows81, Family::Windows10];
        Client {
            number,
            family: families[chance.below(3)],
            calm: false,
            commands: HashMap::new(),
            sessions_without_commands: 0,
            stale: Vec::new(),
            tokens: 0,
            session: 0,
            msg_id: 0,
            mode: "Machine",
            machine: false,
            encoding: Encoding::Xml,
            owed: Vec::new(),
            server_msg: 0,
            under_way: Vec::new(),
            got_commands: false,
            seen_in_session: HashSet::new(),
        }
    }

    pub fn source(&self) -> String {
        format!("device-{}", self.number)
    }

    pub fn new_token(&mut self, chance: &mut Chance) -> Token {
        self.tokens += 1;
        let what = [What::Read, What::Reset, What::Set, What::Configure][chance.below(4)];
        Token {
            what,
            name: format!("d{}t{}", self.number, self.tokens),
        }
    }

    pub fn queued(&mut self, seq: CommandSeq, token: Token) {
        let known = Known {
            token,
            sent: 0,
            done: 0,
            cancelled: false,
            settled: false,
        };
        self.commands.insert(seq, known);
    }

    pub fn any_queued(&self, chance: &mut Chance) -> Option<CommandSeq> {
        let mut open: Vec<CommandSeq> = self
            .commands
            .iter()
            .filter(|(_, known)| known.sent == 0)
            .map(|(seq, _)| *seq)
            .collect();
        open.sort_unstable();
        (!open.is_empty()).then(|| open[chance.below(open.len())])
    }

    pub fn cancelled(&mut self, seq: CommandSeq) {
        if let Some(known) = self.commands.get_mut(&seq) {
            known.cancelled = true;
            known.settled = true;
        }
    }

    pub fn is_idle(&self) -> bool {
        self.msg_id == 0
    }

    pub fn forget_session(&mut self) {
        self.msg_id = 0;
        self.owed.clear();
        self.under_way.clear();
    }

    /// A MsgID 1 that brought nothing is a new session when it is sent again.
    pub fn may_repeat(&self) -> bool {
        self.msg_id > 1
    }

    /// The next message.
    pub fn message(&mut self, chance: &mut Chance) -> Sent {
        if self.msg_id == 0 {
            self.session = self.session % 9_999 + 1;
            self.mode = if self.calm {
                "Maintenance"
            } else {
                MODES[chance.below(4)]
            };
            self.machine = false;
            self.encoding = Encoding::ALL[chance.below(2)];
            self.got_commands = false;
            self.seen_in_session.clear();
        }
        self.msg_id += 1;
        let mut query = format!("mode={}&Platform=WoA", self.mode);
        if !self.calm && chance.percent(3) {
            // It says Machine somewhere: the session is Machine's from here on.
            query += "&mode=Machine";
            self.machine = true;
        }
        self.machine |= self.mode == "Machine";
        let mut body = String::new();
        if self.msg_id == 1 {
            body += "<Alert><CmdID>1</CmdID><Data>1201</Data></Alert>";
            body += "<Alert><CmdID>2</CmdID><Data>1224</Data><Item><Meta><Type>com.microsoft/MDM/LoginStatus</Type></Meta><Data>user</Data></Item></Alert>";
        } else {
            body += &header_status(self.server_msg);
        }
        let mut owed = std::mem::take(&mut self.owed);
        if chance.percent(30) {
            owed.reverse();
        }
        for (msg_ref, cmd_ref, verb, seq) in owed {
            body += &status(1, msg_ref, cmd_ref, verb, 200);
            if verb == "Get" {
                body += &results(9, msg_ref, cmd_ref, "", "Running");
            }
            self.under_way.push(seq);
        }
        let text = message(
            &self.source(),
            &self.session.to_string(),
            self.msg_id,
            &(body + "<Final/>"),
        );
        let message = Encoding::Xml.decode(text.as_bytes()).unwrap();
        (query, self.encoding, self.encoding.encode(&message))
    }

    /// The server answered: what the message said is made durable.
    pub fn was_taken(&mut self, answer: &SyncResponse) {
        if let SyncResponse::Reply(_) = answer {
            for seq in self.under_way.drain(..) {
                if let Some(known) = self.commands.get_mut(&seq) {
                    known.settled = true;
                }
            }
        }
    }

    /// No answer came: the session is given up.
    pub fn nothing_came(&mut self, _: &mut Chance) {
        self.forget_session();
    }

    /// What comes back for a message that is late is read by nobody, and must
    /// hold nothing that this device could not get.
    pub fn check_strangers(&self, encoding: Encoding, answer: &SyncResponse) {
        if let SyncResponse::Reply(reply) = answer {
            self.check_own(&encoding.decode(reply).unwrap());
        }
    }

    fn check_own(&self, message: &Message) {
        assert_eq!(message.header.target.uri, self.source());
        for element in &message.body {
            if let Element::Command(command) = element {
                let target = command.items[0].target.as_deref().unwrap();
                let own = format!("%22d{}t", self.number);
                assert!(
                    target.contains(&own),
                    "{target} came to device {}",
                    self.number
                );
            }
        }
    }

    /// Takes a reply; how many commands it brought.
    pub fn take(&mut self, encoding: Encoding, reply: &[u8], chance: &mut Chance) -> usize {
        let message = encoding.decode(reply).unwrap();
        self.check_own(&message);
        self.server_msg = message.header.msg_id;
        let mut brought = 0;
        for element in &message.body {
            let Element::Command(command) = element else {
                continue;
            };
            let target = command.items[0].target.as_deref().unwrap();
            let (&seq, known) = self
                .commands
                .iter_mut()
                .find(|(_, known)| known.token.node() == (command.verb, target.to_owned()))
                .unwrap_or_else(|| panic!("{target} was never queued"));
            let what = known.token.what;
            // The Machine-mode guarantee, by this world's own words.
            assert!(
                !self.machine || matches!(what, What::Read | What::Reset),
                "{what:?} in Machine"
            );
            // The channel of Windows 10 is the device's: no mode holds it back but Machine.
            let own_channel = what == What::Configure && self.family == Family::Windows10;
            assert!(
                what != What::Configure || own_channel || self.mode == "Maintenance",
                "{what:?} in {}",
                self.mode
            );
            assert!(
                !self.mode.is_empty() || own_channel || matches!(what, What::Read | What::Reset),
                "{what:?} without a mode"
            );
            assert!(!known.settled, "{target} came after its end: {known:?}");
            assert!(
                self.seen_in_session.insert(seq),
                "{target} twice in one session"
            );
            assert!(
                what != What::Reset || known.sent == 0,
                "a reset was sent twice"
            );
            known.sent += 1;
            known.done += 1;
            self.owed.push((
                self.server_msg,
                command.cmd_id.unwrap(),
                command.verb.name(),
                seq,
            ));
            brought += 1;
        }
        self.got_commands |= brought > 0;
        if brought == 0 {
            match self.got_commands {
                true => self.sessions_without_commands = 0,
                false => self.sessions_without_commands += 1,
            }
            self.forget_session();
        } else if !self.calm && chance.percent(4) {
            // It is switched off before it answers.
            self.forget_session();
        }
        brought
    }
}
