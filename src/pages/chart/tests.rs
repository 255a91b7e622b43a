//! Whatever the numbers and the texts: whole coordinates inside the picture, few bytes, a
//! table with every column, and no markup but the chart's own.

#![allow(clippy::unwrap_used, clippy::too_many_lines)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use modegate_core::context::{Family, Mode};
use modegate_core::installs::InstallState;
use modegate_core::session_calendar::SessionCalendar;
use modegate_core::tally::{Hour, HourRecord, QueuePeak};
use modegate_core::time::Timestamp;
use proptest::prelude::*;
use roxmltree::{Document, Node};

use super::*;

/// Most bytes of a picture.
const BYTES: usize = 12 * 1024;

/// 2026-11-27T11:00Z.
fn from() -> Hour {
    Hour::containing(Timestamp(1_795_777_200_000))
}

fn head<'a>(title: &'a str) -> Head<'a> {
    Head { id: "c1", title }
}

/// The numbers of a list such as `1 2`.
fn numbers(text: &str) -> Vec<i64> {
    let parts = text.split([' ', ',']);
    parts.map(|part| part.parse().expect(text)).collect()
}

/// The corners that a path goes through.
fn corners(path: &str) -> Vec<(i64, i64)> {
    let (mut at, mut start, mut all) = ((0, 0), (0, 0), Vec::new());
    let mut rest = path;
    while let Some(command) = rest.chars().next() {
        let end = rest[1..].find(|c: char| c.is_ascii_alphabetic());
        let (arguments, next) = rest[1..].split_at(end.unwrap_or(rest.len() - 1));
        rest = next;
        match command {
            'z' => at = start,
            'M' => {
                let found = numbers(arguments);
                (at, start) = ((found[0], found[1]), (found[0], found[1]));
            }
            'h' => at.0 += numbers(arguments)[0],
            'v' => at.1 += numbers(arguments)[0],
            other => panic!("{other} in {path}"),
        }
        all.push(at);
    }
    all
}

fn is_in_defs(node: &Node<'_, '_>) -> bool {
    node.ancestors().any(|above| above.has_tag_name("defs"))
}

/// Checks what is true of every chart; how many rows its table has.
fn checked(chart: &Chart, title: &str) -> usize {
    let text = chart.to_string();
    assert!(
        chart.svg.to_string().len() <= BYTES,
        "{}",
        chart.svg.to_string().len()
    );
    for forbidden in ["NaN", "style=", "<style", "<script", "onload"] {
        let is_there = chart.svg.to_string().contains(forbidden);
        assert!(
            !is_there || title.contains(forbidden),
            "{forbidden} in {text}"
        );
    }
    let document = Document::parse(&text).expect(&text);
    let one = |name: &str| {
        let mut found = document
            .descendants()
            .filter(|node| node.has_tag_name(name));
        let node = found.next().unwrap_or_else(|| panic!("{name} in {text}"));
        assert!(found.next().is_none(), "one {name} in {text}");
        node
    };
    let svg = one("svg");
    let view = numbers(svg.attribute("viewBox").unwrap());
    let (width, height) = (view[2], view[3]);
    assert_eq!(svg.attribute("width"), Some(&*width.to_string()));
    assert_eq!(svg.attribute("height"), Some(&*height.to_string()));
    assert_eq!(svg.attribute("role"), Some("img"));
    assert_eq!(svg.attribute("focusable"), Some("false"));
    let labels: Vec<&str> = svg
        .attribute("aria-labelledby")
        .unwrap()
        .split(' ')
        .collect();
    let named = [one("title"), one("desc")].map(|node| node.attribute("id").unwrap());
    assert_eq!(labels, named);
    let ids: Vec<&str> = document
        .descendants()
        .filter_map(|node| node.attribute("id"))
        .collect();
    assert_eq!(
        ids.iter().collect::<BTreeSet<_>>().len(),
        ids.len(),
        "{ids:?}"
    );
    let inside = |(x, y): (i64, i64)| {
        assert!(
            (0..=width).contains(&x) && (0..=height).contains(&y),
            "({x}, {y}) in {text}"
        );
    };
    for node in svg
        .descendants()
        .filter(|node| node.is_element() && !is_in_defs(node))
    {
        if let Some(path) = node.attribute("d") {
            corners(path).into_iter().for_each(inside);
        }
        if let (Some(x), Some(y)) = (node.attribute("x"), node.attribute("y")) {
            let y = numbers(y)[0];
            let places = numbers(x);
            let letters = node.text().unwrap_or_default().chars().count();
            assert!(places.len() == 1 || places.len() == letters, "{text}");
            places.into_iter().for_each(|x| inside((x, y)));
        }
        if let Some(hatch) = node.attribute("fill") {
            let name = hatch
                .strip_prefix("url(#")
                .and_then(|name| name.strip_suffix(')'));
            assert!(ids.contains(&name.unwrap()), "{hatch}");
        }
        let known = ["svg", "title", "desc", "defs", "pattern", "path", "text"];
        assert!(known.contains(&node.tag_name().name()), "{text}");
    }
    assert!(
        !one("caption")
            .descendants()
            .any(|node| node.has_tag_name("script"))
    );
    let rows = one("tbody").children().filter(Node::is_element);
    let columns = one("thead")
        .descendants()
        .filter(|node| node.has_tag_name("th"))
        .count();
    let rows: Vec<usize> = rows
        .map(|row| row.children().filter(Node::is_element).count())
        .collect();
    assert!(rows.iter().all(|cells| *cells == columns), "{text}");
    rows.len()
}

/// Numbers of every size.
fn number() -> impl Strategy<Value = u64> {
    prop_oneof![
        Just(0),
        0..10_u64,
        0..100_000_u64,
        Just(u64::MAX),
        any::<u64>()
    ]
}

fn record(hour: Hour, by_mode: [u64; 4], queue: Option<(u64, u64)>) -> HourRecord {
    let sessions = Mode::ALL.into_iter().zip(by_mode);
    HourRecord {
        sessions: sessions
            .map(|(mode, n)| ((Family::Windows81, mode), n))
            .collect(),
        queue: queue.map(|(depth, oldest_seconds)| QueuePeak {
            depth,
            oldest_seconds,
        }),
        ..HourRecord::new(hour)
    }
}

fn some_from() -> impl Strategy<Value = Hour> {
    prop_oneof![
        Just(from()),
        Just(Hour(0)),
        (-100_000..3_000_000_i64).prop_map(Hour),
        any::<i64>().prop_map(Hour)
    ]
}

fn title() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("Sessions".to_owned()),
        Just("</title></svg><script>alert(1)</script>\" onload='x' &amp; \u{202e}\0".to_owned()),
        any::<String>(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn hours_keep_inside(from in some_from(), hours in proptest::collection::vec(
        (proptest::array::uniform4(number()), proptest::option::of((number(), number()))), 0..800,
    ), title in title()) {
        let hours = hours.into_iter().zip(0..).map(|((by_mode, queue), at)| {
            record(from.plus(at), by_mode, queue)
        });
        let hours: Vec<HourRecord> = hours.collect();
        for chart in [sessions(head(&title), &hours), queues(head(&title), &hours)] {
            let rows = checked(&chart, &title);
            prop_assert!(rows <= COLUMNS && (rows > 0) != hours.is_empty());
        }
    }

    #[test]
    fn ages_keep_inside(by_day in proptest::collection::vec(number(), 0..100), without in number(), title in title()) {
        let rows = checked(&channel_ages(head(&title), &by_day, without), &title);
        prop_assert!(rows <= COLUMNS + 1);
    }

    #[test]
    fn installs_keep_inside(counts in proptest::collection::btree_map(0..11_usize, number(), 0..11), title in title()) {
        let counts = counts.into_iter().map(|(at, count)| (InstallState::ALL[at], count));
        let counts: BTreeMap<InstallState, u64> = counts.collect();
        prop_assert_eq!(checked(&installs(head(&title), &counts), &title), counts.len());
    }

    #[test]
    fn calendars_keep_inside(
        from in some_from(),
        days in 0..40_usize,
        hours in proptest::collection::vec((-30..400_i64, proptest::array::uniform4(prop_oneof![Just(0_u32), any::<u32>()])), 0..400),
        is_whole in any::<bool>(),
        title in title(),
    ) {
        let hours = hours.into_iter().map(|(at, counts)| (from.plus(at), counts)).collect();
        let calendar = SessionCalendar { from, days, hours, is_whole };
        prop_assert_eq!(checked(&mode_calendar(head(&title), &calendar), &title), days.min(14));
    }
}

/// The fullest calendar: each cell has as many letters as it may, or another colour than its
/// neighbours.
#[test]
fn the_fullest_calendars_keep_to_the_bound() {
    let calendar = |counts: fn(i64) -> [u32; 4]| SessionCalendar {
        from: from().first_of_day(),
        days: 14,
        hours: (0..14 * 24)
            .map(|at| (from().first_of_day().plus(at), counts(at)))
            .collect(),
        is_whole: true,
    };
    let all = calendar(|_| [1; 4]);
    let alternating = calendar(|at| [u32::from(at % 2 == 0), u32::from(at % 2 == 1), 0, 0]);
    for calendar in [all, alternating] {
        assert_eq!(checked(&mode_calendar(head("t"), &calendar), "t"), 14);
    }
}

#[test]
fn hostile_text_is_text() {
    let title = "</title><script>x</script>\"'&\u{202e}\0é";
    let text = channel_ages(head(title), &[], 0).to_string();
    let document = Document::parse(&text).unwrap();
    let shown = document
        .descendants()
        .find(|node| node.has_tag_name("title"))
        .unwrap();
    assert_eq!(
        shown.text(),
        Some("</title><script>x</script>\"'&\u{fffd}\u{fffd}é")
    );
    let caption = document
        .descendants()
        .find(|node| node.has_tag_name("bdi"))
        .unwrap();
    assert_eq!(caption.text(), shown.text());
}

#[test]
fn the_style_sheets_know_every_class_of_a_chart() {
    let (ui, dark) = (
        include_str!("../assets/ui.css"),
        include_str!("../assets/dark.css"),
    );
    let has_rule = |sheet: &str, class: &str| {
        let selector = format!(".{class}");
        let rules = sheet.match_indices(&selector);
        let ends = rules.map(|(at, name)| sheet[at + name.len()..].chars().next());
        ends.flatten()
            .any(|next| !next.is_alphanumeric() && next != '-')
    };
    for (name, chart) in samples() {
        let text = chart.to_string();
        let document = Document::parse(&text).unwrap();
        let classes = document
            .descendants()
            .filter_map(|node| node.attribute("class"));
        for class in classes.flat_map(|classes| classes.split(' ')) {
            assert!(has_rule(ui, class), "{class} of {name} in ui.css");
            let is_colour = class.starts_with("c-") && class != "c-table";
            assert!(
                !is_colour || has_rule(dark, class),
                "{class} of {name} in dark.css"
            );
        }
    }
}

/// A tablet that is used on weekdays.
fn sample_calendar() -> SessionCalendar {
    let mut hours = BTreeMap::new();
    let first = from().first_of_day();
    for day in 0..14 {
        let mut add = |hour: i64, mode: Mode| {
            hours.entry(first.plus(day * 24 + hour)).or_insert([0; 4])[mode as usize] += 1;
        };
        add(2, Mode::Machine);
        if day % 7 < 5 {
            add(7, Mode::Maintenance);
            add(7, Mode::Machine);
            add(8, Mode::Maintenance);
        }
        if day % 3 == 0 {
            add(14, Mode::Apps);
            add(14, Mode::Apps);
        }
    }
    SessionCalendar {
        from: first,
        days: 14,
        hours,
        is_whole: false,
    }
}

/// One of each, as a small fleet would show it.
fn samples() -> Vec<(&'static str, Chart)> {
    let day = |at: u64| at % 24;
    let hours: Vec<HourRecord> = (0..48)
        .map(|at: u64| {
            let by_mode = [
                if day(at + 11) == 2 { 46 } else { 1 },
                if (7..10).contains(&day(at + 11)) {
                    18
                } else {
                    3
                },
                at % 5,
                u64::from(at == 40),
            ];
            let queue = (120 - 2 * at, 3_600 * (at % 30));
            let queue = (!(20..23).contains(&at)).then_some(queue);
            record(from().plus(at as i64), by_mode, queue)
        })
        .collect();
    let by_day: Vec<u64> = (0..32)
        .map(|day| match day {
            0..22 => 40 + 3 * (day % 4),
            31 => 12,
            _ => 31 - day,
        })
        .collect();
    let counts = InstallState::ALL
        .into_iter()
        .zip([4, 31, 2, 9, 0, 3, 214, 6, 2, 0, 0])
        .collect();

    let calendar = sample_calendar();
    let head = |id, title| Head { id, title };
    vec![
        (
            "sessions",
            sessions(head("a", "Sessions by mode, 48 hours"), &hours),
        ),
        (
            "channel-ages",
            channel_ages(head("b", "Age of channels"), &by_day, 61),
        ),
        (
            "queues",
            queues(head("c", "Queues at their fullest, 48 hours"), &hours),
        ),
        (
            "installs",
            installs(head("d", "Installs by state"), &counts),
        ),
        (
            "calendar",
            mode_calendar(head("e", "TABLET-7: mode calendar"), &calendar),
        ),
    ]
}

/// `UPDATE_GOLDEN=1 cargo test -p modegate-pages charts_are_drawn` writes them: look at them.
#[test]
fn charts_are_drawn_as_they_were() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/charts");
    for (name, chart) in samples() {
        checked(&chart, "");
        let path = dir.join(format!("{name}.html"));
        // One element a line.
        let text = chart.to_string().replace("><", ">\n<") + "\n";
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::create_dir_all(&dir).unwrap();
            std::fs::write(&path, &text).unwrap();
        }
        let golden = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            text == golden,
            "{name} is another: look at it, then UPDATE_GOLDEN=1"
        );
    }
}
