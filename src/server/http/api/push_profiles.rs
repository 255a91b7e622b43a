//! `/push-profiles`: whose channels are used, and the credentials that may push to them.

use actix_web::{HttpResponse, web};
use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::Answer;
use super::body::body;
use super::caller::Caller;
use super::page;
use crate::http::Shared;
use crate::http::problem::Problem;
use modegate_core::change::Refusal;
use modegate_core::event::{Event, EventType};
use modegate_core::fields::{FieldError, Fields};
use modegate_core::limits;
use modegate_core::push::profile::{PackageSid, Pfn, ProfileEvent, ProfileHealth, TokenForm};
use modegate_core::push::record::{ProfileChange, PushProfile};
use modegate_core::push::token::TenantId;
use modegate_core::secret::Secret;
use modegate_core::time::Timestamp;
use modegate_store::api::Write;

/// Longest name of a package, a tenant, an application, bytes.
const NAME: usize = 256;
/// Longest secret, bytes.
const SECRET: usize = 1024;
/// Longest AppId, bytes.
const APP_ID: usize = 128;
/// The AppId where none is told: the server chooses it (docs/push.md).
const USUAL_APP_ID: &str = "modegate";

/// The schema of the body.
pub(super) fn schema(new: bool) -> Value {
    let line = |most: usize| json!({"type": "string", "minLength": 1, "maxLength": most});
    let mut properties = json!({
        "pfn": line(NAME),
        "package_full_name": line(NAME),
        "app_id": {"type": "string", "minLength": 1, "maxLength": APP_ID, "pattern": "^[^;\"']*$"},
        "token_form": {"type": "string", "enum": ["legacy", "entra"], "default": "legacy"},
        "sid": line(NAME),
        "tenant": line(NAME),
        "client_id": line(NAME),
        "secret": {"type": "string", "minLength": 1, "maxLength": SECRET, "writeOnly": true},
        "groups": {"type": "array", "maxItems": limits::DEVICE_LIST, "items": line(limits::NAME_BYTES)},
    });
    if new {
        return json!({"type": "object", "required": ["secret"], "properties": properties});
    }
    properties["token_form"]
        .as_object_mut()
        .map(|form| form.remove("default"));
    json!({"type": "object", "properties": properties})
}

/// `POST /push-profiles`.
pub(super) async fn create(
    caller: Caller,
    payload: web::Payload,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let body = body(payload).await?;
    let (now, id) = (shared.now(), Uuid::now_v7());
    let profile = read(&Fields::of(&body, "")?, None, id, now)?;
    let event = Event::new(now, caller.actor(), None, EventType::PushProfileCreated)
        .detail(profile.pfn.as_str());
    let kept = Box::new(profile);
    let write = Write::PushProfile {
        id,
        decide: Box::new(move |_, _| Ok((ProfileChange::Keep(kept), event))),
        answer: Box::new(move |profile| {
            let location = format!("/api/v1/push-profiles/{}", profile.id.simple());
            Answer::created(location, None, &view(profile))
        }),
    };
    in_force(caller, write, Some(id), shared).await
}

/// `PATCH /push-profiles/{id}`.
pub(super) async fn change(
    caller: Caller,
    path: web::Path<String>,
    payload: web::Payload,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let (id, body) = (profile_id(&path)?, body(payload).await?);
    let before = found(&shared, id)?;
    let now = shared.now();
    // Checked against the profile as it is now; taken over again inside the write.
    let wanted = read(&Fields::of(&body, "")?, Some(&before), id, now)?;
    let tries = !same_credentials(&before, &wanted);
    let event = Event::new(now, caller.actor(), None, EventType::PushProfileChanged)
        .detail(wanted.pfn.as_str());
    let write = Write::PushProfile {
        id,
        decide: Box::new(move |_, before| {
            let before = before.ok_or_else(missing)?;
            let changed = Fields::of(&body, "")
                .and_then(|fields| read(&fields, Some(before), id, now))
                .map_err(Refusal::Field)?;
            Ok((ProfileChange::Keep(Box::new(changed)), event))
        }),
        answer: Box::new(|profile| Answer::ok(None, &view(profile))),
    };
    in_force(caller, write, tries.then_some(id), shared).await
}

/// `DELETE /push-profiles/{id}`.
pub(super) async fn delete(
    caller: Caller,
    path: web::Path<String>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let id = profile_id(&path)?;
    let now = shared.now();
    let event = Event::new(now, caller.actor(), None, EventType::PushProfileDeleted);
    let write = Write::PushProfile {
        id,
        decide: Box::new(move |_, before| {
            let before = before.ok_or_else(missing)?;
            Ok((ProfileChange::Delete, event.detail(before.pfn.as_str())))
        }),
        answer: Box::new(|_| Answer::nothing()),
    };
    in_force(caller, write, None, shared).await
}

/// `POST /push-profiles/{id}/check`: a stopped profile is tried anew.
pub(super) async fn check(
    caller: Caller,
    path: web::Path<String>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let id = profile_id(&path)?;
    let now = shared.now();
    let event = Event::new(now, caller.actor(), None, EventType::PushProfileChanged);
    let write = Write::PushProfile {
        id,
        decide: Box::new(move |_, before| {
            let mut profile = before.ok_or_else(missing)?.clone();
            profile.health = profile.health.next(ProfileEvent::Changed);
            (profile.reason, profile.health_at) = (None, now);
            let event = event.detail(format!("{}: tried anew", profile.pfn.as_str()));
            Ok((ProfileChange::Keep(Box::new(profile)), event))
        }),
        answer: Box::new(|profile| {
            let location = format!("/api/v1/push-profiles/{}", profile.id.simple());
            Answer::accepted(location, &view(profile))
        }),
    };
    in_force(caller, write, Some(id), shared).await
}

/// `GET /push-profiles`: all, since they are few.
pub(super) async fn list(_: Caller, shared: web::Data<Shared>) -> Result<HttpResponse, Problem> {
    let profiles = shared.push.profiles();
    Ok(page(profiles.iter().map(view).collect(), None))
}

/// `GET /push-profiles/{id}`.
pub(super) async fn one(
    _: Caller,
    path: web::Path<String>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let profile = found(&shared, profile_id(&path)?)?;
    Ok(HttpResponse::Ok().json(view(&profile)))
}

fn profile_id(text: &str) -> Result<Uuid, Problem> {
    Uuid::try_parse(text).map_err(|_| Problem::missing("push profile"))
}

fn found(shared: &Shared, id: Uuid) -> Result<PushProfile, Problem> {
    let profiles = shared.push.profiles();
    let found = profiles.iter().find(|profile| profile.id == id).cloned();
    found.ok_or_else(|| Problem::missing("push profile"))
}

fn missing() -> Refusal {
    Refusal::Missing("there is no such push profile".to_owned())
}

/// Writes, takes over what is in force now, and has new credentials tried. To
/// the end even if the caller goes away meanwhile.
async fn in_force(
    caller: Caller,
    write: Write,
    tries: Option<Uuid>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let work = async move {
        let response = caller.write(&shared, write).await?;
        shared.push.refresh().await?;
        if let Some(id) = tries {
            // The token service may take its time; the answer does not wait.
            let push = std::sync::Arc::clone(&shared.push);
            actix_web::rt::spawn(async move { push.try_anew(id).await });
        }
        Ok(response)
    };
    let done = actix_web::rt::spawn(work).await;
    done.unwrap_or_else(|_| {
        let detail = "the write was given up; ask again";
        let unavailable = actix_web::http::StatusCode::SERVICE_UNAVAILABLE;
        Err(Problem::new(unavailable, detail))
    })
}

fn same_credentials(one: &PushProfile, other: &PushProfile) -> bool {
    let of = |profile: &PushProfile| profile.credentials().map(|all| all.key());
    one.pfn == other.pfn && of(one) == of(other)
}

/// What a request makes of a profile, or a new one.
fn read(
    fields: &Fields<'_>,
    before: Option<&PushProfile>,
    id: Uuid,
    now: Timestamp,
) -> Result<PushProfile, FieldError> {
    let pfn = match (pfn(fields)?, before) {
        (Some(pfn), _) => pfn,
        (None, Some(before)) => before.pfn.clone(),
        (None, None) => {
            let expected = "a package family name, or package_full_name";
            return Err(FieldError::new("pfn", expected, "nothing"));
        }
    };
    let form = match fields.line("token_form", NAME)? {
        Some("legacy") => TokenForm::Legacy,
        Some("entra") => TokenForm::Entra,
        Some(_) => return Err(FieldError::new("token_form", "legacy or entra", "another")),
        None => before.map_or(TokenForm::Legacy, |before| before.form),
    };
    let secret = match (fields.line("secret", SECRET)?, before) {
        (Some(secret), _) => Secret::new(secret),
        (None, Some(before)) => before.secret.clone(),
        (None, None) => return Err(FieldError::new("secret", "the app secret", "nothing")),
    };
    let sid = match fields.line("sid", NAME)? {
        Some(text) => Some(PackageSid::parse(text).map_err(|_| {
            let expected = "a package SID: ms-app://S-1-15-2- and seven numbers";
            FieldError::new("sid", expected, "other text")
        })?),
        None => before.and_then(|before| before.sid),
    };
    let tenant = match fields.line("tenant", NAME)? {
        Some(text) => {
            TenantId::parse(text)
                .map_err(|error| FieldError::new("tenant", error, "other text"))?;
            Some(text.to_owned())
        }
        None => before.and_then(|before| before.tenant.clone()),
    };
    let kept = |of: fn(&PushProfile) -> Option<String>| before.and_then(of);
    let mut profile = PushProfile {
        id,
        pfn,
        app_id: app_id(fields)?
            .or_else(|| kept(|before| Some(before.app_id.clone())))
            .unwrap_or_else(|| USUAL_APP_ID.to_owned()),
        form,
        sid,
        tenant,
        client_id: fields
            .line("client_id", NAME)?
            .map(str::to_owned)
            .or_else(|| kept(|before| before.client_id.clone())),
        secret,
        groups: fields
            .lines("groups", limits::DEVICE_LIST, limits::NAME_BYTES)?
            .or_else(|| before.map(|before| before.groups.clone()))
            .unwrap_or_default(),
        created_at: before.map_or(now, |before| before.created_at),
        health: ProfileHealth::default(),
        reason: None,
        health_at: now,
    };
    complete(&profile)?;
    if let Some(before) = before.filter(|before| same_credentials(before, &profile)) {
        profile.health = before.health;
        profile.reason.clone_from(&before.reason);
        profile.health_at = before.health_at;
    }
    Ok(profile)
}

fn complete(profile: &PushProfile) -> Result<(), FieldError> {
    let missing = match profile.form {
        TokenForm::Legacy if profile.sid.is_none() => "sid",
        TokenForm::Entra if profile.tenant.is_none() => "tenant",
        TokenForm::Entra if profile.client_id.is_none() => "client_id",
        TokenForm::Legacy | TokenForm::Entra => return Ok(()),
    };
    let expected = "text, which this token form needs";
    Err(FieldError::new(missing, expected, "nothing"))
}

/// Of the family name, or of a package full name, which is what is at hand in
/// Visual Studio (seed 001).
fn pfn(fields: &Fields<'_>) -> Result<Option<Pfn>, FieldError> {
    let told = |field, error: &dyn std::fmt::Display| {
        FieldError::new(field, error.to_string(), "other text")
    };
    match (
        fields.line("pfn", NAME)?,
        fields.line("package_full_name", NAME)?,
    ) {
        (Some(_), Some(_)) => {
            let expected = "nothing beside package_full_name";
            Err(FieldError::new("pfn", expected, "text"))
        }
        (Some(text), None) => Pfn::parse(text)
            .map(Some)
            .map_err(|error| told("pfn", &error)),
        (None, Some(text)) => Pfn::from_full_name(text)
            .map(Some)
            .map_err(|error| told("package_full_name", &error)),
        (None, None) => Ok(None),
    }
}

/// It stands in a key and before a `;` for which no escape is known.
fn app_id(fields: &Fields<'_>) -> Result<Option<String>, FieldError> {
    let Some(text) = fields.line("app_id", APP_ID)? else {
        return Ok(None);
    };
    if text.contains([';', '"', '\'']) {
        let expected = "text without semicolons and quotes";
        return Err(FieldError::new("app_id", expected, "one of them"));
    }
    Ok(Some(text.to_owned()))
}

/// A profile as the API shows it: never its secret.
fn view(profile: &PushProfile) -> Value {
    let sid = profile.sid;
    let fits = sid.is_none_or(|sid| sid.belongs_to(&profile.pfn));
    let warning = (!fits).then_some(
        "this SID is not the one that follows from the PFN: WNS will most likely answer 403 for every channel",
    );
    json!({
        "id": profile.id.simple().to_string(),
        "pfn": profile.pfn.as_str(),
        "app_id": profile.app_id,
        "token_form": profile.form,
        "sid": sid.map(|sid| sid.to_string()),
        "tenant": profile.tenant,
        "client_id": profile.client_id,
        "groups": profile.groups,
        "created_at": profile.created_at.to_string(),
        "health": profile.health.health,
        "may_send": profile.health.may_send(),
        "reason": profile.reason,
        "health_at": profile.health_at.to_string(),
        "warning": warning,
    })
}
