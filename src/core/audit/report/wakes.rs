//! Pushes and the sessions that they began.

use super::device::{DeviceFacts, Session, WakeStep};
use super::value::{Listed, Section, columns};
use crate::event::{Event, EventType};
use crate::ids::DeviceId;
use crate::time::Timestamp;

/// Audit 4.
#[derive(Debug, Default)]
pub(super) struct WakesAudit {
    apps: u64,
    unwoken: Listed<(Timestamp, DeviceId, u32, u64)>,
    wanted: u64,
    sent: u64,
    refused: u64,
    answered: u64,
    unanswered: Listed<(Timestamp, DeviceId, u64, String)>,
    waiting: u64,
}

impl WakesAudit {
    /// Takes in an event of a device. What is outside the period moves the device's wake and
    /// is not counted.
    pub(super) fn take(
        &mut self,
        (id, facts): (DeviceId, &mut DeviceFacts),
        event: &Event,
        counts: bool,
    ) {
        let by_device = event.actor == "device";
        let (next, counter) = match event.what {
            EventType::WakeWanted => (WakeStep::Wanted, Some(&mut self.wanted)),
            // A device may be quicker than the answer of WNS.
            EventType::WakeSent if facts.wake == WakeStep::Ended => {
                (WakeStep::Ended, Some(&mut self.sent))
            }
            EventType::WakeSent => (WakeStep::Sent, Some(&mut self.sent)),
            EventType::WakeNotTaken => (facts.wake, Some(&mut self.refused)),
            EventType::WakeEnded if by_device => (WakeStep::Ended, Some(&mut self.answered)),
            EventType::WakeEnded => (WakeStep::Ended, None),
            _ => return,
        };
        if counts {
            match counter {
                Some(counter) => *counter += 1,
                None => {
                    let detail = event.detail.clone().unwrap_or_default();
                    self.unanswered.push((event.at, id, event.seq, detail));
                }
            }
        }
        facts.wake = next;
    }

    /// A session that is over, or the log is.
    pub(super) fn session(&mut self, id: DeviceId, session: Session, period: &super::Period) {
        let began = session.apps.filter(|(_, at, _)| period.contains(*at));
        let Some((event, at, woken)) = began else {
            return;
        };
        self.apps += 1;
        if !woken {
            self.unwoken.push((at, id, session.number, event));
        }
    }

    /// A device at the end of the period.
    pub(super) fn close(&mut self, facts: &DeviceFacts) {
        self.waiting += u64::from(facts.wake == WakeStep::Sent && facts.retired_at.is_none());
    }

    pub(super) fn section(&self) -> Section {
        let unwoken = "Apps sessions for which this server had sent no push";
        let unanswered = "Wakes that ended without a session";
        Section::new(
            "wakes",
            "4. Apps sessions and pushes",
            "Only a push begins a session in Apps. A session without a push of this server, and a push without a session, are listed.",
            "That a notification reached the device: WNS says only that it took it. A session without a push of this server may have been begun by a push that was delayed, or by another sender that knows the channel.",
        )
        .headline("unwoken", self.unwoken.total() > 0)
        .fact("apps", "Sessions that began in Apps", self.apps)
        .fact("unwoken", unwoken, self.unwoken.total())
        .fact("wanted", "Wakes that were asked for", self.wanted)
        .fact("sent", "Notifications that WNS took", self.sent)
        .fact("refused", "Notifications that WNS did not take", self.refused)
        .fact("answered", "Wakes that a session answered", self.answered)
        .fact("unanswered", unanswered, self.unanswered.total())
        .fact("waiting", "Devices that were sent a push and have had no session since", self.waiting)
        .table(self.unwoken.table(
            "apps_without_push",
            unwoken,
            columns! { at "When", device "Device", session "Session", event "Event" },
            |&(at, device, session, event)| {
                vec![at.into(), device.into(), session.into(), event.into()]
            },
        ))
        .table(self.unanswered.table(
            "wakes_without_session",
            unanswered,
            columns! { at "When", device "Device", event "Event", why "Why" },
            |(at, device, event, why)| {
                vec![(*at).into(), (*device).into(), (*event).into(), why.as_str().into()]
            },
        ))
    }
}
