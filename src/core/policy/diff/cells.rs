//! Cells that differ alike put together, so that a person can read them.

use super::Outcome;
use crate::context::{Context, Family, Login, Mode, Platform};
use crate::policy::space::classes;

/// Contexts of families: bit `mode * 8 + platform * 4 + login` of the family's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct Grid([u32; Family::ALL.len()]);

/// Each of the families in each of the modes on each of the platforms under
/// each of the logins.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) families: Vec<Family>,
    pub(super) modes: Vec<Mode>,
    pub(super) platforms: Vec<Platform>,
    pub(super) logins: Vec<Login>,
}

impl Grid {
    pub(super) fn add(&mut self, family: Family, context: Context) {
        self.0[family as usize] |= 1 << place(context.mode, context.platform, context.login);
    }

    /// The grid as parts without overlap.
    pub(super) fn boxes(&self) -> Vec<Part> {
        let words = classes(Family::ALL, |&family| self.0[family as usize]);
        let mut parts = Vec::new();
        for (word, families) in words {
            let rows = classes(Mode::ALL, |&mode| {
                Platform::ALL.map(|platform| logins(word, mode, platform))
            });
            for (row, modes) in rows {
                let lines = classes(Platform::ALL, |&platform| row[platform as usize].clone());
                let lines = lines.into_iter().filter(|(logins, _)| !logins.is_empty());
                parts.extend(lines.map(|(logins, platforms)| Part {
                    families: families.clone(),
                    modes: modes.clone(),
                    platforms,
                    logins,
                }));
            }
        }
        parts
    }
}

fn place(mode: Mode, platform: Platform, login: Login) -> u32 {
    (mode as u32 * 2 + platform as u32) * 4 + login as u32
}

fn logins(word: u32, mode: Mode, platform: Platform) -> Vec<Login> {
    Login::ALL
        .into_iter()
        .filter(|&login| word & (1 << place(mode, platform, login)) != 0)
        .collect()
}

/// Cells that differ alike: a grid, for each of the scopes, groups and apps
/// (by the places of their classes).
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) pair: (Outcome, Outcome),
    pub(super) grid: Grid,
    pub(super) scopes: Vec<usize>,
    pub(super) groups: Vec<usize>,
    pub(super) apps: Vec<usize>,
}

/// Items that are equal but for one attribute made one, attribute by attribute.
pub(super) fn merged(items: Vec<Item>) -> Vec<Item> {
    let attributes: [fn(&mut Item) -> &mut Vec<usize>; 3] = [
        |item| &mut item.apps,
        |item| &mut item.groups,
        |item| &mut item.scopes,
    ];
    attributes.into_iter().fold(items, merged_by)
}

fn merged_by(items: Vec<Item>, of: fn(&mut Item) -> &mut Vec<usize>) -> Vec<Item> {
    let alike = classes(items, |item| {
        let mut rest = item.clone();
        of(&mut rest).clear();
        (rest.pair, rest.grid, rest.scopes, rest.groups, rest.apps)
    });
    alike
        .into_iter()
        .filter_map(|(_, alike)| {
            let mut one = alike.into_iter().reduce(|mut first, mut next| {
                of(&mut first).append(of(&mut next));
                first
            })?;
            of(&mut one).sort_unstable();
            Some(one)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_grid_are_the_grid_without_overlap() {
        let mut grid = Grid::default();
        let mut cells = Vec::new();
        for (at, context) in Context::all().enumerate() {
            for family in Family::ALL {
                if (at * 7 + family as usize * 3) % 5 < 2 {
                    grid.add(family, context);
                    cells.push((family, context));
                }
            }
        }
        for (family, context) in Family::ALL
            .into_iter()
            .flat_map(|f| Context::all().map(move |c| (f, c)))
        {
            let parts = grid.boxes().into_iter().filter(|part| {
                part.families.contains(&family)
                    && part.modes.contains(&context.mode)
                    && part.platforms.contains(&context.platform)
                    && part.logins.contains(&context.login)
            });
            let expected = usize::from(cells.contains(&(family, context)));
            assert_eq!(parts.count(), expected, "{family:?} {context:?}");
        }
    }
}
