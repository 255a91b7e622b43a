//! A reply held against the protocol.

use std::collections::HashSet;

use super::{Agent, Package};
use crate::message::{ServerCommand, ServerMessage};
use crate::report::Violation;

impl Agent<'_> {
    /// Notes what is wrong with the answer to `package`, which went as `msg_id`.
    pub(super) fn check(&mut self, reply: &ServerMessage, msg_id: u32, package: &Package) {
        let mut wrong = statuses(reply, msg_id, package.commands);
        wrong.extend(form(reply, package));
        wrong.extend(self.numbers(reply));
        self.report.violations.extend(wrong);
    }

    fn numbers(&mut self, reply: &ServerMessage) -> Vec<Violation> {
        let mut wrong = Vec::new();
        let mut note = |what: &str| wrong.push(Violation::Numbers(what.to_owned()));
        let unique: HashSet<u32> = reply.cmd_ids.iter().copied().collect();
        if unique.len() != reply.cmd_ids.len() || unique.contains(&0) {
            note("a CmdID is 0 or used twice");
        }
        if reply.commands.iter().any(ServerCommand::lacks_id) {
            note("a command without a CmdID");
        }
        if reply.is_challenge() {
            return wrong;
        }
        let before = self.tablet.used.iter().any(|(messages, ids)| {
            messages.contains(&reply.msg_id) || ids.iter().any(|id| unique.contains(id))
        });
        if before
            || self.messages.contains(&reply.msg_id)
            || self.ids.iter().any(|id| unique.contains(id))
        {
            note("used within the last two sessions");
        }
        self.messages.push(reply.msg_id);
        self.ids.extend(&reply.cmd_ids);
        wrong
    }
}

fn statuses(reply: &ServerMessage, msg_id: u32, commands: usize) -> Vec<Violation> {
    let mut wrong = Vec::new();
    match reply.statuses.first() {
        Some(status)
            if reply.first == "Status" && status.cmd_ref == "0" && status.msg_ref == msg_id => {}
        _ => wrong.push(Violation::Statuses(
            "the first Status is not that of the header".to_owned(),
        )),
    }
    if reply.statuses.len() != commands + 1 {
        let found = reply.statuses.len();
        wrong.push(Violation::Statuses(format!(
            "{found} for {commands} commands and the header"
        )));
    }
    wrong
}

fn form(reply: &ServerMessage, package: &Package) -> Vec<Violation> {
    let mut wrong = Vec::new();
    let mut note = |what: &str| wrong.push(Violation::Form(what.to_owned()));
    if reply.bare_meta > 0 {
        note("a child of Meta without syncml:metinf");
    }
    match (package.is_final, reply.is_challenge()) {
        (_, true) => {}
        (true, _) if !reply.is_final => note("no Final"),
        // OMA DM 1.2.1, 6: the rest of the package is asked for, and nothing else.
        (false, _) if !reply.has_alert(1222) => note("no alert 1222 for half a package"),
        (false, _) if reply.is_final || !reply.commands.is_empty() => {
            note("commands or Final before the package was complete");
        }
        _ => {}
    }
    wrong
}
