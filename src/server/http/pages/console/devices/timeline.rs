//! `GET /console/devices/{id}`: what waits, and what happened by mode.

use actix_web::web;
use serde::Deserialize;

use super::waits::wait;
use super::{address, command_id, head, shell};
use crate::app::revision::device_tag;
use crate::app::timeline::{self, DeliveredCommand, SessionDetail};
use crate::app::{self, Listed, history};
use crate::http::api::PathId;
use crate::http::pages::console::policy_sets::link;
use crate::http::pages::{Page, Visitor};
use crate::http::problem::Problem;
use modegate_core::context::Mode;
use modegate_core::device::Device;
use modegate_core::event::{StoredEvent, Withheld};
use modegate_core::fields::quoted;
use modegate_core::ids::DeviceId;
use modegate_core::time::Timestamp;
use modegate_pages::chart::{Chart, Head, mode_calendar};
use modegate_pages::console::devices::LastSeen;
use modegate_pages::console::devices::timeline::{
    Delivery, EventEntry, Happened, SessionEntry, TimelinePage, WithheldGroup,
};
use modegate_pages::console::state::StateBadge;
use modegate_pages::pager::Pager;

/// Commands that wait and are shown here; the others are in the queue.
const WAITS: usize = 20;
/// Entries of what happened on one page.
const ENTRIES: usize = 25;
/// For so long after a push a session is looked for often, ms.
const AFTER_PUSH_MS: i64 = 60_000;

/// Which part of what happened.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::http::pages) struct TimelineQuery {
    mode: String,
    before: String,
}

impl TimelineQuery {
    fn mode(&self) -> Result<Option<Mode>, Problem> {
        if self.mode.is_empty() {
            return Ok(None);
        }
        let expected = "Machine, Maintenance, Apps, Unspecified, or nothing";
        let wrong = || Problem::field("mode", expected, quoted(&self.mode));
        Mode::from_name(&self.mode).ok_or_else(wrong).map(Some)
    }

    fn before(&self) -> Result<Option<u64>, Problem> {
        if self.before.is_empty() {
            return Ok(None);
        }
        let number: Option<u64> = self.before.parse().ok();
        let number = number.filter(|number| i64::try_from(*number).is_ok());
        let wrong = || Problem::field("before", "the link of a page", quoted(&self.before));
        number.ok_or_else(wrong).map(Some)
    }
}

/// `GET /console/devices/{id}`.
pub(in crate::http::pages) async fn show(
    visitor: Visitor,
    PathId(id): PathId<DeviceId>,
    query: web::Query<TimelineQuery>,
) -> Page {
    let (mode, before) = (query.mode()?, query.before()?);
    let device = visitor.by().device(visitor.app(), id).await?;
    let rev = revision(&visitor, &device);
    if let Some(unchanged) = visitor.unchanged(&rev) {
        return Ok(unchanged);
    }
    visitor
        .read(move |visitor| async move {
            let page = app::Page {
                after: before,
                limit: ENTRIES,
            };
            let (app, by) = (visitor.app(), visitor.by());
            let found = timeline::timeline(app, by, id, mode, page).await?;
            let Listed { items, next } = found.happened;
            let happened = items
                .into_iter()
                .map(|one| entry(&visitor, id, one))
                .collect();
            let device = found.device;
            let waits = app::waits::waits(app, &device, 0, WAITS).await?;
            let (state, now) = (&device.state, visitor.now());
            let seen = |mode| LastSeen {
                mode,
                at: state.last_seen(mode),
            };
            Ok(TimelinePage {
                shell: shell(&visitor, &device, ""),
                head: head(&visitor, &device, "").await?,
                once: visitor.once(),
                rev,
                every: before.is_none().then(|| every(&device, now)),
                seen: Mode::ALL.map(seen).into(),
                usual: usual(&device),
                calendar: match before {
                    None => Some(calendar(&visitor, id).await?),
                    Some(_) => None,
                },
                wake: wake(&device),
                is_new: state.sessions == 0,
                more_waits: state.open.len().saturating_sub(waits.len()),
                waits: waits.into_iter().map(wait).collect(),
                filters: filters(id, mode),
                happened,
                pager: pager(id, mode, before, next),
            })
        })
        .await
}

/// The device's sessions of the last days.
async fn calendar(visitor: &Visitor, id: DeviceId) -> Result<Chart, Problem> {
    let found = history::calendar(visitor.app(), visitor.by(), id).await?;
    let head = Head {
        id: "modes",
        title: "Sessions by mode, 14 days",
    };
    Ok(mode_calendar(head, &found))
}

/// Changes with whatever the page shows but the time.
fn revision(visitor: &Visitor, device: &Device) -> String {
    let tag = device_tag(device);
    let policies = visitor.app().sync.policies();
    let set: String = policies.digest().chars().take(8).collect();
    format!("{}.{set}", tag.trim_matches('"'))
}

/// Seconds until the page is looked at again: few while something is under way.
fn every(device: &Device, now: Timestamp) -> u32 {
    let state = &device.state;
    let is_open = state
        .session
        .as_ref()
        .is_some_and(|session| session.is_open);
    let sent = state.wake.as_ref().and_then(|wake| wake.sent_at);
    let was_woken = sent.is_some_and(|at| now.ms_since(at) < AFTER_PUSH_MS);
    if is_open || was_woken { 2 } else { 15 }
}

/// When the device usually comes, as far as it shows habits.
fn usual(device: &Device) -> Option<String> {
    let activity = &device.state.activity;
    let logon = activity.usual_logon().map(|minute| {
        let (hour, minute) = (minute / 60, minute % 60);
        format!("its user logs on about {hour:02}:{minute:02}")
    });
    let night = activity.plan.nightly_hour;
    let night = night.map(|hour| format!("nightly maintenance from {hour:02}:00"));
    let all: Vec<String> = logon.into_iter().chain(night).collect();
    (!all.is_empty()).then(|| format!("{} (device's time)", all.join("; ")))
}

fn wake(device: &Device) -> Option<String> {
    let wake = device.state.wake.as_ref()?;
    let why = wake.why.map(|why| format!(": {}", why.words()));
    Some(format!(
        "{}{}, wanted at {}",
        wake.state.name(),
        why.unwrap_or_default(),
        wake.wanted_at.minute()
    ))
}

fn filters(id: DeviceId, mode: Option<Mode>) -> Vec<(String, &'static str, bool)> {
    let own = address(id);
    let all = (format!("{own}#happened"), "All", mode.is_none());
    let modes = Mode::ALL.into_iter().map(|one| {
        let name = one.name();
        (
            format!("{own}?mode={name}#happened"),
            name,
            mode == Some(one),
        )
    });
    std::iter::once(all).chain(modes).collect()
}

fn pager(id: DeviceId, mode: Option<Mode>, before: Option<u64>, next: Option<u64>) -> Pager {
    let own = address(id);
    let mode = mode.map(|mode| format!("mode={}", mode.name()));
    let at = |before: Option<u64>| {
        let before = before.map(|before| format!("before={before}"));
        let query: Vec<String> = mode.clone().into_iter().chain(before).collect();
        match query.is_empty() {
            true => own.clone(),
            false => format!("{own}?{}", query.join("&")),
        }
    };
    Pager {
        first: before.map(|_| at(None)),
        next: next.map(|next| at(Some(next))),
        next_text: "Earlier".to_owned(),
    }
}

fn entry(visitor: &Visitor, id: DeviceId, happened: timeline::Happened) -> Happened {
    match happened {
        timeline::Happened::Session(detail) => {
            Happened::Session(Box::new(session(visitor, id, *detail)))
        }
        timeline::Happened::Event(stored) => Happened::Event(event(id, *stored)),
    }
}

fn session(visitor: &Visitor, id: DeviceId, detail: SessionDetail) -> SessionEntry {
    let session = detail.session;
    let mut other_modes: Vec<Mode> = detail.contexts.iter().map(|one| one.mode).collect();
    other_modes.dedup();
    other_modes.retain(|mode| *mode != session.mode);
    let sets = detail.policy_sets.into_iter();
    SessionEntry {
        no: session.session,
        place: detail.place,
        at: session.opened_at.0,
        mode: session.mode,
        other_modes,
        query: session.query,
        login: session.login,
        began: session.trigger.likely.words(),
        because: session.trigger.because.into_owned(),
        messages: session.messages,
        has_ended: session.ended,
        contradicts: session.contradicts,
        delivered: detail
            .delivered
            .into_iter()
            .map(|one| delivery(id, one))
            .collect(),
        withheld: session.withheld.into(),
        reasons: match detail.same_as {
            Some(_) => Vec::new(),
            None => detail.withheld.iter().map(group).collect(),
        },
        same_as: detail.same_as,
        policy_sets: sets.map(|set| link(visitor, set)).collect(),
        notes: detail.notes,
    }
}

fn delivery(id: DeviceId, delivered: DeliveredCommand) -> Delivery {
    let reason = delivered
        .outcome
        .as_ref()
        .and_then(|outcome| outcome.reason.clone());
    let outcome = delivered.outcome.map(|outcome| {
        let state = StateBadge::new(outcome.state.name());
        (state, outcome.status)
    });
    Delivery {
        seq: delivered.command,
        id: command_id(id, delivered.command),
        kind: delivered.kind.name(),
        rules: delivered.rules,
        outcome,
        reason,
    }
}

fn group(withheld: &Withheld) -> WithheldGroup {
    WithheldGroup {
        kind: withheld.kind.name(),
        count: withheld.count.into(),
        rules: withheld.rules.clone(),
        modes: withheld.modes.clone(),
    }
}

fn event(id: DeviceId, stored: StoredEvent) -> EventEntry {
    let StoredEvent { place, event } = stored;
    let kind = event.kind.map(|kind| kind.name());
    EventEntry {
        place,
        at: event.at,
        actor: event.actor,
        what: event.what.about().trim(),
        command: event.command.map(|seq| (seq, command_id(id, seq))),
        kind,
        // The kind is beside the number already.
        detail: event.detail.filter(|detail| kind != Some(&**detail)),
    }
}
