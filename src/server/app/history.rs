//! What happened over time: all devices by the hour, and one device's sessions by day and hour.

use std::collections::BTreeMap;

use super::{App, AppError, Principal};
use modegate_core::ids::DeviceId;
use modegate_core::session_calendar::{SessionCalendar, SessionsByMode};
use modegate_core::tally::{Hour, HourRecord, by_hour};
use modegate_core::time::Timestamp;

/// Days of a calendar, with the one under way.
const CALENDAR_DAYS: i64 = 14;

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

/// A device's sessions of the last days.
#[derive(Debug)]
pub(crate) struct Calendar {
    /// The first hour of its first day.
    pub(crate) from: Hour,
    /// The first hour behind its last day, which is the one under way.
    pub(crate) to: Hour,
    /// Whether everything was looked at. Else sessions are missing from its beginning: the
    /// device has had more events.
    pub(crate) is_whole: bool,
    /// The hours in which sessions began.
    pub(crate) hours: BTreeMap<Hour, SessionsByMode>,
}

/// When a device was here in which mode.
pub(crate) async fn calendar(
    app: &App,
    by: &Principal,
    id: DeviceId,
) -> Result<Calendar, AppError> {
    by.device(app, id).await?;
    let to = Hour::containing(app.now())
        .first_of_day()
        .plus(Hour::OF_DAY);
    let from = to.plus(-CALENDAR_DAYS * Hour::OF_DAY);
    let mut sessions = SessionCalendar::starting(from);
    let is_whole = read(app, id, &mut sessions).await?;
    Ok(Calendar {
        from,
        to,
        is_whole,
        hours: sessions.hours(),
    })
}

/// Feeds the calendar with the device's events; whether it has all that it wants.
async fn read(app: &App, id: DeviceId, sessions: &mut SessionCalendar) -> Result<bool, AppError> {
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
