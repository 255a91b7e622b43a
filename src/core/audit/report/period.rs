//! The period that a report is about.

use std::fmt;
use std::str::FromStr;

use crate::time::Timestamp;

/// From an instant on, and up to another, which does not belong to it. Read from `FROM..TO`:
/// days (`2026-01-01`, UTC, both included) or instants (RFC 3339); either may be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// The first instant.
    pub from: Timestamp,
    /// The first instant after it.
    pub to: Timestamp,
}

/// A day, milliseconds.
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

impl Period {
    /// All that is on record.
    pub const WHOLE: Period = Period {
        from: Timestamp(i64::MIN),
        to: Timestamp(i64::MAX),
    };

    /// Whether the instant belongs to it.
    pub fn contains(&self, at: Timestamp) -> bool {
        (self.from..self.to).contains(&at)
    }

    /// Its beginning, if it has one.
    pub fn from(&self) -> Option<Timestamp> {
        (self.from != Self::WHOLE.from).then_some(self.from)
    }

    /// Its end, if it has one.
    pub fn to(&self) -> Option<Timestamp> {
        (self.to != Self::WHOLE.to).then_some(self.to)
    }

    /// One day, UTC: `2026-01-31`.
    pub fn day(text: &str) -> Option<Self> {
        let is_day = text.len() == 10;
        let from = is_day.then(|| Timestamp::parse(&format!("{text}T00:00:00Z")))??;
        let to = from.plus_ms(DAY_MS);
        Some(Period { from, to })
    }
}

/// No period.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PeriodFault {
    /// No `..`, or no instant on one of its sides.
    #[error(
        "expected FROM..TO with days such as 2026-01-01..2026-01-31 (both included, UTC) or \
         instants such as 2026-01-01T08:00:00Z, found `{0}`"
    )]
    Form(String),
    /// It ends before it begins.
    #[error("the period `{0}` ends before it begins")]
    Order(String),
}

impl FromStr for Period {
    type Err = PeriodFault;

    fn from_str(text: &str) -> Result<Self, PeriodFault> {
        let form = || PeriodFault::Form(text.to_owned());
        let (from, to) = text.split_once("..").ok_or_else(form)?;
        let whole = |side: &str| {
            let instant = |at| Period { from: at, to: at };
            Period::day(side).or_else(|| Timestamp::parse(side).map(instant))
        };
        let mut period = Period::WHOLE;
        if !from.is_empty() {
            period.from = whole(from).ok_or_else(form)?.from;
        }
        if !to.is_empty() {
            period.to = whole(to).ok_or_else(form)?.to;
        }
        match period.from < period.to {
            true => Ok(period),
            false => Err(PeriodFault::Order(text.to_owned())),
        }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(from) = self.from() {
            write!(f, "{from}")?;
        }
        f.write_str("..")?;
        match self.to() {
            Some(to) => write!(f, "{to}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn days_are_whole_and_both_are_included() {
        let january: Period = "2026-01-01..2026-01-31".parse().unwrap();
        let text = "2026-01-01T00:00:00.000Z..2026-02-01T00:00:00.000Z";
        assert_eq!(january.to_string(), text);
        assert_eq!(text.parse(), Ok(january));
        for (at, belongs) in [
            ("2025-12-31T23:59:59.999Z", false),
            ("2026-01-01T00:00:00Z", true),
            ("2026-01-31T23:59:59.999Z", true),
            ("2026-02-01T00:00:00Z", false),
        ] {
            assert_eq!(
                january.contains(Timestamp::parse(at).unwrap()),
                belongs,
                "{at}"
            );
        }
    }

    #[test]
    fn either_side_may_be_open() {
        assert_eq!("..".parse(), Ok(Period::WHOLE));
        let since: Period = "2026-01-01..".parse().unwrap();
        assert_eq!(
            (since.to(), since.to_string()),
            (None, "2026-01-01T00:00:00.000Z..".into())
        );
        let one: Period = "2026-01-01..2026-01-01".parse().unwrap();
        assert_eq!(Some(one), Period::day("2026-01-01"));
    }

    #[test]
    fn what_is_no_period_is_refused() {
        for text in [
            "",
            "2026",
            "2026-01-01",
            "2026-13-01..",
            "a..b",
            "2026-01-01..2026-1-2",
        ] {
            assert_eq!(
                text.parse::<Period>(),
                Err(PeriodFault::Form(text.into())),
                "{text}"
            );
        }
        let text = "2026-02-01..2026-01-01";
        assert_eq!(text.parse::<Period>(), Err(PeriodFault::Order(text.into())));
    }
}
