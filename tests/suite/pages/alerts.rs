//! The alerts in the console: open ones with what to do, those that are over below.

use modegate_sim::mock_wns::MockWns;
use serde_json::json;

use super::client::Browser;
use crate::api::alerts::{PFN, until};
use crate::harness::{Server, push_profile_of};
use crate::records::wns_app;

#[tokio::test(flavor = "multi_thread")]
async fn an_open_alert_says_what_to_do_and_lies_below_when_it_is_over() {
    let mock = MockWns::start().await.unwrap();
    mock.register(wns_app(PFN, "app secret"));
    let (tokens, suffix) = (mock.token_url(), mock.host_suffix());
    let server = Server::start_with(&["--wns-token-url", &tokens, "--wns-host-suffix", &suffix]);
    let (_, token) = server
        .make_token(json!({"name": "carol", "role": "auditor"}))
        .await;
    let mut auditor = Browser::signed_in(&server, &token).await;
    let words = auditor.get("/console/alerts").await.words();
    assert!(words.contains("No alert is open"), "{words}");

    let kind = "push_profile.misconfigured";
    let profile = server
        .push_profile(push_profile_of(PFN, "Wrong-S3cret"))
        .await;
    let alert = until(&server, "open", kind).await;
    let page = auditor.get("/console/alerts").await;
    let words = page.words();
    let action = alert["action"].as_str().unwrap();
    // The page begins the sentence with a capital.
    assert!(words.contains(&action[1..]), "{words}");
    assert!(
        words.contains(alert["message"].as_str().unwrap()),
        "{words}"
    );
    assert!(page.contains("badge-bad\">critical"), "{}", page.main());
    let link = format!("href=\"/console/push/{profile}\"");
    assert!(page.contains(&link), "{}", page.main());
    let none = auditor.get("/console/alerts?severity=warning").await;
    assert!(!none.contains(kind), "{}", none.main());
    for (query, status) in [("severity=bad", 422), ("after=nonsense", 200)] {
        let page = auditor.get(&format!("/console/alerts?{query}")).await;
        assert_eq!(page.status, status, "{query}");
    }

    let mended = json!({"secret": "app secret"});
    let path = format!("/push-profiles/{profile}");
    assert_eq!(server.api("PATCH", &path, Some(mended)).await.0, 200);
    until(&server, "cleared", kind).await;
    let page = auditor.get("/console/alerts").await;
    let words = page.words();
    assert!(words.contains("No alert is open"), "{words}");
    assert!(page.contains("badge-quiet\">critical"), "{}", page.main());
}
