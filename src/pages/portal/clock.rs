//! Times as a tablet's user reads them: by the tablet's clock, the day in words.

use std::fmt;

use askama::filters::HtmlSafe;
use modegate_core::time::Timestamp;

use crate::words::{Language, PortalWord, Text as _};

const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;
const MONTHS: [(&str, &str); 12] = [
    ("January", "Januar"),
    ("February", "Februar"),
    ("March", "März"),
    ("April", "April"),
    ("May", "Mai"),
    ("June", "Juni"),
    ("July", "Juli"),
    ("August", "August"),
    ("September", "September"),
    ("October", "Oktober"),
    ("November", "November"),
    ("December", "Dezember"),
];

/// The clock of a tablet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    /// Minutes by which it is ahead of UTC, where the tablet has told.
    pub offset_minutes: Option<i64>,
    /// The time.
    pub now: Timestamp,
    /// The language of the words.
    pub language: Language,
}

impl Clock {
    /// An instant by this clock.
    pub fn at(&self, at: &Timestamp) -> ClockTime {
        ClockTime {
            at: *at,
            text: self.text(*at),
        }
    }

    /// A span by this clock, as text: the end without its day.
    pub fn span(&self, from: Timestamp, to: Timestamp) -> String {
        let (from, to) = (self.text(from), self.hour(to));
        PortalWord::Between.filled(self.language, &[&from, &to])
    }

    /// An instant by this clock, as text.
    pub fn text(&self, at: Timestamp) -> String {
        let day = |at: Timestamp| self.local(at).0.div_euclid(DAY);
        let hour = self.hour(at);
        let word = match day(at) - day(self.now) {
            0 => PortalWord::Today,
            1 => PortalWord::Tomorrow,
            -1 => PortalWord::Yesterday,
            _ => return self.on_day(at, &hour),
        };
        word.filled(self.language, &[&hour])
    }

    fn on_day(&self, at: Timestamp, hour: &str) -> String {
        // 2026-05-03T…
        let text = self.local(at).to_string();
        let number = |from: usize, to: usize| {
            let digits = text.get(from..to);
            digits
                .and_then(|digits| digits.parse::<usize>().ok())
                .unwrap_or(1)
        };
        let (month, day) = (number(5, 7), number(8, 10));
        let (english, german) = MONTHS[month.saturating_sub(1).min(11)];
        let month = match self.language {
            Language::English => english,
            Language::German => german,
        };
        PortalWord::OnDay.filled(self.language, &[&day, &month, &hour])
    }

    /// `07:50`, with the zone where it is not the tablet's.
    fn hour(&self, at: Timestamp) -> String {
        let text = self.local(at).to_string();
        let hour = text.get(11..16).unwrap_or_default();
        match self.offset_minutes {
            Some(_) => hour.to_owned(),
            None => format!("{hour} UTC"),
        }
    }

    fn local(&self, at: Timestamp) -> Timestamp {
        at.plus_ms(self.offset_minutes.unwrap_or(0) * MINUTE)
    }
}

/// An instant as a `time` element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClockTime {
    at: Timestamp,
    text: String,
}

impl fmt::Display for ClockTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ClockTime { at, text } = self;
        write!(f, r#"<time datetime="{at}">{text}</time>"#)
    }
}

// Digits, punctuation and the words above only.
impl HtmlSafe for ClockTime {}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_time_is_by_the_tablets_clock_with_its_day() {
        let at = |text: &str| Timestamp::parse(text).unwrap();
        let now = at("2026-05-28T22:30:00Z");
        for (offset, text, english, german) in [
            (
                Some(120),
                "2026-05-28T22:10:00Z",
                "today 00:10",
                "heute 00:10",
            ),
            (
                Some(120),
                "2026-05-28T21:59:00Z",
                "yesterday 23:59",
                "gestern 23:59",
            ),
            (
                Some(120),
                "2026-05-30T00:00:00+02:00",
                "tomorrow 00:00",
                "morgen 00:00",
            ),
            (
                Some(-60),
                "2026-05-03T10:02:00Z",
                "3 May, 09:02",
                "3. Mai, 09:02",
            ),
            (
                None,
                "2026-03-01T10:02:00Z",
                "1 March, 10:02 UTC",
                "1. März, 10:02 UTC",
            ),
        ] {
            for (language, expected) in [(Language::English, english), (Language::German, german)] {
                let clock = Clock {
                    offset_minutes: offset,
                    now,
                    language,
                };
                assert_eq!(clock.text(at(text)), expected, "{text}");
            }
        }
    }

    #[test]
    fn a_night_is_a_span_and_any_instant_has_a_text() {
        let clock = Clock {
            offset_minutes: Some(0),
            now: Timestamp(0),
            language: Language::English,
        };
        let night = clock.span(Timestamp(26 * 60 * MINUTE), Timestamp(28 * 60 * MINUTE));
        assert_eq!(night, "tomorrow 02:00 to 04:00");
        for ms in [i64::MIN, i64::MAX] {
            assert!(!clock.text(Timestamp(ms)).is_empty());
        }
        let shown = clock.at(&Timestamp(0)).to_string();
        assert_eq!(
            shown,
            r#"<time datetime="1970-01-01T00:00:00.000Z">today 00:00</time>"#
        );
    }
}
