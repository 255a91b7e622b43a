//! `/events`, `/devices/{id}/events`, `/devices/{id}/sessions`: the log.

use actix_web::web;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::alerts::RaisedView;
use super::compliance_events::{BaselineNameView, ComplianceChangeView, SnapshotView};
use super::devices::RefusalView;
use super::enrollment_events::EnrollmentEventView;
use super::event_parts::{
    EventStep, ExchangeMoreView, ExchangeView, RecordChangeView, TouchedView, full,
};
use super::log_view::LogView;
use super::query::{text, time, word};
use super::{Caller, HandlerResult, Id, Paging, page, page_in};
use crate::app::input::Time;
use crate::app::log::{self, EventFilter, LoggedEvent, Order};
use crate::app::sessions::sessions as list_sessions;
use crate::http::problem::Problem;
use modegate_core::event::{AlertRecord, EventType};
use modegate_core::fields::quoted;
use modegate_core::ids::DeviceId;
use modegate_core::kind::Kind;
use modegate_store::seal::CursorList;

/// An event as the API shows it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Event", extend("required" = ["v", "seq", "at", "actor", "type"]))]
pub(super) struct EventView {
    /// The version of the event's form; 1 in events of version 0.1.0.
    v: u8,
    seq: u64,
    /// Its number in the log of all devices, from 0: the one that `audit prove` takes.
    entry: u64,
    at: Time,
    actor: String,
    device: Option<String>,
    #[serde(rename = "type")]
    #[schemars(with = "String")]
    what: EventType,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    kind: Option<Kind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// How many equal ones this stands for.
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
    /// When a command that was queued could go, as it looked then.
    #[serde(skip_serializing_if = "Option::is_none")]
    forecast: Option<String>,
    /// For `device.refused`: the requests that it stands for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    refusals: Vec<RefusalView>,
    /// For `alert.raised` and `alert.cleared`: the alert.
    #[serde(skip_serializing_if = "Option::is_none")]
    raised: Option<RaisedView>,
    /// For `baseline.loaded`: the baselines in force from then on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    baselines: Vec<BaselineNameView>,
    /// For `compliance.changed`: the verdicts that are others.
    #[serde(skip_serializing_if = "Option::is_none")]
    compliance: Option<ComplianceChangeView>,
    /// For `compliance.snapshot`: the list of the devices.
    #[serde(skip_serializing_if = "Option::is_none")]
    snapshot: Option<SnapshotView>,
    /// For events of an enrollment: which, and what of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    enrollment: Option<EnrollmentEventView>,
    /// What the device reported by an alert.
    #[serde(skip_serializing_if = "Option::is_none")]
    alert: Option<AlertView>,
    /// What a command that was queued does.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    steps: Vec<EventStep>,
    /// The catalogue's app that a command that was queued installs.
    #[serde(skip_serializing_if = "Option::is_none")]
    app: Option<String>,
    /// What it says about the audit log itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    log: Option<LogView>,
    /// What a policy set looks at to decide on a command that was queued.
    #[serde(skip_serializing_if = "Option::is_none")]
    touched: Option<TouchedView>,
    /// What of a device's record was set or is another.
    #[serde(skip_serializing_if = "Option::is_none")]
    change: Option<RecordChangeView>,
    /// Other commands that ended with it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    commands: Vec<String>,
    #[serde(flatten)]
    exchange: Option<ExchangeView>,
    #[serde(flatten)]
    more: Option<ExchangeMoreView>,
}

/// What a device reported of its own accord.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct AlertView {
    code: u16,
    #[serde(rename = "type")]
    kind: Option<String>,
    /// The node that it is about.
    source: Option<String>,
    mark: Option<String>,
    /// Its result, where it is a result code or a GUID; `***` for other data.
    data: Option<String>,
}

impl From<&AlertRecord> for AlertView {
    fn from(alert: &AlertRecord) -> Self {
        AlertView {
            code: alert.code,
            kind: alert.kind.clone(),
            source: alert.source.clone(),
            mark: alert.mark.clone(),
            data: alert.data.clone(),
        }
    }
}

impl EventView {
    /// The type of the event, as it is shown.
    pub(super) fn name(&self) -> String {
        let name = serde_json::to_value(self.what).ok();
        let name = name.as_ref().and_then(|name| name.as_str());
        name.unwrap_or("event").to_owned()
    }
}

impl From<&LoggedEvent> for EventView {
    fn from(logged: &LoggedEvent) -> Self {
        let event = &logged.stored.event;
        let exchange = event.exchange.as_ref();
        let ended = event.commands.iter();
        EventView {
            v: event.v,
            seq: event.seq,
            entry: logged.entry,
            at: Time(event.at),
            actor: event.actor.clone(),
            device: event.device.map(|device| device.to_string()),
            what: event.what,
            command: event.command.and_then(|seq| full(event, seq)),
            kind: event.kind,
            detail: event.detail.clone(),
            count: event.count,
            forecast: event.forecast.clone(),
            refusals: event.refusals.iter().map(RefusalView::from).collect(),
            raised: event.raised.as_ref().map(RaisedView::from),
            baselines: event.baselines.iter().map(BaselineNameView::from).collect(),
            compliance: event
                .compliance
                .as_deref()
                .map(|of| ComplianceChangeView::new(event, of)),
            snapshot: event.snapshot.as_deref().map(SnapshotView::from),
            enrollment: event.enrollment.as_deref().map(EnrollmentEventView::from),
            alert: event.alert.as_ref().map(AlertView::from),
            steps: event.steps.iter().map(EventStep::from).collect(),
            app: event.app.clone(),
            log: event.log.as_deref().map(LogView::from),
            touched: event.touched.as_ref().map(TouchedView::from),
            change: event.change.as_ref().map(RecordChangeView::from),
            commands: ended.filter_map(|&seq| full(event, seq)).collect(),
            exchange: exchange.map(|of| ExchangeView::new(event, of, &logged.withheld)),
            more: event
                .more
                .as_ref()
                .map(|of| ExchangeMoreView::new(event, of)),
        }
    }
}

/// An event as the API shows it.
pub(in crate::http) fn shown(event: &LoggedEvent) -> serde_json::Value {
    // Numbers and text, written to memory: it cannot fail.
    serde_json::to_value(EventView::from(event)).unwrap_or_default()
}

/// Which events to list.
#[derive(Debug, Deserialize)]
pub(super) struct FilterQuery {
    from: Option<String>,
    to: Option<String>,
    #[serde(rename = "type")]
    what: Option<String>,
    mode: Option<String>,
    actor: Option<String>,
    device: Option<String>,
    order: Option<String>,
}

/// `GET /events`.
pub(super) async fn all(
    caller: Caller,
    paging: web::Query<Paging>,
    query: web::Query<FilterQuery>,
) -> HandlerResult {
    caller
        .read(move |caller| async move {
            let query = query.into_inner();
            let device = text(query.device).map(|text| {
                let expected = "a device id (32 hexadecimal digits)";
                text.parse()
                    .map_err(|_| Problem::field("device", expected, quoted(&text)))
            });
            let filter = EventFilter {
                from: time("from", query.from.as_deref())?,
                to: time("to", query.to.as_deref())?,
                what: word("type", query.what.as_deref())?,
                mode: word("mode", query.mode.as_deref())?,
                actor: text(query.actor),
                device: device.transpose()?,
                newest_first: word("order", query.order.as_deref())? == Some(Order::Descending),
            };
            let view = |event| EventView::from(&event);
            if filter.device.is_some() {
                let listed = log::all(caller.app(), caller.by(), &filter, paging.page()?);
                return Ok(page(listed.await?, view));
            }
            let asked = paging.page_in(&caller, CursorList::Events)?;
            let listed = log::all(caller.app(), caller.by(), &filter, asked).await?;
            Ok(page_in(&caller, CursorList::Events, listed, view))
        })
        .await
}

/// `GET /devices/{id}/events`.
pub(super) async fn of_device(
    caller: Caller,
    Id(id): Id<DeviceId>,
    paging: web::Query<Paging>,
) -> HandlerResult {
    caller
        .read(move |caller| async move {
            let listed = log::of_device(caller.app(), caller.by(), id, paging.page()?).await?;
            Ok(page(listed, |event| EventView::from(&event)))
        })
        .await
}

/// `GET /devices/{id}/sessions`: the newest first.
pub(super) async fn sessions(
    caller: Caller,
    Id(id): Id<DeviceId>,
    paging: web::Query<Paging>,
) -> HandlerResult {
    caller
        .read(move |caller| async move {
            let listed = list_sessions(caller.app(), caller.by(), id, paging.page()?).await?;
            Ok(page(listed, |session| session))
        })
        .await
}
