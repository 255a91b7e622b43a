//! How many commands waited, and for how long: two rows of columns over the same hours.

use super::draw::{Anchor, Drawing, Hatch, Shapes};
use super::scale::{Scale, digits, short};
use super::table::table;
use super::time_axis::TimeAxis;
use super::{Chart, Head};
use modegate_core::tally::Hour;

/// The height of each row.
const HEIGHT: i32 = 80;
const TOP: i32 = 32;
/// Between the rows, with what the lower one is.
const BETWEEN: i32 = 28;
const BOTTOM: i32 = 24;

/// The queues of one hour at their fullest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueHour {
    /// The most commands that waited at once.
    pub depth: u64,
    /// The greatest age of a waiting command, in seconds.
    pub oldest_seconds: u64,
}

impl QueueHour {
    fn fuller(self, other: Self) -> Self {
        QueueHour {
            depth: self.depth.max(other.depth),
            oldest_seconds: self.oldest_seconds.max(other.oldest_seconds),
        }
    }
}

/// A unit that lengths of time up to this one are best told in: its seconds and its name.
fn unit_for(seconds: u64) -> (u64, &'static str) {
    match seconds {
        0..=120 => (1, "s"),
        121..=7_200 => (60, "min"),
        7_201..=172_800 => (3_600, "h"),
        _ => (86_400, "d"),
    }
}

/// A length of time in its best unit, rounded down.
fn length(seconds: u64) -> String {
    let (unit, name) = unit_for(seconds);
    format!("{} {name}", digits(seconds / unit))
}

/// How full the queues were in each hour from that one on; `None` where nobody looked.
pub fn queues(head: Head<'_>, from: Hour, hours: &[Option<QueueHour>]) -> Chart {
    let axis = TimeAxis::new(from, hours.len());
    let fullest = |hours: &[Option<QueueHour>]| {
        let known = hours.iter().flatten().copied();
        known.reduce(QueueHour::fuller)
    };
    let columns: Vec<Option<QueueHour>> = hours.chunks(axis.per_column()).map(fullest).collect();
    let known = columns.iter().flatten().copied();
    let most = known.reduce(QueueHour::fuller);
    let said = match most {
        Some(most) => format!(
            "at most {} commands waited, the oldest for {}",
            digits(most.depth),
            length(most.oldest_seconds)
        ),
        None => "not measured".to_owned(),
    };
    let description = format!("Queues {}: {said}.", axis.span());
    let (first, second) = (TOP + HEIGHT, TOP + HEIGHT + BETWEEN + HEIGHT);
    let mut drawing = Drawing::new(head, &description, (axis.width(), second + BOTTOM));
    drawing.text(Anchor::Start, (48, 16), "Commands that waited");
    drawing.text(Anchor::Start, (48, first + 20), "Age of the oldest");
    let most = most.unwrap_or(QueueHour {
        depth: 0,
        oldest_seconds: 0,
    });
    let depth = Scale::up_to(most.depth, 1, HEIGHT);
    axis.scale(&mut drawing, first, (depth, 1), short);
    let (unit, name) = unit_for(most.oldest_seconds);
    let age = Scale::up_to(most.oldest_seconds, unit, HEIGHT);
    let told = |seconds: u128| format!("{} {name}", short(seconds / u128::from(unit)));
    axis.scale(&mut drawing, second, (age, unit), told);
    let (mut depths, mut ages, mut gaps) =
        (Shapes::default(), Shapes::default(), Shapes::default());
    for (at, column) in columns.iter().enumerate() {
        let (x, width) = axis.place(at);
        let Some(column) = column else {
            gaps.rectangle(x, first - HEIGHT, width + 1, HEIGHT);
            gaps.rectangle(x, second - HEIGHT, width + 1, HEIGHT);
            continue;
        };
        let (high, old) = (
            depth.height_of(column.depth),
            age.height_of(column.oldest_seconds),
        );
        depths.rectangle(x, first - high, width, high);
        ages.rectangle(x, second - old, width, old);
    }
    drawing.hatched("c-gap", Some(Hatch::Rising), &gaps);
    drawing.shapes("c-bar", &depths);
    drawing.hatched("c-bar", Some(Hatch::Level), &ages);
    if columns.contains(&None) {
        let legend = [("c-gap", Some(Hatch::Rising), "not measured".to_owned())];
        drawing.legend((axis.width() - 150, 6), legend);
    }
    axis.line(&mut drawing, first);
    axis.line(&mut drawing, second);
    axis.hours(&mut drawing, second);
    let hour = axis.unit();
    let heads = [&*hour, "Most waiting", "Oldest"];
    let cells = |column: &Option<QueueHour>| match column {
        Some(one) => vec![digits(one.depth), length(one.oldest_seconds)],
        None => vec!["not measured".to_owned(); 2],
    };
    let rows = axis.names().zip(columns.iter().map(cells));
    Chart {
        svg: drawing.finish(),
        table: table(head.title, &heads, rows),
        keeps_size: false,
    }
}
