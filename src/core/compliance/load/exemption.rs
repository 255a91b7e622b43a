//! `[[exempt]]`: a control that does not count for a while.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use toml::de::DeValue;

use super::Loader;
use crate::compliance::{ControlId, Exemption};
use crate::limits::EXEMPTION_DAYS;
use crate::time::Timestamp;
use crate::toml_file::Table;

/// A day, milliseconds.
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

impl Table<'_, Loader> {
    pub(super) fn exemption(&mut self) {
        self.only_keys(&["control", "group", "until", "reason", "approved_by", "note"]);
        self.text("note");
        let control = self
            .required("control")
            .and_then(|id| self.known_control(id));
        let groups = self.names("group");
        let until = self.until();
        let [reason, approved_by] = ["reason", "approved_by"].map(|key| {
            let text = self.required(key)?;
            self.plain(key, text)
        });
        let (Some(control), Some(until), Some(reason), Some(approved_by)) =
            (control, until, reason, approved_by)
        else {
            return;
        };
        let mut before = self.loader.exemptions.iter();
        let same = before.find(|one| one.control == control && one.groups == groups);
        if let Some(earlier) = same {
            let found = format!("'{control}', which line {} exempts too", earlier.line);
            self.fault(self.start, "a control that is exempt once", found);
            return;
        }
        let line = self.at.line(self.start);
        self.loader.exemptions.push(Exemption {
            control,
            groups,
            until,
            reason,
            approved_by,
            line,
        });
    }

    fn known_control(&mut self, (id, offset): (String, usize)) -> Option<ControlId> {
        if !self.loader.control_ids.contains_key(&id) {
            self.fault(
                offset,
                "the id of a control of this file",
                format!("'{id}'"),
            );
            return None;
        }
        Some(ControlId(id))
    }

    /// The end of the day that `until` names.
    fn until(&mut self) -> Option<Timestamp> {
        if !self.fields.contains_key("until") {
            self.missing("until");
        }
        let until = self.value("until", "a date such as 2027-06-30", end_of_day);
        let (until, offset) = until?;
        let now = self.loader.now;
        if until.ms_since(now) > (EXEMPTION_DAYS + 1) * DAY_MS {
            let found = self.at.text.get(offset..offset + 10).unwrap_or_default();
            self.fault(offset, "a day at most a year from now for 'until'", found);
            return None;
        }
        Some(until)
    }
}

/// The end, in UTC, of the day that a date without a time names.
fn end_of_day(value: &DeValue<'_>) -> Option<Timestamp> {
    let DeValue::Datetime(there) = value else {
        return None;
    };
    let (Some(date), None, None) = (there.date, there.time, there.offset) else {
        return None;
    };
    let (year, month, day) = (date.year, date.month, date.day);
    let date = Date::new(
        i16::try_from(year).ok()?,
        i8::try_from(month).ok()?,
        i8::try_from(day).ok()?,
    );
    let next = date.ok()?.tomorrow().ok()?;
    let at = next.to_zoned(TimeZone::UTC).ok()?.timestamp();
    Some(Timestamp(at.as_millisecond()))
}
