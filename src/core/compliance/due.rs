//! When a device is to be judged anew.

use super::facts::Facts;
use crate::device::{DeviceRecord, DeviceState};
use crate::time::Timestamp;

/// A time that moved by less than this, milliseconds, makes no control another: those ask for
/// whole days, and the first session after a day without one always counts as news. What is
/// shown as evidence is at most so old.
const NEWS_MS: i64 = 60 * 60 * 1000;

/// Whether what the server knows of a device by itself moved, by its state before and after,
/// so that a control may be judged otherwise.
pub fn facts_moved(record: &DeviceRecord, states: (&DeviceState, &DeviceState)) -> bool {
    let (before, after) = (Facts::new(record, states.0), Facts::new(record, states.1));
    // Named one by one, so that a new fact is not forgotten here.
    let Facts {
        family,
        last_session,
        last_maintenance,
        has_met_user,
        unenrolled_at,
        // It never changes, and a session that moves nothing else brings no news.
        registered_at: _,
        sessions: _,
    } = after;
    family != before.family
        || has_met_user != before.has_met_user
        || unenrolled_at.is_some() != before.unenrolled_at.is_some()
        || is_news(before.last_session, last_session)
        || is_news(before.last_maintenance, last_maintenance)
}

fn is_news(before: Option<Timestamp>, after: Option<Timestamp>) -> bool {
    match (before, after) {
        (Some(before), Some(after)) => after.ms_since(before).saturating_abs() >= NEWS_MS,
        (before, after) => before.is_some() != after.is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_news_when_it_is_the_first_or_an_hour_later_or_earlier() {
        let at = |hours: i64| Some(Timestamp(hours * NEWS_MS));
        for (before, after, expected) in [
            (None, None, false),
            (None, at(0), true),
            (at(1), at(1), false),
            (at(1), at(2), true),
            (at(2), at(1), true),
            (at(1), Some(Timestamp(NEWS_MS + NEWS_MS - 1)), false),
            (Some(Timestamp(i64::MIN)), Some(Timestamp(i64::MAX)), true),
        ] {
            assert_eq!(is_news(before, after), expected, "{before:?} {after:?}");
        }
    }
}
