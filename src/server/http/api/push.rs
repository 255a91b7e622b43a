//! `/devices/{id}/channel` and `/devices/{id}/wake`.

use actix_web::{HttpResponse, web};
use serde_json::{Value, json};

use super::answer::Answer;
use super::caller::Caller;
use super::device_id;
use crate::http::Shared;
use crate::http::problem::Problem;
use modegate_core::change::{DeviceChange, Refusal};
use modegate_core::device::Device;
use modegate_core::device::outbox;
use modegate_core::push::channel::State;
use modegate_core::push::in_force::{LastAnswer, Target, status_words};
use modegate_core::push::wake::Wake;
use modegate_core::time::Timestamp;
use modegate_store::api::Write;

/// `GET /devices/{id}/channel`: never the URI.
pub(super) async fn channel(
    caller: Caller,
    path: web::Path<String>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let device = caller.device(&shared, device_id(&path)?).await?;
    let push = shared.way.push();
    let (record, own) = (&device.record, device.state.push.own.as_ref());
    let target = push.current(record.family, &record.groups, own);
    Ok(HttpResponse::Ok().json(view(&device, target, shared.now())))
}

/// `POST /devices/{id}/wake`.
pub(super) async fn wake(
    caller: Caller,
    path: web::Path<String>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let id = device_id(&path)?;
    caller.device(&shared, id).await?;
    let (actor, now) = (caller.actor(), shared.now());
    let decide = move |device: &Device| {
        if let Some(at) = device.state.unenrolled_at {
            let why = format!("the device is unenrolled since {at}");
            return Err(Refusal::Conflict(why));
        }
        let mut state = device.state.clone();
        let wished = outbox::wish(&mut state, "asked for", now);
        let event = wished.event(&actor, device.id, now);
        Ok(DeviceChange::new(device, state).with_events(vec![event]))
    };
    let write = Write::Alter {
        device: id,
        decide: caller.decide(decide),
        answer: Box::new(move |device| {
            let channel = device.state.channel.as_ref();
            let may_send = channel.is_some_and(|channel| channel.may_send(now));
            let mut shown = device.state.wake.as_ref().map_or(Value::Null, wake_view);
            if !may_send {
                shown["warning"] =
                    json!("the device has no channel that may be sent to: it will not be woken");
            }
            Answer::accepted(format!("/api/v1/devices/{id}/channel"), &shown)
        }),
    };
    caller.write(&shared, write).await
}

/// Puts the profile's names into a command about the push channel that leaves
/// them out.
pub(super) fn complete(command: &mut Value, target: Option<&Target>) {
    let (Some(target), Some(fields)) = (target, command.as_object_mut()) else {
        return;
    };
    let names: &[(&str, &str)] = match fields.get("type").and_then(Value::as_str) {
        Some("wns_update_configuration") => &[
            ("app_id", &target.app_id),
            ("package_family_name", target.pfn.as_str()),
        ],
        Some("wns_read_channel") => &[("app_id", &target.app_id)],
        _ => return,
    };
    for (name, value) in names {
        let told = fields.get(*name).is_some_and(|told| !told.is_null());
        if !told {
            fields.insert((*name).to_owned(), json!(value));
        }
    }
}

/// A wake as the API shows it.
pub(super) fn wake_view(wake: &Wake) -> Value {
    json!({
        "state": wake.state.name(),
        "wanted_at": wake.wanted_at.to_string(),
        "wishes": wake.wishes,
        "attempts": wake.attempts,
        "due_at": (!wake.state.is_final()).then(|| wake.due_at.to_string()),
        "sent_at": wake.sent_at.map(|at| at.to_string()),
        "why": wake.why,
        "reason": wake.why.map(|why| why.words()),
    })
}

fn view(device: &Device, target: Option<&Target>, now: Timestamp) -> Value {
    let state = &device.state;
    let channel = state.channel.as_ref();
    let first_seen = channel.and_then(|channel| channel.first_seen());
    let told = |status: u16| json!({"code": status, "words": status_words(status)});
    // Without a session since there is a profile, a set is what comes first.
    let usual = target.map(|_| State::NeedsSet.name());
    json!({
        "state": channel.map(|channel| channel.state.name()).or(usual),
        "may_send": channel.is_some_and(|channel| channel.may_send(now)),
        "profile": target.map(|target| target.id.simple().to_string()),
        "pfn": target.map(|target| target.pfn.as_str()),
        "app_id": target.map(|target| &target.app_id),
        "uri_sha256": channel.and_then(|channel| channel.uri).map(|digest| digest.to_string()),
        "first_seen": first_seen.map(|at| at.to_string()),
        "age_s": first_seen.map(|at| now.ms_since(at).max(0) / 1000),
        "expires_at": channel.and_then(|channel| channel.expires_at()).map(|at| at.to_string()),
        "set_attempts": channel.map_or(0, |channel| channel.set_attempts),
        "next_set_at": channel.and_then(|channel| channel.next_set_at).map(|at| at.to_string()),
        "device_status": state.push.status.map(told),
        "answer": state.push.answer.as_ref().map(answer),
        "wake": state.wake.as_ref().map(wake_view),
    })
}

fn answer(answer: &LastAnswer) -> Value {
    json!({
        "at": answer.at.to_string(),
        "code": answer.code,
        "outcome": answer.outcome,
        "connection": answer.connection,
        "description": answer.description,
        "message_id": answer.message_id,
    })
}
