//! One control on one device: what its evidence shows.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use super::clock::JudgedTimes;
use super::facts::{Fact, Subject, vendor_support_ends};
use super::verdict::{Evidence, Finding, Reason, Shown};
use super::{Control, Expectation, Question};
use crate::ids::CommandSeq;
use crate::inventory::search::version;
use crate::inventory::{Entry, Value};
use crate::kind::Kind;
use crate::limits::CLOCK_DIFFERENCE_MS;
use crate::time::Timestamp;
use crate::wmi;

/// A day, milliseconds.
pub(super) const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// What the evidence for a control shows.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) finding: Finding,
    pub(super) evidence: Option<Evidence>,
    /// Times at which time alone may change that.
    pub(super) turns: Vec<Timestamp>,
    /// When the evidence is to be read anew, if a command can do that: before it is too old.
    pub(super) wanted_at: Option<Timestamp>,
}

impl Judged {
    fn unknown(reason: Reason) -> Self {
        Judged {
            finding: Finding::Unknown(reason),
            evidence: None,
            turns: Vec::new(),
            wanted_at: None,
        }
    }
}

/// By what a control is judged.
#[derive(Debug, Clone, Copy)]
pub(super) struct Judge<'a> {
    pub(super) subject: &'a Subject<'a>,
    pub(super) judged: &'a JudgedTimes,
    pub(super) now: Timestamp,
    pub(super) max_age_days: u32,
}

/// One answer to a control's question.
struct PropertyAnswer<'a> {
    value: &'a Value,
    read_at: Timestamp,
    command: CommandSeq,
}

impl<'a> From<&'a Entry> for PropertyAnswer<'a> {
    fn from(entry: &'a Entry) -> Self {
        PropertyAnswer {
            value: &entry.value,
            read_at: entry.read_at,
            command: entry.command,
        }
    }
}

impl PropertyAnswer<'_> {
    fn evidence(&self) -> Evidence {
        Evidence {
            value: shown(self.value),
            read_at: self.read_at,
            command: (self.command != CommandSeq::NONE).then_some(self.command),
            event: None,
        }
    }
}

/// A value as it may be written down.
fn shown(value: &Value) -> Shown {
    match value {
        Value::Text(text) | Value::LocalTime(text) if text.len() > Shown::BYTES => {
            Shown::Digest(Sha256::digest(text).into())
        }
        value => Shown::Value(value.clone()),
    }
}

impl Judge<'_> {
    pub(super) fn judge(&self, control: &Control) -> Judged {
        match &control.question {
            Question::Fact(fact) => self.fact(*fact, &control.expected),
            Question::Reading { class, property } => self.reading(control, class, property),
        }
    }

    /// The time by which what a command read is judged.
    fn time_of(&self, command: CommandSeq) -> Timestamp {
        let sessions = self.subject.facts.sessions;
        self.judged.time_of(command, sessions, self.now)
    }

    fn fact(&self, fact: Fact, expected: &Expectation) -> Judged {
        let facts = &self.subject.facts;
        let now = self.time_of(CommandSeq::NONE);
        let read_at = facts.last_session.unwrap_or(facts.registered_at);
        let missing = match fact {
            // A device that was never in Maintenance has met no user so far.
            Fact::LastMaintenance => Reason::NeedsUser,
            _ => Reason::NeverRead,
        };
        let Some(value) = facts.value(fact, now) else {
            return Judged::unknown(missing);
        };
        let answer = PropertyAnswer {
            value: &value,
            read_at: match value {
                Value::Time(at) => at,
                _ => read_at,
            },
            command: CommandSeq::NONE,
        };
        let mut turns = vec![answer.read_at.plus_ms(-CLOCK_DIFFERENCE_MS)];
        if fact == Fact::VendorSupported {
            turns.extend(vendor_support_ends(facts.family));
        }
        turns.extend(turn_of(&value, expected));
        let finding = if is_to_come(answer.read_at, now) {
            Finding::Unknown(Reason::Stale)
        } else {
            finding(compare(&value, expected, now))
        };
        Judged {
            finding,
            evidence: Some(answer.evidence()),
            turns,
            wanted_at: None,
        }
    }

    fn reading(&self, control: &Control, class: &str, property: &str) -> Judged {
        let (answers, has_gap) = self.answers(class, property);
        let mut findings: Vec<(Finding, &PropertyAnswer<'_>)> = Vec::new();
        let mut turns = Vec::new();
        let mut wanted_at: Option<Timestamp> = has_gap.then_some(self.now);
        let max_age = i64::from(self.max_age_days) * DAY_MS;
        for answer in &answers {
            let now = self.time_of(answer.command);
            let is_stale =
                now.ms_since(answer.read_at) > max_age || is_to_come(answer.read_at, now);
            let found = match is_stale {
                true => Finding::Unknown(Reason::Stale),
                false => finding(compare(answer.value, &control.expected, now)),
            };
            findings.push((found, answer));
            turns.push(answer.read_at.plus_ms(max_age + 1));
            turns.push(answer.read_at.plus_ms(-CLOCK_DIFFERENCE_MS));
            turns.extend(turn_of(answer.value, &control.expected));
            let wanted = if is_stale {
                self.now
            } else {
                answer.read_at.plus_ms(max_age / 2)
            };
            wanted_at = Some(wanted_at.map_or(wanted, |other| other.min(wanted)));
        }
        let Some((finding, decided_by)) = together(&findings, has_gap, control.every) else {
            let mut judged = Judged::unknown(self.never_read(class));
            judged.wanted_at = match judged.finding {
                Finding::Unknown(Reason::NeverRead) => Some(self.now),
                _ => None,
            };
            return judged;
        };
        Judged {
            finding,
            evidence: decided_by.map(PropertyAnswer::evidence),
            turns,
            wanted_at,
        }
    }

    /// Why a class was never read.
    fn never_read(&self, class: &str) -> Reason {
        let is_user_read = wmi::find(class).is_some_and(|(_, class)| class.get == Kind::UserRead);
        if is_user_read && !self.subject.facts.has_met_user {
            Reason::NeedsUser
        } else {
            Reason::NeverRead
        }
    }

    /// What was read of a property, by instance, and whether an instance is known of which
    /// it was not.
    fn answers(&self, class: &str, property: &str) -> (Vec<PropertyAnswer<'_>>, bool) {
        let inventory = self.subject.inventory;
        let (mut answers, mut has_gap) = (Vec::new(), false);
        let classes = inventory.classes.iter();
        for (name, instances) in classes.filter(|(name, _)| name.eq_ignore_ascii_case(class)) {
            let listed = inventory.listed.get(name);
            for (instance, properties) in instances {
                match property_of(properties, property) {
                    Some(entry) => answers.push(PropertyAnswer::from(entry)),
                    // Of the class itself: only news that came after its latest list.
                    None if instance.is_empty() => {
                        let whole = properties
                            .get("")
                            .filter(|entry| listed.is_none_or(|(at, _)| entry.read_at > *at));
                        answers.extend(whole.map(PropertyAnswer::from));
                    }
                    None => match properties.get("") {
                        Some(whole) => answers.push(PropertyAnswer::from(whole)),
                        None => has_gap = true,
                    },
                }
            }
        }
        let mut listed = inventory.listed.iter();
        let listed = listed.find(|(name, _)| name.eq_ignore_ascii_case(class));
        if let (true, false, Some((_, (read_at, command)))) = (answers.is_empty(), has_gap, listed)
        {
            // It named its instances, and there are none.
            answers.push(PropertyAnswer {
                value: &Value::Absent,
                read_at: *read_at,
                command: *command,
            });
        }
        (answers, has_gap)
    }
}

fn property_of<'a>(properties: &'a BTreeMap<String, Entry>, name: &str) -> Option<&'a Entry> {
    let mut properties = properties.iter();
    let found = properties.find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map(|(_, entry)| entry)
}

/// Whether that time has yet to come, though clocks differ a little.
fn is_to_come(at: Timestamp, now: Timestamp) -> bool {
    at.ms_since(now) > CLOCK_DIFFERENCE_MS
}

fn finding(compared: Result<bool, Reason>) -> Finding {
    match compared {
        Ok(true) => Finding::Compliant,
        Ok(false) => Finding::NotCompliant,
        Err(reason) => Finding::Unknown(reason),
    }
}

/// What the findings on several instances come to, and which of them decided; `None` where
/// nothing was read.
fn together<'a>(
    findings: &[(Finding, &'a PropertyAnswer<'a>)],
    has_gap: bool,
    every: bool,
) -> Option<(Finding, Option<&'a PropertyAnswer<'a>>)> {
    let of = |wanted: Finding| {
        findings
            .iter()
            .filter(move |(finding, _)| *finding == wanted)
    };
    let decisive = match every {
        true => Finding::NotCompliant,
        false => Finding::Compliant,
    };
    // The first that fails, or of those that comply the one that was read last.
    let decided_by = match every {
        true => of(decisive).next(),
        false => of(decisive).max_by_key(|(_, answer)| answer.read_at),
    };
    if let Some((finding, answer)) = decided_by {
        return Some((*finding, Some(answer)));
    }
    let unknown = findings
        .iter()
        .filter_map(|(finding, answer)| match finding {
            Finding::Unknown(reason) => Some((*reason, *answer)),
            _ => None,
        });
    if let Some((reason, answer)) = unknown.min_by_key(|(reason, _)| *reason) {
        return Some((Finding::Unknown(reason), Some(answer)));
    }
    if has_gap {
        return Some((Finding::Unknown(Reason::NeverRead), None));
    }
    // All alike: as old as the oldest of them.
    let oldest = findings.iter().min_by_key(|(_, answer)| answer.read_at);
    oldest.map(|(finding, answer)| (*finding, Some(*answer)))
}

/// Whether a value is what is expected, at that time; else why it cannot be judged.
fn compare(value: &Value, expected: &Expectation, now: Timestamp) -> Result<bool, Reason> {
    match (expected, value) {
        (_, Value::Null) => Err(Reason::Null),
        (_, Value::Absent) => Err(Reason::Absent),
        (Expectation::Is(wanted), value) => {
            let value = match value {
                Value::Text(text) => Value::Text(text.trim().to_owned()),
                value => value.clone(),
            };
            let is_like =
                |one: &Value| std::mem::discriminant(one) == std::mem::discriminant(&value);
            match wanted.iter().any(is_like) {
                true => Ok(wanted.contains(&value)),
                false => Err(Reason::Unreadable),
            }
        }
        (Expectation::AtLeast(bound), value) => order(value, bound).map(std::cmp::Ordering::is_ge),
        (Expectation::AtMost(bound), value) => order(value, bound).map(std::cmp::Ordering::is_le),
        (Expectation::WithinDays(_), Value::Time(at)) if is_to_come(*at, now) => {
            Err(Reason::Unreadable)
        }
        (Expectation::WithinDays(days), Value::Time(at)) => {
            Ok(now.ms_since(*at) <= i64::from(*days) * DAY_MS)
        }
        (Expectation::Holds(part), Value::Text(text)) => {
            Ok(text.to_lowercase().contains(&part.to_lowercase()))
        }
        (Expectation::WithinDays(_) | Expectation::Holds(_), _) => Err(Reason::Unreadable),
    }
}

/// How a value stands to a bound.
fn order(value: &Value, bound: &Value) -> Result<std::cmp::Ordering, Reason> {
    match (value, bound) {
        (Value::Integer(value), Value::Integer(bound)) => Ok(value.cmp(bound)),
        (Value::Text(value), Value::Text(bound)) => match (version(value.trim()), version(bound)) {
            (Some(value), Some(bound)) => Ok(value.cmp(&bound)),
            _ => Err(Reason::Unreadable),
        },
        _ => Err(Reason::Unreadable),
    }
}

/// When time alone makes another thing of a value.
fn turn_of(value: &Value, expected: &Expectation) -> impl Iterator<Item = Timestamp> {
    let turns = match (expected, value) {
        (Expectation::WithinDays(days), Value::Time(at)) => {
            let over = at.plus_ms(i64::from(*days) * DAY_MS + 1);
            Some([over, at.plus_ms(-CLOCK_DIFFERENCE_MS)])
        }
        _ => None,
    };
    turns.into_iter().flatten()
}
