//! What the log says: events, and the decisions on one command.

use std::cell::RefCell;
use std::collections::HashMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::input::Time;
use super::list::{ScanBounds, scan};
use super::word::words;
use super::{App, AppError, Listed, Page, Principal};
use modegate_core::context::Mode;
use modegate_core::event::{Event, EventType, ExchangeRecord, StoredEvent, Withheld};
use modegate_core::ids::{CommandId, DeviceId};
use modegate_core::time::Timestamp;
use modegate_store::Chunk;

/// Most decisions returned of one command, the newest.
const DECISIONS: usize = 50;

/// An event as far as its reader may see it, with all that its exchange withheld.
#[derive(Debug)]
pub(crate) struct LoggedEvent {
    /// Its number in the log, from 0: that of its entry in the tree.
    pub(crate) entry: u64,
    /// The event.
    pub(crate) stored: StoredEvent,
    /// What its exchange withheld: its own list, and the one that it refers to.
    pub(crate) withheld: Vec<Withheld>,
}

impl LoggedEvent {
    /// Bytes that it takes where it is shown, about: each command of its lists with its id
    /// and its rules.
    fn bytes(&self) -> u64 {
        const FRAME: usize = 512;
        const COMMAND: usize = 160;
        let event = &self.stored.event;
        let withheld: usize = self.withheld.iter().map(|group| group.commands.len()).sum();
        let exchange = event.exchange.as_ref().map(|of| of.outcomes.len());
        let outcomes = exchange.or(event.more.as_ref().map(|of| of.outcomes.len()));
        let others = event.delivered().len() + outcomes.unwrap_or(0);
        let steps = event.steps.iter();
        let steps: usize = steps.map(|step| COMMAND + step.loc_uri.len()).sum();
        (FRAME + COMMAND * (withheld + others) + steps) as u64
    }
}

/// Which end of the log a list begins at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// The oldest events come first.
    Ascending,
    /// The newest events come first.
    Descending,
}

words!(Order { Ascending => "asc", Descending => "desc" });

/// Which events to list; `None` does not filter.
#[derive(Debug, Default)]
pub(crate) struct EventFilter {
    /// Those from then on.
    pub(crate) from: Option<Timestamp>,
    /// Those until then.
    pub(crate) to: Option<Timestamp>,
    /// Those of this type.
    pub(crate) what: Option<EventType>,
    /// Exchanges in this mode, as decided.
    pub(crate) mode: Option<Mode>,
    /// Those by this actor.
    pub(crate) actor: Option<String>,
    /// Those of this device.
    pub(crate) device: Option<DeviceId>,
    /// Whether the newest come first.
    pub(crate) newest_first: bool,
}

impl EventFilter {
    fn takes(&self, event: &Event) -> bool {
        let mode = event.exchange.as_ref().map(|exchange| exchange.mode);
        self.from.is_none_or(|from| event.at >= from)
            && self.to.is_none_or(|to| event.at <= to)
            && self.what.is_none_or(|what| event.what == what)
            && self.mode.is_none_or(|wanted| mode == Some(wanted))
            && self
                .actor
                .as_ref()
                .is_none_or(|actor| event.actor == *actor)
    }

    /// The places of the log outside which nothing is taken: behind the first, and before the
    /// second.
    async fn bounds(&self, app: &App) -> Result<(u64, u64), AppError> {
        let low = match self.from {
            Some(from) => app.store.last_place_before(from).await?,
            None => 0,
        };
        let high = match self.to {
            Some(to) => app.store.last_place_before(to.plus_ms(1)).await? + 1,
            None => u64::MAX,
        };
        Ok((low, high))
    }
}

/// The log as far as the filter takes it. Looks at so many events at most, and leaves out what
/// a caller that is bound to groups may not see, so that a page may have fewer than asked for
/// while the list goes on.
pub(crate) async fn all(
    app: &App,
    by: &Principal,
    filter: &EventFilter,
    page: Page,
) -> Result<Listed<LoggedEvent>, AppError> {
    let takes = |(_, is_taken): &Judged| *is_taken;
    let chunk = crate::limits::PAGE_ITEMS;
    let walk = || ScanBounds {
        looks: crate::limits::EVENT_WALK,
        bytes: u64::MAX,
        weigh: |_: &Judged| 0,
    };
    let sight = Sight::new(app, by);
    let is_asked = |event: &Event| filter.takes(event);
    let seq = |stored: &StoredEvent| stored.event.seq;
    let place = |stored: &StoredEvent| stored.place;
    let listed = if let Some(device) = filter.device {
        let read = async |after| {
            let found = match filter.newest_first {
                true => app.store.events_before(device, after, chunk).await?,
                false => app.store.events(device, after, chunk).await?,
            };
            Ok(Chunk::of_up_to(chunk, sight.judge(found, is_asked).await?))
        };
        let end = if filter.newest_first { u64::MAX } else { 0 };
        let after = Some(page.after.unwrap_or(end));
        let page = Page { after, ..page };
        scan(page, walk(), read, |(stored, _)| seq(stored), takes).await?
    } else {
        let (low, high) = filter.bounds(app).await?;
        let read = async |after| {
            let mut found = match filter.newest_first {
                true => app.store.all_events_before(after, chunk).await?,
                false => app.store.all_events(after, chunk).await?,
            };
            found.retain(|stored| stored.place > low && stored.place < high);
            Ok(Chunk::of_up_to(chunk, sight.judge(found, is_asked).await?))
        };
        let after = match (filter.newest_first, page.after) {
            (true, after) => after.unwrap_or(u64::MAX).min(high),
            (false, after) => after.unwrap_or(0).max(low),
        };
        let page = Page {
            after: Some(after),
            ..page
        };
        scan(page, walk(), read, |(stored, _)| place(stored), takes).await?
    };
    let events = listed.items.into_iter().map(|(stored, _)| stored);
    let listed = Listed {
        items: as_seen(app, by, events.collect()).await?,
        next: listed.next,
    };
    Ok(listed.up_to(app.page_bytes, LoggedEvent::bytes, |event| {
        match filter.device {
            Some(_) => seq(&event.stored),
            None => place(&event.stored),
        }
    }))
}

/// An event, and whether it is asked for and the caller may see it.
type Judged = (StoredEvent, bool);

/// Which events a caller may see, as far as was looked up.
struct Sight<'a> {
    app: &'a App,
    by: &'a Principal,
    devices: RefCell<HashMap<DeviceId, bool>>,
}

impl<'a> Sight<'a> {
    fn new(app: &'a App, by: &'a Principal) -> Self {
        Sight {
            app,
            by,
            devices: RefCell::default(),
        }
    }

    async fn judge(
        &self,
        events: Vec<StoredEvent>,
        is_asked: impl Fn(&Event) -> bool,
    ) -> Result<Vec<Judged>, AppError> {
        let mut judged = Vec::with_capacity(events.len());
        for stored in events {
            let is_taken = is_asked(&stored.event)
                && (self.by.sees_all() || self.sees(stored.event.device).await?);
            judged.push((stored, is_taken));
        }
        Ok(judged)
    }

    async fn sees(&self, device: Option<DeviceId>) -> Result<bool, AppError> {
        let Some(id) = device else {
            return Ok(false);
        };
        if let Some(known) = self.devices.borrow().get(&id) {
            return Ok(*known);
        }
        let found = self.app.store.device(id).await?;
        let may = found.is_some_and(|device| self.by.may_see(&device));
        self.devices.borrow_mut().insert(id, may);
        Ok(may)
    }
}

/// Of these events those that the caller may see.
pub(crate) async fn visible(
    app: &App,
    by: &Principal,
    events: Vec<StoredEvent>,
) -> Result<Vec<StoredEvent>, AppError> {
    let judged = Sight::new(app, by).judge(events, |_| true).await?;
    let seen = judged.into_iter().filter(|(_, is_taken)| *is_taken);
    Ok(seen.map(|(stored, _)| stored).collect())
}

/// A device's part of the log.
pub(crate) async fn of_device(
    app: &App,
    by: &Principal,
    id: DeviceId,
    page: Page,
) -> Result<Listed<LoggedEvent>, AppError> {
    if !by.sees_all() {
        by.device(app, id).await?;
    }
    let after = page.after.unwrap_or(0);
    let events = app.store.events(id, after, page.limit).await?;
    // A device whose events are all past their retention is there all the same.
    if events.is_empty()
        && app.store.events(id, 0, 1).await?.is_empty()
        && app.store.device(id).await?.is_none()
    {
        return Err(AppError::missing("device"));
    }
    let listed = Listed::from_page(events, page.limit, |stored| stored.event.seq);
    let listed = Listed {
        items: as_seen(app, by, listed.items).await?,
        next: listed.next,
    };
    Ok(listed.up_to(app.page_bytes, LoggedEvent::bytes, |event| {
        event.stored.event.seq
    }))
}

/// The event at a place of the log, if it is there and the caller may see it.
pub(crate) async fn at_place(
    app: &App,
    by: &Principal,
    place: u64,
) -> Result<LoggedEvent, AppError> {
    let found = match place.checked_sub(1) {
        Some(before) => app.store.all_events(before, 1).await?,
        None => Vec::new(),
    };
    let found = found.into_iter().filter(|stored| stored.place == place);
    let found = visible(app, by, found.collect()).await?;
    let found = as_seen(app, by, found).await?.pop();
    found.ok_or_else(|| AppError::missing("entry"))
}

/// The places of the events whose lists of what was withheld these events refer to, as far as
/// the log goes back: by device and its number of the event.
pub(crate) async fn places_of_lists(
    app: &App,
    events: &[LoggedEvent],
) -> Result<HashMap<(DeviceId, u64), u64>, AppError> {
    let mut places = HashMap::new();
    for LoggedEvent { stored, .. } in events {
        let exchange = stored.event.exchange.as_ref();
        let named = exchange.and_then(|exchange| exchange.withheld_as);
        let (Some(device), Some(seq)) = (stored.event.device, named) else {
            continue;
        };
        if !places.contains_key(&(device, seq)) {
            let found = app.store.events(device, seq.saturating_sub(1), 1).await?;
            let found = found.into_iter().find(|found| found.event.seq == seq);
            places.extend(found.map(|found| ((device, seq), found.place)));
        }
    }
    Ok(places)
}

/// These events as far as the caller may see them, with what their exchanges withheld.
pub(crate) async fn as_seen(
    app: &App,
    by: &Principal,
    events: Vec<StoredEvent>,
) -> Result<Vec<LoggedEvent>, AppError> {
    let (mut all, mut lists) = (Vec::with_capacity(events.len()), WithheldLists::new(app));
    let base = app.store.tree().await?.base;
    for mut stored in events {
        let withheld = match (&stored.event.exchange, stored.event.device) {
            (Some(exchange), Some(device)) => lists.of(device, exchange).await?,
            _ => {
                let more = stored.event.more.iter();
                more.flat_map(|more| more.withheld.clone()).collect()
            }
        };
        stored.event = by.sees(stored.event);
        all.push(LoggedEvent {
            entry: stored.place.saturating_sub(base),
            stored,
            withheld,
        });
    }
    Ok(all)
}

/// What exchanges withheld. Lists stay equal for long: the one that was looked up
/// last is at hand for those that refer to it too.
pub(super) struct WithheldLists<'a> {
    app: &'a App,
    last: Option<((DeviceId, u64), Vec<Withheld>)>,
}

impl<'a> WithheldLists<'a> {
    pub(super) fn new(app: &'a App) -> Self {
        WithheldLists { app, last: None }
    }

    /// An exchange's own list, and the equal one it refers to.
    pub(super) async fn of(
        &mut self,
        device: DeviceId,
        exchange: &ExchangeRecord,
    ) -> Result<Vec<Withheld>, AppError> {
        let mut held = exchange.withheld.clone();
        let Some(seq) = exchange.withheld_as else {
            return Ok(held);
        };
        let of = (device, seq);
        if self.last.as_ref().is_none_or(|(known, _)| *known != of) {
            self.last = Some((of, self.look_up(device, seq).await?));
        }
        held.extend(self.last.iter().flat_map(|(_, list)| list.clone()));
        Ok(held)
    }

    /// The list of that event, and what the events behind it go on with.
    async fn look_up(&self, device: DeviceId, seq: u64) -> Result<Vec<Withheld>, AppError> {
        let (store, mut list) = (&self.app.store, Vec::new());
        let mut next = seq;
        loop {
            let found = store.events(device, next.saturating_sub(1), 1).await?;
            let Some(event) = found.into_iter().map(|stored| stored.event).next() else {
                return Ok(list);
            };
            match (event.seq == next, event.exchange, event.more) {
                (true, Some(exchange), _) if next == seq => list.extend(exchange.withheld),
                (true, _, Some(more)) if next > seq => list.extend(more.withheld),
                _ => return Ok(list),
            }
            next += 1;
        }
    }
}

/// What one exchange decided on a command.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(crate) struct Decision {
    /// When.
    pub(crate) at: Time,
    /// The device's number of the event.
    pub(crate) event: u64,
    /// The number of the session.
    pub(crate) session: u32,
    /// The mode that it decided for.
    #[schemars(with = "String")]
    pub(crate) mode: Mode,
    /// `deliver` or `withhold`.
    pub(crate) verdict: &'static str,
    /// The rules that determined it.
    pub(crate) rules: Vec<String>,
    /// The policy set in force.
    pub(crate) policy_set: String,
    /// Where it was withheld, the modes that would have let it go.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Vec<String>>")]
    pub(crate) modes: Option<Vec<Mode>>,
}

/// Visits the events of a command's device, from the newest back to the one that queued the
/// command, until `visit` returns false. Whether all were visited that are there: no more
/// than [`EVENT_WALK`](crate::limits::EVENT_WALK), about, are.
pub(super) async fn back_to_queued(
    app: &App,
    id: CommandId,
    mut visit: impl AsyncFnMut(&StoredEvent) -> Result<bool, AppError>,
) -> Result<bool, AppError> {
    let (mut before, mut walked) = (u64::MAX, 0);
    while walked < crate::limits::EVENT_WALK {
        let most = crate::limits::PAGE_ITEMS;
        let events = app.store.events_before(id.device, before, most).await?;
        let Some(last) = events.last() else {
            return Ok(true);
        };
        before = last.event.seq;
        walked += events.len();
        for stored in &events {
            if !visit(stored).await? {
                return Ok(false);
            }
            let event = &stored.event;
            if event.what == EventType::CommandQueued && event.command == Some(id.seq.0) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// What was decided on a command, the newest first, as far as the log is walked.
pub(super) async fn decisions(app: &App, id: CommandId) -> Result<Vec<Decision>, AppError> {
    let (mut lists, mut more, mut found) = (WithheldLists::new(app), Vec::new(), Vec::new());
    let walked = back_to_queued(app, id, async |StoredEvent { event, .. }| {
        more.extend(event.more.clone());
        if let Some(exchange) = &event.exchange {
            let exchange = exchange.clone().with_more(more.drain(..));
            let withheld = lists.of(id.device, &exchange).await?;
            found.extend(decision(&exchange, &withheld, id.seq.0, event));
        }
        Ok(found.len() < DECISIONS)
    });
    walked.await?;
    Ok(found)
}

fn decision(
    exchange: &ExchangeRecord,
    withheld: &[Withheld],
    seq: u32,
    event: &Event,
) -> Option<Decision> {
    let mut delivered = exchange.delivered.iter();
    let delivered = delivered.find(|entry| entry.command == seq);
    let (verdict, rules, modes) = match delivered {
        Some(entry) => ("deliver", &entry.rules, None),
        None => {
            let mut groups = withheld.iter();
            let group = groups.find(|group| group.commands.contains(&seq))?;
            ("withhold", &group.rules, Some(group.modes.clone()))
        }
    };
    Some(Decision {
        at: Time(event.at),
        event: event.seq,
        session: exchange.session,
        mode: exchange.mode,
        verdict,
        rules: rules.clone(),
        policy_set: exchange.policy_set.clone(),
        modes,
    })
}
