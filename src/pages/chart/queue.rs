//! How many commands waited, and for how long: two rows of columns over the same hours.

use super::draw::{Anchor, Drawing, Hatch, Shapes};
use super::scale::{Scale, digits, short};
use super::table::table;
use super::time_axis::TimeAxis;
use super::{Chart, Head};
use modegate_core::tally::{HourRecord, QueuePeak};

/// The height of each row.
const HEIGHT: i32 = 80;
const TOP: i32 = 32;
/// Between the rows, with what the lower one is.
const BETWEEN: i32 = 28;
const BOTTOM: i32 = 24;
/// On what the columns of each row stand.
const UPPER: i32 = TOP + HEIGHT;
const LOWER: i32 = UPPER + BETWEEN + HEIGHT;

/// The fullest of two hours.
fn fuller(one: QueuePeak, other: QueuePeak) -> QueuePeak {
    QueuePeak {
        depth: one.depth.max(other.depth),
        oldest_seconds: one.oldest_seconds.max(other.oldest_seconds),
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

/// How full the queues were in these hours, which follow each other.
pub fn queues(head: Head<'_>, hours: &[HourRecord]) -> Chart {
    let axis = TimeAxis::of(hours);
    let fullest = |hours: &[HourRecord]| {
        let known = hours.iter().filter_map(|hour| hour.queue);
        known.reduce(fuller)
    };
    let columns: Vec<Option<QueuePeak>> = hours.chunks(axis.per_column()).map(fullest).collect();
    let said = match fullest(hours) {
        Some(most) => format!(
            "at most {} commands waited, the oldest for {}",
            digits(most.depth),
            length(most.oldest_seconds)
        ),
        None => "not measured".to_owned(),
    };
    let description = format!("Queues {}: {said}.", axis.span());
    let mut drawing = Drawing::new(head, &description, (axis.width(), LOWER + BOTTOM));
    drawing.text(Anchor::Start, (48, TOP - 16), "Commands that waited");
    drawing.text(Anchor::Start, (48, UPPER + 20), "Age of the oldest");
    draw(&mut drawing, &axis, &columns);
    let hour = axis.unit();
    let heads = [&*hour, "Most waiting", "Oldest"];
    let cells = |column: &Option<QueuePeak>| match column {
        Some(one) => vec![digits(one.depth), length(one.oldest_seconds)],
        None => vec!["not measured".to_owned(); 2],
    };
    let rows = axis.names().zip(columns.iter().map(cells));
    let mut rows: Vec<_> = rows.collect();
    // The newest first: that is what is looked for.
    rows.reverse();
    Chart {
        svg: drawing.finish(),
        table: table(head.title, &heads, rows),
        keeps_size: false,
    }
}

fn draw(drawing: &mut Drawing, axis: &TimeAxis, columns: &[Option<QueuePeak>]) {
    let known = columns.iter().flatten();
    let greatest = |of: fn(&QueuePeak) -> u64| known.clone().map(of).max().unwrap_or(0);
    let depth = Scale::up_to(greatest(|one| one.depth), 1, HEIGHT);
    axis.scale(drawing, UPPER, (depth, 1), short);
    let oldest = greatest(|one| one.oldest_seconds);
    let (unit, name) = unit_for(oldest);
    let age = Scale::up_to(oldest, unit, HEIGHT);
    let told = |seconds: u128| format!("{} {name}", short(seconds / u128::from(unit)));
    axis.scale(drawing, LOWER, (age, unit), told);
    let (mut bars, mut gaps) = (Shapes::default(), Shapes::default());
    for (at, column) in columns.iter().enumerate() {
        let (x, width) = axis.place(at);
        let Some(column) = column else {
            gaps.rectangle(x, UPPER - HEIGHT, width + 1, HEIGHT);
            gaps.rectangle(x, LOWER - HEIGHT, width + 1, HEIGHT);
            continue;
        };
        let high = depth.height_of(column.depth);
        bars.rectangle(x, UPPER - high, width, high);
        let old = age.height_of(column.oldest_seconds);
        bars.rectangle(x, LOWER - old, width, old);
    }
    drawing.hatched("c-gap", Some(Hatch::Rising), &gaps);
    drawing.shapes("c-bar", &bars);
    if columns.contains(&None) {
        let legend = [("c-gap", Some(Hatch::Rising), "not measured".to_owned())];
        drawing.legend((axis.width() - 150, TOP - 26), legend);
    }
    axis.line(drawing, UPPER);
    axis.line(drawing, LOWER);
    axis.hours(drawing, LOWER);
}
