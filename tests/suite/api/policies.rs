//! `/policies`: the set in force, who is shown it, and another one tried on what was
//! recorded.

use modegate_sim::Trigger;
use serde_json::json;

use crate::harness::Server;
use crate::sync::simulated_device::{enrolled, sync};

#[tokio::test]
async fn another_policy_set_is_tried_on_what_was_recorded() {
    let (server, device, mut tablet) = enrolled("t").await;
    for body in [
        json!({"type": "inventory", "classes": ["Win32_Service"], "walk": false}),
        json!({"type": "lock_workstation"}),
    ] {
        server.queue(&device, body).await;
    }
    sync(&mut tablet, Trigger::Reboot).await;
    sync(&mut tablet, Trigger::Logon).await;
    let set = server.get("/policies").await;
    assert_eq!(set["digest"].as_str().unwrap().len(), 64);
    let same = json!({"files": set["files"]});
    let (status, tried) = server.api("POST", "/policies/try", Some(same)).await;
    assert_eq!(status, 200, "{tried}");
    let outcome = &tried["outcome"];
    assert_eq!(outcome["looked_at"], outcome["same"], "{tried}");
    assert_eq!(
        outcome["looked_at"], 4,
        "two delivered, one withheld by both messages of the first session: {tried}"
    );
    let mut files = set["files"].as_array().unwrap().clone();
    let text = "[[rule]]\nid = \"site.no-lock\"\neffect = \"withhold\"\nkind = [\"lock\"]\n";
    files.push(json!({"name": "site.toml", "text": text}));
    let (_, tried) = server
        .api("POST", "/policies/try", Some(json!({"files": files})))
        .await;
    assert_eq!(tried["outcome"]["would_no_longer_go"], 1, "{tried}");
    assert_eq!(
        tried["outcome"]["differences"][0]["rules"],
        json!(["site.no-lock"]),
        "{tried}"
    );
    let wrong = json!({"files": [{"name": "a.toml", "text": "[[rule]]\nid = 1\n"}]});
    let (status, problem) = server.api("POST", "/policies/try", Some(wrong)).await;
    assert_eq!(status, 422, "{problem}");
    assert!(
        problem["field"].as_str().unwrap().starts_with("a.toml:"),
        "{problem}"
    );
}

#[tokio::test]
async fn a_token_that_is_bound_to_groups_is_not_shown_the_others_in_rules() {
    let server = Server::start();
    let asked = json!({"name": "eye", "role": "auditor", "groups": ["office"]});
    let (_, token) = server.make_token(asked).await;
    let (status, _, set) = server
        .call(&token, "get", "/policies", &[], None)
        .await
        .expect("an answer");
    assert_eq!((status, &set["files"]), (200, &json!([])), "{set}");
    let all = server.get("/policies").await;
    assert_eq!(set["digest"], all["digest"]);
    assert!(!all["files"].as_array().unwrap().is_empty());
}
