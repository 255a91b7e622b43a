//! How old the channels are: a column for each day, with marks where they become due and
//! where WNS may have ended them.

use super::draw::{Anchor, Drawing, Hatch, Shapes};
use super::scale::{Scale, digits, short};
use super::table::table;
use super::{COLUMNS, Chart, Head};

const LEFT: i32 = 48;
const RIGHT: i32 = 24;
const HEIGHT: i32 = 120;
const TOP: i32 = 32;
const BOTTOM: i32 = 24;
const PITCH: i32 = 14;
/// Days of age from which a channel should be set again.
const DUE: usize = 20;
/// Days of age at which a channel expires.
const EXPIRED: usize = 30;

/// What an age means: its class, its hatch and in words.
fn meaning(day: usize) -> (&'static str, Option<Hatch>, &'static str) {
    match day {
        0..DUE => ("c-good", None, "under 20 days"),
        DUE..EXPIRED => ("c-warn", Some(Hatch::Rising), "20 to 29 days"),
        _ => ("c-bad", Some(Hatch::Level), "30 days or more"),
    }
}

const MEANINGS: [usize; 3] = [0, DUE, EXPIRED];

/// How many devices have a channel of which age: counts by whole days from 0 on, the last
/// of which is of all that are older, too; and how many have none.
pub fn channel_ages(head: Head<'_>, by_day: &[u64], without: u64) -> Chart {
    let shown = by_day.len().saturating_sub(1).clamp(EXPIRED, COLUMNS - 1);
    let of_day = |day: usize| by_day.get(day).copied().unwrap_or(0);
    let older = by_day.iter().skip(shown);
    let older = older.fold(0_u64, |sum, n| sum.saturating_add(*n));
    let mut columns: Vec<(String, u64)> = (0..shown)
        .map(|day| (day.to_string(), of_day(day)))
        .collect();
    columns.push((format!("{shown} or more"), older));
    let said = MEANINGS.map(|from| {
        let class = meaning(from).0;
        let alike = columns.iter().enumerate();
        let alike = alike.filter(|(day, _)| meaning(*day).0 == class);
        let sum = alike.fold(0_u64, |sum, (_, (_, n))| sum.saturating_add(*n));
        format!("{} {}", digits(sum), meaning(from).2)
    });
    let without = digits(without);
    let description = format!(
        "Devices by the age of their channel: {}; {without} have none.",
        said.join(", ")
    );
    let count = i32::try_from(columns.len()).unwrap_or(0);
    let (width, bottom) = (LEFT + count * PITCH + RIGHT, TOP + HEIGHT);
    let mut drawing = Drawing::new(head, &description, (width, bottom + BOTTOM));
    let legend = MEANINGS.map(|from| {
        let (class, hatch, words) = meaning(from);
        (class, hatch, words.to_owned())
    });
    drawing.legend((LEFT, 6), legend);
    let greatest = columns.iter().map(|(_, n)| *n).max().unwrap_or(0);
    draw(&mut drawing, &columns, Scale::up_to(greatest, 1, HEIGHT));
    let (none, some): (Vec<_>, Vec<_>) = columns.into_iter().partition(|(_, n)| *n == 0);
    let rows = some.into_iter().map(|(day, n)| (day, vec![digits(n)]));
    let others = (!none.is_empty()).then(|| ("all other ages".to_owned(), vec![digits(0)]));
    let rows = rows.chain(others);
    let rows = rows.chain([("no channel".to_owned(), vec![without])]);
    Chart {
        svg: drawing.finish(),
        table: table(head.title, &["Age in days", "Devices"], rows),
        keeps_size: false,
    }
}

fn place(day: usize) -> i32 {
    LEFT + i32::try_from(day).unwrap_or(0) * PITCH
}

fn draw(drawing: &mut Drawing, columns: &[(String, u64)], scale: Scale) {
    let (bottom, plot) = (TOP + HEIGHT, place(columns.len()) - LEFT);
    let mut grid = Shapes::default();
    for (mark, height) in scale.marks(1) {
        grid.level(LEFT, bottom - height, plot);
        let at = (LEFT - 6, bottom - height + 4);
        drawing.text(Anchor::End, at, &short(mark));
    }
    drawing.shapes("c-grid", &grid);
    for from in MEANINGS {
        let (class, hatch, _) = meaning(from);
        let mut shapes = Shapes::default();
        for (day, (_, n)) in columns.iter().enumerate() {
            if meaning(day).0 == class {
                let high = scale.height_of(*n);
                shapes.rectangle(place(day), bottom - high, PITCH - 1, high);
            }
        }
        drawing.hatched(class, hatch, &shapes);
    }
    let (mut line, mut marks) = (Shapes::default(), Shapes::default());
    line.level(LEFT, bottom, plot);
    drawing.shapes("c-axis", &line);
    for day in [DUE, EXPIRED] {
        marks.upright(place(day), TOP - 4, HEIGHT + 4);
    }
    drawing.shapes("c-mark", &marks);
    for day in (0..columns.len()).step_by(10) {
        let at = (place(day) + PITCH / 2, bottom + 16);
        drawing.text(Anchor::Middle, at, &format!("{day} d"));
    }
}
