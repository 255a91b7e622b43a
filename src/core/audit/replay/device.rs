//! What the events of one device have said so far that decisions look at.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::decision::{Asked, Decided, Exchanged, Inputs, waits};
use crate::event::{Delivered, Event, EventType, Outcome, SubjectRecord, Touched, Withheld};
use crate::limits;
use crate::policy::Verdict;

/// What is known of one device.
#[derive(Debug, Default)]
pub(super) struct DeviceReplay {
    /// Its family and groups.
    subject: Option<SubjectRecord>,
    /// The commands that are open, by their numbers.
    open: BTreeMap<u32, Queued>,
    /// The latest list of what was withheld, with its event.
    listed: Option<(u64, Vec<Withheld>)>,
    /// The latest exchange.
    pub(super) exchanged: Option<Arc<Exchanged>>,
    /// Decisions on commands of which nothing is known yet.
    pub(super) waiting: Vec<Asked>,
}

/// What is known of a command from the event that it was queued by.
#[derive(Debug)]
struct Queued {
    touched: Touched,
    app: Option<String>,
}

impl DeviceReplay {
    /// Takes in what an event says of the device and of its commands.
    pub(super) fn learn(&mut self, event: &Event) {
        if let Some(change) = &event.change {
            self.subject = match (change.family, &change.groups, self.subject.take()) {
                (Some(family), Some(groups), _) => Some(SubjectRecord {
                    family,
                    groups: groups.clone(),
                }),
                (family, groups, known) => known.map(|known| SubjectRecord {
                    family: family.unwrap_or(known.family),
                    groups: groups.clone().unwrap_or(known.groups),
                }),
            };
        }
        let subject = event.exchange.as_ref().and_then(|of| of.subject.clone());
        self.subject = subject.or(self.subject.take());
        if let (EventType::CommandQueued, Some(seq)) = (event.what, event.command)
            && let Some(touched) = event.touched.clone()
        {
            let app = event.app.clone();
            self.open.insert(seq, Queued { touched, app });
            // More than can be open have ended without a word, under an earlier version.
            while self.open.len() > 2 * limits::OPEN_COMMANDS {
                self.open.pop_first();
            }
        }
    }

    /// Forgets the commands that have ended with an event.
    pub(super) fn forget(&mut self, event: &Event) {
        for seq in &event.commands {
            self.open.remove(seq);
        }
        if let (EventType::CommandCancelled, Some(seq)) = (event.what, event.command) {
            self.open.remove(&seq);
        }
        let ended = outcomes(event).iter();
        for outcome in ended.filter(|outcome| outcome.state.is_final()) {
            self.open.remove(&outcome.command);
        }
    }

    /// The decisions that an event of an exchange has on record.
    pub(super) fn asked(&mut self, event: &Event) -> Vec<Asked> {
        let (Some(exchanged), withheld) = (self.exchanged.clone(), withheld(event)) else {
            return Vec::new();
        };
        let refers = event.exchange.as_ref().and_then(|of| of.withheld_as);
        let mut asked = Vec::new();
        let mut ask = |(command, was, late): (u32, Decided, Option<&Touched>)| {
            asked.push(Asked {
                exchanged: Arc::clone(&exchanged),
                command,
                was,
                late: late.cloned(),
            });
        };
        let listed = self.listed.iter().filter(|(of, _)| Some(*of) == refers);
        let lists = withheld.iter().chain(listed.flat_map(|(_, list)| list));
        lists.flat_map(of_group).for_each(&mut ask);
        event
            .delivered()
            .iter()
            .map(of_delivered)
            .for_each(&mut ask);
        outcomes(event)
            .iter()
            .filter_map(of_refused)
            .for_each(&mut ask);
        self.note_list(event, withheld);
        asked
    }

    /// Remembers a list that later exchanges may refer to.
    fn note_list(&mut self, event: &Event, withheld: &[Withheld]) {
        let refers = event.exchange.as_ref().and_then(|of| of.withheld_as);
        if withheld.is_empty() || refers.is_some() {
            return;
        }
        let of = self.exchanged.as_ref().map(|exchanged| exchanged.event);
        match (&mut self.listed, of, event.more.is_some()) {
            (Some((listed, list)), Some(of), true) if *listed == of => {
                list.extend_from_slice(withheld);
            }
            (_, _, true) => {}
            (listed, _, false) => *listed = Some((event.seq, withheld.to_vec())),
        }
    }

    /// Whether what a decision depends on may come with an event that follows the exchange.
    pub(super) fn may_be_known_later(&self, asked: &Asked) -> bool {
        let is_unknown = asked.late.is_none() && !self.open.contains_key(&asked.command);
        asked.exchanged.version > 1 && is_unknown
    }

    /// What a decision depends on, where all of it is on record.
    pub(super) fn inputs<'a>(&'a self, asked: &'a Asked) -> Option<Inputs<'a>> {
        if asked.exchanged.version < 2 {
            return None;
        }
        let (touched, app) = match &asked.late {
            Some(late) => (late, &late.app),
            None => {
                let queued = self.open.get(&asked.command)?;
                (&queued.touched, &queued.app)
            }
        };
        Some(Inputs {
            subject: self.subject.as_ref()?,
            touched,
            app: app.as_deref(),
        })
    }
}

fn withheld(event: &Event) -> &[Withheld] {
    match (&event.exchange, &event.more) {
        (Some(exchange), _) => &exchange.withheld,
        (None, Some(more)) => &more.withheld,
        (None, None) => &[],
    }
}

fn outcomes(event: &Event) -> &[Outcome] {
    match (&event.exchange, &event.more) {
        (Some(exchange), _) => &exchange.outcomes,
        (None, Some(more)) => &more.outcomes,
        (None, None) => &[],
    }
}

fn of_delivered(delivered: &Delivered) -> (u32, Decided, Option<&Touched>) {
    let was = Decided {
        verdict: Verdict::Deliver,
        kind: Some(delivered.kind),
        rules: delivered.rules.clone(),
        modes: Vec::new(),
    };
    (delivered.command, was, delivered.touched.as_ref())
}

/// A decision for each command of a group.
fn of_group(group: &Withheld) -> impl Iterator<Item = (u32, Decided, Option<&Touched>)> {
    let waits = waits(&group.rules);
    let is_guard = group.rules.iter().any(|rule| rule.starts_with("guard."));
    group.commands.iter().map(move |&command| {
        let was = Decided {
            verdict: match waits {
                true => Verdict::Deliver,
                false => Verdict::Withhold,
            },
            // The guard's is of the command as it was queued.
            kind: (!is_guard).then_some(group.kind),
            rules: group.rules.clone(),
            modes: group.modes.clone(),
        };
        let mut late = group.touched.iter();
        let late = late.find(|one| one.command == command);
        (command, was, late.map(|one| &one.touched))
    })
}

fn of_refused(outcome: &Outcome) -> Option<(u32, Decided, Option<&Touched>)> {
    let was = Decided {
        verdict: Verdict::Refuse,
        kind: None,
        rules: outcome.rules.clone(),
        modes: Vec::new(),
    };
    let is_refused = !outcome.rules.is_empty();
    is_refused.then_some((outcome.command, was, outcome.touched.as_ref()))
}
