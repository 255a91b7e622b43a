//! When a device was here in which mode: a row for each day, a cell for each hour.

use super::draw::{Anchor, Drawing, Shapes};
use super::scale::digits;
use super::table::table;
use super::time_axis::{day, time};
use super::{Chart, Head, class, letter};
use modegate_core::context::Mode;
use modegate_core::session_calendar::{SessionCalendar, SessionsByMode};
use modegate_core::tally::Hour;

const LEFT: i32 = 56;
const RIGHT: i32 = 8;
const TOP: i32 = 48;
const BOTTOM: i32 = 8;
const CELL: i32 = 28;
const ROW: i32 = 22;
/// Hours of a day.
const HOURS: i32 = 24;
/// Most days that are drawn.
const DAYS: usize = 14;
/// Most letters of a cell; a plus stands for more.
const LETTERS: usize = 3;

/// The first hour of a day, and its sessions by the hour of the day.
type Row = (Hour, Vec<(i32, SessionsByMode)>);

/// The modes of a cell.
fn modes(counts: &SessionsByMode) -> Vec<Mode> {
    let found = Mode::ALL.into_iter().zip(counts);
    let found = found.filter(|(_, count)| **count > 0);
    found.map(|(mode, _)| mode).collect()
}

fn rows(calendar: &SessionCalendar) -> Vec<Row> {
    let first = calendar.from.first_of_day();
    let days = (0..calendar.days.min(DAYS)).map(|at| {
        let begins = first.plus(i64::try_from(at).unwrap_or(0) * Hour::OF_DAY);
        let cells = calendar.hours.range(begins..begins.plus(Hour::OF_DAY));
        let cells = cells.map(|(hour, counts)| {
            let at = hour.0.saturating_sub(begins.0);
            (i32::try_from(at).unwrap_or(0), *counts)
        });
        (begins, cells.collect())
    });
    days.collect()
}

/// When a device was here in which mode, for at most 14 days.
pub fn mode_calendar(head: Head<'_>, calendar: &SessionCalendar) -> Chart {
    let rows = rows(calendar);
    let description = describe(&rows, calendar.is_whole);
    let count = i32::try_from(rows.len()).unwrap_or(0);
    let size = (LEFT + HOURS * CELL + RIGHT, TOP + count * ROW + BOTTOM);
    let mut drawing = Drawing::new(head, &description, size);
    let legend = Mode::ALL.map(|mode| {
        let name = format!("{} {}", letter(mode), mode.name());
        (class(mode), None, name)
    });
    drawing.legend((LEFT, 6), legend);
    for mode in Mode::ALL {
        drawing.shapes(class(mode), &cells_of(mode, &rows));
    }
    grid(&mut drawing, count);
    for hour in (0..HOURS).step_by(2) {
        let at = (LEFT + hour * CELL + CELL / 2, TOP - 6);
        drawing.text(Anchor::Middle, at, &format!("{hour:02}"));
    }
    for (row, (begins, cells)) in (0..count).zip(&rows) {
        let line = TOP + row * ROW + ROW / 2;
        drawing.text(Anchor::End, (LEFT - 6, line + 4), &day(*begins));
        // On the colour of a mode letters have another colour than on none.
        for (class, is_one) in [("c-letter", true), ("c-label", false)] {
            let alike = cells
                .iter()
                .filter(|(_, counts)| (modes(counts).len() == 1) == is_one);
            let letters: Vec<(i32, char)> = alike.flat_map(letters_of).collect();
            drawing.letters(class, line + 3, &letters);
        }
    }
    let columns = ["Day (UTC)"].into_iter().chain(Mode::ALL.map(Mode::name));
    let columns: Vec<&str> = columns.collect();
    let caption = match calendar.is_whole {
        true => head.title.to_owned(),
        false => format!("{} (not whole: earlier sessions are missing)", head.title),
    };
    // The newest first: that is what is looked for.
    let rows = rows.iter().rev();
    let rows = rows.map(|(begins, cells)| {
        (
            day(*begins),
            Mode::ALL.map(|mode| times(mode, cells)).to_vec(),
        )
    });
    Chart {
        svg: drawing.finish(),
        table: table(&caption, &columns, rows),
        keeps_size: true,
    }
}

fn describe(rows: &[Row], is_whole: bool) -> String {
    let said = Mode::ALL.map(|mode| {
        let cells = rows.iter().flat_map(|(_, cells)| cells);
        let counts = cells.map(|(_, counts)| u64::from(counts[mode as usize]));
        format!("{} {}", mode.name(), digits(counts.sum()))
    });
    let missing = match is_whole {
        true => "",
        false => " Earlier sessions are missing.",
    };
    let days = rows.len();
    let said = said.join(", ");
    format!("Sessions of {days} days by the hour (UTC) in which they began: {said}.{missing}")
}

/// The cells in which sessions of this mode began and no others; neighbours are one shape.
fn cells_of(mode: Mode, rows: &[Row]) -> Shapes {
    let mut shapes = Shapes::default();
    for (y, (_, cells)) in (0..).map(|row| TOP + row * ROW).zip(rows) {
        let alone = cells.iter().filter(|(_, counts)| modes(counts) == [mode]);
        let mut run: Option<(i32, i32)> = None;
        for &(hour, _) in alone {
            run = match run {
                Some((first, next)) if next == hour => Some((first, hour + 1)),
                ended => {
                    draw_run(&mut shapes, ended, y);
                    Some((hour, hour + 1))
                }
            };
        }
        draw_run(&mut shapes, run, y);
    }
    shapes
}

fn draw_run(shapes: &mut Shapes, run: Option<(i32, i32)>, y: i32) {
    if let Some((first, next)) = run {
        shapes.rectangle(LEFT + first * CELL, y, (next - first) * CELL, ROW);
    }
}

fn grid(drawing: &mut Drawing, rows: i32) {
    let mut grid = Shapes::default();
    for row in 0..=rows {
        grid.level(LEFT, TOP + row * ROW, HOURS * CELL);
    }
    for hour in 0..=HOURS {
        grid.upright(LEFT + hour * CELL, TOP, rows * ROW);
    }
    drawing.shapes("c-grid", &grid);
}

/// The letters of a cell, each with its place.
fn letters_of(&(hour, counts): &(i32, SessionsByMode)) -> Vec<(i32, char)> {
    let found = modes(&counts);
    let mut letters: Vec<char> = found.iter().map(|mode| letter(*mode)).collect();
    if letters.len() > LETTERS {
        letters.truncate(LETTERS - 1);
        letters.push('+');
    }
    let middle = LEFT + hour * CELL + CELL / 2;
    let count = i32::try_from(letters.len()).unwrap_or(1);
    let places = (0..).map(|at| middle - 4 * (count - 1) + 8 * at);
    places.zip(letters).collect()
}

/// The times of a day at which sessions of this mode began: `02:00, 14:00 (3)`.
fn times(mode: Mode, cells: &[(i32, SessionsByMode)]) -> String {
    let found = cells
        .iter()
        .map(|(hour, counts)| (*hour, counts[mode as usize]));
    let found = found.filter(|(_, count)| *count > 0);
    let found: Vec<String> = found
        .map(|(hour, count)| {
            let at = time(Hour(i64::from(hour)));
            match count {
                1 => at,
                count => format!("{at} ({})", digits(u64::from(count))),
            }
        })
        .collect();
    match found.is_empty() {
        true => "–".to_owned(),
        false => found.join(", "),
    }
}
