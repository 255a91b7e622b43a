//! What happened to one device, the newest first: its sessions with what each carried and held
//! back, and between them whatever else the log has.

use std::collections::HashMap;

use super::commands::state_of;
use super::log::WithheldLists;
use super::sessions::Session;
use super::{App, AppError, Listed, Page, Principal};
use modegate_core::command::CommandState;
use modegate_core::context::{Context, Mode};
use modegate_core::device::Device;
use modegate_core::event::{Event, ExchangeRecord, Outcome, StoredEvent, Withheld};
use modegate_core::ids::{CommandId, CommandSeq, DeviceId};
use modegate_core::kind::Kind;
use modegate_core::time::Timestamp;

/// Events read at once.
const CHUNK: usize = 100;
/// Events looked at for one page, at most.
const EVENTS: usize = 1_000;
/// Latest items of a page among which a session is looked for that goes on.
const BETWEEN: usize = 8;
/// Commands looked up for one page whose outcome is on a newer one, at most.
const LOOKED_UP: usize = 50;

/// A part of a device's history.
pub(crate) struct Timeline {
    /// The device.
    pub(crate) device: Device,
    /// What happened, the newest first. The next page begins before the event of this number
    /// on the device.
    pub(crate) happened: Listed<Happened>,
}

/// One thing that happened.
pub(crate) enum Happened {
    /// A session, or the part of it that is on this page.
    Session(Box<SessionDetail>),
    /// Something else.
    Event(Box<StoredEvent>),
}

/// A session with what it carried.
pub(crate) struct SessionDetail {
    /// The session.
    pub(crate) session: Session,
    /// The number in the log of its latest message on this page.
    pub(crate) place: u64,
    /// Every context that it named.
    pub(crate) contexts: Vec<Context>,
    /// What it carried, in order.
    pub(crate) delivered: Vec<DeliveredCommand>,
    /// What its first message held back, by reason.
    pub(crate) withheld: Vec<Withheld>,
    /// The earlier session that held back the same.
    pub(crate) same_as: Option<u32>,
    /// The policy sets that decided; mostly one.
    pub(crate) policy_sets: Vec<String>,
    /// Things worth knowing.
    pub(crate) notes: Vec<String>,
    /// The event that lists what its first message held back, where that is another.
    listed_by: Option<u64>,
}

/// A command that a session carried.
pub(crate) struct DeliveredCommand {
    /// Its number.
    pub(crate) command: u32,
    /// Its kind.
    pub(crate) kind: Kind,
    /// The rules that let it go.
    pub(crate) rules: Vec<String>,
    /// What became of this delivery, as far as it is known.
    pub(crate) outcome: Option<DeliveryOutcome>,
}

/// What became of a delivery.
#[derive(Debug, Clone)]
pub(crate) struct DeliveryOutcome {
    /// The state that the command came to.
    pub(crate) state: CommandState,
    /// The worst Status of the device, where one came.
    pub(crate) status: Option<u16>,
    /// Why, in words.
    pub(crate) reason: Option<String>,
}

/// What happened to a device before its event `before`, of sessions those in `mode` alone if
/// it is given. Looks at a thousand events at most, so that a page may be short while the list
/// goes on.
pub(crate) async fn timeline(
    app: &App,
    by: &Principal,
    id: DeviceId,
    mode: Option<Mode>,
    page: Page,
) -> Result<Timeline, AppError> {
    let device = by.device(app, id).await?;
    let mut walk = Walk {
        app,
        by,
        device: &device,
        mode,
        limit: page.limit,
        lists: WithheldLists::new(app),
        outcomes: HashMap::new(),
        more: Vec::new(),
        items: Vec::new(),
    };
    let next = walk.read(page.after.unwrap_or(u64::MAX)).await?;
    walk.drop_other_mode();
    let mut items = walk.items;
    complete(app, &device, &mut items).await?;
    Ok(Timeline {
        device,
        happened: Listed { items, next },
    })
}

/// A walk through a device's events, from the newest back.
struct Walk<'a> {
    app: &'a App,
    by: &'a Principal,
    device: &'a Device,
    mode: Option<Mode>,
    limit: usize,
    lists: WithheldLists<'a>,
    /// Outcomes whose delivery has not been met yet.
    outcomes: HashMap<u32, DeliveryOutcome>,
    /// What exchanges go on with, which stands behind them.
    more: Vec<modegate_core::event::ExchangeMore>,
    items: Vec<Happened>,
}

impl Walk<'_> {
    /// Fills the page; where the next one begins, if there may be one.
    async fn read(&mut self, mut before: u64) -> Result<Option<u64>, AppError> {
        let mut looked_at = 0;
        loop {
            let events = self.app.store.events_before(self.device.id, before, CHUNK);
            let events = events.await?;
            let is_last = events.len() < CHUNK;
            looked_at += events.len();
            for stored in events {
                let seq = stored.event.seq;
                if !self.take(stored).await? {
                    return Ok(Some(before));
                }
                before = seq;
            }
            if is_last {
                return Ok(None);
            }
            if looked_at >= EVENTS {
                return Ok(Some(before));
            }
        }
    }

    /// Takes an event in; whether there was room for it.
    async fn take(&mut self, stored: StoredEvent) -> Result<bool, AppError> {
        if let Some(more) = stored.event.more {
            self.more.push(more);
            return Ok(true);
        }
        if stored.event.exchange.is_some() {
            return self.take_exchange(stored).await;
        }
        if self.mode.is_some() {
            return Ok(true);
        }
        if self.items.len() >= self.limit {
            return Ok(false);
        }
        let event = self.by.sees(stored.event);
        let stored = StoredEvent { event, ..stored };
        self.items.push(Happened::Event(Box::new(stored)));
        Ok(true)
    }

    async fn take_exchange(&mut self, stored: StoredEvent) -> Result<bool, AppError> {
        let StoredEvent { event, place } = stored;
        let Some(exchange) = &event.exchange else {
            return Ok(true);
        };
        let later = self.take_out(exchange.session);
        if later.is_none() {
            self.drop_other_mode();
            if self.items.len() >= self.limit {
                return Ok(false);
            }
        }
        let exchange = exchange.clone().with_more(self.more.drain(..));
        let withheld = self.lists.of(self.device.id, &exchange).await?;
        let detail = self.detail(later, &exchange, &event, (place, withheld));
        self.items.push(Happened::Session(Box::new(detail)));
        Ok(true)
    }

    /// The session of this number, if one of the latest items is one of its messages: others
    /// may have done something between two of them.
    fn take_out(&mut self, no: u32) -> Option<SessionDetail> {
        let is_it = |item: &Happened| matches!(item, Happened::Session(detail) if detail.session.session == no);
        let from = self.items.len().saturating_sub(BETWEEN);
        let at = from + self.items[from..].iter().rposition(is_it)?;
        match self.items.remove(at) {
            Happened::Session(detail) => Some(*detail),
            Happened::Event(_) => None,
        }
    }

    /// Takes out the session that was met last where it was in another mode than is asked for.
    fn drop_other_mode(&mut self) {
        let Some(mode) = self.mode else {
            return;
        };
        let is_other = |item: &mut Happened| matches!(item, Happened::Session(detail) if detail.session.mode != mode);
        self.items.pop_if(is_other);
    }

    fn detail(
        &mut self,
        later: Option<SessionDetail>,
        exchange: &ExchangeRecord,
        event: &Event,
        (place, withheld): (u64, Vec<Withheld>),
    ) -> SessionDetail {
        let mut delivered = self.delivered(exchange);
        let (session, place, contexts, mut policy_sets, mut notes) = match later {
            None => (None, place, exchange.all_contexts(), Vec::new(), Vec::new()),
            Some(later) => {
                delivered.extend(later.delivered);
                let contexts = later.contexts.into_iter();
                let contexts = contexts.fold(exchange.all_contexts(), |all, one| all.with(one));
                let (sets, notes) = (later.policy_sets, later.notes);
                (Some(later.session), later.place, contexts, sets, notes)
            }
        };
        if !policy_sets.contains(&exchange.policy_set) {
            policy_sets.insert(0, exchange.policy_set.clone());
        }
        notes.splice(0..0, exchange.notes.iter().cloned());
        let family = self.device.record.family;
        SessionDetail {
            session: Session::from_exchange(family, session, exchange, event, &withheld),
            place,
            contexts: contexts.iter().collect(),
            delivered,
            withheld,
            same_as: None,
            policy_sets,
            notes,
            listed_by: exchange.withheld_as,
        }
    }

    /// What an exchange carried, each with what became of it, and then what it heard of others,
    /// which went out before it.
    fn delivered(&mut self, exchange: &ExchangeRecord) -> Vec<DeliveredCommand> {
        let delivered = exchange.delivered.iter().map(|entry| DeliveredCommand {
            command: entry.command,
            kind: entry.kind,
            rules: entry.rules.clone(),
            outcome: self.outcomes.remove(&entry.command),
        });
        let delivered = delivered.collect();
        for outcome in exchange.outcomes.iter().rev() {
            let of = || DeliveryOutcome::from(outcome);
            self.outcomes.entry(outcome.command).or_insert_with(of);
        }
        delivered
    }
}

impl From<&Outcome> for DeliveryOutcome {
    fn from(outcome: &Outcome) -> Self {
        DeliveryOutcome {
            state: outcome.state,
            status: outcome.status,
            reason: outcome.reason.clone(),
        }
    }
}

/// Looks up what lies outside the page: which session the lists are of that others refer to,
/// and where commands stand whose outcome is on a newer page.
async fn complete(app: &App, device: &Device, items: &mut [Happened]) -> Result<(), AppError> {
    let (mut sessions, mut left) = (HashMap::new(), LOOKED_UP);
    for item in items {
        let Happened::Session(detail) = item else {
            continue;
        };
        if let Some(seq) = detail.listed_by {
            if let std::collections::hash_map::Entry::Vacant(unknown) = sessions.entry(seq) {
                unknown.insert(session_of(app, device.id, seq).await?);
            }
            let own = detail.session.session;
            detail.same_as = sessions[&seq].filter(|session| *session != own);
        }
        for delivered in &mut detail.delivered {
            if delivered.outcome.is_none() && left > 0 {
                left -= 1;
                delivered.outcome = stands(app, device, CommandSeq(delivered.command)).await?;
            }
        }
    }
    Ok(())
}

/// The session of a device's event.
async fn session_of(app: &App, id: DeviceId, seq: u64) -> Result<Option<u32>, AppError> {
    let found = app.store.events(id, seq.saturating_sub(1), 1).await?;
    let event = found.into_iter().map(|stored| stored.event).next();
    let exchange = event
        .filter(|event| event.seq == seq)
        .and_then(|event| event.exchange);
    Ok(exchange.map(|exchange| exchange.session))
}

/// Where a command stands now; `None` where it is gone.
async fn stands(
    app: &App,
    device: &Device,
    seq: CommandSeq,
) -> Result<Option<DeliveryOutcome>, AppError> {
    let id = CommandId {
        device: device.id,
        seq,
    };
    let now: Timestamp = app.now();
    let command = app.store.command(id).await?;
    Ok(command.map(|command| DeliveryOutcome {
        state: state_of(&command, device, now),
        status: None,
        reason: command.parts.last().and_then(|part| part.reason.clone()),
    }))
}
