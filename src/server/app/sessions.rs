//! A device's sessions, as the log tells of them.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::Serialize;

use super::input::Time;
use super::log::WithheldLists;
use super::{App, AppError, Listed, Page, Principal};
use modegate_core::activity::{self, Plan, Seen, Trigger, TriggerRecord};
use modegate_core::context::{Family, Mode};
use modegate_core::event::{Event, ExchangeRecord, StoredEvent, Withheld};
use modegate_core::ids::DeviceId;

/// One session of a device.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Session {
    /// Its number.
    pub(crate) session: u32,
    /// What the device calls it.
    pub(crate) session_id: String,
    /// When it began, as far as the log goes back.
    pub(crate) opened_at: Time,
    /// When its latest message came.
    pub(crate) last_at: Time,
    /// The query of its first message, as sent.
    pub(crate) query: String,
    /// The mode of its first message.
    #[schemars(with = "String")]
    pub(crate) mode: Mode,
    /// The login status of its first message.
    pub(crate) login: &'static str,
    /// Whether it named Maintenance or Apps and said that nobody is logged on (`login` is
    /// `none`): a contradiction, for which it carried what Machine carries.
    pub(crate) contradicts: bool,
    /// How many messages it had.
    pub(crate) messages: u64,
    /// How many commands it carried.
    pub(crate) delivered: u64,
    /// How many commands its first message withheld.
    pub(crate) withheld: u32,
    /// Whether it ended.
    pub(crate) ended: bool,
    /// Whether somebody began it on the device.
    pub(crate) by_hand: bool,
    /// Whether a push began it.
    pub(crate) woken: bool,
    /// What likely began it.
    pub(crate) trigger: SessionTrigger,
}

/// What likely began a session, and why that is likely.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(crate) struct SessionTrigger {
    #[schemars(with = "String")]
    pub(crate) likely: Trigger,
    #[serde(skip)]
    is_recorded: bool,
    pub(crate) because: Cow<'static, str>,
}

impl SessionTrigger {
    /// As the exchange that showed it recorded it; for a session of an earlier version,
    /// which recorded none, what its mode tells alone.
    fn new(recorded: Option<&TriggerRecord>, of_later: Option<Self>, seen: &Seen) -> Self {
        if let Some(later) = of_later.filter(|later| later.is_recorded) {
            return later;
        }
        let (likely, because) = match recorded {
            Some(record) => (record.likely, record.because.clone()),
            None => {
                let (likely, because) = activity::trigger(seen, &Plan::default());
                (likely, because.into())
            }
        };
        SessionTrigger {
            likely,
            because,
            is_recorded: recorded.is_some(),
        }
    }
}

impl Session {
    /// Takes an exchange in that is earlier than those before, or is the latest one
    /// where `later` is `None`: the first says in which mode the session began.
    pub(super) fn from_exchange(
        family: Family,
        later: Option<Session>,
        exchange: &ExchangeRecord,
        event: &Event,
        withheld: &[Withheld],
    ) -> Self {
        let of_later = |flag: fn(&Session) -> bool| later.as_ref().is_some_and(flag);
        let seen = Seen {
            at: event.at,
            mode: exchange.mode,
            manual: exchange.manual || of_later(|later| later.by_hand),
            woken: exchange.woken || of_later(|later| later.woken),
            family,
            after_machine: false,
            maintenance_before: None,
        };
        let delivered = later.as_ref().map_or(0, |later| later.delivered);
        Session {
            session: exchange.session,
            session_id: later
                .as_ref()
                .map_or(&exchange.session_id, |later| &later.session_id)
                .clone(),
            opened_at: Time(event.at),
            last_at: later.as_ref().map_or(Time(event.at), |later| later.last_at),
            query: exchange.query.clone(),
            mode: exchange.mode,
            login: exchange.login.name(),
            contradicts: exchange.context().is_contradiction()
                || of_later(|later| later.contradicts),
            messages: later.as_ref().map_or(0, |later| later.messages) + 1,
            delivered: delivered + exchange.delivered.len() as u64,
            withheld: withheld.iter().map(|group| group.count).sum(),
            ended: later.as_ref().map_or(exchange.ended, |later| later.ended),
            by_hand: seen.manual,
            woken: seen.woken,
            trigger: SessionTrigger::new(
                exchange.trigger.as_ref(),
                later.map(|later| later.trigger),
                &seen,
            ),
        }
    }
}

/// A device's sessions, the newest first, as far as the log is walked.
pub(crate) async fn sessions(
    app: &App,
    by: &Principal,
    id: DeviceId,
    page: Page,
) -> Result<Listed<Session>, AppError> {
    let family = by.device(app, id).await?.record.family;
    let mut before = page.after.unwrap_or(u64::MAX);
    let (mut sessions, mut walked): (Vec<Session>, usize) = (Vec::new(), 0);
    let (mut lists, mut more) = (WithheldLists::new(app), Vec::new());
    loop {
        let most = crate::limits::PAGE_ITEMS;
        let events = app.store.events_before(id, before, most).await?;
        let is_last = events.len() < most;
        walked += events.len();
        for StoredEvent { event, .. } in &events {
            more.extend(event.more.clone());
            let Some(exchange) = &event.exchange else {
                before = event.seq;
                continue;
            };
            let exchange = &exchange.clone().with_more(more.drain(..));
            let later = sessions.pop_if(|later| later.session == exchange.session);
            if later.is_none() && sessions.len() == page.limit {
                let next = Some(before);
                return Ok(Listed {
                    items: sessions,
                    next,
                });
            }
            before = event.seq;
            let withheld = lists.of(id, exchange).await?;
            let session = Session::from_exchange(family, later, exchange, event, &withheld);
            sessions.push(session);
        }
        if is_last || walked >= crate::limits::EVENT_WALK {
            return Ok(Listed {
                items: sessions,
                next: (!is_last).then_some(before),
            });
        }
    }
}
