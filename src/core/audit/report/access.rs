//! Who did what, and who was refused.

use std::collections::BTreeMap;

use super::value::{LISTED, Section, columns, whole};
use crate::event::{Event, EventType};
use crate::time::Timestamp;

/// How often, and when first and last.
#[derive(Debug, Clone, Copy)]
struct Times {
    count: u64,
    first: Timestamp,
    last: Timestamp,
}

impl Times {
    fn add(times: &mut Option<Self>, count: u64, at: Timestamp) {
        let times = times.get_or_insert(Times {
            count: 0,
            first: at,
            last: at,
        });
        times.count += count;
        (times.first, times.last) = (times.first.min(at), times.last.max(at));
    }
}

/// Actions by people and programs, and requests that were refused.
#[derive(Debug, Default)]
pub(super) struct AccessAudit {
    actions: BTreeMap<(String, &'static str), Option<Times>>,
    refused: BTreeMap<(&'static str, String), Option<Times>>,
    events: u64,
    /// What has no room of its own any more.
    unlisted: u64,
}

impl AccessAudit {
    /// Takes in an event of the period.
    pub(super) fn take(&mut self, event: &Event) {
        self.events += 1;
        match event.what {
            EventType::DeviceRefused if !event.refusals.is_empty() => {
                for refusal in &event.refusals {
                    self.refusal(event, refusal.reason.clone(), refusal.count);
                }
            }
            EventType::DeviceRefused | EventType::MessageRefused | EventType::StrangerRefused => {
                self.refusal(event, String::new(), event.count.unwrap_or(1));
            }
            _ => {}
        }
        let is_person = event.actor != "device" && event.actor != "server";
        if is_person {
            let key = (event.actor.clone(), event.what.name());
            let has_room = self.actions.len() < LISTED || self.actions.contains_key(&key);
            match has_room {
                true => Times::add(self.actions.entry(key).or_default(), 1, event.at),
                false => self.unlisted += 1,
            }
        }
    }

    fn refusal(&mut self, event: &Event, reason: String, count: u64) {
        let key = (event.what.name(), reason);
        let has_room = self.refused.len() < LISTED || self.refused.contains_key(&key);
        match has_room {
            true => Times::add(self.refused.entry(key).or_default(), count, event.at),
            false => self.unlisted += count,
        }
    }

    /// How many events there were.
    pub(super) fn events(&self) -> u64 {
        self.events
    }

    pub(super) fn section(&self) -> Section {
        let actions = self.actions.iter().filter_map(|((actor, what), times)| {
            let times = (*times)?;
            Some(vec![
                actor.as_str().into(),
                (*what).into(),
                times.count.into(),
                times.first.into(),
                times.last.into(),
            ])
        });
        let refused = self.refused.iter().filter_map(|((what, reason), times)| {
            let times = (*times)?;
            Some(vec![
                (*what).into(),
                reason.as_str().into(),
                times.count.into(),
                times.first.into(),
                times.last.into(),
            ])
        });
        let total = self
            .refused
            .values()
            .flatten()
            .map(|times| times.count)
            .sum::<u64>();
        Section::new(
            "access",
            "Who did what, and who was refused",
            "Every change by a token of the API or by an operator, by type, and the requests of devices and strangers that were refused.",
            "Which person used a token: the log knows tokens by the names that the operator gave them. Requests that only read are not in the log.",
        )
        .headline("refused", false)
        .fact("refused", "Requests that were refused", total)
        .fact("unlisted", "Actions and refusals beyond those listed", self.unlisted)
        .table(whole(
            "actions",
            "Actions by actor",
            columns! { actor "Actor", what "What", count "Times", first_at "First", last_at "Last" },
            actions,
        ))
        .table(whole(
            "refusals",
            "Requests that were refused",
            columns! { what "What", reason "Reason", count "Requests", first_at "First", last_at "Last" },
            refused,
        ))
    }
}
