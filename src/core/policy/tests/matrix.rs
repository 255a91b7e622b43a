//! The complete matrix: mode × platform × login × family × kind, a decision
//! in each cell, compared with a reviewed file.

use std::fmt::Write;

use crate::context::{Context, ContextSet, Family, Login, Mode, Platform};
use crate::kind::{Class, Kind, Leaf};
use crate::policy::explain::usual_verb;
use crate::policy::{PolicySet, Subject};

/// A leaf that stands for its kind, of a verb that is usual for it.
pub(super) fn usual_leaf(kind: Kind) -> Leaf {
    Leaf {
        verb: usual_verb(kind),
        kind,
        class: Class::OTHER,
    }
}

/// The matrix as text, a line for each family, kind, mode and platform, with
/// the decision under each login status.
pub(super) fn matrix(set: &PolicySet) -> String {
    let mut text = String::new();
    for family in Family::ALL {
        for kind in Kind::ALL {
            let _ = writeln!(text, "{} {}", family.name(), kind.name());
            for mode in Mode::ALL {
                for platform in Platform::ALL {
                    let _ = writeln!(
                        text,
                        "  {:<12}{:<6}{}",
                        mode.name(),
                        platform.name(),
                        row(set, family, kind, mode, platform)
                    );
                }
            }
        }
    }
    text
}

/// The decisions under every login status; once, where they are all the same.
fn row(set: &PolicySet, family: Family, kind: Kind, mode: Mode, platform: Platform) -> String {
    let leaves = [usual_leaf(kind)];
    let subject = Subject {
        family,
        groups: &[],
        app: None,
        leaves: &leaves,
    };
    let cells: Vec<(Login, String)> = Login::ALL
        .into_iter()
        .map(|login| {
            let decision = set.decide(
                ContextSet::only(Context {
                    mode,
                    platform,
                    login,
                }),
                &subject,
            );
            let rules: Vec<String> = decision.rules.iter().map(ToString::to_string).collect();
            (
                login,
                format!("{} ({})", decision.verdict.name(), rules.join(", ")),
            )
        })
        .collect();
    if cells.iter().all(|(_, cell)| *cell == cells[0].1) {
        return cells[0].1.clone();
    }
    cells
        .iter()
        .map(|(login, cell)| format!("{}: {cell}", login.name()))
        .collect::<Vec<_>>()
        .join("; ")
}
