//! The API's own description.

use std::collections::HashSet;

use serde_json::Value;

use crate::harness::Server;

const SNAPSHOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/openapi.json");

#[tokio::test]
async fn the_document_is_the_reviewed_one_and_whole() {
    let server = Server::start();
    let document = server.get("/openapi.json").await;
    let text = serde_json::to_string_pretty(&document).unwrap() + "\n";
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(SNAPSHOT, &text).unwrap();
    }
    let kept = std::fs::read_to_string(SNAPSHOT).unwrap_or_default();
    assert!(
        kept == text,
        "docs/openapi.json is another; look at the difference after UPDATE_GOLDEN=1 cargo test openapi"
    );
    assert_eq!(document["openapi"], "3.1.0");
    let mut used = HashSet::new();
    references(&document, &document, &mut used);
    for name in document["components"]["schemas"]
        .as_object()
        .unwrap()
        .keys()
    {
        assert!(
            used.contains(name.as_str()),
            "nothing uses the schema {name}"
        );
    }
    let mut ids = HashSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            assert!(
                ids.insert(operation["operationId"].as_str().unwrap()),
                "{path}"
            );
            let parameters = operation["parameters"].as_array().unwrap();
            let named = parameters
                .iter()
                .filter(|parameter| parameter["in"] == "path")
                .count();
            assert_eq!(named, path.matches('{').count(), "{method} {path}");
            let is_write = method != "get";
            let has_key = parameters
                .iter()
                .any(|parameter| parameter["name"] == "Idempotency-Key");
            assert_eq!(has_key, is_write, "{method} {path}");
        }
    }
}

/// Every `$ref` leads somewhere.
fn references<'a>(value: &'a Value, document: &Value, used: &mut HashSet<&'a str>) {
    match value {
        Value::Object(map) => {
            if let Some(Value::String(reference)) = map.get("$ref") {
                let pointer = reference.strip_prefix('#').unwrap();
                assert!(document.pointer(pointer).is_some(), "{reference}");
                used.insert(reference.rsplit('/').next().unwrap());
            }
            map.values()
                .for_each(|value| references(value, document, used));
        }
        Value::Array(list) => list
            .iter()
            .for_each(|value| references(value, document, used)),
        _ => {}
    }
}
