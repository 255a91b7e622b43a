//! What the demo leaves behind to look at in a browser: commands that wait, apps to ask for, and
//! a tablet that comes when a push calls it.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use super::DemoError;
use super::api::Api;
use super::scenario::Played;
use modegate_sim::Trigger;

/// Sessions that a push brings: the app is sent, installs, and is found installed.
const SESSIONS: usize = 3;
/// Between them. A real tablet takes longer, nobody at a demo would wait for it.
const PAUSE: Duration = Duration::from_secs(3);

/// The apps that the portal offers, unless an earlier run left them, and two commands that wait:
/// the session that the tablet had last carries neither.
pub(super) async fn prepare(api: &Api, device: &str) -> Result<(), DemoError> {
    let known = api.get("/apps").await?;
    let items = known["items"].as_array().into_iter().flatten();
    let known: BTreeSet<&str> = items.filter_map(|app| app["id"].as_str()).collect();
    for (id, name, version, description) in [
        ("field-maps", "Field maps", "2.0", "Maps without a network"),
        ("inspection", "Inspection forms", "3.0", "Forms with photos"),
        ("orders", "Orders", "1.1", "Orders, stock and invoices"),
    ] {
        if !known.contains(id) {
            let app = json!({
                "id": id, "name": name, "version": version, "description": description,
                "job_data": format!("<Job>{id}</Job>"),
            });
            api.post("/apps", &app).await?;
        }
    }
    for command in ["wns_update_configuration", "lock_workstation"] {
        let path = format!("/devices/{device}/commands");
        api.post(&path, &json!({"type": command})).await?;
    }
    Ok(())
}

/// Lets the tablet answer pushes, for as long as the demo runs.
pub(super) async fn answer_pushes(mut played: Played) {
    while let Some(push) = played.wakes.recv().await {
        if push.device != played.source {
            continue;
        }
        for _ in 0..SESSIONS {
            if let Err(error) = played.tablet.trigger(Trigger::Push).await {
                eprintln!("modegate demo: the tablet's session failed: {error}");
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// The link by which the tablet's user signs in to the portal.
pub(super) async fn portal_link(api: &Api, device: &str) -> Result<String, DemoError> {
    let user = Value::Object(serde_json::Map::new());
    let path = format!("/devices/{device}/portal-links");
    let link = api.post(&path, &user).await?;
    Ok(link["url"].as_str().unwrap_or_default().to_owned())
}
