//! LoginStatus `none` in Maintenance: a locked tablet at night, if it reports that. With
//! the shipped `context.toml` such a session gets what Machine gets; without it, all.

use modegate_sim::Trigger;
use serde_json::{Value, json};

use super::simulated_device::{sync, tablet};
use crate::harness::Server;

const WIFI: &str = "./cimv2/MDM_Restrictions/MDM_Restrictions.Key=%221%22/WifiEnabled";

/// The shipped files in `policies`, those aside whose name contains `without`.
fn server(policies: &std::path::Path, without: &str) -> Server {
    let shipped = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
    for file in std::fs::read_dir(shipped).unwrap() {
        let file = file.unwrap();
        let left_out = !without.is_empty() && file.file_name().to_string_lossy().contains(without);
        if file.file_type().unwrap().is_file() && !left_out {
            std::fs::copy(file.path(), policies.join(file.file_name())).unwrap();
        }
    }
    Server::start_with(&[
        "--accept-unknown-devices",
        "--policies",
        policies.to_str().unwrap(),
    ])
}

fn setting() -> Value {
    json!({"type": "raw", "verb": "Replace", "loc_uri": WIFI, "data": "false"})
}

async fn activity(server: &Server, device: &str) -> Value {
    server.get(&format!("/devices/{device}")).await["activity"].clone()
}

#[tokio::test]
async fn a_locked_session_that_says_none_is_held_to_machine_by_the_shipped_file_alone() {
    for (without, state) in [("", "queued"), ("context", "succeeded")] {
        let policies = tempfile::tempdir().unwrap();
        let server = server(policies.path(), without);
        let device = server.register(json!({"source": "t"})).await;
        let mut tablet = tablet(&server, "t");
        sync(&mut tablet, Trigger::Logon).await;
        tablet.lock();
        tablet.locked_is_nobody(true);
        let held = server.queue(&device, setting()).await;
        let reset = json!({"type": "reset_user_password", "user": "ann@example.test", "password": "Distinct-Pa55word"});
        let reset = server.queue(&device, reset).await;
        let report = sync(&mut tablet, Trigger::Nightly).await;
        assert!(
            report.query.contains("mode=Maintenance"),
            "{}",
            report.query
        );
        assert_eq!(server.state(&held).await, state, "without {without:?}");
        assert_eq!(server.state(&reset).await, "succeeded", "as in Machine");
        // It is a contradiction whatever the rules make of it.
        let session = &server.get(&format!("/devices/{device}/sessions")).await["items"][0];
        assert_eq!(
            (&session["login"], &session["contradicts"]),
            (&json!("none"), &json!(true))
        );
        let events = server
            .get(&format!("/devices/{device}/events?limit=200"))
            .await;
        assert!(events.to_string().contains("LoginStatus none"), "{events}");
        if !without.is_empty() {
            continue;
        }
        let command = server.get(&format!("/commands/{held}")).await;
        let forecast = &command["forecast"];
        assert_eq!(
            forecast["modes"],
            json!(["Maintenance", "Apps"]),
            "{command}"
        );
        assert_eq!(forecast["needs_logon"], json!(["Maintenance", "Apps"]));
        let text = forecast["text"].as_str().unwrap();
        assert!(
            text.contains("its latest session in Maintenance or Apps"),
            "{text}"
        );
        // The user is seen to be there: it goes, and the doubt is over.
        sync(&mut tablet, Trigger::Logon).await;
        assert_eq!(server.state(&held).await, "succeeded");
        let next = server.queue(&device, setting()).await;
        let next = server.get(&format!("/commands/{next}")).await;
        assert!(
            !next["forecast"]["text"]
                .as_str()
                .unwrap()
                .contains("LoginStatus"),
            "{next}"
        );
    }
}

#[tokio::test]
async fn three_such_sessions_in_a_row_are_shown_with_the_device() {
    let server = Server::start();
    let device = server.register(json!({"source": "t"})).await;
    let mut tablet = tablet(&server, "t");
    sync(&mut tablet, Trigger::Logon).await;
    tablet.locked_is_nobody(true);
    for row in 1..=4 {
        tablet.lock();
        sync(&mut tablet, Trigger::Nightly).await;
        let shown = activity(&server, &device).await == json!(["nobody_logged_on"]);
        assert_eq!(shown, row >= 3, "after {row} in a row");
        if row == 2 {
            // One that says that the user is there breaks the row; Machine does not.
            sync(&mut tablet, Trigger::Logon).await;
            for _ in 0..2 {
                tablet.lock();
                sync(&mut tablet, Trigger::Nightly).await;
            }
            assert_eq!(activity(&server, &device).await, json!([]));
            tablet.session("Machine", "none").await.unwrap();
        }
    }
    let listed = server.get("/devices?activity=nobody_logged_on").await;
    assert_eq!(listed["items"][0]["source"], "t", "{listed}");
    sync(&mut tablet, Trigger::Logon).await;
    assert_eq!(activity(&server, &device).await, json!([]));
}
