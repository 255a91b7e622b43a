//! Sessions by mode over time: stacked columns.

use super::draw::{Anchor, Drawing, Hatch, Shapes};
use super::scale::{Scale, digits, short};
use super::table::table;
use super::time_axis::TimeAxis;
use super::{Chart, Head, class, letter};
use modegate_core::context::Mode;
use modegate_core::tally::HourRecord;

const HEIGHT: i32 = 160;
const TOP: i32 = 32;
const BOTTOM: i32 = 24;

/// Sessions by mode, in the order of [`Mode::ALL`].
type Counts = [u64; Mode::ALL.len()];

fn hatch(mode: Mode) -> Option<Hatch> {
    match mode {
        Mode::Machine => None,
        Mode::Maintenance => Some(Hatch::Rising),
        Mode::Apps => Some(Hatch::Upright),
        Mode::Unspecified => Some(Hatch::Level),
    }
}

fn add(mut sum: Counts, more: &Counts) -> Counts {
    for (sum, more) in sum.iter_mut().zip(more) {
        *sum = sum.saturating_add(*more);
    }
    sum
}

fn total(counts: &Counts) -> u64 {
    counts.iter().fold(0, |sum, n| sum.saturating_add(*n))
}

fn of_hour(hour: &HourRecord) -> Counts {
    Mode::ALL.map(|mode| hour.in_mode(mode))
}

/// How many sessions began in these hours, which follow each other, by mode.
pub fn sessions(head: Head<'_>, hours: &[HourRecord]) -> Chart {
    let axis = TimeAxis::of(hours);
    let columns: Vec<Counts> = hours
        .chunks(axis.per_column())
        .map(|hours| {
            hours
                .iter()
                .fold([0; 4], |sum, one| add(sum, &of_hour(one)))
        })
        .collect();
    let sums = columns.iter().fold([0; 4], add);
    let of_mode = Mode::ALL.into_iter().zip(sums);
    let said: Vec<String> = of_mode
        .map(|(mode, sum)| format!("{} {}", mode.name(), digits(sum)))
        .collect();
    let description = format!("Sessions {}: {}.", axis.span(), said.join(", "));
    let bottom = TOP + HEIGHT;
    let mut drawing = Drawing::new(head, &description, (axis.width(), bottom + BOTTOM));
    let legend = Mode::ALL.map(|mode| {
        let name = format!("{} {}", letter(mode), mode.name());
        (class(mode), hatch(mode), name)
    });
    drawing.legend((48, 6), legend);
    let greatest = columns.iter().map(total).max().unwrap_or(0);
    let scale = Scale::up_to(greatest, 1, HEIGHT);
    axis.scale(&mut drawing, bottom, (scale, 1), short);
    for (at, mode) in Mode::ALL.into_iter().enumerate() {
        let mut shapes = Shapes::default();
        for (column, counts) in columns.iter().enumerate() {
            let below = total_of_first(counts, at);
            let (low, high) = (
                scale.height_of(below),
                scale.height_of(below.saturating_add(counts[at])),
            );
            let (x, width) = axis.place(column);
            shapes.rectangle(x, bottom - high, width, high - low);
        }
        drawing.hatched(class(mode), hatch(mode), &shapes);
    }
    axis.line(&mut drawing, bottom);
    axis.hours(&mut drawing, bottom);
    if greatest == 0 {
        let middle = (axis.width() / 2, TOP + HEIGHT / 2);
        drawing.text(Anchor::Middle, middle, "No sessions yet");
    }
    let unit = axis.unit();
    let heads: Vec<&str> = [&*unit]
        .into_iter()
        .chain(Mode::ALL.map(Mode::name))
        .collect();
    let rows = axis.names().zip(&columns);
    let rows = rows.map(|(name, counts)| (name, counts.map(digits).to_vec()));
    let mut rows: Vec<_> = rows.collect();
    // The newest first: that is what is looked for.
    rows.reverse();
    Chart {
        svg: drawing.finish(),
        table: table(head.title, &heads, rows),
        keeps_size: false,
    }
}

fn total_of_first(counts: &Counts, modes: usize) -> u64 {
    let first = counts.iter().take(modes);
    first.fold(0, |sum, n| sum.saturating_add(*n))
}
