//! When a device was here in which mode: the sessions of a span of days by the hour in which
//! they began, as its events tell of them. Hours are those of UTC.

use std::collections::BTreeMap;

use crate::context::Mode;
use crate::event::Event;
use crate::tally::Hour;

/// Sessions by the mode of their first message, in the order of [`Mode::ALL`].
pub type SessionsByMode = [u32; Mode::ALL.len()];

/// The sessions of a device in some days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionCalendar {
    /// The first hour of its first day.
    pub from: Hour,
    /// How many days.
    pub days: usize,
    /// The hours in which sessions began.
    pub hours: BTreeMap<Hour, SessionsByMode>,
    /// Whether everything was looked at. Else sessions are missing from its beginning: the
    /// device has had more events.
    pub is_whole: bool,
}

/// The reading of a device's sessions from an hour on. It is fed with the device's events, the
/// newest first.
#[derive(Debug)]
pub struct SessionReader {
    from: Hour,
    hours: BTreeMap<Hour, SessionsByMode>,
    /// The session that the latest exchange was in, with what that said of its beginning:
    /// an earlier one may say better.
    begun: Option<(u32, Hour, Mode)>,
}

impl SessionReader {
    /// One that begins with that hour.
    pub fn starting(from: Hour) -> Self {
        SessionReader {
            from,
            hours: BTreeMap::new(),
            begun: None,
        }
    }

    /// Takes the next older event in; whether still older ones may matter.
    pub fn take(&mut self, event: &Event) -> bool {
        let hour = Hour::containing(event.at);
        let exchange = event.exchange.as_ref();
        if hour < self.from {
            // A session that began before that hour is none of the span.
            let number = exchange.map(|exchange| exchange.session);
            self.begun.take_if(|begun| Some(begun.0) == number);
            // Other events may stand between the exchanges of a session.
            return exchange.is_none() && self.begun.is_some();
        }
        let Some(exchange) = exchange else {
            return true;
        };
        if self.begun.is_some_and(|begun| begun.0 != exchange.session) {
            self.settle();
        }
        self.begun = Some((exchange.session, hour, exchange.mode));
        true
    }

    /// The hours in which sessions began. Of one of which not all events were taken in, the
    /// earliest of these is the beginning.
    pub fn hours(mut self) -> BTreeMap<Hour, SessionsByMode> {
        self.settle();
        self.hours
    }

    fn settle(&mut self) {
        if let Some((_, hour, mode)) = self.begun.take() {
            self.hours.entry(hour).or_default()[mode as usize] += 1;
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::event::EventType;
    use crate::time::Timestamp;
    use serde_json::json;

    const FROM: Hour = Hour(1_000);

    fn at(hour: i64, minute: i64) -> Timestamp {
        FROM.plus(hour).begins().plus_ms(minute * 60_000)
    }

    fn exchange(at: Timestamp, session: u32, mode: Mode) -> Event {
        let exchange = json!({
            "session": session, "session_id": "1", "message": 1, "query": "", "mode": mode.name(),
            "platform": "WoA", "login": "Absent", "policy_set": "", "status": 200,
        });
        let mut event = Event::new(at, "device", None, EventType::Exchange);
        event.exchange = Some(serde_json::from_value(exchange).unwrap());
        event
    }

    fn other(at: Timestamp) -> Event {
        Event::new(at, "api:admin", None, EventType::CommandQueued)
    }

    /// The hours of these events, which are the oldest first, and how many were looked at.
    fn read(events: &[Event]) -> (Vec<(i64, SessionsByMode)>, usize) {
        let mut reader = SessionReader::starting(FROM);
        let mut taken = 0;
        for event in events.iter().rev() {
            taken += 1;
            if !reader.take(event) {
                break;
            }
        }
        let hours = reader.hours().into_iter();
        let hours = hours.map(|(hour, modes)| (hour.0 - FROM.0, modes));
        (hours.collect(), taken)
    }

    #[test]
    fn a_session_counts_once_in_the_hour_and_mode_of_its_first_message() {
        let events = [
            exchange(at(2, 59), 1, Mode::Machine),
            other(at(2, 59)),
            exchange(at(3, 0), 1, Mode::Apps),
            exchange(at(3, 1), 1, Mode::Apps),
            exchange(at(3, 30), 2, Mode::Maintenance),
            exchange(at(3, 40), 3, Mode::Maintenance),
        ];
        let (hours, _) = read(&events);
        assert_eq!(hours, [(2, [1, 0, 0, 0]), (3, [0, 2, 0, 0])]);
    }

    #[test]
    fn what_began_before_the_span_is_left_out_and_ends_the_reading() {
        let events = [
            exchange(at(-9, 0), 1, Mode::Machine),
            exchange(at(-1, 59), 2, Mode::Machine),
            other(at(-1, 59)),
            exchange(at(0, 0), 2, Mode::Machine),
            exchange(at(0, 1), 3, Mode::Apps),
        ];
        let (hours, taken) = read(&events);
        assert_eq!(hours, [(0, [0, 0, 1, 0])]);
        assert_eq!(
            taken, 4,
            "the exchange before the span is the last to look at"
        );
    }

    #[test]
    fn where_no_exchange_is_nothing_is() {
        assert_eq!(read(&[other(at(0, 0)), other(at(5, 0))]).0, []);
        assert_eq!(read(&[]).0, []);
    }
}
