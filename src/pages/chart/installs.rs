//! Installs by state: a bar for each.

use std::collections::BTreeMap;

use super::draw::{Anchor, Drawing, Hatch, Shapes};
use super::scale::{Scale, digits};
use super::table::table;
use super::{Chart, Head};
use modegate_core::installs::InstallState;

/// Left of the bars, for their names.
const LEFT: i32 = 140;
/// Right of them, for their numbers.
const RIGHT: i32 = 170;
/// The longest bar.
const LENGTH: i32 = 300;
const ROW: i32 = 24;
const TOP: i32 = 8;

fn look(state: InstallState) -> (&'static str, Option<Hatch>) {
    match state {
        InstallState::Installed => ("c-good", None),
        InstallState::Failed => ("c-bad", Some(Hatch::Rising)),
        InstallState::WaitingForChannel => ("c-warn", Some(Hatch::Upright)),
        state if state.is_final() => ("c-gap", Some(Hatch::Level)),
        _ => ("c-bar", None),
    }
}

/// The state in words.
fn words(state: InstallState) -> String {
    state.name().replace('_', " ")
}

/// How many installs are in each of these states, or came to it.
pub fn installs(head: Head<'_>, counts: &BTreeMap<InstallState, u64>) -> Chart {
    let said = counts.iter().filter(|(_, count)| **count > 0);
    let said: Vec<String> = said
        .map(|(state, count)| format!("{} {}", digits(*count), words(*state)))
        .collect();
    let description = match said.is_empty() {
        true => "No installs.".to_owned(),
        false => format!("Installs: {}.", said.join(", ")),
    };
    let rows = i32::try_from(counts.len()).unwrap_or(0);
    let size = (LEFT + LENGTH + RIGHT, 2 * TOP + rows * ROW);
    let mut drawing = Drawing::new(head, &description, size);
    let greatest = counts.values().copied().max().unwrap_or(0);
    let scale = Scale::filled_by(greatest, LENGTH);
    for (row, (state, count)) in (0..rows).zip(counts) {
        let (y, length) = (TOP + row * ROW, scale.height_of(*count));
        let mut bar = Shapes::default();
        bar.rectangle(LEFT, y + 3, length, ROW - 6);
        let (class, hatch) = look(*state);
        drawing.hatched(class, hatch, &bar);
        drawing.text(Anchor::End, (LEFT - 8, y + 16), &words(*state));
        let end = (LEFT + length + 6, y + 16);
        drawing.text(Anchor::Start, end, &digits(*count));
    }
    let mut line = Shapes::default();
    line.upright(LEFT, TOP, rows * ROW);
    drawing.shapes("c-axis", &line);
    let rows = counts.iter();
    let rows = rows.map(|(state, count)| (words(*state), vec![digits(*count)]));
    Chart {
        svg: drawing.finish(),
        table: table(head.title, &["State", "Installs"], rows),
        keeps_size: false,
    }
}
