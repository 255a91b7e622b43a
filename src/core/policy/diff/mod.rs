//! Where two policy sets decide differently, exactly: every cell of the matrix,
//! cells that differ alike put together.

mod cells;
mod scope;
mod text;

use serde::{Serialize, Serializer};

use super::space::{self, Bits, Classes, Ranked, classes, floor_class, is_machine};
use super::{PolicySet, RuleId, Verdict};
use crate::classify::{Pair, pairs};
use crate::context::{Context, Family, Login, Mode, Platform};
use cells::{Grid, Item, merged};
pub use scope::CommandScope;
pub use text::text;

/// Cells that differ alike: each family with each mode, each platform and so on.
/// No cell is in two of a diff's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CellDiff {
    /// The families.
    pub families: Vec<Family>,
    /// The modes.
    pub modes: Vec<Mode>,
    /// The platforms.
    #[serde(serialize_with = "platforms")]
    pub platforms: Vec<Platform>,
    /// The login statuses.
    #[serde(serialize_with = "logins")]
    pub logins: Vec<Login>,
    /// What the commands do.
    #[serde(rename = "matters")]
    pub scopes: Vec<CommandScope>,
    /// The groups that a device is in: those that a rule names, `None` for one
    /// in no such group. Empty: whatever its groups.
    pub groups: Vec<Option<String>>,
    /// The apps that a command installs: those that a rule names, `None` for
    /// any other and for a command that installs none. Empty: whatever the app.
    pub apps: Vec<Option<String>>,
    /// What the first set decides.
    pub was: Outcome,
    /// What the second set decides.
    pub now: Outcome,
}

/// A decision in one cell.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Outcome {
    /// What is decided.
    pub verdict: Verdict,
    /// By which rule.
    pub rule: RuleId,
}

/// Where `new` decides otherwise than `old`, or by another rule; what changes
/// the verdict first. Empty if and only if they decide everything alike.
///
/// A device in several groups is not a cell of its own: what is decided for it
/// follows from its groups, and where every cell agrees, its verdict does too.
/// (Of two rules with one effect the first in the files is named.)
pub fn diff(old: &PolicySet, new: &PolicySet) -> Vec<CellDiff> {
    let space = Space::new(old, new);
    let items = (0..space.scopes.len()).flat_map(|scope| space.items(scope));
    let mut cells: Vec<CellDiff> = merged(items.collect())
        .iter()
        .flat_map(|item| space.cells(item))
        .collect();
    cells.sort_by_key(|cell| cell.was.verdict == cell.now.verdict);
    cells
}

/// The rules of the old and the new set that speak of something.
type Both = (Bits, Bits);

/// What is left of them, if anything.
type Left = (Option<Bits>, Option<Bits>);

/// What two sets decide over, each attribute in classes that both treat alike.
struct Space<'a> {
    old: (&'a PolicySet, Ranked<'a>),
    new: (&'a PolicySet, Ranked<'a>),
    contexts: Classes<(Both, bool), (Family, Context)>,
    scopes: Classes<Both, Pair>,
    groups: Classes<Both, Option<String>>,
    apps: Classes<Both, Option<String>>,
}

/// What the two sets decide, and in which contexts of which families.
type Differing = Vec<((Outcome, Outcome), Grid)>;

impl<'a> Space<'a> {
    fn new(old: &'a PolicySet, new: &'a PolicySet) -> Self {
        let (a, b) = (Ranked::new(old), Ranked::new(new));
        let sets = [old, new];
        let contexts = classes(space::contexts(), |&(family, context)| {
            let both = (a.of_context(family, context), b.of_context(family, context));
            (both, is_machine(context))
        });
        let kinds = |pair: &Pair| (floor_class(pair.old.kind), floor_class(pair.new.kind));
        let scopes = classes(pairs(old.custom_classes(), new.custom_classes()), |pair| {
            ((a.of_leaf(&pair.old), b.of_leaf(&pair.new)), kinds(pair))
        });
        let groups = classes(space::groups(&sets), |group| {
            (a.of_group(group), b.of_group(group))
        });
        let apps = classes(space::apps(&sets), |app| (a.of_app(app), b.of_app(app)));
        Space {
            old: (old, a),
            new: (new, b),
            contexts,
            scopes: scopes
                .into_iter()
                .map(|((both, _), pairs)| (both, pairs))
                .collect(),
            groups,
            apps,
        }
    }

    /// Where the two sets differ on one class of what commands do: groups that
    /// are alike to the rules that speak of it are looked at once, and so are apps.
    fn items(&self, scope: usize) -> Vec<Item> {
        let (both, pairs) = &self.scopes[scope];
        let whole = (Some(both.0.clone()), Some(both.1.clone()));
        let mut items = Vec::new();
        let groups = classes(0..self.groups.len(), |&at| {
            narrow(&whole, &self.groups[at].0)
        });
        for (of_group, groups) in groups {
            let apps = classes(0..self.apps.len(), |&at| {
                narrow(&of_group, &self.apps[at].0)
            });
            for (outside, apps) in apps {
                let differing = self.differing(&pairs[0], &outside);
                items.extend(differing.into_iter().map(|(pair, grid)| Item {
                    pair,
                    grid,
                    scopes: vec![scope],
                    groups: groups.clone(),
                    apps: apps.clone(),
                }));
            }
        }
        items
    }

    /// Where the two sets differ in the contexts, `outside` of which these rules speak.
    fn differing(&self, pair: &Pair, outside: &Left) -> Differing {
        let mut found = Differing::new();
        for ((both, _), members) in &self.contexts {
            let mode = members[0].1.mode;
            let (old, new) = narrow(outside, both);
            let held = (
                self.old.0.held(mode, pair.old.kind),
                self.new.0.held(mode, pair.new.kind),
            );
            let was = self.old.1.outcome(held.0, old.as_ref());
            let now = self.new.1.outcome(held.1, new.as_ref());
            if was == now {
                continue;
            }
            let pair = (owned(was), owned(now));
            let at = found.iter().position(|(known, _)| *known == pair);
            let at = at.unwrap_or_else(|| {
                found.push((pair, Grid::default()));
                found.len() - 1
            });
            for &(family, context) in members {
                found[at].1.add(family, context);
            }
        }
        found
    }

    /// The cells that an item stands for.
    fn cells(&self, item: &Item) -> Vec<CellDiff> {
        let everything: Vec<&Pair> = self.scopes.iter().flat_map(|(_, pairs)| pairs).collect();
        let here: Vec<&Pair> = item
            .scopes
            .iter()
            .flat_map(|&at| &self.scopes[at].1)
            .collect();
        let scopes = scope::scopes(&here, &everything);
        item.grid
            .boxes()
            .into_iter()
            .map(|part| CellDiff {
                families: part.families,
                modes: part.modes,
                platforms: part.platforms,
                logins: part.logins,
                scopes: scopes.clone(),
                groups: names(&self.groups, &item.groups),
                apps: names(&self.apps, &item.apps),
                was: item.pair.0.clone(),
                now: item.pair.1.clone(),
            })
            .collect()
    }
}

/// What is left of the rules where those of `both` speak too.
fn narrow((old, new): &Left, both: &Both) -> Left {
    (
        old.as_ref().and_then(|bits| bits.and(&both.0)),
        new.as_ref().and_then(|bits| bits.and(&both.1)),
    )
}

fn owned((verdict, rule): (Verdict, &RuleId)) -> Outcome {
    Outcome {
        verdict,
        rule: rule.clone(),
    }
}

/// The names of some classes; none where it is all of them.
fn names(classes: &Classes<Both, Option<String>>, at: &[usize]) -> Vec<Option<String>> {
    if at.len() == classes.len() {
        return Vec::new();
    }
    let mut names: Vec<Option<String>> = at.iter().flat_map(|&at| classes[at].1.clone()).collect();
    // `None`, any other, comes last.
    names.sort_by(|a, b| (a.is_none(), a).cmp(&(b.is_none(), b)));
    names
}

fn platforms<S: Serializer>(platforms: &[Platform], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(platforms.iter().map(|platform| platform.name()))
}

fn logins<S: Serializer>(logins: &[Login], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(logins.iter().map(|login| login.name()))
}
