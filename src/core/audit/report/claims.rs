//! What sessions said of themselves: the mode against who is logged on, modes that changed
//! within a session, interactive runs, and in which modes the push channel was configured.

use super::device::{DeviceFacts, Step};
use super::value::{Column, Listed, Row, Section, columns, whole};
use crate::activity::Trigger;
use crate::context::{Context, Login, Mode, Query};
use crate::event::{Event, ExchangeRecord};
use crate::ids::DeviceId;
use crate::kind::Kind;
use crate::time::Timestamp;

/// Where something was seen.
#[derive(Debug, Clone)]
struct Sighting {
    at: Timestamp,
    device: DeviceId,
    session: u32,
    event: u64,
    what: String,
}

/// The columns of a list of places.
const SIGHTINGS: &[Column] = columns! {
    at "When",
    device "Device",
    session "Session",
    event "Event",
    what "What",
};

impl Sighting {
    fn row(&self) -> Row {
        vec![
            self.at.into(),
            self.device.into(),
            self.session.into(),
            self.event.into(),
            self.what.as_str().into(),
        ]
    }
}

/// Audits 2, 3, 5 and 8.
#[derive(Debug, Default)]
pub(super) struct ClaimsAudit {
    /// Sessions by mode and login status.
    claims: [[u64; Login::ALL.len()]; Mode::ALL.len()],
    sessions: u64,
    nobody: Listed<Sighting>,
    somebody: Listed<Sighting>,
    changed: Listed<Sighting>,
    doubled: Listed<Sighting>,
    manual: Listed<Sighting>,
    /// UpdateConfiguration by the mode of the message.
    configured: [u64; Mode::ALL.len()],
    elsewhere: Listed<Sighting>,
}

impl ClaimsAudit {
    /// An exchange in the period.
    pub(super) fn exchange(
        &mut self,
        (id, facts): (DeviceId, &mut DeviceFacts),
        step: &Step,
        (event, record): (&Event, &ExchangeRecord),
    ) {
        let session = facts.session;
        let place = |what: String| Sighting {
            at: event.at,
            device: id,
            session: record.session,
            event: event.seq,
            what,
        };
        self.sessions += u64::from(step.begins);
        for Context { mode, login, .. } in step.new.iter() {
            self.claims[mode as usize][login as usize] += 1;
        }
        let counted = &mut facts.session.counted;
        let nobody = step.new.iter().find(|context| context.is_contradiction());
        if let Some(context) = nobody.filter(|_| !counted.nobody) {
            counted.nobody = true;
            let what = format!("{} with LoginStatus none", context.mode.name());
            self.nobody.push(place(what));
        }
        let somebody = step.new.iter().find(|context| {
            context.mode == Mode::Machine && matches!(context.login, Login::User | Login::Others)
        });
        if let Some(context) = somebody.filter(|_| !counted.somebody) {
            counted.somebody = true;
            let what = format!("Machine with LoginStatus {}", context.login.name());
            self.somebody.push(place(what));
        }
        let mut modes: Vec<&str> = session.contexts.iter().map(|one| one.mode.name()).collect();
        modes.dedup();
        if modes.len() > 1 && !counted.changed {
            counted.changed = true;
            self.changed.push(place(modes.join(", ")));
        }
        if !counted.doubled && Query::names_modes(&record.query) {
            counted.doubled = true;
            self.doubled.push(place(record.query.clone()));
        }
        let likely = record.trigger.as_ref().map(|trigger| trigger.likely);
        if !counted.manual && (record.manual || likely == Some(Trigger::Manual)) {
            counted.manual = true;
            self.manual.push(place(record.mode.name().to_owned()));
        }
    }

    /// An event in the period that lists commands that went out, in a message of this mode.
    pub(super) fn delivered(&mut self, id: DeviceId, session: u32, mode: Mode, event: &Event) {
        let configures = |kind| kind == Kind::WnsConfiguration;
        for delivered in event.delivered().iter().filter(|one| configures(one.kind)) {
            self.configured[mode as usize] += 1;
            if mode != Mode::Maintenance {
                self.elsewhere.push(Sighting {
                    at: event.at,
                    device: id,
                    session,
                    event: event.seq,
                    what: format!(
                        "command {} in {}: {}",
                        delivered.command,
                        mode.name(),
                        delivered.rules.join(", ")
                    ),
                });
            }
        }
    }

    /// Audit 2.
    pub(super) fn configuration(&self) -> Section {
        let of = |mode: Mode| self.configured[mode as usize];
        let columns =
            columns! { mode "Mode of the message", carried "UpdateConfiguration commands carried" };
        let rows = Mode::ALL.map(|mode| vec![mode.name().into(), of(mode).into()]);
        let elsewhere = "Carried outside Maintenance";
        Section::new(
            "update_configuration",
            "2. UpdateConfiguration by mode",
            "In which modes commands that configure the push channel (WNS UpdateConfiguration) went out. The MDMAgent article allows them in Maintenance only.",
            "That the device applied them: the outcome is what the device reported. A policy set that delivers them elsewhere is allowed, and shows here.",
        )
        .headline("elsewhere", self.elsewhere.total() > 0)
        .fact("maintenance", "Carried in Maintenance", of(Mode::Maintenance))
        .fact("elsewhere", elsewhere, self.elsewhere.total())
        .table(whole("update_configuration_modes", "Commands by mode", columns, rows))
        .table(self.elsewhere.table("update_configuration_elsewhere", elsewhere, SIGHTINGS, Sighting::row))
    }

    /// Audit 3.
    pub(super) fn logins(&self) -> Section {
        let columns = columns! {
            mode "Mode named",
            user "user",
            others "others",
            none "none",
            absent "not said",
        };
        let rows = Mode::ALL.map(|mode| {
            let counts = self.claims[mode as usize].map(Into::into);
            std::iter::once(mode.name().into()).chain(counts).collect()
        });
        let nobody = "Sessions in Maintenance or Apps that said that nobody is logged on";
        let somebody = "Sessions in Machine that said that somebody is logged on";
        Section::new(
            "login_claims",
            "3. Modes against LoginStatus",
            "Where a session contradicts itself: Maintenance and Apps run while the enrolled user is there, Machine runs when nobody is. A session counts in each pair of mode and LoginStatus that it named.",
            "Which of the two claims is true: both come from the device. A locked session may report either.",
        )
        .headline("nobody", self.nobody.total() + self.somebody.total() > 0)
        .fact("sessions", "Sessions that began in the period", self.sessions)
        .fact("nobody", nobody, self.nobody.total())
        .fact("somebody", somebody, self.somebody.total())
        .table(whole("claims", "Sessions by mode and LoginStatus", columns, rows))
        .table(self.nobody.table("claims_nobody", nobody, SIGHTINGS, Sighting::row))
        .table(self.somebody.table("claims_somebody", somebody, SIGHTINGS, Sighting::row))
    }

    /// Audit 5.
    pub(super) fn manual(&self) -> Section {
        let title = "Sessions that looked as if somebody ran the agent by hand";
        Section::new(
            "interactive",
            "5. Interactive runs",
            "Sessions in which commands that need the user failed while others succeeded: so it looks when somebody starts MDMAgent from a prompt, where it cannot act as the user.",
            "That somebody did: it is an inference. A run by hand in which nothing needed the user does not show.",
        )
        .headline("manual", self.manual.total() > 0)
        .fact("manual", title, self.manual.total())
        .table(self.manual.table("interactive_sessions", title, SIGHTINGS, Sighting::row))
    }

    /// Audit 8.
    pub(super) fn modes(&self) -> Section {
        let changed = "Sessions that named more than one mode";
        let doubled = "Sessions with a query that names two modes";
        Section::new(
            "mode_changes",
            "8. Modes that changed within a session",
            "Sessions whose messages named different modes, and queries that named two at once. Such a session gets only what every mode that it named allows.",
            "Why: a fault of the device and an attempt to widen what a session may carry look alike.",
        )
        .headline("changed", self.changed.total() + self.doubled.total() > 0)
        .fact("changed", changed, self.changed.total())
        .fact("doubled", doubled, self.doubled.total())
        .table(self.changed.table("mode_changed", changed, SIGHTINGS, Sighting::row))
        .table(self.doubled.table("mode_doubled", doubled, SIGHTINGS, Sighting::row))
    }
}
