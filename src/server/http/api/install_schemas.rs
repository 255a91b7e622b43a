//! The schemas of the catalogue, of installs and of webhooks.

use serde_json::{Value, json};

use crate::webhooks::target;
use modegate_core::catalogue::{ID_BYTES, LICENCE_BYTES, LIST, URL_BYTES, VERSIONS};
use modegate_core::installs::State;
use modegate_core::limits;
use modegate_core::webhooks::{EVERY, SECRET_BYTES, event_names};

/// All of them.
pub(super) fn all() -> Value {
    let (mut all, answers) = (requests(), answers());
    if let (Value::Object(all), Value::Object(answers)) = (&mut all, answers) {
        all.extend(answers);
    }
    all
}

fn line(most: usize) -> Value {
    json!({"type": "string", "minLength": 1, "maxLength": most})
}

fn lines(entries: usize, most: usize) -> Value {
    json!({"type": "array", "maxItems": entries, "items": line(most)})
}

fn time() -> Value {
    json!({"type": "string", "format": "date-time"})
}

/// The fields of one version.
fn version() -> Value {
    json!({
        "version": line(64),
        "package_full_name": line(256),
        "urls": lines(LIST, URL_BYTES),
        "dependencies": {"type": "array", "maxItems": LIST, "items": {
            "description": "A package full name, or an object",
            "type": ["string", "object"], "minLength": 1, "maxLength": 256,
            "required": ["package_full_name"],
            "properties": {"package_full_name": line(256), "urls": lines(LIST, URL_BYTES)},
        }},
        "licence": {"type": "string", "maxLength": LICENCE_BYTES, "writeOnly": true},
        "action": {
            "description": "install, upgrade, or the number that the device is to get",
            "type": ["string", "integer"], "minimum": 0, "maximum": u32::MAX,
        },
        "options": {
            "description": "The number, or names of its bits",
            "type": ["integer", "array"], "minimum": 0, "maximum": u32::MAX,
            "items": {"type": "string", "enum": [
                "force_application_shutdown", "development_mode", "install_all_resources",
            ]},
        },
        "job_data": {"type": "string", "maxLength": limits::COMMAND_DATA_BYTES, "writeOnly": true},
    })
}

fn requests() -> Value {
    let mut change = version();
    change["name"] = line(limits::NAME_BYTES);
    change["description"] = json!({"type": ["string", "null"], "maxLength": 4096});
    change["groups"] = lines(limits::DEVICE_LIST, limits::NAME_BYTES);
    change["versions"] = json!({
        "type": "array", "minItems": 1, "maxItems": VERSIONS,
        "items": {"type": "object", "properties": version()},
    });
    let mut new = change.clone();
    new["id"] = line(ID_BYTES);
    let mut names = event_names();
    names.push(EVERY.to_owned());
    json!({
        "NewApp": {"type": "object", "required": ["name"], "properties": new},
        "AppChange": {"type": "object", "properties": change},
        "NewInstall": {"type": "object", "required": ["app"], "properties": {
            "app": line(ID_BYTES),
            "version": line(64),
            "again": {"type": "boolean", "default": false},
            "urgent": {"type": "boolean", "default": true},
            "require_ready": {"type": "boolean", "default": false},
            "priority": {"type": "integer", "minimum": -100, "maximum": 100},
            "not_before": time(),
            "expires_at": time(),
        }},
        "NewWebhook": {"type": "object", "required": ["url"], "properties": {
            "url": line(target::URL_BYTES),
            "events": {"type": "array", "minItems": 1, "items": {"type": "string", "enum": names}},
            "groups": lines(limits::DEVICE_LIST, limits::NAME_BYTES),
            "secret": {
                "type": "string", "minLength": SECRET_BYTES.0, "maxLength": SECRET_BYTES.1, "writeOnly": true,
            },
        }},
    })
}

fn answers() -> Value {
    let text = json!({"type": "string"});
    let maybe = json!({"type": ["string", "null"]});
    let maybe_time = json!({"type": ["string", "null"], "format": "date-time"});
    let count = json!({"type": "integer", "minimum": 0});
    let maybe_count = json!({"type": ["integer", "null"], "minimum": 0});
    let texts = json!({"type": "array", "items": text});
    let states = json!({"type": "string", "enum": State::ALL.map(State::name)});
    let step = json!({"type": "object", "properties": {
        "step": count, "state": states, "at": time(), "detail": maybe, "progress": maybe_count,
    }});
    let mut release = version();
    for secret in ["licence", "job_data"] {
        if let Some(fields) = release.as_object_mut() {
            fields.remove(secret);
        }
    }
    release["has_licence"] = json!({"type": "boolean"});
    release["has_job_data"] = json!({"type": "boolean"});
    release["package_full_name"] = maybe.clone();
    release["action"] = text.clone();
    json!({
        "App": {"type": "object", "required": ["id", "name", "versions"], "properties": {
            "id": text, "name": text, "description": maybe, "groups": texts, "version": maybe,
            "versions": {"type": "array", "items": {"type": "object", "properties": release}},
            "created_at": time(), "changed_at": time(), "warnings": texts,
        }},
        "Forecast": {"type": ["object", "null"], "properties": {
            "when": text, "text": text, "session": count, "at": time(), "last_seen": time(),
            "user": text, "renewal": {"type": "object", "properties": {
                "from": time(), "to": time(), "why": text,
            }},
        }},
        "Install": {"type": "object", "required": ["id", "device", "app", "version", "state"], "properties": {
            "id": text, "device": text, "app": text, "name": text, "version": text, "state": states,
            "reason": maybe, "progress": maybe_count, "last_error": maybe_count, "requested_by": text,
            "requested_at": time(), "finished_at": maybe_time, "command": text, "job_id": text,
            "readings": count, "superseded_by": maybe, "warnings": texts,
            "forecast": {"$ref": "#/components/schemas/Forecast"},
            "steps": {"type": "array", "items": step},
        }},
        "InstallStep": step,
        "Webhook": {"type": "object", "required": ["id", "events"], "properties": {
            "id": text, "host": maybe, "events": texts, "groups": texts, "waiting": count,
            "created_by": text, "created_at": time(), "secret": text,
        }},
    })
}
