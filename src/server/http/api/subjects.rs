//! Subjects by which the document sorts the endpoints: its tags.

use serde_json::{Value, json};

/// Each subject, what it is about, and the segments of paths that belong to it. The
/// first subject of which a path has a segment is the path's.
const SUBJECTS: &[(&str, &str, &[&str])] = &[
    (
        "Webhooks",
        "Where the steps of installs are sent",
        &["webhooks"],
    ),
    (
        "Push",
        "Push profiles, channels, and waking devices",
        &["push-profiles", "channel", "wake"],
    ),
    (
        "Audit",
        "The proof of the log: checkpoint, tiles, proofs",
        &["audit"],
    ),
    (
        "Policies",
        "The rules that decide what is sent",
        &["policies"],
    ),
    ("Alerts", "What an operator should act on", &["alerts"]),
    ("Tokens", "Who may use the API", &["tokens"]),
    ("Batches", "One command for many devices", &["batches"]),
    (
        "Inventory",
        "What devices reported about themselves",
        &["inventory"],
    ),
    (
        "Installs",
        "Apps that were requested for devices",
        &["installs"],
    ),
    ("Apps", "The catalogue of apps", &["apps"]),
    ("Commands", "Queues of devices", &["commands", "preview"]),
    ("Log", "Events and sessions", &["events", "sessions"]),
    (
        "Devices",
        "Registered devices",
        &["devices", "refused-devices"],
    ),
    ("Server", "The server itself", &[]),
];

/// The subject of this path; what belongs to no other is about the server.
pub(super) fn subject(path: &str) -> &'static str {
    let has = |segments: &[&str]| path.split('/').any(|segment| segments.contains(&segment));
    let found = SUBJECTS.iter().find(|(_, _, segments)| has(segments));
    found.map_or("Server", |(name, _, _)| name)
}

/// All subjects, as OpenAPI has them.
pub(super) fn tags() -> Vec<Value> {
    let tag =
        |(name, about, _): &(&str, &str, &[&str])| json!({"name": name, "description": about});
    SUBJECTS.iter().map(tag).collect()
}

#[cfg(test)]
mod tests {
    use super::subject;

    #[test]
    fn a_path_is_about_the_most_particular_subject_in_it() {
        for (path, expected) in [
            ("/devices/{device}", "Devices"),
            ("/devices/{device}/installs", "Installs"),
            ("/installs/{install}/events", "Installs"),
            ("/batches/{batch}/commands", "Batches"),
            ("/devices/{device}/events/stream", "Log"),
            ("/openapi.json", "Server"),
        ] {
            assert_eq!(subject(path), expected, "{path}");
        }
    }
}
