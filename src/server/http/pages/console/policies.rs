//! `/console/policies`: the set in force, and what it decides.

use crate::app::{policies, policy_reload};
use crate::http::pages::audience::{ADMIN, OPERATE};
use crate::http::pages::visitor::see_other;
use crate::http::pages::{Page, Visitor};
use modegate_core::context::{Context, Family, Login, Mode, Platform};
use modegate_core::kind::{Kind, Leaf};
use modegate_core::policy::PolicySet;
use modegate_core::policy::explain::{Question, explain_among};
use modegate_core::policy::warning::warnings;
use modegate_pages::console::policies::{KindRow, MatrixPage, PoliciesPage, PolicyFile, RuleRow};

/// `GET /console/policies`.
pub(in crate::http::pages) async fn show(visitor: Visitor) -> Page {
    visitor
        .read(|visitor| async move {
            let (digest, set) = policies::active(visitor.app(), visitor.by());
            let told = set.iter().flat_map(|set| warnings(set));
            Ok(PoliciesPage {
                shell: visitor.shell("Policies"),
                digest,
                warnings: told.map(|warning| warning.to_string()).collect(),
                files: set.as_deref().map(files),
                may_reload: ADMIN.admits(visitor.by()),
                may_try: OPERATE.admits(visitor.by()) && visitor.by().sees_all(),
            })
        })
        .await
}

/// The files of a set with their rules.
pub(super) fn files(set: &PolicySet) -> Vec<PolicyFile> {
    let files = set.files().iter();
    let files = files.map(|(name, text)| {
        let rules = set.rules().iter().filter(|rule| rule.file == *name);
        let rules = rules.map(|rule| RuleRow {
            id: rule.id.to_string(),
            line: rule.line,
            effect: rule.effect,
            says: rule.says.clone().unwrap_or_default(),
        });
        PolicyFile {
            name: name.clone(),
            text: text.clone(),
            rules: rules.collect(),
        }
    });
    files.collect()
}

/// `POST /console/policies/reload`.
pub(in crate::http::pages) async fn reload(visitor: Visitor) -> Page {
    policy_reload::reload_for(visitor.app(), visitor.by()).await?;
    Ok(see_other("/console/policies?notice=reloaded"))
}

/// `GET /console/policies/matrix`.
pub(in crate::http::pages) async fn matrix(visitor: Visitor) -> Page {
    visitor.by().unbound()?;
    visitor
        .read(|visitor| async move {
            let set = visitor.app().sync.policies();
            let leaves = set.leaves();
            let of = |family: Family| {
                let rows = Kind::ALL.map(|kind| KindRow {
                    kind: kind.name(),
                    cells: Mode::ALL
                        .map(|mode| cell((&set, &leaves), family, kind, mode))
                        .into_iter()
                        .flatten()
                        .collect(),
                });
                let rows = rows.into_iter().filter(|row| !row.cells.is_empty());
                (family.title(), rows.collect())
            };
            Ok(MatrixPage {
                shell: visitor
                    .shell("Policy matrix")
                    .below("/console/policies", "Policies"),
                modes: Mode::ALL.map(Mode::name).into(),
                families: Family::ALL.map(of).into(),
            })
        })
        .await
}

/// The decision on the usual command of a kind; nothing for a kind of which there is none.
fn cell(
    (set, leaves): (&PolicySet, &[Leaf]),
    family: Family,
    kind: Kind,
    mode: Mode,
) -> Option<(modegate_core::policy::Verdict, String, bool)> {
    let asked = Question {
        context: Context {
            mode,
            platform: Platform::WoA,
            login: Login::User,
        },
        family,
        groups: &[],
        app: None,
        kind,
        verb: None,
        class: None,
    };
    let found = explain_among(set, leaves, &asked).ok()?;
    let rules: Vec<String> = found.rules.iter().map(|rule| rule.id.to_string()).collect();
    Some((found.verdict, rules.join(", "), found.varies))
}
