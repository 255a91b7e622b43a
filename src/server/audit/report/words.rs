//! Values as people read them. Nothing that the log has is trusted: what is no letter, digit,
//! sign or space is shown by its number.

use std::fmt::Write as _;

use modegate_core::audit::report::Value;
use modegate_core::time::Timestamp;

/// A text in which every character can be seen: those that steer a terminal, a line or the
/// direction of writing are shown by their numbers.
pub(super) fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match is_hidden(c) {
            // Writing to memory cannot fail.
            true => drop(write!(shown, "\\u{{{:x}}}", u32::from(c))),
            false => shown.push(c),
        }
    }
    shown
}

fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

/// A value in words, with its unit.
pub(super) fn words(value: &Value) -> String {
    match value {
        Value::None => "–".to_owned(),
        Value::Number(number) => grouped(*number),
        Value::Time(at) => time(*at),
        Value::Duration(ms) => duration(*ms),
        Value::Flag(true) => "yes".to_owned(),
        Value::Flag(false) => "no".to_owned(),
        Value::Text(text) | Value::Code(text) => plain(text),
    }
}

/// A number with a narrow space between thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// `2026-01-31 23:59:59 UTC`: to the second, as the rest is in the other forms.
fn time(at: Timestamp) -> String {
    let text = at.to_string();
    match text.split_once('T') {
        Some((day, rest)) => {
            let clock = rest.split_once('.').map_or(rest, |(clock, _)| clock);
            format!("{day} {clock} UTC")
        }
        None => text,
    }
}

/// The two largest units that count.
fn duration(ms: i64) -> String {
    let sign = if ms < 0 { "−" } else { "" };
    let ms = ms.unsigned_abs();
    let (s, min, h, d) = (ms / 1000, ms / 60_000, ms / 3_600_000, ms / 86_400_000);
    let text = match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{}.{} s", s, ms % 1000 / 100),
        60_000..3_600_000 => format!("{min} min {} s", s % 60),
        3_600_000..86_400_000 => format!("{h} h {} min", min % 60),
        _ => format!("{} d {} h", grouped(d), h % 24),
    };
    format!("{sign}{text}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_times_and_durations_have_units() {
        for (value, expected) in [
            (Value::Number(0), "0"),
            (Value::Number(999), "999"),
            (Value::Number(1_234_567), "1\u{202f}234\u{202f}567"),
            (Value::Duration(999), "999 ms"),
            (Value::Duration(1_250), "1.2 s"),
            (Value::Duration(61_000), "1 min 1 s"),
            (Value::Duration(7_260_000), "2 h 1 min"),
            (Value::Duration(-90_000_000), "−1 d 1 h"),
            (
                Value::Time(Timestamp(1_700_000_000_123)),
                "2023-11-14 22:13:20 UTC",
            ),
            (Value::Flag(true), "yes"),
            (Value::None, "–"),
        ] {
            assert_eq!(words(&value), expected);
        }
    }

    #[test]
    fn every_character_can_be_seen() {
        let text = "a\u{202e}b\u{0}c\nd\u{200b}é\u{85}";
        assert_eq!(plain(text), "a\\u{202e}b\\u{0}c\\u{a}d\\u{200b}é\\u{85}");
    }
}
