//! Times, as a page shows them: with the zone, and how long ago.

use std::fmt;

use askama::filters::HtmlSafe;
use modegate_core::time::Timestamp;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// An instant as a `time` element: `2026-11-29 17:05 UTC`, and in a title and for programs to
/// the millisecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct When(pub Timestamp);

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exact = self.0.to_string();
        let shown = self.0.minute();
        write!(
            f,
            r#"<time datetime="{exact}" title="{exact}">{shown}</time>"#
        )
    }
}

// Digits and punctuation of RFC 3339 only.
impl HtmlSafe for When {}

/// How long before or after `now` an instant is: "5 min ago", "in 2 h".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ago {
    /// The instant.
    pub at: Timestamp,
    /// The time.
    pub now: Timestamp,
}

impl fmt::Display for Ago {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = self.now.ms_since(self.at);
        let length = Length(ms.saturating_abs());
        match ms {
            ms if ms.saturating_abs() < MINUTE => f.write_str("just now"),
            ms if ms < 0 => write!(f, "in {length}"),
            _ => write!(f, "{length} ago"),
        }
    }
}

impl HtmlSafe for Ago {}

/// A length of time in ms, in the largest unit that it has at least two of, or one minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Length(pub i64);

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ms if ms < MINUTE => write!(f, "{} s", ms / 1_000),
            ms if ms < 2 * HOUR => write!(f, "{} min", ms / MINUTE),
            ms if ms < 2 * DAY => write!(f, "{} h", ms / HOUR),
            ms => write!(f, "{} d", ms / DAY),
        }
    }
}

impl HtmlSafe for Length {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_its_zone_and_how_long_ago_it_is() {
        let at = Timestamp(1_779_955_200_000);
        assert_eq!(
            When(at).to_string(),
            r#"<time datetime="2026-05-28T08:00:00.000Z" title="2026-05-28T08:00:00.000Z">2026-05-28 08:00 UTC</time>"#
        );
        for (ms, expected) in [
            (0, "just now"),
            (59_999, "just now"),
            (5 * MINUTE, "5 min ago"),
            (119 * MINUTE, "119 min ago"),
            (3 * HOUR, "3 h ago"),
            (40 * DAY, "40 d ago"),
            (-3 * HOUR, "in 3 h"),
            (i64::MIN, "in 106751991167 d"),
        ] {
            let now = at.plus_ms(ms);
            let ago = if ms == i64::MIN {
                Ago {
                    at: Timestamp(i64::MAX),
                    now: Timestamp(0),
                }
            } else {
                Ago { at, now }
            };
            assert_eq!(ago.to_string(), expected);
        }
    }
}
