//! Messages that could not be read. One that names a device is an event of that
//! device, so that an operator finds it: so many an hour, since whoever names a
//! device need not be it. Each event and log line says for how many it stands.

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
/// Log lines an hour of messages that name no device, for each reason.
const UNKNOWN_AN_HOUR: u32 = 60;
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
    /// Somebody who names none; why the message was not read.
    Unknown(RefusedReason),
}

impl Sender {
    fn most_an_hour(self) -> u32 {
        match self {
            Sender::Proven(_) => PROVEN_AN_HOUR,
            Sender::Named(_) => NAMED_AN_HOUR,
            Sender::Unknown(_) => UNKNOWN_AN_HOUR,
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
    /// For how many messages a line or event of this one stands; `None` where there
    /// were enough this hour.
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
    /// Counts and logs a sync request that was answered `status` before its message
    /// was read, with why.
    pub(crate) fn note_unread(&self, status: u16, why: &str) {
        let reason = RefusedReason::from_status(status);
        self.metrics.message_refused(reason);
        self.log_unknown(reason, why);
    }

    fn log_unknown(&self, reason: RefusedReason, why: &str) {
        let sender = Sender::Unknown(reason);
        if let Some(count) = self.refused.admit(sender, self.clock.now()) {
            let reason = reason.name();
            tracing::info!(reason, count, "refused a message of no known device: {why}");
        }
    }

    /// Counts and logs a message that could not be read, and puts it on the record
    /// of the device that it names.
    pub(super) async fn note_refused(&self, sync: &SyncRequest<'_>, refused: &Refused) {
        let reason = RefusedReason::from_status(refused.answer.status());
        self.metrics.message_refused(reason);
        let source = Source(refused.unreadable.header.source.uri.clone());
        let recorded = match source.0.is_empty() {
            false => self.record_refused(sync, refused, &source).await,
            true => Ok(false),
        };
        match recorded {
            Ok(true) => {}
            Ok(false) => self.log_unknown(reason, &refused.unreadable.error.to_string()),
            Err(error) => tracing::error!(%error, "could not record that a message was refused"),
        }
    }

    /// Whether there is such a device.
    async fn record_refused(
        &self,
        sync: &SyncRequest<'_>,
        refused: &Refused,
        source: &Source,
    ) -> Result<bool, StoreError> {
        let nothing_more = |_: &Device| session::ReadPlan::default();
        let Some(snapshot) = self.store.load(source, &nothing_more).await? else {
            return Ok(false);
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
        let (id, now, error) = (device.id, request.now, &refused.unreadable.error);
        let Some(count) = self.refused.admit(sender, now) else {
            tracing::debug!(device = %id, "refused a message: {error}");
            return Ok(true);
        };
        let detail = describe(is_proven, refused);
        match is_proven {
            true => tracing::warn!(device = %id, count, "{detail}"),
            false => tracing::info!(device = %id, count, "{detail}: {error}"),
        }
        let mut event = Event::new(now, actor, Some(id), EventType::MessageRefused).detail(detail);
        event.count = Some(count).filter(|count| *count > 1);
        let decide = move |device: &Device| Ok(DeviceChange::only_events(device, vec![event]));
        let written = self.store.alter(id, Box::new(decide), None).await;
        written.map(|_| true)
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
