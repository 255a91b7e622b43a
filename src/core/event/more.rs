//! An exchange that is too large for one event goes on in others.

use serde::{Deserialize, Serialize};

use super::bytes::json_len;
use super::{Delivered, Event, EventType, ExchangeRecord, Outcome, Withheld};
use crate::tlog::entry::EVENT_BYTES;

/// What the numbers of an event may take that it has not got yet.
const NUMBERS: usize = 64;

/// What an event had no room for: it belongs to the exchange right before it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ExchangeMore {
    /// The exchange's session.
    pub session: u32,
    /// Its message.
    pub message: u32,
    /// What was held back besides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub withheld: Vec<Withheld>,
    /// What went out besides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub delivered: Vec<Delivered>,
    /// What became of other commands.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outcomes: Vec<Outcome>,
    /// More that is worth knowing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

impl ExchangeRecord {
    /// The exchange with what other events go on with.
    #[must_use]
    pub fn with_more(mut self, more: impl IntoIterator<Item = ExchangeMore>) -> Self {
        for part in more {
            self.withheld.extend(part.withheld);
            self.delivered.extend(part.delivered);
            self.outcomes.extend(part.outcomes);
            self.notes.extend(part.notes);
        }
        self
    }
}

/// The event of an exchange and, where it is longer than [`EVENT_BYTES`], those that it goes
/// on in, with the bytes of all of them. What was held back comes first: the event that
/// others refer to has the list, or the beginning of it.
pub(crate) fn split(mut event: Event) -> (Vec<Event>, usize) {
    let bytes = event.byte_len();
    if bytes + NUMBERS <= EVENT_BYTES {
        return (vec![event], bytes);
    }
    let Some(record) = &mut event.exchange else {
        return (vec![event], bytes);
    };
    let lists = ExchangeMore {
        session: record.session,
        message: record.message,
        withheld: std::mem::take(&mut record.withheld),
        delivered: std::mem::take(&mut record.delivered),
        outcomes: std::mem::take(&mut record.outcomes),
        notes: std::mem::take(&mut record.notes),
    };
    let empty = ExchangeMore {
        session: lists.session,
        message: lists.message,
        ..ExchangeMore::default()
    };
    let next = Event {
        what: EventType::ExchangeMore,
        exchange: None,
        more: Some(empty.clone()),
        ..event.clone()
    };
    let frame = |event: &Event| event.byte_len() + NUMBERS + LISTS;
    let parts = Parts {
        frame: frame(&next),
        used: frame(&event),
        done: vec![empty.clone()],
        empty,
    };
    let mut done = parts.filled(lists).into_iter();
    event.exchange = event.exchange.map(|record| record.with_more(done.next()));
    let others = done.map(|part| Event {
        more: Some(part),
        ..next.clone()
    });
    let events: Vec<Event> = std::iter::once(event).chain(others).collect();
    let bytes = events.iter().map(Event::byte_len).sum();
    (events, bytes)
}

/// What the names of the lists take.
const LISTS: usize = 64;

/// The parts of an exchange, the last of which is being filled.
struct Parts {
    /// Bytes of an event without any lists.
    frame: usize,
    /// Bytes of the event under way.
    used: usize,
    empty: ExchangeMore,
    done: Vec<ExchangeMore>,
}

impl Parts {
    /// The parts that hold these lists.
    fn filled(mut self, lists: ExchangeMore) -> Vec<ExchangeMore> {
        for group in lists.withheld.into_iter().flat_map(singly) {
            self.push(group, |part| &mut part.withheld);
        }
        for delivered in lists.delivered {
            self.push(delivered, |part| &mut part.delivered);
        }
        for outcome in lists.outcomes {
            self.push(outcome, |part| &mut part.outcomes);
        }
        for note in lists.notes {
            self.push(note, |part| &mut part.notes);
        }
        for part in &mut self.done {
            part.withheld = together(std::mem::take(&mut part.withheld));
        }
        self.done
    }

    fn push<T: Serialize>(&mut self, item: T, list: fn(&mut ExchangeMore) -> &mut Vec<T>) {
        // With the comma behind it.
        let bytes = json_len(&item) + 1;
        if self.used + bytes > EVENT_BYTES {
            self.done.push(self.empty.clone());
            self.used = self.frame;
        }
        self.used += bytes;
        if let Some(part) = self.done.last_mut() {
            list(part).push(item);
        }
    }
}

/// A group for each of its commands.
fn singly(group: Withheld) -> Vec<Withheld> {
    let one = |&command: &u32| {
        let touched = group.touched.iter().filter(|one| one.command == command);
        Withheld {
            count: 1,
            commands: vec![command],
            touched: touched.cloned().collect(),
            rules: group.rules.clone(),
            modes: group.modes.clone(),
            kind: group.kind,
        }
    };
    group.commands.iter().map(one).collect()
}

/// Groups for one reason, which follow each other, as one.
fn together(groups: Vec<Withheld>) -> Vec<Withheld> {
    let mut all: Vec<Withheld> = Vec::new();
    for group in groups {
        match all.last_mut() {
            Some(last)
                if (last.kind, &last.rules, &last.modes)
                    == (group.kind, &group.rules, &group.modes) =>
            {
                last.count += group.count;
                last.commands.extend(group.commands);
                last.touched.extend(group.touched);
            }
            _ => all.push(group),
        }
    }
    all
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::command::CommandState;
    use crate::context::{Login, Mode, Platform};
    use crate::ids::DeviceId;
    use crate::kind::Kind;
    use crate::time::Timestamp;

    fn exchange(outcomes: u32, reason: &str, held: u32) -> Event {
        let device = Some(DeviceId(uuid::Uuid::nil()));
        let mut event = Event::new(Timestamp(0), "device", device, EventType::Exchange);
        event.exchange = Some(ExchangeRecord {
            session: 3,
            session_id: "77".into(),
            message: 4,
            query: "q".repeat(1024),
            mode: Mode::Maintenance,
            platform: Platform::WoA,
            login: Login::User,
            contexts: Vec::new(),
            proof: None,
            subject: None,
            policy_set: "a".repeat(64),
            status: 200,
            delivered: Vec::new(),
            reply_sha256: None,
            withheld: vec![Withheld {
                kind: Kind::Setting,
                rules: vec!["w81.machine".into()],
                modes: vec![Mode::Maintenance],
                count: held,
                commands: (1..=held).collect(),
                touched: Vec::new(),
            }],
            withheld_as: None,
            outcomes: (1..=outcomes)
                .map(|command| Outcome {
                    command,
                    kind: Kind::Setting,
                    state: CommandState::Failed,
                    status: Some(500),
                    reason: Some(reason.to_owned()),
                    rules: Vec::new(),
                    touched: None,
                })
                .collect(),
            notes: vec!["a note".into()],
            woken: false,
            manual: false,
            ended: true,
            trigger: None,
        });
        event
    }

    #[test]
    fn what_has_room_in_one_event_is_one() {
        let event = exchange(20, "failed", 500);
        let bytes = event.to_bytes().len();
        assert_eq!(split(event.clone()), (vec![event], bytes));
    }

    #[test]
    fn a_thousand_outcomes_are_split_and_nothing_is_lost() {
        for (reason, held) in [("r".repeat(120), 0), ("\u{1}\"".repeat(60), 1_000)] {
            let event = exchange(1_000, &reason, held);
            let (parts, bytes) = split(event.clone());
            let written = parts.iter().map(|part| part.to_bytes().len());
            assert_eq!(bytes, written.sum::<usize>());
            assert!(parts.len() > 1);
            let (first, others) = parts.split_first().unwrap();
            for part in others {
                assert_eq!(part.what, EventType::ExchangeMore);
                let more = part.more.as_ref().unwrap();
                assert_eq!((more.session, more.message), (3, 4));
            }
            let more = others.iter().map(|part| part.more.clone().unwrap());
            let mut whole = first.exchange.clone().unwrap().with_more(more);
            whole.withheld = together(whole.withheld);
            let mut expected = event.exchange.unwrap();
            expected.withheld.retain(|group| group.count > 0);
            assert_eq!(whole, expected);
            for part in &parts {
                let numbered = Event {
                    seq: u64::MAX,
                    ..part.clone()
                };
                assert!(numbered.to_bytes().len() <= EVENT_BYTES);
            }
        }
    }
}
