//! `/history` and `/devices/{id}/calendar`: what happened over time.

use std::collections::BTreeMap;

use actix_web::web;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::query::time;
use super::{Caller, HandlerResult, Id, ok};
use crate::app::history;
use crate::app::input::Time;
use modegate_core::context::{Family, Mode};
use modegate_core::ids::DeviceId;
use modegate_core::installs::InstallState;
use modegate_core::session_calendar::SessionCalendar;
use modegate_core::tally::{Hour, HourRecord, QueuePeak};

/// All devices over time.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "History")]
pub(super) struct HistoryView {
    /// The hours asked for, the oldest first.
    hours: Vec<HourView>,
}

/// One hour.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct HourView {
    /// When it began.
    hour: Time,
    /// Sessions that began, by the mode of their first message.
    sessions: BTreeMap<String, u64>,
    /// The same by the family of the device.
    families: BTreeMap<String, u64>,
    /// The queues at their fullest; null where no server looked at them in that hour.
    queue: Option<QueueView>,
    /// Installs that ended, by their final state.
    installs: BTreeMap<String, u64>,
}

/// The queues of an hour at their fullest.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct QueueView {
    /// The most commands that waited at once, over all devices.
    depth: u64,
    /// The greatest age of a waiting command, seconds; 0 if none waited.
    oldest_seconds: u64,
}

impl From<QueuePeak> for QueueView {
    fn from(peak: QueuePeak) -> Self {
        QueueView {
            depth: peak.depth,
            oldest_seconds: peak.oldest_seconds,
        }
    }
}

impl From<&HourRecord> for HourView {
    fn from(record: &HourRecord) -> Self {
        let modes = Mode::ALL.map(|mode| (mode.name().to_owned(), record.in_mode(mode)));
        let families =
            Family::ALL.map(|family| (family.name().to_owned(), record.of_family(family)));
        let ended = |state: &InstallState| record.installs.get(state).copied().unwrap_or(0);
        let installs = InstallState::ALL
            .into_iter()
            .filter(|state| state.is_final());
        HourView {
            hour: Time(record.hour.begins()),
            sessions: modes.into(),
            families: families.into(),
            queue: record.queue.map(QueueView::from),
            installs: installs
                .map(|state| (state.name().to_owned(), ended(&state)))
                .collect(),
        }
    }
}

/// Which hours.
#[derive(Debug, Deserialize)]
pub(super) struct HistoryQuery {
    hours: Option<u64>,
    to: Option<String>,
}

/// Hours of a history where none are asked for.
const HOURS: u64 = 48;

/// `GET /history`.
pub(super) async fn all(caller: Caller, query: web::Query<HistoryQuery>) -> HandlerResult {
    let to = time("to", query.to.as_deref())?;
    let hours = query.hours.unwrap_or(HOURS);
    caller
        .read(move |caller| async move {
            let records = history::history(caller.app(), caller.by(), hours, to).await?;
            ok(&HistoryView {
                hours: records.iter().map(HourView::from).collect(),
            })
        })
        .await
}

/// A device's sessions of the last days.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Calendar")]
pub(super) struct CalendarView {
    /// The beginning of its first day, in UTC.
    from: Time,
    /// The end of its last day, which is the one under way.
    to: Time,
    /// Whether everything was looked at; false where the device has so many events that
    /// the earliest sessions are missing.
    whole: bool,
    /// The hours in which sessions began, the oldest first.
    hours: Vec<CalendarHourView>,
}

/// An hour in which sessions began.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct CalendarHourView {
    /// When it began.
    hour: Time,
    /// How many sessions began in it, by the mode of their first message; modes without any
    /// are left out.
    sessions: BTreeMap<String, u32>,
}

impl From<SessionCalendar> for CalendarView {
    fn from(calendar: SessionCalendar) -> Self {
        let length = calendar.days as i64 * Hour::OF_DAY;
        let hours = calendar.hours.into_iter();
        let hours = hours.map(|(hour, counts)| {
            let modes = Mode::ALL.into_iter().zip(counts);
            let modes = modes.filter(|(_, count)| *count > 0);
            CalendarHourView {
                hour: Time(hour.begins()),
                sessions: modes
                    .map(|(mode, count)| (mode.name().to_owned(), count))
                    .collect(),
            }
        });
        CalendarView {
            from: Time(calendar.from.begins()),
            to: Time(calendar.from.plus(length).begins()),
            whole: calendar.is_whole,
            hours: hours.collect(),
        }
    }
}

/// `GET /devices/{device}/calendar`.
pub(super) async fn of_device(caller: Caller, Id(id): Id<DeviceId>) -> HandlerResult {
    caller
        .read(move |caller| async move {
            let calendar = history::calendar(caller.app(), caller.by(), id).await?;
            ok(&CalendarView::from(calendar))
        })
        .await
}
