//! A device's clock and plan: its zone, the hour of its nightly maintenance, its
//! latest start.

use serde::{Deserialize, Serialize};

use crate::inventory::{Entry, Inventory, Value};
use crate::time::Timestamp;

/// When the nightly maintenance begins unless the device says otherwise, local hour.
const NIGHTLY_HOUR: i64 = 2;
/// How long after its hour the nightly task may begin, minutes: it is delayed
/// at random, and a device that slept runs it late.
const NIGHTLY_MINUTES: i64 = 120;
/// A session so long after the device started belongs to that start, milliseconds.
const AFTER_BOOT_MS: i64 = 30 * 60 * 1000;
const MINUTE_MS: i64 = 60 * 1000;
/// Minutes of a day.
const DAY: i64 = 24 * 60;
/// No zone of the world is further from UTC, minutes.
const OFFSET_MOST: i64 = 14 * 60;

/// What is known of the device's clock and plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Plan {
    /// Minutes by which local time is ahead of UTC.
    pub offset_minutes: Option<i64>,
    /// The hour of its nightly maintenance, local.
    pub nightly_hour: Option<i64>,
    /// By how many minutes that may be delayed at random.
    pub delay_minutes: Option<i64>,
    /// When it last started.
    pub booted_at: Option<Timestamp>,
    /// When its zone was last read.
    pub read_at: Option<Timestamp>,
}

impl Plan {
    /// What an inventory says of it.
    pub fn from_inventory(inventory: &Inventory) -> Plan {
        let entry = |class: &str, property: &str| -> Option<&Entry> {
            let instances = inventory.classes.get(class)?;
            let mut values = instances.values().filter_map(|values| values.get(property));
            values.next()
        };
        let number = |class: &str, property: &str| match entry(class, property)?.value {
            Value::Integer(number) => i64::try_from(number).ok(),
            _ => None,
        };
        let zone = [
            ("Win32_OperatingSystem", "CurrentTimeZone"),
            ("Win32_TimeZone", "Bias"),
        ]
        .into_iter()
        .find_map(|(class, property)| {
            let minutes = number(class, property)?;
            let read_at = entry(class, property)?.read_at;
            (minutes.abs() <= OFFSET_MOST).then_some((minutes, read_at))
        });
        let delay = entry("MDM_SecurityStatus", "MaintenanceScheduleDelayPattern");
        Plan {
            offset_minutes: zone.map(|(minutes, _)| minutes),
            nightly_hour: number("MDM_SecurityStatus", "MaintenanceScheduleStartHour")
                .filter(|hour| (0..24).contains(hour)),
            delay_minutes: delay.and_then(|entry| match &entry.value {
                Value::Text(text) => minutes(text),
                _ => None,
            }),
            booted_at: match entry("Win32_OperatingSystem", "LastBootUpTime")
                .map(|entry| &entry.value)
            {
                Some(Value::Time(at)) => Some(*at),
                _ => None,
            },
            read_at: zone.map(|(_, read_at)| read_at),
        }
    }

    /// The nightly maintenance that is under way at `at`, or the next one: from and
    /// to. `None` where the device's zone is not known.
    pub fn night(&self, at: Timestamp) -> Option<(Timestamp, Timestamp)> {
        let offset = self.offset_minutes?;
        let local = at.0.div_euclid(MINUTE_MS) + offset;
        let length = NIGHTLY_MINUTES.max(self.delay_minutes.unwrap_or(0));
        let begins = self.nightly_hour.unwrap_or(NIGHTLY_HOUR) * 60;
        let since = (local - begins).rem_euclid(DAY);
        let from = local - since + if since < length { 0 } else { DAY };
        let utc = |minutes: i64| Timestamp((minutes - offset) * MINUTE_MS);
        Some((utc(from), utc(from + length)))
    }

    /// Whether `at` is about the time of the nightly maintenance; `None` where
    /// the device's zone is not known.
    pub fn is_nightly(&self, at: Timestamp) -> Option<bool> {
        self.night(at).map(|(from, _)| from <= at)
    }

    /// The day and the minute of it at `at`, in the device's time.
    pub fn local(&self, at: Timestamp) -> Option<(i64, i64)> {
        let local = at.0.div_euclid(MINUTE_MS) + self.offset_minutes?;
        Some((local.div_euclid(DAY), local.rem_euclid(DAY)))
    }

    /// Whether the device had just started at `at`.
    pub(super) fn just_started(&self, at: Timestamp) -> bool {
        self.booted_at
            .is_some_and(|boot| (0..AFTER_BOOT_MS).contains(&at.ms_since(boot)))
    }

    /// Whether the device started between the two.
    pub(super) fn started_between(&self, from: Timestamp, to: Timestamp) -> bool {
        self.booted_at.is_some_and(|boot| from < boot && boot <= to)
    }
}

/// A minute of the day as a clock shows it.
pub(crate) fn clock(minute: i64) -> String {
    format!(
        "{:02}:{:02}",
        minute.rem_euclid(DAY) / 60,
        minute.rem_euclid(60)
    )
}

/// The minutes of an ISO 8601 duration of hours and minutes (`PT30M`, `PT1H30M`), a day
/// at most.
fn minutes(text: &str) -> Option<i64> {
    let mut rest = text.trim().strip_prefix("PT")?;
    let mut total = 0;
    for (unit, each) in [('H', 60), ('M', 1)] {
        if let Some((number, more)) = rest.split_once(unit) {
            total += number.parse::<u16>().map(i64::from).ok()? * each;
            rest = more;
        }
    }
    (rest.is_empty() && (0..=DAY).contains(&total)).then_some(total)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::inventory::{Address, Reading};

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn inventory(values: &[(&str, &str, &str)]) -> Inventory {
        let mut inventory = Inventory::default();
        for &(class, property, data) in values {
            let address = Address {
                class: class.to_owned(),
                instance: format!("{class}=@"),
                property: property.to_owned(),
            };
            let reading = Reading {
                address: &address,
                status: 200,
                format: None,
                data: Some(data),
                command: crate::ids::CommandSeq(1),
                whole: true,
            };
            inventory.take(&reading, Timestamp(7), &mut Default::default());
        }
        inventory
    }

    #[test]
    fn the_plan_comes_from_the_inventory() {
        let all = inventory(&[
            ("Win32_OperatingSystem", "CurrentTimeZone", "120"),
            (
                "Win32_OperatingSystem",
                "LastBootUpTime",
                "20140925020500.000000+120",
            ),
            ("MDM_SecurityStatus", "MaintenanceScheduleStartHour", "3"),
            (
                "MDM_SecurityStatus",
                "MaintenanceScheduleDelayPattern",
                "PT4H",
            ),
        ]);
        let expected = Plan {
            offset_minutes: Some(120),
            nightly_hour: Some(3),
            delay_minutes: Some(240),
            booted_at: Some(at("2014-09-25T00:05:00Z")),
            read_at: Some(Timestamp(7)),
        };
        assert_eq!(Plan::from_inventory(&all), expected);
        let zone = inventory(&[("Win32_TimeZone", "Bias", "-480")]);
        assert_eq!(Plan::from_inventory(&zone).offset_minutes, Some(-480));
        let odd = inventory(&[("Win32_OperatingSystem", "CurrentTimeZone", "99999")]);
        assert_eq!(Plan::from_inventory(&odd), Plan::default());
    }

    #[test]
    fn nights_are_in_the_device_s_time_and_as_long_as_its_delay() {
        // Zone, hour, delay, now: from and to.
        let rows = [
            (
                120,
                None,
                None,
                "2014-09-25T12:00",
                "2014-09-26T00:00",
                "2014-09-26T02:00",
            ),
            (
                120,
                None,
                None,
                "2014-09-26T01:59",
                "2014-09-26T00:00",
                "2014-09-26T02:00",
            ),
            (
                120,
                None,
                None,
                "2014-09-26T02:00",
                "2014-09-27T00:00",
                "2014-09-27T02:00",
            ),
            (
                -480,
                Some(23),
                Some(30),
                "2014-09-26T08:30",
                "2014-09-26T07:00",
                "2014-09-26T09:00",
            ),
            (
                0,
                Some(2),
                Some(240),
                "2014-09-26T05:30",
                "2014-09-26T02:00",
                "2014-09-26T06:00",
            ),
        ];
        for (offset, hour, delay, now, from, to) in rows {
            let plan = Plan {
                offset_minutes: Some(offset),
                nightly_hour: hour,
                delay_minutes: delay,
                ..Plan::default()
            };
            let utc = |text: &str| at(&format!("{text}:00Z"));
            assert_eq!(plan.night(utc(now)), Some((utc(from), utc(to))), "{now}");
            assert_eq!(
                plan.is_nightly(utc(now)),
                Some(utc(from) <= utc(now)),
                "{now}"
            );
        }
        assert_eq!(Plan::default().night(Timestamp(0)), None);
    }

    #[test]
    fn delays_are_hours_and_minutes() {
        let rows = [
            ("PT30M", Some(30)),
            ("PT1H30M", Some(90)),
            ("PT2H", Some(120)),
            ("PT", Some(0)),
            ("P1D", None),
            ("PT99H", None),
            ("PT-5M", None),
            ("PT30M5", None),
            ("", None),
        ];
        for (text, expected) in rows {
            assert_eq!(minutes(text), expected, "{text}");
        }
    }
}
