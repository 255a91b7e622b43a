//! Messages that could not be read. One that names a device is an event of that
//! device, so that an operator finds it: so many an hour, since whoever names a
//! device need not be it. Each event says for how many it stands. The log lines are
//! those of every refused request (`http::refused`).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::SyncService;
use super::request::{Refused, SyncRequest};
use crate::metrics::RefusedReason;
use modegate_core::change::DeviceChange;
use modegate_core::device::Device;
use modegate_core::event::{Event, EventType};
use modegate_core::ids::Source;
use modegate_core::session;
use modegate_core::time::Timestamp;
use modegate_store::StoreError;
use modegate_wire::message::{Message, Reading};

/// Events of one device an hour, of messages that prove to be from it.
const PROVEN_AN_HOUR: u32 = 12;
/// The same of messages that only name it.
const NAMED_AN_HOUR: u32 = 4;
/// An hour, milliseconds.
const HOUR_MS: i64 = 60 * 60 * 1000;
/// Senders remembered; those whose hour is over make room.
const REMEMBERED: usize = 10_000;

/// Who a message that could not be read is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Sender {
    /// This device, by its number, which proved that.
    Proven(u64),
    /// Somebody who names this device.
    Named(u64),
}

impl Sender {
    fn most_an_hour(self) -> u32 {
        match self {
            Sender::Proven(_) => PROVEN_AN_HOUR,
            Sender::Named(_) => NAMED_AN_HOUR,
        }
    }
}

/// How often each sender was written down lately.
#[derive(Debug, Default)]
pub(super) struct RefusedMessages(Mutex<HashMap<Sender, Hour>>);

#[derive(Debug, Clone, Copy)]
struct Hour {
    begun: Timestamp,
    written: u32,
    /// Messages since one was written down.
    passed_over: u64,
}

impl RefusedMessages {
    /// For how many messages an event of this one stands; `None` where there were
    /// enough this hour.
    fn admit(&self, sender: Sender, now: Timestamp) -> Option<u64> {
        let mut hours = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_over =
            |hour: &Hour| now.ms_since(hour.begun).unsigned_abs() >= HOUR_MS.unsigned_abs();
        if hours.len() >= REMEMBERED && !hours.contains_key(&sender) {
            hours.retain(|_, hour| !is_over(hour));
            if hours.len() >= REMEMBERED {
                return None;
            }
        }
        let new = Hour {
            begun: now,
            written: 0,
            passed_over: 0,
        };
        let hour = hours.entry(sender).or_insert(new);
        if is_over(hour) {
            (hour.begun, hour.written) = (now, 0);
        }
        hour.passed_over += 1;
        if hour.written >= sender.most_an_hour() {
            return None;
        }
        hour.written += 1;
        Some(std::mem::take(&mut hour.passed_over))
    }
}

impl SyncService {
    /// Counts a message that could not be read, and puts it on the record of the
    /// device that it names.
    pub(super) async fn note_refused(&self, sync: &SyncRequest<'_>, refused: &Refused) {
        let status = refused.answer.status();
        self.metrics
            .message_refused(RefusedReason::from_status(status));
        let source = Source(refused.unreadable.header.source.uri.clone());
        if source.0.is_empty() {
            return;
        }
        if let Err(error) = self.record_refused(sync, refused, &source).await {
            tracing::error!(%error, "could not record that a message was refused");
        }
    }

    /// The event, if there is such a device.
    async fn record_refused(
        &self,
        sync: &SyncRequest<'_>,
        refused: &Refused,
        source: &Source,
    ) -> Result<(), StoreError> {
        let nothing_more = |_: &Device| session::ReadPlan::default();
        let Some(snapshot) = self.store.load(source, &nothing_more).await? else {
            return Ok(());
        };
        let device = snapshot.device;
        let message = Message {
            header: (*refused.unreadable.header).clone(),
            body: Vec::new(),
            is_final: false,
            reading: Reading::default(),
        };
        let (policies, push) = (self.policies(), self.push());
        let request = self.request(sync, (&message, [0; 32]), &policies, &push);
        let is_proven = session::authenticate(&device, &request).is_proven();
        let (sender, actor) = match is_proven {
            true => (Sender::Proven(device.number), "device"),
            false => (Sender::Named(device.number), "server"),
        };
        let (id, now) = (device.id, request.now);
        let Some(count) = self.refused.admit(sender, now) else {
            return Ok(());
        };
        let detail = describe(is_proven, refused);
        let mut event = Event::new(now, actor, Some(id), EventType::MessageRefused).detail(detail);
        event.count = Some(count).filter(|count| *count > 1);
        let decide = move |device: &Device| Ok(DeviceChange::only_events(device, vec![event]));
        let written = self.store.alter(id, Box::new(decide), None).await;
        written.map(drop)
    }
}

/// What the event says. What a stranger wrote is not in it.
fn describe(is_proven: bool, refused: &Refused) -> String {
    let status = refused.answer.status();
    if is_proven {
        let error = &refused.unreadable.error;
        return format!(
            "a message of the device could not be read and was answered {status}: {error}"
        );
    }
    format!(
        "a message that names the device could not be read and was answered {status}; its sender did not prove to be the device"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_so_many_an_hour_and_say_what_they_stand_for() {
        let refused = RefusedMessages::default();
        let admit = |sender, at| refused.admit(sender, Timestamp(at));
        let named = Sender::Named(1);
        for _ in 0..NAMED_AN_HOUR {
            assert_eq!(admit(named, 0), Some(1));
        }
        for _ in 0..10 {
            assert_eq!(admit(named, HOUR_MS - 1), None);
        }
        let proven = Sender::Proven(1);
        assert_eq!(
            admit(proven, 1),
            Some(1),
            "a stranger uses up no share of it"
        );
        assert_eq!(admit(Sender::Named(2), 1), Some(1));
        assert_eq!(admit(named, HOUR_MS), Some(11));
        assert_eq!(admit(named, HOUR_MS), Some(1));
    }

    #[test]
    fn so_many_senders_are_remembered() {
        let refused = RefusedMessages::default();
        let admit = |device, at| refused.admit(Sender::Named(device), Timestamp(at));
        for device in 0..REMEMBERED as u64 {
            assert_eq!(admit(device, 0), Some(1));
        }
        assert_eq!(admit(u64::MAX, 1), None);
        assert_eq!(admit(u64::MAX, HOUR_MS), Some(1));
    }
}
