//! Policy sets over time: who loaded which, from when to when it was in force, how it differs
//! from the one before, and what each decided.

use std::collections::BTreeMap;

use super::value::{LISTED, Listed, Row, Section, Table, Value, columns, whole};
use super::withheld::outcomes;
use crate::event::{Event, EventType};
use crate::policy::PolicySet;
use crate::policy::diff::{CellDiff, diff};
use crate::time::Timestamp;

/// A time for which one policy set was in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicySpan {
    /// The digest of the set.
    pub digest: String,
    /// Since when: the event that says that it was loaded, or the first decision by it.
    pub from: Timestamp,
    /// Who loaded it; `None` where no event that is there says so.
    pub by: Option<String>,
    /// How often it was loaded in this time: each start of the server loads it.
    pub loads: u64,
    /// When another was loaded.
    pub until: Option<Timestamp>,
}

impl PolicySpan {
    /// Whether it was in force at some time in the period.
    pub fn overlaps(&self, period: &super::Period) -> bool {
        self.from < period.to && self.until.is_none_or(|until| until > period.from)
    }
}

/// Which set is in force, as the log goes on.
#[derive(Debug, Default)]
pub struct PolicySpans {
    current: Option<PolicySpan>,
}

impl PolicySpans {
    /// Takes in the next event of the log. The time that it ends, if it ends one.
    pub fn take(&mut self, event: &Event) -> Option<PolicySpan> {
        let (digest, by) = match (event.what, &event.exchange) {
            (EventType::PolicyLoaded, _) => (loaded(event)?, Some(event.actor.clone())),
            (_, Some(exchange)) if self.current.is_none() => (&*exchange.policy_set, None),
            _ => return None,
        };
        if let Some(current) = &mut self.current
            && current.digest == digest
        {
            current.loads += 1;
            return None;
        }
        let next = PolicySpan {
            digest: digest.to_owned(),
            from: event.at,
            loads: u64::from(by.is_some()),
            by,
            until: None,
        };
        let mut ended = self.current.replace(next)?;
        ended.until = Some(event.at);
        Some(ended)
    }

    /// The set that is in force.
    pub fn current(&self) -> Option<&PolicySpan> {
        self.current.as_ref()
    }
}

/// The digest of the set that an event says was loaded; `None` where it says no such thing.
pub fn loaded_set(event: &Event) -> Option<&str> {
    match event.what {
        EventType::PolicyLoaded => loaded(event),
        _ => None,
    }
}

/// The digest that a `policy.loaded` names.
fn loaded(event: &Event) -> Option<&str> {
    let detail = event.detail.as_deref()?;
    let is_digest =
        |word: &&str| word.len() == 64 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    detail
        .split(|c: char| !c.is_ascii_alphanumeric())
        .find(is_digest)
}

/// What a set decided in the period.
#[derive(Debug, Default, Clone, Copy)]
struct Decided {
    exchanges: u64,
    delivered: u64,
    withheld: u64,
    refused: u64,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
}

/// Audit 9.
#[derive(Debug, Default)]
pub(super) struct PolicySetsAudit {
    spans: PolicySpans,
    ended: Listed<PolicySpan>,
    refused: Listed<(Timestamp, String, String)>,
    decided: BTreeMap<String, Decided>,
    /// Events that name a set for which there is no room any more.
    unlisted: u64,
    /// The set of the exchange that `exchange.more` goes on with.
    of_more: String,
}

impl PolicySetsAudit {
    /// Takes in an event.
    pub(super) fn take(&mut self, event: &Event, period: &super::Period) {
        if let Some(ended) = self.spans.take(event)
            && ended.overlaps(period)
        {
            self.ended.push(ended);
        }
        if !period.contains(event.at) {
            return;
        }
        if event.what == EventType::PolicyRefused {
            let detail = event.detail.clone().unwrap_or_default();
            self.refused.push((event.at, event.actor.clone(), detail));
        }
        if let Some(exchange) = &event.exchange
            && self.of_more != exchange.policy_set
        {
            self.of_more.clone_from(&exchange.policy_set);
        }
        if event.exchange.is_some() || event.more.is_some() {
            self.count(event);
        }
    }

    fn count(&mut self, event: &Event) {
        let has_room = self.decided.len() < LISTED;
        if !has_room && !self.decided.contains_key(&self.of_more) {
            self.unlisted += 1;
            return;
        }
        if !self.decided.contains_key(&self.of_more) {
            self.decided
                .insert(self.of_more.clone(), Decided::default());
        }
        let Some(decided) = self.decided.get_mut(&self.of_more) else {
            return;
        };
        let exchange = event.exchange.as_ref();
        let withheld = exchange.map(|of| &of.withheld);
        let withheld = withheld.or(event.more.as_ref().map(|more| &more.withheld));
        let refused = outcomes(event).iter().filter(|one| !one.rules.is_empty());
        decided.exchanges += u64::from(exchange.is_some());
        decided.delivered += event.delivered().len() as u64;
        decided.withheld += withheld
            .into_iter()
            .flatten()
            .map(|of| u64::from(of.count))
            .sum::<u64>();
        decided.refused += refused.count() as u64;
        decided.first.get_or_insert(event.at);
        decided.last = Some(event.at);
    }

    /// The digests of the sets that decided.
    pub(super) fn digests(&self) -> impl Iterator<Item = &String> {
        self.decided.keys()
    }

    pub(super) fn section<'a>(
        &self,
        period: &super::Period,
        set: impl Fn(&str) -> Option<&'a PolicySet>,
    ) -> Section {
        let mut spans = self.ended.clone();
        let last = self.spans.current().filter(|span| span.overlaps(period));
        last.into_iter().for_each(|span| spans.push(span.clone()));
        let refused = "Policy sets that were refused";
        Section::new(
            "policy_sets",
            "9. Policy sets over time",
            "Which policy set was in force from when to when, who loaded it, how it differs from the one before, and what each decided. A set is named by its digest; the files of each set that decided are in the export.",
            "Who reviewed a set. `server` loads a set when it starts: whoever could change its files and start it is not on record. A set is in force only while the server runs.",
        )
        .headline("spans", self.refused.total() > 0)
        .fact("spans", "Times with one set in force", spans.total())
        .fact("sets", "Policy sets that decided", self.decided.len())
        .fact("refused", refused, self.refused.total())
        .fact("unlisted", "Exchanges by sets beyond those listed", self.unlisted)
        .table(spans.table(
            "policy_spans",
            "Sets in force",
            columns! {
                from "From",
                until "Until",
                policy_set "Policy set",
                by "Loaded by",
                loads "Times loaded",
            },
            |span| {
                vec![
                    span.from.into(),
                    span.until.into(),
                    Value::Code(span.digest.clone()),
                    span.by.clone().into(),
                    span.loads.into(),
                ]
            },
        ))
        .table(self.decisions())
        .table(differences(&spans, set))
        .table(self.refused.table(
            "policy_refused",
            refused,
            columns! { at "When", by "By", why "Why" },
            |(at, by, why)| vec![(*at).into(), by.as_str().into(), why.as_str().into()],
        ))
    }

    fn decisions(&self) -> Table {
        let columns = columns! {
            policy_set "Policy set",
            first_at "First exchange",
            last_at "Last exchange",
            exchanges "Exchanges",
            delivered "Commands carried",
            withheld "Newly withheld",
            refused "Refused",
        };
        let rows = self.decided.iter().map(|(digest, decided)| {
            vec![
                Value::Code(digest.clone()),
                decided.first.into(),
                decided.last.into(),
                decided.exchanges.into(),
                decided.delivered.into(),
                decided.withheld.into(),
                decided.refused.into(),
            ]
        });
        whole("policy_decisions", "Decisions by each set", columns, rows)
    }
}

/// Most changes between sets that are worked out, and most lines of each.
const CHANGES: usize = 50;
const LINES: usize = 20;

/// How each set differs from the one before it.
fn differences<'a>(
    spans: &Listed<PolicySpan>,
    set: impl Fn(&str) -> Option<&'a PolicySet>,
) -> Table {
    let columns = columns! {
        at "Since",
        policy_set "Policy set",
        difference "Differs from the one before",
    };
    let changes = spans.first().windows(2).take(CHANGES).flat_map(|pair| {
        let row = |text: String| -> Row {
            let [_, after] = pair else { return Vec::new() };
            vec![
                after.from.into(),
                Value::Code(after.digest.clone()),
                text.into(),
            ]
        };
        let both = match pair {
            [before, after] => (set(&before.digest), set(&after.digest)),
            _ => (None, None),
        };
        let lines = match both {
            (Some(before), Some(after)) => in_words(&diff(before, after)),
            _ => vec!["one of the two is not in the export, because it decided nothing".to_owned()],
        };
        lines.into_iter().map(row).collect::<Vec<Row>>()
    });
    whole("policy_differences", "What changed", columns, changes)
}

fn in_words(cells: &[CellDiff]) -> Vec<String> {
    let text = crate::policy::diff::text(cells);
    let mut lines: Vec<String> = text
        .lines()
        .take(LINES)
        .map(|line| line.trim().to_owned())
        .collect();
    let more = text.lines().count().saturating_sub(LINES);
    if more > 0 {
        lines.push(format!("and {more} more lines: see `modegate policy diff`"));
    }
    lines
}
