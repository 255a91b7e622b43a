//! The verdicts on one device: what changed, when time alone changes them, and which readings
//! are missing.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::clock::JudgedTimes;
use super::facts::Subject;
use super::judge::{DAY_MS, Judge, Judged};
use super::verdict::{ComplianceState, Finding, Verdict};
use super::{
    Baseline, BaselineDigest, BaselineId, BaselineSet, Control, ControlId, Expectation, Question,
};
use crate::ids::CommandSeq;
use crate::inventory::Inventory;
use crate::time::Timestamp;

/// An hour, milliseconds.
const HOUR_MS: i64 = 60 * 60 * 1000;

/// The verdicts on one device, as they are stored.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DeviceCompliance {
    /// By the baselines that cover it.
    pub baselines: BTreeMap<BaselineId, BaselineVerdicts>,
    /// When each class or node was last asked for so that a control can be judged.
    pub asked: BTreeMap<String, Timestamp>,
    /// When it was judged.
    pub judged: JudgedTimes,
}

/// The verdicts by one baseline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaselineVerdicts {
    /// The digest of the baseline.
    pub digest: BaselineDigest,
    /// By control.
    pub controls: BTreeMap<ControlId, Verdict>,
}

/// What judging a device came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evaluation {
    /// The verdicts now.
    pub after: DeviceCompliance,
    /// What is another than before, by baseline; each is one event.
    pub changes: Vec<Change>,
    /// When it is to be judged again though nothing moves: time alone changes a verdict then,
    /// or a reading is due.
    pub next_at: Option<Timestamp>,
    /// Classes and nodes to be read now, as an inventory command names them.
    pub reads: Vec<String>,
}

/// What changed by one baseline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The baseline.
    pub baseline: BaselineId,
    /// Its digest.
    pub digest: BaselineDigest,
    /// The controls whose state, reason or value is another, or that are new.
    pub controls: Vec<(ControlId, Verdict)>,
    /// The controls that are judged no longer; all, where the baseline covers the device no
    /// longer.
    pub ended: Vec<ControlId>,
}

impl DeviceCompliance {
    /// Every verdict, with its baseline and control, in order.
    pub fn verdicts(&self) -> impl Iterator<Item = (&BaselineId, &ControlId, &Verdict)> {
        self.baselines.iter().flat_map(|(id, baseline)| {
            let controls = baseline.controls.iter();
            controls.map(move |(control, verdict)| (id, control, verdict))
        })
    }

    /// The device's state: that of its worst control. `None` where no baseline covers it,
    /// which is never compliant (see [`NOT_COVERED`](super::NOT_COVERED)).
    pub fn state(&self) -> Option<ComplianceState> {
        let states = self.baselines.values().filter_map(BaselineVerdicts::state);
        states.max()
    }

    /// Whether the device is covered and every control is compliant or exempt.
    /// With a baseline: by that one alone.
    pub fn is_compliant(&self, baseline: Option<&BaselineId>) -> bool {
        let state = match baseline {
            None => self.state(),
            Some(id) => self.baselines.get(id).and_then(BaselineVerdicts::state),
        };
        state.is_some_and(|state| state <= ComplianceState::Exempt)
    }
}

impl Evaluation {
    /// The commands of new evidence, of which the exchange's event is still to be named.
    pub fn unnamed(&self) -> BTreeSet<CommandSeq> {
        let verdicts = self.after.verdicts();
        let evidence = verdicts.filter_map(|(_, _, verdict)| verdict.evidence.as_ref());
        let unnamed = evidence.filter(|evidence| evidence.event.is_none());
        unnamed.filter_map(|evidence| evidence.command).collect()
    }

    /// Names the events of the exchanges that brought the answers of commands.
    pub fn name_events(&mut self, events: &BTreeMap<CommandSeq, u64>) {
        let kept = self.after.baselines.values_mut();
        let kept = kept.flat_map(|baseline| baseline.controls.values_mut());
        let changed = self.changes.iter_mut();
        let changed = changed.flat_map(|change| change.controls.iter_mut());
        for verdict in kept.chain(changed.map(|(_, verdict)| verdict)) {
            if let Some(evidence) = &mut verdict.evidence {
                let found = evidence.command.and_then(|command| events.get(&command));
                evidence.event = evidence.event.or(found.copied());
            }
        }
    }
}

impl BaselineVerdicts {
    /// The state of the worst control; `None` where there is no control.
    pub fn state(&self) -> Option<ComplianceState> {
        self.controls.values().map(Verdict::state).max()
    }
}

impl BaselineSet {
    /// Judges a device. `before` is what was stored of it; `read_hours` after how many hours
    /// a reading that is still missing is asked for again, 0 if none is ever asked for. The
    /// evaluation has yet to be told the events ([`Evaluation::unnamed`]).
    pub fn evaluate(
        &self,
        subject: &Subject<'_>,
        before: &DeviceCompliance,
        now: Timestamp,
        read_hours: u32,
    ) -> Evaluation {
        let mut work = Work {
            subject,
            before,
            now,
            changes: Vec::new(),
            next_at: None,
            wanted: BTreeMap::new(),
        };
        let covering = self.baselines.iter().filter(|one| one.covers(subject));
        let baselines: BTreeMap<BaselineId, BaselineVerdicts> = covering
            .map(|baseline| (baseline.id.clone(), work.baseline(baseline)))
            .collect();
        for (id, gone) in &before.baselines {
            if !baselines.contains_key(id) {
                work.changes.push(Change {
                    baseline: id.clone(),
                    digest: gone.digest,
                    controls: Vec::new(),
                    ended: gone.controls.keys().cloned().collect(),
                });
            }
        }
        let (asked, reads) = work.reads(read_hours);
        let facts = &subject.facts;
        let judged = before
            .judged
            .with(now, latest_command(subject.inventory), facts.sessions);
        Evaluation {
            after: DeviceCompliance {
                baselines,
                asked,
                judged,
            },
            changes: work.changes,
            next_at: work.next_at,
            reads,
        }
    }
}

impl Baseline {
    /// Whether it covers the device.
    pub fn covers(&self, subject: &Subject<'_>) -> bool {
        self.families.contains(&subject.facts.family) && is_in(self.groups.as_deref(), subject)
    }
}

/// Whether the device is in one of these groups; no list means whatever its groups.
fn is_in(groups: Option<&[String]>, subject: &Subject<'_>) -> bool {
    groups.is_none_or(|groups| groups.iter().any(|group| subject.groups.contains(group)))
}

/// The latest command that read anything.
fn latest_command(inventory: &Inventory) -> CommandSeq {
    let instances = inventory.classes.values().flat_map(BTreeMap::values);
    let entries = instances.flat_map(BTreeMap::values);
    let read = entries.map(|entry| entry.command);
    let listed = inventory.listed.values().map(|(_, command)| *command);
    read.chain(listed).max().unwrap_or(CommandSeq::NONE)
}

/// A device that is being judged.
struct Work<'a> {
    subject: &'a Subject<'a>,
    before: &'a DeviceCompliance,
    now: Timestamp,
    changes: Vec<Change>,
    next_at: Option<Timestamp>,
    /// The classes and nodes that controls ask for, with the time when each is to be read anew.
    wanted: BTreeMap<String, Option<Timestamp>>,
}

impl Work<'_> {
    fn baseline(&mut self, baseline: &Baseline) -> BaselineVerdicts {
        let before = self.before.baselines.get(&baseline.id);
        let judge = Judge {
            subject: self.subject,
            judged: &self.before.judged,
            now: self.now,
            max_age_days: baseline.max_age_days,
        };
        let mut controls = BTreeMap::new();
        let mut changed = Vec::new();
        for control in &baseline.controls {
            let known = before.and_then(|before| before.controls.get(&control.id));
            let is_same_text = before.is_some_and(|before| before.digest == baseline.digest);
            let judged = judge.judge(control);
            self.note_times(control, &judged);
            let verdict = self.verdict(baseline, control, judged, known, is_same_text);
            let ends = verdict.exempt_until.into_iter().chain(verdict.grace_until);
            ends.for_each(|end| self.look_again_at(end));
            if known.is_none_or(|known| is_news(control, known, &verdict)) {
                changed.push((control.id.clone(), verdict.clone()));
            }
            controls.insert(control.id.clone(), verdict);
        }
        let known = before.into_iter().flat_map(|before| before.controls.keys());
        let ended: Vec<ControlId> = known
            .filter(|id| !controls.contains_key(id))
            .cloned()
            .collect();
        if !changed.is_empty() || !ended.is_empty() {
            self.changes.push(Change {
                baseline: baseline.id.clone(),
                digest: baseline.digest,
                controls: changed,
                ended,
            });
        }
        BaselineVerdicts {
            digest: baseline.digest,
            controls,
        }
    }

    fn verdict(
        &self,
        baseline: &Baseline,
        control: &Control,
        judged: Judged,
        before: Option<&Verdict>,
        is_same_text: bool,
    ) -> Verdict {
        let sessions = self.subject.facts.sessions;
        let time = self
            .before
            .judged
            .time_of(CommandSeq::NONE, sessions, self.now);
        let failing_before = before.and_then(|before| before.failing_since);
        let failing_since = match judged.finding {
            Finding::Compliant => None,
            Finding::NotCompliant => failing_before.or(Some(self.now)),
            Finding::Unknown(_) => failing_before,
        };
        // Grace that is over begins again only after something compliant, or by another text.
        let was_over = is_same_text
            && before.is_some_and(|before| {
                before.failing_since.is_some() && before.grace_until.is_none()
            });
        let grace_until = failing_since.filter(|_| !was_over);
        let grace_until = grace_until.map(|at| at.plus_ms(i64::from(control.grace_days) * DAY_MS));
        let exemptions = baseline.exemptions.iter();
        let exempt_until = exemptions
            .filter(|one| one.control == control.id && is_in(one.groups.as_deref(), self.subject))
            .map(|one| one.until)
            .filter(|until| time < *until)
            .max();
        let mut verdict = Verdict {
            finding: judged.finding,
            since: self.now,
            failing_since,
            grace_until: grace_until.filter(|until| time < *until),
            exempt_until,
            evidence: judged.evidence,
        };
        if let Some(before) = before {
            if before.state() == verdict.state() {
                verdict.since = before.since;
            }
            if let (Some(evidence), Some(known)) = (&mut verdict.evidence, &before.evidence)
                && evidence.command == known.command
            {
                evidence.event = known.event;
            }
        }
        verdict
    }

    /// Notes when time alone may change what was found, and when it is to be read anew.
    fn note_times(&mut self, control: &Control, judged: &Judged) {
        judged
            .turns
            .iter()
            .for_each(|turn| self.look_again_at(*turn));
        if let Question::Reading { class, property } = &control.question {
            let node = match class.starts_with("./") {
                true => format!("{class}/{property}"),
                false => class.clone(),
            };
            let wanted = self.wanted.entry(node).or_default();
            *wanted = match (*wanted, judged.wanted_at) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            };
        }
    }

    fn look_again_at(&mut self, at: Timestamp) {
        if at > self.now && self.next_at.is_none_or(|next| at < next) {
            self.next_at = Some(at);
        }
    }

    /// What was asked for and when, and what is to be read now.
    fn reads(&mut self, read_hours: u32) -> (BTreeMap<String, Timestamp>, Vec<String>) {
        let pause = i64::from(read_hours) * HOUR_MS;
        let facts = &self.subject.facts;
        let may_ask =
            read_hours > 0 && facts.unenrolled_at.is_none() && facts.last_session.is_some();
        let (mut asked, mut reads) = (BTreeMap::new(), Vec::new());
        for (node, wanted) in std::mem::take(&mut self.wanted) {
            let before = self.before.asked.get(&node).copied();
            let mut latest = before;
            if let (true, Some(wanted)) = (may_ask, wanted) {
                let again = before.filter(|at| self.now.ms_since(*at).saturating_abs() < pause);
                let due = again.map_or(wanted, |at| wanted.max(at.plus_ms(pause)));
                if due <= self.now {
                    latest = Some(self.now);
                    self.look_again_at(self.now.plus_ms(pause));
                    reads.push(node.clone());
                } else {
                    self.look_again_at(due);
                }
            }
            asked.extend(latest.map(|at| (node, at)));
        }
        (asked, reads)
    }
}

/// Whether a verdict says something else than the one before. That something was read again,
/// or has another value that means the same, is no news.
fn is_news(control: &Control, before: &Verdict, after: &Verdict) -> bool {
    let said = |verdict: &Verdict| (verdict.state(), verdict.finding, verdict.ends_at());
    let value = |verdict: &Verdict| verdict.evidence.as_ref().map(|one| one.value.clone());
    let is_listed = matches!(control.expected, Expectation::Is(_));
    said(before) != said(after) || is_listed && value(before) != value(after)
}
