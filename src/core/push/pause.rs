//! How long to wait: `Retry-After` as HTTP writes it, and pauses that grow.

use std::time::UNIX_EPOCH;

use crate::time::Timestamp;

/// Longest pause that an answer can ask for, milliseconds. Past a day the
/// device's own nightly session is sooner.
pub(crate) const LONGEST_MS: i64 = 24 * 60 * 60 * 1000;

/// What `Retry-After` or `X-WNS-CONTINUE-AFTER` asks for, milliseconds from
/// `now`, at most [`LONGEST_MS`]: whole seconds or an HTTP date. `None` where
/// it cannot be read.
pub fn asked(text: &str, now: Timestamp) -> Option<i64> {
    let text = text.trim();
    let ms = if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than an i64 holds is simply very long.
        text.parse::<i64>().unwrap_or(i64::MAX).saturating_mul(1000)
    } else {
        http_date(text)?.ms_since(now)
    };
    Some(ms.clamp(0, LONGEST_MS))
}

/// A date in any of the three notations of HTTP (RFC 9110, 5.6.7).
fn http_date(text: &str) -> Option<Timestamp> {
    let date = httpdate::parse_http_date(text).ok()?;
    let since_epoch = date.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since_epoch.as_millis()).ok().map(Timestamp)
}

/// `base`, doubled with each attempt after the first, at most `most`.
pub(crate) fn growing(base: i64, attempt: u32, most: i64) -> i64 {
    let doubled = 1_i64.checked_shl(attempt.saturating_sub(1).min(40));
    base.saturating_mul(doubled.unwrap_or(i64::MAX)).min(most)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn seconds_and_dates_are_read() {
        let now = Timestamp::parse("2014-11-06T08:49:00Z").unwrap();
        let rows = [
            ("37", Some(37_000)),
            (" 0 ", Some(0)),
            ("99999999999999999999999", Some(LONGEST_MS)),
            ("Thu, 06 Nov 2014 08:49:37 GMT", Some(37_000)),
            ("Thursday, 06-Nov-14 08:49:37 GMT", Some(37_000)),
            ("Thu Nov  6 08:49:37 2014", Some(37_000)),
            ("Thu, 06 Nov 2014 08:48:00 GMT", Some(0)),
            ("-5", None),
            ("1.5", None),
            ("soon", None),
            ("", None),
        ];
        for (text, expected) in rows {
            assert_eq!(asked(text, now), expected, "{text:?}");
        }
    }

    #[test]
    fn pauses_grow_up_to_the_bound() {
        let pauses: Vec<i64> = (0..70)
            .map(|attempt| growing(1_000, attempt, 60_000))
            .collect();
        assert_eq!(pauses[..5], [1_000, 1_000, 2_000, 4_000, 8_000]);
        assert!(pauses.is_sorted());
        assert_eq!(pauses[69], 60_000);
    }
}
