//! Hours side by side.

use super::COLUMNS;
use super::draw::{Anchor, Drawing, Shapes};
use super::scale::{Scale, short};
use modegate_core::tally::{Hour, HourRecord};

/// Left of the plot, for the numbers of the scale.
const LEFT: i32 = 48;
/// Right of it, for half of the last label.
const RIGHT: i32 = 24;
/// Most of what the columns take together.
const PLOT: i32 = 600;
/// Between two labels, at least.
const LABELS_APART: i32 = 48;

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// Columns, each of one hour or of several.
#[derive(Debug, Clone)]
pub(super) struct TimeAxis {
    /// The first hour of each column.
    columns: Vec<Hour>,
    /// Hours in a column.
    per_column: usize,
    /// From the beginning of one column to that of the next.
    pitch: i32,
}

impl TimeAxis {
    /// Those of these hours, which follow each other.
    pub(super) fn of(hours: &[HourRecord]) -> Self {
        let per_column = hours.len().div_ceil(COLUMNS).max(1);
        let columns = hours.iter().step_by(per_column);
        let columns: Vec<Hour> = columns.map(|record| record.hour).collect();
        let count = i32::try_from(columns.len()).unwrap_or(1).max(1);
        TimeAxis {
            columns,
            per_column,
            pitch: (PLOT / count).clamp(1, 40),
        }
    }

    /// Hours in a column.
    pub(super) fn per_column(&self) -> usize {
        self.per_column
    }

    /// The width of the drawing.
    pub(super) fn width(&self) -> i32 {
        // Room for the legend where there are few columns.
        (LEFT + self.plot() + RIGHT).max(480)
    }

    fn plot(&self) -> i32 {
        self.pitch * i32::try_from(self.columns.len()).unwrap_or(0)
    }

    /// Where a column begins, and how wide it is.
    pub(super) fn place(&self, column: usize) -> (i32, i32) {
        let at = i32::try_from(column).unwrap_or(0);
        (LEFT + at * self.pitch, (self.pitch - 1).max(1))
    }

    /// What each column stands for, as the head of a row.
    pub(super) fn names(&self) -> impl Iterator<Item = String> + '_ {
        self.columns.iter().map(|&hour| name(hour))
    }

    /// What a column is, for the head of the first column of a table.
    pub(super) fn unit(&self) -> String {
        match self.per_column {
            1 => "Hour (UTC)".to_owned(),
            hours => format!("{hours} hours from (UTC)"),
        }
    }

    /// The span, in words.
    pub(super) fn span(&self) -> String {
        match (self.columns.first(), self.columns.last()) {
            (Some(&first), Some(&last)) => {
                let hours = i64::try_from(self.per_column).unwrap_or(1);
                let end = last.plus(hours);
                format!("from {} to {} UTC", name(first), name(end))
            }
            _ => "of no hours".to_owned(),
        }
    }

    /// Draws a scale above `bottom`, with its numbers as `name` writes them.
    pub(super) fn scale(
        &self,
        drawing: &mut Drawing,
        bottom: i32,
        (scale, unit): (Scale, u64),
        name: impl Fn(u128) -> String,
    ) {
        let mut grid = Shapes::default();
        for (mark, height) in scale.marks(unit) {
            grid.level(LEFT, bottom - height, self.plot());
            let at = (LEFT - 6, bottom - height + 4);
            drawing.text(Anchor::End, at, &name(mark));
        }
        drawing.shapes("c-grid", &grid);
        drawing.text(Anchor::End, (LEFT - 6, bottom + 4), &short(0));
    }

    /// Draws the line on which the columns stand.
    pub(super) fn line(&self, drawing: &mut Drawing, bottom: i32) {
        let mut line = Shapes::default();
        line.level(LEFT, bottom, self.plot());
        drawing.shapes("c-axis", &line);
    }

    /// Draws the hours below that line.
    pub(super) fn hours(&self, drawing: &mut Drawing, bottom: i32) {
        let hours = i64::try_from(self.per_column).unwrap_or(1);
        let steps = [1, 2, 3, 6, 12, 24, 48, 96, 192, 384, 768, 1536, 3072, 6144];
        let is_apart = |step: &i64| {
            let pixels = step.saturating_mul(i64::from(self.pitch));
            step % hours == 0 && pixels / hours >= i64::from(LABELS_APART)
        };
        let step = steps.into_iter().find(is_apart).unwrap_or(hours * 10);
        for (at, hour) in self.columns.iter().enumerate() {
            let marked = Hour(hour.0.saturating_add(hours - 1).div_euclid(step) * step);
            if marked < *hour {
                continue;
            }
            let (x, width) = self.place(at);
            let label = match marked == marked.first_of_day() {
                true => day(marked),
                false => time(marked),
            };
            drawing.text(Anchor::Middle, (x + width / 2, bottom + 16), &label);
        }
    }
}

/// An hour with its day: `29 Nov 10:00`.
fn name(hour: Hour) -> String {
    format!("{} {}", day(hour), time(hour))
}

/// A day: `29 Nov`.
pub(super) fn day(hour: Hour) -> String {
    let text = hour.begins().to_string();
    let part = |from: usize| text.get(from..from + 2)?.parse::<usize>().ok();
    let month = part(5).and_then(|month| MONTHS.get(month.checked_sub(1)?));
    match (part(8), month) {
        (Some(day), Some(month)) => format!("{day} {month}"),
        _ => text,
    }
}

/// The time of day: `10:00`.
pub(super) fn time(hour: Hour) -> String {
    format!("{:02}:00", hour.0.rem_euclid(Hour::OF_DAY))
}
