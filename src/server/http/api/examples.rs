//! An example of each body, for the document. A test sends them all.

use serde_json::{Value, json};

/// The body of an example request to this endpoint.
pub(super) fn body(method: &str, path: &str) -> Option<Value> {
    let example = match (method, path) {
        ("post", "/devices") => json!({
            "source": "tablet-1", "family": "windows81", "user": "ann@example.test", "groups": ["north"],
        }),
        ("post", "/devices/import") => json!({
            "devices": [{"source": "tablet-2", "family": "windows81"}, {"source": "tablet-3", "family": "windows10"}],
            "on_conflict": "skip",
        }),
        ("patch", "/devices/{device}") => {
            json!({"user": "bob@example.test", "groups": ["north", "sales"]})
        }
        ("post", "/devices/{device}/certificates") => json!({
            "sha256": "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8", "note": "rotation",
        }),
        ("post", "/devices/{device}/commands") => {
            json!({"type": "inventory", "classes": ["Win32_OperatingSystem"]})
        }
        ("post", "/devices/{device}/wake") => json!({"ttl_seconds": 3600, "priority": "high"}),
        ("post", "/commands") => {
            json!({"to": {"groups": ["north"]}, "command": {"type": "lock_workstation"}})
        }
        ("post", "/audit/exports") => json!({
            "size": 0, "root": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        }),
        ("post", "/audit/redactions") => {
            json!({"entry": 12, "reason": "the detail named a person"})
        }
        ("post", "/policies/try") => {
            json!({"files": [{"name": "site.toml", "text": ""}], "events": 1000})
        }
        ("post", "/push-profiles") => json!({
            "pfn": "52314Publisher.TestWNS_t6e9vsyjkrw9w", "app_id": "mdm", "token_form": "legacy",
            "sid": "ms-app://S-1-15-2-1-2-3-4-5-6-7", "secret": "the secret of the package", "groups": ["north"],
        }),
        ("patch", "/push-profiles/{profile}") => json!({"groups": ["north", "sales"]}),
        ("post", "/tokens") => json!({"name": "helpdesk", "role": "operator", "groups": ["north"]}),
        ("post", "/enrollment-tokens") => {
            json!({"user": "ann@example.test", "family": "windows81", "groups": ["north"]})
        }
        ("post", "/devices/{device}/installs") => json!({"app": "erp"}),
        ("post", "/apps") => {
            json!({"id": "erp", "name": "ERP", "version": "1.2.0.0", "job_data": "<Job/>"})
        }
        ("patch", "/apps/{app}") => json!({"name": "ERP for tablets"}),
        ("post", "/webhooks") => json!({"url": "https://hooks.example.test/installs"}),
        ("patch", "/webhooks/{webhook}") => json!({"events": ["install.*", "alert.*"]}),
        ("post", "/webhooks/{webhook}/secret") => json!({"overlap_s": 3600}),
        _ => return None,
    };
    Some(example)
}
