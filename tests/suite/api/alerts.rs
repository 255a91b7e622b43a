//! Alerts: raised when a condition comes about and cleared when it is over, with one and
//! the same account in the list, the log, the metric and the webhook.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};

use modegate_server::clock::Clock;
use modegate_sim::mock_wns::MockWns;
use reqwest::Method;
use serde_json::{Value, json};

use crate::api::turned::Turned;
use crate::api::webhooks::{Receiver, hook};
use crate::harness::{Server, push_profile_of};
use crate::records::wns_app;
use crate::server::metrics;
use crate::wait::{DEADLINE, eventually, seen};

pub const PFN: &str = "52314Publisher.TestWNS_t6e9vsyjkrw9w";
const HOUR: i64 = 60 * 60 * 1000;
const DAY: i64 = 24 * HOUR;

/// The alerts in that state.
pub async fn list(server: &Server, state: &str) -> Vec<Value> {
    let all = server.get(&format!("/alerts?state={state}")).await;
    all["items"].as_array().unwrap().clone()
}

/// Waits for an alert of that kind in that state.
pub async fn until(server: &Server, state: &str, kind: &str) -> Value {
    let look = async || {
        let all = list(server, state).await;
        let found = all.iter().find(|alert| alert["kind"] == kind).cloned();
        found.ok_or(all)
    };
    eventually(DEADLINE, look).await
}

/// What the metric counts of that kind.
pub async fn counted(server: &Server, kind: &str, severity: &str) -> f64 {
    let series = format!("modegate_alerts{{kind=\"{kind}\",severity=\"{severity}\"}}");
    metrics::value(&metrics::get(server, "/metrics").await.1, &series)
}

/// A server, started so that push goes to this mock.
fn with_wns(mock: &MockWns) -> Server {
    let (token, suffix) = (mock.token_url(), mock.host_suffix());
    Server::start_with(&["--wns-token-url", &token, "--wns-host-suffix", &suffix])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_secret_is_raised_everywhere_survives_a_kill_and_mending_clears_it() {
    let mock = MockWns::start().await.unwrap();
    mock.register(wns_app(PFN, "app secret"));
    let mut server = with_wns(&mock);
    let receiver = Receiver::start(&[]);
    let events = json!(["alert.*"]);
    hook(&server, json!({"url": receiver.url, "events": events})).await;
    let kind = "push_profile.misconfigured";
    assert_eq!(counted(&server, kind, "critical").await, 0.0);

    let profile = server
        .push_profile(push_profile_of(PFN, "Wrong-S3cret"))
        .await;
    let raised = until(&server, "open", kind).await;
    assert_eq!(raised["subject"], format!("profile:{profile}"), "{raised}");
    assert_eq!(
        (&raised["severity"], &raised["state"]),
        (&json!("critical"), &json!("open"))
    );
    assert!(
        raised["message"].as_str().unwrap().starts_with(PFN),
        "{raised}"
    );
    assert!(
        raised["action"].as_str().unwrap().contains("push check"),
        "{raised}"
    );
    assert_eq!(raised["cleared_at"], Value::Null);
    assert_eq!(counted(&server, kind, "critical").await, 1.0);

    // The same after a restart: no second one.
    server.kill_and_restart();
    let again = until(&server, "open", kind).await;
    assert_eq!(again, raised);
    assert_eq!(counted(&server, kind, "critical").await, 1.0);

    let path = format!("/push-profiles/{profile}");
    let mended = json!({"secret": "app secret"});
    assert_eq!(server.api("PATCH", &path, Some(mended)).await.0, 200);
    let cleared = until(&server, "cleared", kind).await;
    assert_eq!(
        (&cleared["id"], list(&server, "open").await),
        (&raised["id"], vec![])
    );
    assert_eq!(counted(&server, kind, "critical").await, 0.0);

    // List, log and webhook agree.
    let got = receiver.until(2).await;
    for (got, (name, at)) in got
        .iter()
        .zip([("raised", "raised_at"), ("cleared", "cleared_at")])
    {
        let (body, event) = (got.json(), format!("alert.{name}"));
        assert_eq!(
            (got.header("modegate-event"), &body["type"]),
            (&*event, &json!(event))
        );
        assert_eq!(body["at"], cleared[at]);
        let id = format!("{}-{name}", cleared["id"].as_str().unwrap());
        assert_eq!(body["id"], id);
        for field in [
            "id",
            "kind",
            "subject",
            "severity",
            "message",
            "action",
            "raised_at",
        ] {
            assert_eq!(body["alert"][field], cleared[field], "{field}");
        }
        let log = server.get(&format!("/events?type={event}")).await;
        let [logged] = &log["items"].as_array().unwrap()[..] else {
            panic!("one event: {log}");
        };
        for field in ["id", "kind", "subject", "severity"] {
            assert_eq!(logged["raised"][field], cleared[field], "{field}");
        }
        assert_eq!(
            (&logged["at"], &logged["detail"]),
            (&cleared[at], &cleared["message"])
        );
        assert!(!log.to_string().contains("Wrong-S3cret") && !got.body.contains("Wrong-S3cret"));
    }

    // Wrong anew, it is another alert.
    let wrong = json!({"secret": "Wrong-S3cret"});
    assert_eq!(server.api("PATCH", &path, Some(wrong)).await.0, 200);
    let anew = until(&server, "open", kind).await;
    assert_ne!(anew["id"], raised["id"]);
    let all = server.get("/alerts?limit=1").await;
    assert_eq!(all["items"], json!([anew]), "the newest first");
    let rest = format!("/alerts?after={}", all["next"].as_str().unwrap());
    assert_eq!(server.get(&rest).await["items"], json!([cleared]));
    let none = server.get("/alerts?severity=warning").await;
    assert_eq!(none, json!({"items": [], "next": null}));
    for (query, field) in [("state=shut", "state"), ("severity=grave", "severity")] {
        let (status, refused) = server.api("GET", &format!("/alerts?{query}"), None).await;
        assert_eq!(
            (status, &refused["field"]),
            (422, &json!(field)),
            "{refused}"
        );
    }
    // A profile that is gone is not wrong any more.
    assert_eq!(server.api("DELETE", &path, None).await.0, 204);
    let look = async || seen(list(&server, "open").await, Vec::is_empty);
    eventually(DEADLINE, look).await;
}

#[tokio::test]
async fn a_policy_set_that_is_refused_is_an_alert_until_a_good_one_is_loaded() {
    let own = tempfile::tempdir().unwrap();
    let policies = own.path().join("policies");
    std::fs::create_dir(&policies).unwrap();
    let file = policies.join("mine.toml");
    let rule = "[[rule]]\nid = \"mine.inventory\"\neffect = \"deliver\"\nkind = [\"inventory\"]\n";
    std::fs::write(&file, rule).unwrap();
    let arguments = ["--policies", policies.to_str().unwrap()];
    let mut server = Server::in_dir(&own.path().join("data"), &arguments);
    let kind = "policy.refused";
    std::fs::write(&file, rule.replace("deliver", "deliever")).unwrap();
    server.signal("HUP");
    let raised = until(&server, "open", kind).await;
    assert_eq!(
        (&raised["subject"], &raised["severity"]),
        (&json!("server"), &json!("warning"))
    );
    assert!(
        raised["message"].as_str().unwrap().contains("mine.toml"),
        "{raised}"
    );

    std::fs::write(&file, rule).unwrap();
    server.signal("HUP");
    let cleared = until(&server, "cleared", kind).await;
    assert_eq!(cleared["id"], raised["id"]);

    // A restart reads the files, too.
    std::fs::write(&file, "nothing of the kind").unwrap();
    server.signal("HUP");
    let anew = until(&server, "open", kind).await;
    assert_ne!(anew["id"], raised["id"]);
    std::fs::write(&file, rule).unwrap();
    server.kill_and_restart();
    assert!(list(&server, "open").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scoped_token_sees_alerts_about_what_it_sees() {
    let mock = MockWns::start().await.unwrap();
    let server = with_wns(&mock);
    let mut ids = Vec::new();
    for groups in [json!(["north"]), json!(["south"]), json!([])] {
        let mut profile = push_profile_of(PFN, "unknown there");
        profile["groups"] = groups;
        ids.push(server.push_profile(profile).await);
    }
    let look = async || seen(list(&server, "open").await, |open| open.len() == 3);
    eventually(DEADLINE, look).await;
    let subjects = async |token: &str| {
        let answer = server
            .call(token, "get", "/alerts?state=open", &[], None)
            .await;
        let (status, _, found) = answer.unwrap();
        assert_eq!(status, 200, "{found}");
        let found = found["items"].as_array().unwrap().iter();
        let mut found: Vec<String> = found
            .map(|alert| alert["subject"].as_str().unwrap().replace("profile:", ""))
            .collect();
        found.sort();
        found
    };
    let sorted = |ids: &[&String]| {
        let mut ids: Vec<String> = ids.iter().map(|&id| id.clone()).collect();
        ids.sort();
        ids
    };
    let scoped = json!({"name": "eye", "role": "auditor", "groups": ["north"]});
    let (_, eye) = server.make_token(scoped).await;
    assert_eq!(subjects(&eye).await, sorted(&[&ids[0], &ids[2]]));
    // Where its list goes on does not count the alerts of others.
    let page = async |token: &str, path: &str| {
        let (status, _, page) = server.call(token, "get", path, &[], None).await.unwrap();
        assert_eq!(status, 200, "{page}");
        page
    };
    let first = page(&eye, "/alerts?limit=1").await;
    let next = first["next"].as_str().unwrap();
    assert!(next.len() > 40, "{next}");
    let second = page(&eye, &format!("/alerts?limit=1&after={next}")).await;
    assert_ne!(second["items"][0]["id"], first["items"][0]["id"]);
    let number = server.call(&eye, "get", "/alerts?after=3", &[], None).await;
    assert_eq!(number.unwrap().0, 422);
    let (_, all) = server
        .make_token(json!({"name": "all", "role": "auditor"}))
        .await;
    assert_eq!(subjects(&all).await, sorted(&[&ids[0], &ids[1], &ids[2]]));
    let (_, portal) = server
        .make_token(json!({"name": "portal", "role": "portal"}))
        .await;
    let refused = server.call(&portal, "get", "/alerts", &[], None).await;
    assert_eq!(refused.unwrap().0, 403);
}

#[tokio::test]
async fn an_audit_key_that_is_gone_is_an_alert_before_a_restart_fails_for_it() {
    let own = tempfile::tempdir().unwrap();
    let server = Server::in_dir(&own.path().join("data"), &[]);
    let (key, aside) = (server.dir.join("audit-key"), own.path().join("aside"));
    std::fs::rename(&key, &aside).unwrap();
    // A reload is one occasion to look; another comes every minute.
    server.signal("HUP");
    let raised = until(&server, "open", "audit.key").await;
    assert_eq!(raised["severity"], "critical");
    let message = raised["message"].as_str().unwrap();
    assert!(message.contains("audit-key is missing"), "{raised}");
    // Another key in its place is none.
    std::fs::write(&key, "11".repeat(32)).unwrap();
    server.signal("HUP");
    server.logged("alert raised");
    assert_eq!(until(&server, "open", "audit.key").await, raised);
    std::fs::rename(&aside, &key).unwrap();
    server.signal("HUP");
    until(&server, "cleared", "audit.key").await;
}

#[test]
fn a_webhook_that_is_given_up_is_an_alert_until_it_takes_something() {
    actix_web::rt::System::new().block_on(async {
        let own = tempfile::tempdir().unwrap();
        let now = Arc::new(AtomicI64::new(Clock::default().now().0));
        let server = Turned::start(own.path(), now).await;
        let receiver = Receiver::start(&["500 No"; 16]);
        let hook = json!({"url": receiver.url, "events": ["install.*"]});
        let made = server.admin(Method::POST, "/webhooks", hook).await;
        let path = format!("/webhooks/{}", made["id"].as_str().unwrap());
        let test = format!("{path}/test");
        server.admin(Method::POST, &test, Value::Null).await;
        for attempts in 1..=16 {
            receiver.until(attempts).await;
            let look = async || {
                let list = format!("{path}/deliveries");
                let all = server.admin(Method::GET, &list, Value::Null).await;
                seen(all["items"][0].clone(), |one| one["attempts"] == attempts)
            };
            eventually(DEADLINE, look).await;
            // A commit wakes the worker, which sees what is due by then.
            server.now.fetch_add(2 * HOUR, SeqCst);
            let device = json!({"source": format!("d{attempts}")});
            server.admin(Method::POST, "/devices", device).await;
        }
        let raised = server.until("open", "webhook.given_up").await;
        let subject = format!("webhook:{}", made["id"].as_str().unwrap());
        assert_eq!(raised["subject"], subject, "{raised}");
        let message = raised["message"].as_str().unwrap();
        assert!(
            message.contains("16 attempts") && !message.contains(&receiver.url),
            "{raised}"
        );
        server.admin(Method::POST, &test, Value::Null).await;
        let cleared = server.until("cleared", "webhook.given_up").await;
        assert_eq!(cleared["id"], raised["id"]);
        server.running.stop().await.unwrap();
    });
}

#[test]
fn a_device_that_only_ever_names_machine_is_an_alert_for_its_groups() {
    actix_web::rt::System::new().block_on(async {
        let own = tempfile::tempdir().unwrap();
        let now = Arc::new(AtomicI64::new(Clock::default().now().0));
        let server = Turned::start(own.path(), Arc::clone(&now)).await;
        let north = json!({"source": "shut", "groups": ["north"]});
        let device = server.admin(Method::POST, "/devices", north).await;
        let other = json!({"source": "other", "groups": ["south"]});
        server.admin(Method::POST, "/devices", other).await;
        for source in ["shut", "other"] {
            for session in 1..=10 {
                server
                    .session("Machine", source, &session.to_string())
                    .await;
            }
        }
        let scoped = json!({"name": "eye", "role": "operator", "groups": ["north"]});
        let token = server.admin(Method::POST, "/tokens", scoped).await;
        let token = token["token"].as_str().unwrap();
        server.running.stop().await.unwrap();

        // All devices are looked at when the server starts, and from time to time.
        now.fetch_add(3 * DAY, SeqCst);
        let server = Turned::start(own.path(), Arc::clone(&now)).await;
        let kind = "device.only_machine";
        server.until("open", kind).await;
        let look = async || {
            let all = server.admin(Method::GET, "/alerts", Value::Null).await;
            seen(all, |all| all["items"].as_array().unwrap().len() == 2)
        };
        eventually(DEADLINE, look).await;
        let own_alerts = server.api(token, Method::GET, "/alerts", Value::Null).await;
        let subject = format!("device:{}", device["id"].as_str().unwrap());
        assert_eq!(own_alerts["items"].as_array().unwrap().len(), 1);
        assert_eq!(own_alerts["items"][0]["subject"], subject);
        let path = format!("/devices/{}/events", device["id"].as_str().unwrap());
        let log = server.api(token, Method::GET, &path, Value::Null).await;
        let log = log["items"].as_array().unwrap();
        assert!(
            log.iter().any(|event| event["type"] == "alert.raised"),
            "{log:?}"
        );
        server.session("Maintenance", "shut", "11").await;
        server.running.stop().await.unwrap();

        let server = Turned::start(own.path(), now).await;
        let cleared = server.until("cleared", kind).await;
        assert_eq!(cleared["subject"], subject);
        server.running.stop().await.unwrap();
    });
}
