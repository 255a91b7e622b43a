//! Doing what a reply asks, and answering it.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{Agent, Package};
use crate::ability::{Done, do_item, impersonates, may};
use crate::address::{Address, address};
use crate::answer::{Answered, Piece, ResultItem, StatusPiece, cut, render, roll_back, split};
use crate::csp::Csp;
use crate::dialect::Dialect;
use crate::message::{ServerCommand, ServerItem, ServerMessage};
use crate::outcome::Effect;
use crate::outcome::Found;
use crate::report::{Received, Violation};

/// What of a child's name stands as it is where names are percent-encoded.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

impl Agent<'_> {
    /// Does what the reply asks; what to send next, or `None` at the end.
    pub(super) fn answer(&mut self, reply: &ServerMessage) -> Option<Package> {
        let goes_on = reply.has_alert(1222);
        if !self.later.is_empty() && !goes_on && reply.commands.is_empty() {
            let what = "the session ended before the package was complete".to_owned();
            self.report.violations.push(Violation::Form(what));
        }
        if reply.has_alert(1223) || reply.commands.is_empty() && !goes_on {
            return None;
        }
        let judged = self.judge_server(reply)?;
        let mut header = StatusPiece::new(reply.msg_id, 0, "SyncHdr", judged.code);
        header.challenge = judged.challenge;
        let mut pieces = vec![Piece::Status(header)];
        pieces.extend(reply.alerts.iter().map(|&(_, cmd_id)| {
            Piece::Status(StatusPiece::new(reply.msg_id, cmd_id, "Alert", 200))
        }));
        for command in &reply.commands {
            match judged.refused {
                Some(code) => refuse(command, reply.msg_id, code, &mut pieces),
                None => drop(self.perform(command, reply.msg_id, false, &mut pieces)),
            }
            if self.report.unenrolled {
                // The session is dropped at once, without an answer.
                return None;
            }
        }
        let refused = reply
            .statuses
            .iter()
            .skip(1)
            .any(|status| status.code >= 400);
        if refused && self.tablet.behaviour.pieces > 0 && !self.later.is_empty() {
            // The object is given up; what else there is to say follows.
            self.later.remove(0);
            self.report.refused_pieces += 1;
        }
        let rest = std::mem::take(&mut self.later);
        if self.tablet.behaviour.split_results {
            self.later = split(&mut pieces);
        }
        pieces.extend(rest);
        let most = self.tablet.behaviour.pieces;
        if most > 0 {
            self.later = cut(&mut pieces, most);
        }
        let in_pieces = !self.later.is_empty() && most > 0;
        Some(Package {
            body: render(&pieces, self.tablet.behaviour.dialect),
            commands: usize::from(in_pieces),
            is_final: self.later.is_empty(),
        })
    }

    fn perform(
        &mut self,
        command: &ServerCommand,
        msg_id: u32,
        in_atomic: bool,
        pieces: &mut Vec<Piece>,
    ) -> u16 {
        match command {
            ServerCommand::Group {
                name,
                cmd_id,
                children,
            } if name == "Atomic" && in_atomic && self.tablet.behaviour.dialect == Dialect::Ten => {
                // Windows 10 takes no Atomic inside an Atomic (OMA DM support).
                let mut inner = Vec::new();
                refuse(command, msg_id, 215, &mut inner);
                if let Some(Piece::Status(status)) = inner.first_mut() {
                    status.code = 500;
                }
                let _ = (cmd_id, children);
                pieces.extend(inner);
                500
            }
            ServerCommand::Group {
                name,
                cmd_id,
                children,
            } if name == "Atomic" => self.atomic(*cmd_id, children, msg_id, pieces),
            ServerCommand::Group {
                name,
                cmd_id,
                children,
            } => {
                let status = StatusPiece::new(msg_id, *cmd_id, name, 200);
                pieces.push(Piece::Status(status));
                for child in children {
                    self.perform(child, msg_id, in_atomic, pieces);
                }
                200
            }
            ServerCommand::Node {
                verb,
                cmd_id,
                items,
            } => self.node(verb, *cmd_id, items, msg_id, in_atomic, pieces),
        }
    }

    /// All or nothing: after a failure what was done is undone (216), what
    /// follows is not begun (215), and the Atomic answers 507.
    fn atomic(
        &mut self,
        cmd_id: u32,
        children: &[ServerCommand],
        msg_id: u32,
        pieces: &mut Vec<Piece>,
    ) -> u16 {
        let (before, received) = (self.tablet.tree.clone(), self.report.received.len());
        let (mut inner, mut failed) = (Vec::new(), false);
        for child in children {
            if failed {
                self.leave_out(child, msg_id, &mut inner);
            } else {
                failed = self.perform(child, msg_id, true, &mut inner) >= 300;
            }
        }
        let code = if failed { 507 } else { 200 };
        if failed {
            self.tablet.tree = before;
            self.report.unenrolled = false;
            roll_back(&mut inner);
            let undone = self.report.received[received..].iter_mut();
            for one in undone.filter(|one| one.status < 300 && one.status != 215) {
                one.status = 216;
            }
        }
        let status = StatusPiece::new(msg_id, cmd_id, "Atomic", code);
        pieces.push(Piece::Status(status));
        pieces.extend(inner);
        code
    }

    /// A command that an Atomic does not come to: the mode must carry it all the same.
    fn leave_out(&mut self, command: &ServerCommand, msg_id: u32, pieces: &mut Vec<Piece>) {
        refuse(command, msg_id, 215, pieces);
        match command {
            ServerCommand::Group { children, .. } => {
                let mut known = Vec::new();
                for child in children {
                    self.leave_out(child, msg_id, &mut known);
                }
            }
            ServerCommand::Node { verb, items, .. } => {
                for item in items {
                    self.check_mode(verb, &item.target);
                    self.received(verb, &item.target, 215);
                }
            }
        }
    }

    fn node(
        &mut self,
        verb: &str,
        cmd_id: u32,
        items: &[ServerItem],
        msg_id: u32,
        in_atomic: bool,
        pieces: &mut Vec<Piece>,
    ) -> u16 {
        let mut status = StatusPiece::new(msg_id, cmd_id, verb, 400);
        // No CmdID, no item, or an Exec of several: malformed (OMA RepPro 6.6).
        if cmd_id == 0 || items.is_empty() || verb == "Exec" && items.len() != 1 {
            pieces.push(Piece::Status(status));
            return 400;
        }
        let (mut codes, mut results) = (Vec::new(), Vec::new());
        for item in items {
            let (done, target) = (self.item(verb, item, in_atomic), &item.target);
            codes.push(done.code);
            results.extend(done.found.map(|found| ResultItem {
                source: target.clone(),
                value: self.shown(found),
                more: false,
                follows: false,
                size: None,
            }));
        }
        let worst = codes.iter().copied().max().unwrap_or(200);
        let each = self.tablet.behaviour.dialect == Dialect::Ten;
        if !each && codes.iter().all(|code| *code == worst) {
            status.code = worst;
            pieces.push(Piece::Status(status));
        } else {
            for (code, item) in codes.into_iter().zip(items) {
                pieces.push(Piece::Status(StatusPiece {
                    target: Some(item.target.clone()),
                    code,
                    ..status.clone()
                }));
            }
        }
        if !results.is_empty() {
            pieces.push(Piece::Results {
                msg_ref: msg_id,
                cmd_ref: cmd_id,
                items: results,
            });
        }
        worst
    }

    fn item(&mut self, verb: &str, item: &ServerItem, in_atomic: bool) -> Done {
        let (target, data) = (item.target.as_str(), item.data.as_deref().unwrap_or(""));
        // Two commands may read the same node; nothing is done twice by that.
        if verb != "Get" && !self.offered.insert(format!("{verb} {target} {data}")) {
            let twice = Violation::Twice(target.to_owned());
            self.report.violations.push(twice);
        }
        let at = address(target);
        let behaviour = &mut self.tablet.behaviour;
        let no_gets = in_atomic && verb == "Get" && behaviour.no_gets_in_atomic;
        let forced = behaviour.forced(target);
        let fails = no_gets || behaviour.by_hand && impersonates(&at);
        let odd = match (&at, &self.tablet.tree.csp) {
            (Address::Node(path), Some(csp)) => {
                let form = (item.format.as_deref(), in_atomic);
                csp.refusal(verb, &Csp::key(path), data, form)
            }
            _ => None,
        };
        let mut done = match forced {
            _ if !self.check_mode(verb, target) => Done::just(500),
            Some(code) if code >= 300 => Done::just(code),
            _ if fails => Done::just(500),
            None if odd.is_some() => Done::just(odd.unwrap_or(500)),
            _ => do_item(&mut self.tablet.tree, verb, &at, data),
        };
        if let (Some(code), 200) = (forced, done.code) {
            done.code = code;
        }
        match done.effect {
            Effect::Unenroll => self.report.unenrolled = true,
            Effect::Lock => self.tablet.lock(),
            Effect::None => {}
        }
        self.received(verb, target, done.code);
        done
    }

    /// Whether the mode carries it; a breach is noted.
    fn check_mode(&mut self, verb: &str, target: &str) -> bool {
        // A phone knows no modes: whatever it has, it does.
        let phone = self.tablet.behaviour.dialect == Dialect::Phone;
        let may = phone || may(self.mode, verb, &address(target));
        if !may {
            let (verb, loc_uri, mode) = (verb.to_owned(), target.to_owned(), self.mode.to_owned());
            self.report.violations.push(Violation::Forbidden {
                verb,
                loc_uri,
                mode,
            });
        }
        may
    }

    fn received(&mut self, verb: &str, target: &str, status: u16) {
        self.report.received.push(Received {
            verb: verb.to_owned(),
            loc_uri: target.to_owned(),
            status,
        });
    }

    fn shown(&self, found: Found) -> Answered {
        let behaviour = &self.tablet.behaviour;
        match found {
            Found::Value(cim, value) if behaviour.typed_formats => {
                Answered::Value(cim.format(), value)
            }
            Found::Value(_, value) => Answered::Value("chr", value),
            Found::Names(names) if behaviour.encoded_names => {
                let encode = |name: String| utf8_percent_encode(&name, PLAIN).to_string();
                Answered::Names(names.into_iter().map(encode).collect())
            }
            Found::Names(names) => Answered::Names(names),
        }
    }
}

/// Answers a command, with what it holds, by one code.
fn refuse(command: &ServerCommand, msg_id: u32, code: u16, pieces: &mut Vec<Piece>) {
    let (name, cmd_id) = match command {
        ServerCommand::Group { name, cmd_id, .. } => (name, cmd_id),
        ServerCommand::Node { verb, cmd_id, .. } => (verb, cmd_id),
    };
    let status = StatusPiece::new(msg_id, *cmd_id, name, code);
    pieces.push(Piece::Status(status));
    if let ServerCommand::Group { children, .. } = command {
        for child in children {
            refuse(child, msg_id, code, pieces);
        }
    }
}
