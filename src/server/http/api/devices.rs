//! `/devices`.

use std::collections::BTreeMap;

use actix_web::web;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::certificates::{CertificateView, certificates};
use super::polling::PollingView;
use super::query::{text, time, word};
use super::{ApiResponse, Body, Caller, HandlerResult, Id, Paging, device_page};
use crate::app::Principal;
use crate::app::device_list::{self, DeviceFilter};
use crate::app::devices::{self, DevicePatch, NewDevice};
use crate::app::input::Time;
use crate::app::revision::device_tag;
use crate::app::word::Word;
use crate::http::problem::Problem;
use modegate_core::context::{Family, Mode};
use modegate_core::device::ActivityFlag;
use modegate_core::device::{CertificateDigest, Device, FamilyEvidence, Refused};
use modegate_core::event::RefusalRecord;
use modegate_core::ids::DeviceId;

/// A device as the API shows it: everything but its secrets.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Device", extend("required" = ["id", "source", "family"]))]
pub(super) struct DeviceView {
    id: String,
    source: String,
    family: Word<Family>,
    /// The family that the device shows, where it did: its record counts.
    shown_family: Option<ShownFamilyView>,
    device_client_id: String,
    user: Option<String>,
    groups: Vec<String>,
    credentials: Option<CredentialsView>,
    certificate_sha256: Vec<String>,
    certificates: Vec<CertificateView>,
    revoked_certificate_sha256: Vec<String>,
    registered_at: Time,
    open_commands: usize,
    sessions: u32,
    /// By mode.
    last_seen: BTreeMap<&'static str, Option<Time>>,
    activity: Vec<Word<ActivityFlag>>,
    polling: PollingView,
    by_hand_at: Option<Time>,
    unenrolled_at: Option<Time>,
    refused: Option<RefusedView>,
}

/// Requests that named the device and did not prove to be it, as the last event
/// `device.refused` lists them.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct RefusedView {
    at: Time,
    refusals: Vec<RefusalView>,
}

/// Requests that were refused for one reason, with one certificate.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct RefusalView {
    reason: String,
    certificate_sha256: Option<String>,
    count: u64,
}

impl From<&RefusalRecord> for RefusalView {
    fn from(refusal: &RefusalRecord) -> Self {
        RefusalView {
            reason: refusal.reason.clone(),
            certificate_sha256: refusal.certificate_sha256.clone(),
            count: refusal.count,
        }
    }
}

impl From<&Refused> for RefusedView {
    fn from(refused: &Refused) -> Self {
        let refusals = refused.refusals.iter().map(RefusalRecord::from);
        RefusedView {
            at: Time(refused.at),
            refusals: refusals
                .map(|refusal| RefusalView::from(&refusal))
                .collect(),
        }
    }
}

/// What a device shows of its family.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct ShownFamilyView {
    family: Word<Family>,
    by: Word<FamilyEvidence>,
    since: Time,
}

/// What is shown of credentials.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct CredentialsView {
    username: String,
}

impl DeviceView {
    /// The device as this caller may see it: of its groups those that the caller knows of;
    /// for a person nothing of how it proves itself.
    pub(super) fn new(device: &Device, by: &Principal) -> Self {
        let (record, state) = (&device.record, &device.state);
        let hex = |all: &[CertificateDigest]| all.iter().map(ToString::to_string).collect();
        let seen = |mode: Mode| (mode.name(), state.last_seen(mode).map(Time));
        let activity = ActivityFlag::ALL
            .into_iter()
            .filter(|flag| flag.is_of(state));
        let is_person = by.person().is_some();
        let credentials = record.credentials.as_ref().filter(|_| !is_person);
        let own = |all: &[CertificateDigest]| if is_person { Vec::new() } else { hex(all) };
        DeviceView {
            id: device.id.to_string(),
            source: record.source.0.clone(),
            family: Word(record.family),
            shown_family: state.shown_family.map(|shown| ShownFamilyView {
                family: Word(shown.family),
                by: Word(shown.by),
                since: Time(shown.since),
            }),
            device_client_id: device.client_id().to_owned(),
            user: record.user.clone(),
            groups: by.known_groups(&record.groups),
            credentials: credentials.map(|credentials| CredentialsView {
                username: credentials.username.clone(),
            }),
            certificate_sha256: own(&record.certificates),
            certificates: match is_person {
                true => Vec::new(),
                false => certificates(device),
            },
            revoked_certificate_sha256: own(&record.rotation.revoked),
            registered_at: Time(record.registered_at),
            open_commands: state.open.len(),
            sessions: state.sessions,
            last_seen: Mode::ALL.map(seen).into(),
            activity: activity.map(Word).collect(),
            polling: PollingView::new(device),
            by_hand_at: state.manual_at.map(Time),
            unenrolled_at: state.unenrolled_at.map(Time),
            refused: state.refused.as_ref().map(RefusedView::from),
        }
    }
}

/// `POST /devices`.
pub(super) async fn register(caller: Caller, Body(new): Body<NewDevice>) -> HandlerResult {
    let by = caller.principal.clone();
    let render = move |device: &Device| {
        let location = format!("/api/v1/devices/{}", device.id);
        ApiResponse::created(location, &DeviceView::new(device, &by)).tagged(device_tag(device))
    };
    caller
        .write(render, async |app, by, options| {
            devices::register(app, by, new, options).await
        })
        .await
}

/// Which devices to list.
#[derive(Debug, Deserialize)]
pub(super) struct FilterQuery {
    prefix: Option<String>,
    group: Option<String>,
    family: Option<String>,
    user: Option<String>,
    source: Option<String>,
    flag: Option<String>,
    activity: Option<String>,
    not_seen_since: Option<String>,
}

impl FilterQuery {
    fn filter(self) -> Result<DeviceFilter, Problem> {
        Ok(DeviceFilter {
            prefix: text(self.prefix),
            group: text(self.group),
            family: word("family", self.family.as_deref())?,
            user: text(self.user),
            source: text(self.source),
            flag: word("flag", self.flag.as_deref())?,
            activity: word("activity", self.activity.as_deref())?,
            not_seen_since: time("not_seen_since", self.not_seen_since.as_deref())?,
        })
    }
}

/// `GET /devices`.
pub(super) async fn list(
    caller: Caller,
    paging: web::Query<Paging>,
    query: web::Query<FilterQuery>,
) -> HandlerResult {
    caller
        .read(move |caller| async move {
            let filter = query.into_inner().filter()?;
            let page = paging.device_page(&caller, filter.prefix.is_some())?;
            let listed = device_list::list(caller.app(), caller.by(), &filter, page).await?;
            Ok(device_page(&caller, listed, |device| {
                DeviceView::new(&device, caller.by())
            }))
        })
        .await
}

/// How many devices there are.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "DeviceCount")]
pub(super) struct CountView {
    /// How many were counted.
    devices: u64,
    /// Whether there may be more: the count ends at 10,001.
    more: bool,
}

/// `GET /devices/count`.
pub(super) async fn count(caller: Caller, query: web::Query<FilterQuery>) -> HandlerResult {
    caller
        .read(move |caller| async move {
            let filter = query.into_inner().filter()?;
            let counted = device_list::count(caller.app(), caller.by(), &filter).await?;
            let (devices, more) = (counted.devices, counted.more);
            Ok(ApiResponse::ok(&CountView { devices, more }))
        })
        .await
}

/// `GET /devices/{id}`.
pub(super) async fn one(caller: Caller, Id(id): Id<DeviceId>) -> HandlerResult {
    caller
        .read(move |caller| async move {
            let device = caller.principal.device(caller.app(), id);
            let device = device.await?;
            let answer =
                ApiResponse::ok(&DeviceView::new(&device, caller.by())).tagged(device_tag(&device));
            Ok(answer)
        })
        .await
}

/// `PATCH /devices/{id}`.
pub(super) async fn change(
    caller: Caller,
    Id(id): Id<DeviceId>,
    Body(change): Body<DevicePatch>,
) -> HandlerResult {
    let by = caller.principal.clone();
    let render = move |device: &Device| {
        ApiResponse::ok(&DeviceView::new(device, &by)).tagged(device_tag(device))
    };
    caller
        .write(render, async |app, by, options| {
            devices::change(app, by, id, change, options).await
        })
        .await
}

/// `DELETE /devices/{id}`.
pub(super) async fn retire(caller: Caller, Id(id): Id<DeviceId>) -> HandlerResult {
    caller
        .delete(async |app, by, options| devices::retire(app, by, id, options).await)
        .await
}
