//! The schemas of `/api/v1/openapi.json` (JSON Schema 2020-12, by OpenAPI 3.1).

use serde_json::{Value, json};

use super::certificates::{NOTE_BYTES as CERTIFICATE_NOTE_BYTES, PEM_BYTES};
use modegate_core::activity::Habit;
use modegate_core::context::Family;
use modegate_core::limits;
use modegate_core::operations::schema::schemas as command_types;
use modegate_core::tokens::{NAME_BYTES, Role};

/// All of them by name.
pub(super) fn components() -> Value {
    let mut all = requests();
    for (name, schema) in command_types() {
        all[command(&name)] = schema;
    }
    for part in [answers(), log(), super::install_schemas::all()] {
        if let (Value::Object(all), Value::Object(part)) = (&mut all, part) {
            all.extend(part);
        }
    }
    all
}

/// The name of a command type's schema, told apart from what has its name else.
fn command(name: &str) -> String {
    format!("{name}Command")
}

fn line(most: usize) -> Value {
    json!({"type": "string", "minLength": 1, "maxLength": most})
}

fn nullable(most: usize) -> Value {
    json!({"type": ["string", "null"], "minLength": 1, "maxLength": most})
}

fn lines(entries: usize, most: usize) -> Value {
    json!({"type": "array", "maxItems": entries, "items": line(most)})
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

fn time() -> Value {
    json!({"type": "string", "format": "date-time"})
}

fn maybe_time() -> Value {
    json!({"type": ["string", "null"], "format": "date-time"})
}

fn device_fields() -> Value {
    json!({
        "device_client_id": line(limits::NAME_BYTES),
        "user": nullable(limits::NAME_BYTES),
        "groups": lines(limits::DEVICE_LIST, limits::NAME_BYTES),
        "credentials": {
            "type": ["object", "null"],
            "required": ["username", "password"],
            "properties": {
                "username": line(limits::NAME_BYTES),
                "password": {"type": "string", "maxLength": limits::NAME_BYTES, "writeOnly": true},
            },
        },
        "certificate_sha256": lines(limits::DEVICE_LIST, 128),
    })
}

fn requests() -> Value {
    let commands = command_types()
        .into_iter()
        .map(|(name, _)| reference(&command(&name)));
    let mut fields = device_fields();
    let change = fields.clone();
    fields["source"] = line(limits::SOURCE_BYTES);
    fields["family"] = json!({"type": "string", "enum": Family::ALL.map(Family::name)});
    json!({
        "NewDevice": {"type": "object", "required": ["source"], "properties": fields},
        "DeviceChange": {"type": "object", "properties": change},
        "Import": {
            "type": "object",
            "required": ["devices"],
            "properties": {
                "devices": {
                    "type": "array", "minItems": 1, "maxItems": limits::IMPORT_DEVICES,
                    "items": reference("NewDevice"),
                },
                "on_conflict": {"type": "string", "enum": ["fail", "skip", "update"], "default": "fail"},
            },
        },
        "NewCertificate": {"type": "object", "properties": {
            "sha256": line(128),
            "pem": {"type": "string", "maxLength": PEM_BYTES},
            "not_before": time(),
            "note": line(CERTIFICATE_NOTE_BYTES),
        }},
        "NewBatch": {
            "type": "object",
            "required": ["to", "command"],
            "properties": {
                "to": {
                    "type": "object",
                    "description": "exactly one of the three",
                    "properties": {
                        "groups": {"type": "array", "minItems": 1, "maxItems": 64, "items": line(limits::NAME_BYTES)},
                        "devices": {"type": "array", "minItems": 1, "maxItems": modegate_core::batch::DEVICES, "items": line(64)},
                        "all": {"type": "boolean"},
                    },
                },
                "command": {"type": "object", "description": "as POST /devices/{device}/commands takes it"},
            },
        },
        "NewPushProfile": super::push_profiles::schema(true),
        "PushProfileChange": super::push_profiles::schema(false),
        "PolicyTryOut": super::policies::schema(),
        "NewCommand": {"oneOf": commands.collect::<Vec<_>>()},
        "NewToken": {
            "type": "object",
            "required": ["name", "role"],
            "properties": {
                "name": line(NAME_BYTES),
                "role": {"type": "string", "enum": Role::ALL.map(Role::name)},
                "groups": lines(limits::DEVICE_LIST, limits::NAME_BYTES),
                "expires_at": time(),
            },
        },
    })
}

fn answers() -> Value {
    let text = json!({"type": "string"});
    let maybe = json!({"type": ["string", "null"]});
    let count = json!({"type": "integer", "minimum": 0});
    let token = json!({
        "id": text, "name": text, "role": {"type": "string", "enum": Role::ALL.map(Role::name)},
        "groups": {"type": ["array", "null"], "items": text}, "created_at": time(),
        "created_by": text, "expires_at": maybe_time(),
    });
    let batch = json!({
        "id": text, "state": {"type": "string", "enum": ["running", "cancelling", "finished", "stopped"]},
        "type": text, "to": {"type": "object"}, "actor": text, "created_at": time(), "ended_at": maybe_time(),
        "progress": {"type": "object", "properties": {"queued": count, "refused": count, "cancelled": count}},
        "refused": {"type": "array", "items": {"type": "object", "properties": {"device": text, "reason": text}}},
    });
    let wake = json!({"type": "object", "required": ["state", "wanted_at"], "properties": {
        "state": text, "wanted_at": time(), "wishes": count, "attempts": count, "due_at": maybe_time(),
        "sent_at": maybe_time(), "why": maybe, "reason": maybe, "warning": text,
    }});
    let mut created = token.clone();
    created["token"] = text.clone();
    let held = json!({
        "type": "array",
        "items": {"type": "object", "properties": {
            "command": text, "kind": text, "rules": {"type": "array", "items": text},
            "modes": {"type": "array", "items": text}, "next": maybe,
        }},
    });
    json!({
        "Device": {"type": "object", "required": ["id", "source", "family"], "properties": {
            "id": text, "source": text, "family": {"type": "string", "enum": Family::ALL.map(Family::name)},
            "device_client_id": text, "user": maybe, "groups": {"type": "array", "items": text},
            "credentials": {"type": ["object", "null"], "properties": {"username": text}},
            "certificate_sha256": {"type": "array", "items": text},
            "certificates": {"type": "array", "items": reference("Certificate")},
            "revoked_certificate_sha256": {"type": "array", "items": text}, "registered_at": time(),
            "open_commands": count, "sessions": count,
            "last_seen": {"type": "object", "additionalProperties": maybe_time()},
            "activity": {"type": "array", "items": {"type": "string", "enum": Habit::ALL.map(Habit::name)}},
            "by_hand_at": maybe_time(), "unenrolled_at": maybe_time(),
        }},
        "Certificate": {"type": "object", "required": ["sha256"], "properties": {
            "sha256": text, "not_before": maybe_time(), "note": maybe,
            "added_at": maybe_time(), "last_used_at": maybe_time(),
        }},
        "ImportReport": {"type": "object", "properties": {
            "created": count, "updated": count, "skipped": count,
            "items": {"type": "array", "items": {"type": "object", "properties": {
                "source": text, "id": text,
                "outcome": {"type": "string", "enum": ["created", "updated", "skipped"]},
            }}},
        }},
        "Command": {"type": "object", "required": ["id", "kind", "state"], "properties": {
            "id": text, "device": text, "type": text, "kind": text, "state": text, "actor": text,
            "queued_at": time(), "priority": {"type": "integer"}, "not_before": maybe_time(),
            "expires_at": maybe_time(), "reason": maybe, "warning": text, "app": maybe,
            "after": {"type": "array", "items": text}, "serves": maybe,
            "attempts": {"type": ["integer", "null"]},
            "operations": {"type": "array", "items": {"type": "object"}},
            "results": {"type": "array", "items": {"type": "object", "properties": {
                "loc_uri": text, "status": {"type": ["integer", "null"]}, "format": maybe, "data": maybe,
            }}},
            "history": {"type": "array", "items": {"type": "object"}},
            "decisions": {"type": "array", "items": {"type": "object"}},
        }},
        "Preview": {"type": "object", "properties": {
            "deliver": held, "withhold": held, "refuse": held, "policy_set": text,
        }},
        "Token": {"type": "object", "required": ["id", "name", "role"], "properties": token},
        "CreatedToken": {"type": "object", "required": ["id", "name", "role", "token"], "properties": created},
        "Batch": batch,
        "PushProfile": {"type": "object", "required": ["id", "pfn", "app_id", "token_form", "health"], "properties": {
            "id": text, "pfn": text, "app_id": text, "token_form": {"type": "string", "enum": ["legacy", "entra"]},
            "sid": maybe, "tenant": maybe, "client_id": maybe, "groups": {"type": "array", "items": text},
            "created_at": time(), "may_send": {"type": "boolean"}, "reason": maybe, "health_at": time(), "warning": maybe,
            "health": {"type": "string", "enum": ["unchecked", "healthy", "degraded", "misconfigured", "blocked"]},
        }},
        "Wake": wake,
        "Channel": {"type": "object", "properties": {
            "state": maybe, "may_send": {"type": "boolean"}, "profile": maybe, "pfn": maybe, "app_id": maybe,
            "uri_sha256": maybe, "first_seen": maybe_time(), "age_s": {"type": ["integer", "null"]},
            "expires_at": maybe_time(), "set_attempts": count, "next_set_at": maybe_time(),
            "device_status": {"type": ["object", "null"]}, "answer": {"type": ["object", "null"]},
            "wake": {"oneOf": [{"type": "null"}, reference("Wake")]},
        }},
        "PolicySet": {"type": "object", "properties": {
            "digest": text, "files": {"type": "array", "items": {"type": "object", "properties": {"name": text, "text": text}}},
        }},
        "TriedPolicySet": {"type": "object", "properties": {
            "policy_set": text, "exchanges": count, "outcome": {"type": "object"},
        }},
        "Document": {"type": "object", "required": ["openapi", "paths"]},
        "Problem": {"type": "object", "required": ["type", "title", "status", "detail"], "properties": {
            "type": text, "title": text, "status": count, "detail": text, "field": text,
            "errors": {"type": "array", "items": {"type": "object", "properties": {
                "field": text, "detail": text,
            }}},
        }},
    })
}

fn log() -> Value {
    let text = json!({"type": "string"});
    let count = json!({"type": "integer", "minimum": 0});
    let list = json!({"type": "array", "items": {"type": "object"}});
    json!({
        "Session": {"type": "object", "properties": {
            "session": count, "session_id": text, "opened_at": time(), "last_at": time(),
            "query": text, "mode": text, "login": text, "messages": count, "delivered": count,
            "withheld": count, "ended": {"type": "boolean"}, "by_hand": {"type": "boolean"}, "woken": {"type": "boolean"},
            "trigger": {"type": "object", "properties": {"likely": text, "because": text}},
        }},
        "Inventory": {"type": "object", "properties": {
            "device": text,
            "classes": {"type": "object", "additionalProperties": {"type": "object", "properties": {
                "listed_at": maybe_time(),
                "instances": {"type": "object", "additionalProperties": {"type": "object"}},
            }}},
        }},
        "InventoryChange": {"type": "object", "properties": {
            "number": count, "at": time(), "class": text, "instance": text, "property": text,
            "before": {"type": ["object", "null"]}, "after": {"type": ["object", "null"]}, "command": text,
        }},
        "Event": {"type": "object", "required": ["seq", "at", "actor", "type"], "properties": {
            "seq": count, "at": time(), "actor": text, "device": {"type": ["string", "null"]},
            "type": text, "command": text, "kind": text, "detail": text, "count": count,
            "query": text, "mode": text, "policy_set": text, "delivered": list, "withheld": list,
            "outcomes": list,
        }},
    })
}
