//! `compliance diff`: what another set of baselines asks otherwise.

use serde::Serialize;

use super::{Baseline, BaselineSet, Control, Exemption};

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The baseline.
    pub baseline: String,
    /// The control; `None` where it is about the baseline.
    pub control: Option<String>,
    /// What of it differs: `baseline`, `control`, `exemption`, or the key in the file.
    pub what: &'static str,
    /// What it was, in words; `None` where there was none.
    pub was: Option<String>,
    /// What it is.
    pub now: Option<String>,
}

/// What `new` says otherwise than `old`, in the order of ids. Notes and the order within a
/// file are no difference.
pub fn diff(old: &BaselineSet, new: &BaselineSet) -> Vec<Difference> {
    let mut found = Vec::new();
    let ids = both(&old.baselines, &new.baselines, |one| one.id.0.clone());
    for (id, was, now) in ids {
        match (was, now) {
            (Some(was), Some(now)) => baselines(was, now, &mut found),
            (was, now) => {
                let said = |one: &Baseline| format!("{} controls", one.controls.len());
                found.push(Difference {
                    baseline: id,
                    control: None,
                    what: "baseline",
                    was: was.map(said),
                    now: now.map(said),
                });
            }
        }
    }
    found
}

/// The differences as text, one line each.
pub fn text(differences: &[Difference]) -> String {
    if differences.is_empty() {
        return "both ask the same\n".to_owned();
    }
    let line = |one: &Difference| {
        let control = one
            .control
            .as_ref()
            .map_or(String::new(), |id| format!(" {id}"));
        let said = |side: &Option<String>| side.clone().unwrap_or("none".to_owned());
        let (was, now) = (said(&one.was), said(&one.now));
        format!("{}{control}: {}: {was} -> {now}\n", one.baseline, one.what)
    };
    differences.iter().map(line).collect()
}

fn baselines(was: &Baseline, now: &Baseline, found: &mut Vec<Difference>) {
    let said = |one: &Baseline| {
        let families: Vec<&str> = one.families.iter().map(|family| family.name()).collect();
        [
            ("family", Some(families.join(", "))),
            ("group", one.groups.as_ref().map(|groups| groups.join(", "))),
            ("max_age_days", Some(one.max_age_days.to_string())),
        ]
    };
    let id = was.id.to_string();
    push(&id, None, said(was), said(now), found);
    for (control, was, now) in both(&was.controls, &now.controls, |one| one.id.0.clone()) {
        match (was, now) {
            (Some(was), Some(now)) => {
                push(&id, Some(&control), parts(was), parts(now), found);
            }
            (was, now) => {
                let said = |one: &Control| format!("{} {}", one.question, one.expected);
                let sides = [("control", was.map(said))];
                push(
                    &id,
                    Some(&control),
                    sides,
                    [("control", now.map(said))],
                    found,
                );
            }
        }
    }
    let key = |one: &Exemption| (one.control.0.clone(), one.groups.clone());
    for ((control, _), was, now) in both(&was.exemptions, &now.exemptions, key) {
        let sides = [("exemption", was.map(exemption))];
        push(
            &id,
            Some(&control),
            sides,
            [("exemption", now.map(exemption))],
            found,
        );
    }
}

/// What of a control may differ, by its key.
fn parts(control: &Control) -> [(&'static str, Option<String>); 7] {
    [
        ("asks", Some(control.question.to_string())),
        ("expects", Some(control.expected.to_string())),
        ("every", Some(control.every.to_string())),
        ("grace_days", Some(control.grace_days.to_string())),
        ("maps", Some(control.maps.join(", "))),
        ("grade", control.grade.map(|grade| grade.name().to_owned())),
        ("says", control.says.clone()),
    ]
}

fn exemption(one: &Exemption) -> String {
    let groups = one.groups.as_ref();
    let of = groups.map_or(String::new(), |groups| {
        format!(" for {}", groups.join(", "))
    });
    let (until, reason, by) = (one.last_day(), &one.reason, &one.approved_by);
    format!("until {until}{of}, approved by {by}: {reason}")
}

fn push<const N: usize>(
    baseline: &str,
    control: Option<&str>,
    was: [(&'static str, Option<String>); N],
    now: [(&'static str, Option<String>); N],
    found: &mut Vec<Difference>,
) {
    for ((what, was), (_, now)) in was.into_iter().zip(now) {
        if was != now {
            found.push(Difference {
                baseline: baseline.to_owned(),
                control: control.map(str::to_owned),
                what,
                was,
                now,
            });
        }
    }
}

/// The entries of two lists by their keys, in order, each with its counterpart.
fn both<'a, T, K: Ord>(
    old: &'a [T],
    new: &'a [T],
    key: impl Fn(&T) -> K,
) -> Vec<(K, Option<&'a T>, Option<&'a T>)> {
    let mut keys: Vec<K> = old.iter().chain(new).map(&key).collect();
    keys.sort();
    keys.dedup();
    let find = |list: &'a [T], wanted: &K| list.iter().find(|one| key(one) == *wanted);
    let pairs = keys.into_iter().map(|wanted| {
        let (was, now) = (find(old, &wanted), find(new, &wanted));
        (wanted, was, now)
    });
    pairs.collect()
}
