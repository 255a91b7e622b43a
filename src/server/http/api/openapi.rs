//! `/api/v1/openapi.json`: OpenAPI 3.1, written from the table.

use actix_web::{HttpResponse, web};
use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::endpoint::{Endpoint, Param, ParamKind, Shape};
use super::{examples, idempotency, subjects};
use crate::http::problem::Problem;
use modegate_core::tokens::Access;

/// `GET /openapi.json`.
pub(super) async fn show(document: web::Data<Value>) -> HttpResponse {
    HttpResponse::Ok().json(document.get_ref())
}

/// The whole document, of these endpoints.
pub(super) fn document(endpoints: impl Iterator<Item = &'static Endpoint>) -> Value {
    let mut generator = generator();
    let mut paths: Map<String, Value> = Map::new();
    for endpoint in endpoints {
        let path = paths.entry(endpoint.path).or_insert_with(|| json!({}));
        path[endpoint.method] = operation(endpoint, &mut generator);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "modegate",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Queues commands for devices and reports what was sent or withheld, and why. See docs/api.md.",
            "license": {"name": "MIT OR Apache-2.0"},
        },
        "servers": [{"url": "/api/v1"}],
        "security": [{"token": []}],
        "tags": subjects::tags(),
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": generator.take_definitions(true),
        },
    })
}

/// Makes schemas, and collects the components that they refer to.
fn generator() -> SchemaGenerator {
    let mut settings = SchemaSettings::draft2020_12();
    settings.definitions_path = "/components/schemas".into();
    // Anything is `{}`, which more generators of clients read than `true`.
    let replace = RecursiveTransform(replace_true);
    settings.transforms.push(Box::new(replace));
    settings.into_generator()
}

fn replace_true(schema: &mut Schema) {
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    for property in properties.into_iter().flat_map(Map::values_mut) {
        if *property == Value::Bool(true) {
            *property = json!({});
        }
    }
}

fn operation(endpoint: &Endpoint, generator: &mut SchemaGenerator) -> Value {
    let roles: Vec<&str> = endpoint
        .access
        .roles()
        .iter()
        .map(|role| role.name())
        .collect();
    let mut operation = json!({
        "operationId": operation_id(endpoint),
        "tags": [subjects::subject(endpoint.path)],
        "summary": endpoint.summary,
        "x-roles": roles,
        "x-person": endpoint.access.is_for_persons(),
        "parameters": parameters(endpoint),
        "responses": responses(endpoint, generator),
    });
    if endpoint.access == Access::Public {
        operation["security"] = json!([]);
    }
    if let Some(body) = endpoint.body {
        operation["requestBody"] = json!({
            "required": !endpoint.body_optional,
            "content": {"application/json": {"schema": body(generator)}},
        });
        if let Some(example) = examples::body(endpoint.method, endpoint.path) {
            operation["requestBody"]["content"]["application/json"]["example"] = example;
        }
    }
    operation
}

/// E.g. `get_devices_device_commands`.
fn operation_id(endpoint: &Endpoint) -> String {
    let path: String = endpoint
        .path
        .chars()
        .filter(|c| !matches!(c, '{' | '}'))
        .map(|c| if c == '/' || c == '.' { '_' } else { c })
        .collect();
    format!("{}{path}", endpoint.method)
}

fn parameters(endpoint: &Endpoint) -> Vec<Value> {
    let names = endpoint.path.split('/').filter_map(|part| {
        let name = part.strip_prefix('{')?.strip_suffix('}')?;
        Some(json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}))
    });
    let mut all: Vec<Value> = names.chain(endpoint.query.iter().map(query)).collect();
    let mut header = |name: &str, about: &str| {
        all.push(json!({"name": name, "in": "header", "description": about, "schema": {"type": "string"}}));
    };
    let is_read = endpoint.method == "get";
    if !is_read {
        header(
            idempotency::HEADER,
            "1 to 200 printable ASCII characters: a write with the same key and body within 24 hours is executed once",
        );
    }
    match (endpoint.tagged, is_read) {
        (true, true) => header("If-None-Match", "304 if the ETag still matches"),
        (true, false) => header("If-Match", "412 if the ETag no longer matches"),
        (false, _) => {}
    }
    if matches!(endpoint.answer, Shape::Stream(_)) {
        header("Last-Event-ID", "The id of the last event received");
    }
    all
}

fn query(param: &Param) -> Value {
    let schema = match param.kind {
        ParamKind::Integer(least, most) => {
            json!({"type": "integer", "minimum": least, "maximum": most})
        }
        ParamKind::Cursor => json!({"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"}),
        ParamKind::Text => json!({"type": "string", "maxLength": 512}),
        ParamKind::Texts => json!({"type": "array", "items": {"type": "string", "maxLength": 512}}),
        ParamKind::OneOf(names) => json!({"type": "string", "enum": names()}),
    };
    json!({
        "name": param.name, "in": "query", "required": param.required,
        "description": param.about, "schema": schema,
    })
}

fn responses(endpoint: &Endpoint, generator: &mut SchemaGenerator) -> Value {
    let mut good = json!({"description": "Success"});
    let content = match endpoint.answer {
        Shape::Nothing => None,
        Shape::Text => Some(("text/plain", json!({"type": "string"}))),
        Shape::Bytes => Some((
            "application/octet-stream",
            json!({"type": "string", "format": "binary"}),
        )),
        Shape::One(describe) => Some(("application/json", json!(describe(generator)))),
        Shape::Stream(describe) => Some(("text/event-stream", json!(describe(generator)))),
        Shape::List(describe) => Some((
            "application/json",
            json!({"type": "object", "required": ["items", "next"], "properties": {
                "items": {"type": "array", "items": describe(generator)},
                "next": {"type": ["string", "null"], "description": "`after` of the next page"},
            }}),
        )),
    };
    if let Some((media, schema)) = content {
        good["content"] = json!({media: {"schema": schema}});
    }
    let mut all = Map::new();
    all.insert(endpoint.status.to_string(), good);
    if endpoint.tagged && endpoint.method == "get" {
        all.insert("304".to_owned(), json!({"description": "Not modified"}));
    }
    for (status, about) in problems(endpoint) {
        let problem = json!({
            "description": about,
            "content": {"application/problem+json": {"schema": generator.subschema_for::<Problem>()}},
        });
        all.insert(status.to_string(), problem);
    }
    Value::Object(all)
}

fn problems(endpoint: &Endpoint) -> Vec<(u16, &'static str)> {
    let is_write = endpoint.method != "get";
    let is_public = endpoint.access == Access::Public;
    let all = [
        (endpoint.body.is_some(), 400, "The body is not JSON"),
        (!is_public, 401, "No token, or an invalid one"),
        (!is_public, 403, "The token's role does not permit this"),
        (
            endpoint.path.contains('{'),
            404,
            "Not found, or not within the token's groups",
        ),
        (
            endpoint.body.is_some(),
            408,
            "The body took too long to arrive",
        ),
        (
            is_write,
            409,
            "Not possible in this state, or another request with this Idempotency-Key is in progress",
        ),
        (
            is_write && endpoint.tagged,
            412,
            "The ETag no longer matches",
        ),
        (endpoint.body.is_some(), 413, "A limit is exceeded"),
        (
            is_write || !endpoint.query.is_empty(),
            422,
            "A field is invalid",
        ),
        (true, 429, "Too many requests"),
        (!is_public, 503, "Temporarily unavailable"),
    ];
    all.into_iter()
        .filter(|(applies, _, _)| *applies)
        .map(|(_, status, about)| (status, about))
        .collect()
}
