//! What happened over time: all devices by the hour, and one device's sessions by day and hour.

use super::{App, AppError, Principal};
use modegate_core::ids::DeviceId;
use modegate_core::session_calendar::{SessionCalendar, SessionReader};
use modegate_core::tally::{Hour, HourRecord, by_hour};
use modegate_core::time::Timestamp;

/// Days of a calendar, with the one under way.
const CALENDAR_DAYS: usize = 14;

/// The counts of so many hours, the oldest first. The last is the one that `to` lies in, or
/// the one under way; what was counted in it until now is there.
pub(crate) async fn history(
    app: &App,
    by: &Principal,
    hours: u64,
    to: Option<Timestamp>,
) -> Result<Vec<HourRecord>, AppError> {
    by.unbound()?;
    let to = to.unwrap_or_else(|| app.now());
    if to < Timestamp(0) {
        let expected = "a time from 1970-01-01T00:00:00Z on";
        return Err(AppError::field("to", expected, to));
    }
    let hours = hours.clamp(1, crate::limits::HISTORY_HOURS);
    let end = Hour::containing(to).plus(1);
    let from = end.plus(-(hours as i64));
    let hourly = &app.metrics.hourly;
    let counts = hourly.with_written(&*app.store, from, end).await?;
    Ok(by_hour(from, hours as usize, counts))
}

/// When a device was here in which mode: the last days, with the one under way.
pub(crate) async fn calendar(
    app: &App,
    by: &Principal,
    id: DeviceId,
) -> Result<SessionCalendar, AppError> {
    by.device(app, id).await?;
    let today = Hour::containing(app.now()).first_of_day();
    let from = today.plus(-(CALENDAR_DAYS as i64 - 1) * Hour::OF_DAY);
    let mut sessions = SessionReader::starting(from);
    let is_whole = read(app, id, &mut sessions).await?;
    Ok(SessionCalendar {
        from,
        days: CALENDAR_DAYS,
        hours: sessions.hours(),
        is_whole,
    })
}

/// Feeds the reader with the device's events; whether it has all that it wants.
async fn read(app: &App, id: DeviceId, sessions: &mut SessionReader) -> Result<bool, AppError> {
    let (mut before, mut left) = (u64::MAX, crate::limits::CALENDAR_EVENTS);
    while left > 0 {
        let limit = left.min(crate::limits::PAGE_ITEMS);
        let events = app.store.events_before(id, before, limit).await?;
        for stored in &events {
            if !sessions.take(&stored.event) {
                return Ok(true);
            }
            before = stored.event.seq;
        }
        if events.len() < limit {
            return Ok(true);
        }
        left -= events.len();
    }
    Ok(false)
}
