//! `GET /events`: by time, type, mode, actor and device, from either end; and what stays of a
//! device that was retired.

use serde_json::{Value, json};

use crate::harness::{Server, answers, message, package1};

fn seqs(list: &Value) -> Vec<(String, u64)> {
    let items = list["items"].as_array().unwrap();
    let of = |event: &Value| {
        let what = event["type"].as_str().unwrap().to_owned();
        (what, event["seq"].as_u64().unwrap())
    };
    items.iter().map(of).collect()
}

/// Every event that a query finds, page by page.
async fn all(server: &Server, query: &str) -> Vec<Value> {
    let (mut found, mut after) = (Vec::new(), String::new());
    loop {
        let page = server.get(&format!("/events?limit=3{query}{after}")).await;
        found.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return found,
        }
    }
}

#[tokio::test]
async fn events_are_found_by_time_type_mode_actor_and_device() {
    let server = Server::start();
    let devices = [
        server.register(json!({"source": "a"})).await,
        server.register(json!({"source": "b"})).await,
    ];
    for source in ["a", "b"] {
        server
            .sync("Machine", &package1(source, "1", 1, "none"))
            .await;
        server
            .sync("Maintenance", &package1(source, "2", 1, "user"))
            .await;
    }
    let everything = all(&server, "").await;
    let exchanges = all(&server, "&type=exchange").await;
    assert_eq!(exchanges.len(), 4);
    let machine = all(&server, "&mode=Machine").await;
    assert_eq!(machine.len(), 2);
    assert!(machine.iter().all(|event| event["mode"] == "Machine"));
    let by_admin = all(&server, "&actor=api:admin&type=device.registered").await;
    assert_eq!(by_admin.len(), 2);
    let mut newest = all(&server, "&order=desc").await;
    newest.reverse();
    assert_eq!(newest, everything);
    let of_b = all(&server, &format!("&device={}&type=exchange", devices[1])).await;
    assert_eq!(of_b.len(), 2);
    let newest_of_b = all(&server, &format!("&device={}&order=desc", devices[1])).await;
    assert_eq!(newest_of_b[0]["seq"], of_b[1]["seq"]);

    // From the time of an event on, and until it: both contain it.
    let third = exchanges[2]["at"].as_str().unwrap();
    let from = all(&server, &format!("&from={third}")).await;
    let to = all(&server, &format!("&to={third}&order=desc")).await;
    let at = |event: &Value| event["at"].as_str().unwrap().to_owned();
    assert!(!from.is_empty() && from.iter().all(|event| at(event).as_str() >= third));
    assert!(!to.is_empty() && to.iter().all(|event| at(event).as_str() <= third));
    let same = everything.iter().filter(|event| at(event) == third).count();
    assert_eq!(from.len() + to.len(), everything.len() + same);
    assert!(all(&server, "&from=2999-01-01T00:00:00Z").await.is_empty());
    assert!(
        all(&server, "&to=1999-01-01T00:00:00Z&order=desc")
            .await
            .is_empty()
    );

    for wrong in [
        "from=yesterday",
        "type=exchanges",
        "mode=machine",
        "device=7",
        "order=up",
    ] {
        let (status, problem) = server.api("GET", &format!("/events?{wrong}"), None).await;
        assert_eq!(status, 422, "{wrong}: {problem}");
        let name = wrong.split('=').next().unwrap();
        assert!(problem.to_string().contains(name), "{problem}");
    }
}

#[tokio::test]
async fn what_was_sent_to_a_retired_device_stays_on_record() {
    let server = Server::start();
    let device = server.register(json!({"source": "a"})).await;
    let command = server
        .queue(&device, json!({"type": "lock_workstation"}))
        .await;
    let reply = server
        .sync("Maintenance", &package1("a", "1", 1, "user"))
        .await;
    let done = message("a", "1", 2, &(answers(&reply, 200) + "<Final/>"));
    server.sync("Maintenance", &done).await;
    assert_eq!(server.state(&command).await, "succeeded");
    let (status, _) = server
        .api("DELETE", &format!("/devices/{device}"), None)
        .await;
    assert_eq!(status, 204);
    let (status, _) = server
        .api("GET", &format!("/commands/{command}"), None)
        .await;
    assert_eq!(status, 404);
    let log = server
        .get(&format!("/devices/{device}/events?limit=200"))
        .await;
    let items = log["items"].as_array().unwrap();
    let queued = items
        .iter()
        .find(|event| event["command"] == command.as_str());
    let queued = queued.expect("the event of its queueing");
    assert_eq!(queued["type"], "command.queued");
    assert_eq!(queued["steps"][0]["verb"], "Exec", "{queued}");
    let node = queued["steps"][0]["loc_uri"].as_str().unwrap();
    assert!(
        node.contains("MDM_Client") && node.contains("LockWorkstation"),
        "{node}"
    );
    let delivered = |event: &&Value| event["delivered"].to_string().contains(&command);
    assert!(items.iter().any(|event| delivered(&event)));
    assert!(seqs(&log).iter().any(|(what, _)| what == "device.retired"));
}

#[tokio::test]
async fn a_policy_set_of_before_is_shown_by_its_digest() {
    let server = Server::start();
    server.register(json!({"source": "a"})).await;
    server.sync("Machine", &package1("a", "1", 1, "none")).await;
    let exchange = all(&server, "&type=exchange").await.remove(0);
    let digest = exchange["policy_set"].as_str().unwrap();
    let set = server.get(&format!("/policies/{digest}")).await;
    let files = set["files"].as_array().unwrap();
    assert_eq!(set["digest"], digest);
    assert!(
        files.iter().any(|file| file["name"] == "windows81.toml"),
        "{set}"
    );
    let (status, _) = server.api("GET", "/policies/00", None).await;
    assert_eq!(status, 404);
    let (_, bound) = server
        .make_token(json!({"name": "t", "role": "auditor", "groups": ["x"]}))
        .await;
    let path = format!("/policies/{digest}");
    let answer = server.call(&bound, "GET", &path, &[], None).await;
    assert_eq!(answer.expect("an answer").0, 404);
}

#[tokio::test]
async fn devices_are_found_that_were_not_seen_for_a_while() {
    let server = Server::start();
    for source in ["seen", "never"] {
        server.register(json!({"source": source})).await;
    }
    server
        .sync("Machine", &package1("seen", "1", 1, "none"))
        .await;
    let sources = async |since: &str| {
        let list = server
            .get(&format!("/devices?not_seen_since={since}"))
            .await;
        let items = list["items"].as_array().unwrap().iter();
        items
            .map(|one| one["source"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(sources("2020-01-01T00:00:00Z").await, ["never"]);
    assert_eq!(sources("2999-01-01T00:00:00Z").await, ["seen", "never"]);
}
