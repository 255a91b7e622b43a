//! `/devices/{id}/sessions`.

use actix_web::web;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Answered, Caller, Id, Paging, page};
use crate::app::input::Time;
use crate::app::sessions::{self, Session};
use modegate_core::activity::Trigger;
use modegate_core::context::Mode;
use modegate_core::ids::DeviceId;

/// A session as the API shows it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Session")]
pub(super) struct SessionView {
    session: u32,
    session_id: String,
    opened_at: Time,
    last_at: Time,
    /// As sent, without `?`.
    query: String,
    #[schemars(with = "String")]
    mode: Mode,
    login: &'static str,
    messages: u64,
    delivered: u64,
    withheld: u32,
    ended: bool,
    by_hand: bool,
    woken: bool,
    trigger: TriggerView,
}

/// What likely began a session, and why that is likely.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct TriggerView {
    #[schemars(with = "String")]
    likely: Trigger,
    because: &'static str,
}

impl From<Session> for SessionView {
    fn from(session: Session) -> Self {
        let (likely, because) = session.trigger;
        SessionView {
            session: session.session,
            session_id: session.session_id,
            opened_at: Time(session.opened_at),
            last_at: Time(session.last_at),
            query: session.query,
            mode: session.mode,
            login: session.login.name(),
            messages: session.messages,
            delivered: session.delivered,
            withheld: session.withheld,
            ended: session.ended,
            by_hand: session.by_hand,
            woken: session.woken,
            trigger: TriggerView { likely, because },
        }
    }
}

/// `GET /devices/{id}/sessions`: the newest first.
pub(super) async fn list(
    caller: Caller,
    Id(id): Id<DeviceId>,
    paging: web::Query<Paging>,
) -> Answered {
    let listed = sessions::sessions(caller.app(), caller.by(), id, paging.page()?).await?;
    Ok(page(listed, SessionView::from))
}
