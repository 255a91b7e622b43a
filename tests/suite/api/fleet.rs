//! All devices as one: what the census counts, and devices by the flags that it found.

use modegate_sim::Trigger;
use serde_json::{Value, json};

use crate::harness::{Server, push_profile, silent_tokens};
use crate::sync::simulated_device::{sync, tablet};
use crate::wait::{DEADLINE, eventually};

async fn ask(server: &Server, token: &str, path: &str) -> (u16, Value) {
    let (status, _, answer) = server.call(token, "GET", path, &[], None).await.unwrap();
    (status, answer)
}

/// The sources of a whole list, in order, by pages of that many.
async fn sources(server: &Server, token: &str, path: &str, limit: usize) -> Vec<String> {
    let (mut found, mut after) = (Vec::new(), String::new());
    loop {
        let (status, page) = ask(server, token, &format!("{path}&limit={limit}{after}")).await;
        assert_eq!(status, 200, "{path} {page}");
        let items = page["items"].as_array().unwrap();
        found.extend(
            items
                .iter()
                .map(|item| item["source"].as_str().unwrap().to_owned()),
        );
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return found,
        }
    }
}

/// The census, once it counts as `is` says.
async fn census(server: &Server, is: impl Fn(&Value) -> bool) -> Value {
    eventually(DEADLINE, async || {
        let (status, fleet) = server.api("GET", "/fleet", None).await;
        match status == 200 && is(&fleet) {
            true => Ok(fleet),
            false => Err(fleet),
        }
    })
    .await
}

#[tokio::test]
async fn the_census_counts_devices_by_what_an_operator_looks_for() {
    let (_silent, arguments) = silent_tokens();
    let server = Server::start_with(&arguments.each_ref().map(String::as_str));
    server.push_profile(push_profile()).await;
    for (source, family, groups) in [
        ("night", "windows81", json!(["north"])),
        ("day", "windows81", json!(["north", "kiosk"])),
        ("new", "windows10", json!([])),
    ] {
        server
            .register(json!({"source": source, "family": family, "groups": groups}))
            .await;
    }
    sync(&mut tablet(&server, "night"), Trigger::Reboot).await;
    sync(&mut tablet(&server, "day"), Trigger::Logon).await;
    let fleet = census(&server, |fleet| {
        fleet["devices"] == 3 && fleet["flags"]["only_machine"] == 1
    })
    .await;
    assert_eq!(
        fleet["families"],
        json!({"windows81": 2, "windows_phone81": 0, "windows10": 1})
    );
    assert_eq!(fleet["groups"], json!({"north": 2, "kiosk": 1}));
    assert_eq!(fleet["flags"]["never_seen"], 1);
    assert_eq!(fleet["flags"]["silent"], 0);
    assert_eq!(fleet["channel_days"].as_array().unwrap().len(), 32);
    assert!(fleet["begun_at"].as_str().unwrap() <= fleet["at"].as_str().unwrap());
    for (flag, expected) in [
        ("only_machine", &["night"][..]),
        ("never_seen", &["new"]),
        ("silent", &[]),
    ] {
        let found = sources(&server, &server.token, &format!("/devices?flag={flag}"), 1).await;
        assert_eq!(found, expected, "{flag}");
    }
    // What is queued is counted, and so is what it waits since.
    let queued = fleet["commands"]["queued"].as_u64().unwrap();
    let id = server.get("/devices?source=new").await["items"][0]["id"].clone();
    server
        .queue(id.as_str().unwrap(), json!({"type": "inventory"}))
        .await;
    let fleet = census(&server, |fleet| fleet["commands"]["queued"] == queued + 1).await;
    assert!(fleet["oldest_queued_at"].is_string(), "{fleet}");
    let (status, problem) = server.api("GET", "/devices?flag=nothing", None).await;
    assert_eq!((status, &problem["field"]), (422, &json!("flag")));
}

#[tokio::test]
async fn a_census_is_there_after_a_restart_and_flags_are_gone_with_what_they_said() {
    let mut server = Server::start();
    server.register(json!({"source": "d"})).await;
    census(&server, |fleet| fleet["flags"]["never_seen"] == 1).await;
    server.kill_and_restart();
    let (status, fleet) = server.api("GET", "/fleet", None).await;
    assert_eq!((status, &fleet["flags"]["never_seen"]), (200, &json!(1)));
    sync(&mut tablet(&server, "d"), Trigger::Logon).await;
    census(&server, |fleet| fleet["flags"]["never_seen"] == 0).await;
    let found = sources(&server, &server.token, "/devices?flag=never_seen", 5).await;
    assert_eq!(found, [""; 0]);
}

/// Devices of two groups, by names that begin alike.
async fn named() -> Server {
    let server = Server::start();
    let devices: Vec<Value> = (0..30)
        .map(|n| {
            let case = if n % 2 == 0 { "TAB" } else { "tab" };
            let group = if n % 3 == 0 { "north" } else { "south" };
            let user = format!("Ann{}@contoso.test", n % 5);
            json!({"source": format!("{case}-{:02}", 29 - n), "groups": [group], "user": user})
        })
        .collect();
    let import = json!({"devices": devices});
    let (status, _, _) = server.with("POST", "/devices/import", &[], import).await;
    assert_eq!(status, 200);
    server
        .register(json!({"source": "kiosk", "groups": ["south"]}))
        .await;
    server
}

#[tokio::test]
async fn devices_are_found_by_how_their_names_begin_in_that_order() {
    let server = named().await;
    let token = server.token.clone();
    for limit in [1, 4, 200] {
        let found = sources(&server, &token, "/devices?prefix=Tab-1", limit).await;
        let folded: Vec<String> = found.iter().map(|source| source.to_lowercase()).collect();
        let expected: Vec<String> = (10..20).map(|n| format!("tab-{n}")).collect();
        assert_eq!(folded, expected);
        let narrowed = "/devices?prefix=tab&group=north&user=ANN0@CONTOSO.TEST&family=windows81";
        let found = sources(&server, &token, narrowed, limit).await;
        assert_eq!(found, ["tab-14", "TAB-29"]);
    }
    for (path, expected) in [
        ("prefix=tab", 30),
        ("prefix=k", 1),
        ("prefix=ann", 0),
        ("prefix=ab", 0),
        ("prefix=", 31),
        ("group=north", 10),
        ("user=ann1@contoso.test", 6),
        ("family=windows10", 0),
        ("prefix=tab&group=south", 20),
        ("prefix=tab-0&source=TAB-09", 1),
    ] {
        let found = sources(&server, &token, &format!("/devices?{path}"), 7).await;
        assert_eq!(found.len(), expected, "{path}");
        if path.contains("source=") {
            continue;
        }
        let counted = server.get(&format!("/devices/count?{path}")).await;
        assert_eq!(
            counted,
            json!({"devices": expected, "more": false}),
            "{path}"
        );
    }
    // A place of one list is none of another.
    let page = server.get("/devices?prefix=tab&limit=1").await;
    let next = page["next"].as_str().unwrap();
    for path in [
        format!("/devices?after={next}"),
        "/devices?prefix=t&after=7".into(),
    ] {
        let (status, problem) = server.api("GET", &path, None).await;
        assert_eq!(
            (status, &problem["field"]),
            (422, &json!("after")),
            "{path}"
        );
    }
    for path in [
        "/devices/count?activity=never_seen",
        "/devices/count?source=kiosk",
    ] {
        let (status, _) = server.api("GET", path, None).await;
        assert_eq!(status, 422, "{path}");
    }
}

#[tokio::test]
async fn a_changed_and_a_retired_device_are_found_as_they_are_now() {
    let server = named().await;
    let token = server.token.clone();
    let page = server.get("/devices?prefix=kiosk").await;
    let id = page["items"][0]["id"].as_str().unwrap().to_owned();
    let change = json!({"groups": ["north"], "user": "bob"});
    let (status, _) = server
        .api("PATCH", &format!("/devices/{id}"), Some(change))
        .await;
    assert_eq!(status, 200);
    let of = async |path: &str| sources(&server, &token, path, 50).await.len();
    assert_eq!(of("/devices?group=north").await, 11);
    assert_eq!(of("/devices?group=south").await, 20);
    assert_eq!(of("/devices?user=Bob").await, 1);
    let (status, _) = server.api("DELETE", &format!("/devices/{id}"), None).await;
    assert_eq!(status, 204);
    assert_eq!(of("/devices?group=north").await, 10);
    assert_eq!(of("/devices?user=bob").await, 0);
    assert_eq!(of("/devices?prefix=kiosk").await, 0);
}

#[tokio::test]
async fn a_bound_caller_finds_its_own_devices_and_no_count_of_others() {
    let server = named().await;
    let body = json!({"name": "north", "role": "operator", "groups": ["north"]});
    let token = server.make_token(body).await.1;
    census(&server, |fleet| fleet["devices"] == 31).await;
    let (status, problem) = ask(&server, &token, "/fleet").await;
    assert_eq!(status, 403, "{problem}");
    for (path, expected) in [
        ("prefix=tab", 10),
        ("prefix=k", 0),
        ("flag=never_seen", 10),
        ("group=south", 0),
        ("user=ann1@contoso.test", 2),
    ] {
        let found = sources(&server, &token, &format!("/devices?{path}"), 3).await;
        assert_eq!(found.len(), expected, "{path}");
        let (_, counted) = ask(&server, &token, &format!("/devices/count?{path}")).await;
        assert_eq!(counted["devices"], expected, "{path}");
    }
    // Where its list by name goes on says nothing of the names that it is not shown.
    let (_, page) = ask(&server, &token, "/devices?prefix=tab&limit=1").await;
    let next = page["next"].as_str().unwrap();
    let shown = data_encoding::BASE64URL_NOPAD
        .decode(next.as_bytes())
        .unwrap();
    assert!(!shown.windows(3).any(|bytes| bytes == b"tab"), "{next}");
    let (_, page) = ask(&server, &server.token, "/devices?prefix=tab&limit=1").await;
    let foreign = page["next"].as_str().unwrap();
    let (status, _) = ask(
        &server,
        &token,
        &format!("/devices?prefix=tab&after={foreign}"),
    )
    .await;
    assert_eq!(status, 422);
    // A person's are few, and are looked at themselves.
    let (_, page) = ask(&server, &server.token, "/devices?user=ann1@contoso.test").await;
    let own = page["items"][0]["id"].clone();
    let person = json!({"user": "ann1@contoso.test", "devices": [own]});
    let body = json!({"name": "ann", "role": "portal", "person": person});
    let ann = server.make_token(body).await.1;
    for (path, expected) in [
        ("flag=never_seen", 1),
        ("flag=silent", 0),
        ("prefix=tab", 1),
        ("prefix=k", 0),
    ] {
        let (_, page) = ask(&server, &ann, &format!("/devices?{path}")).await;
        assert_eq!(page["items"].as_array().unwrap().len(), expected, "{path}");
        let (_, counted) = ask(&server, &ann, &format!("/devices/count?{path}")).await;
        assert_eq!(counted["devices"], expected, "{path}");
    }
    assert_eq!(ask(&server, &ann, "/fleet").await.0, 403);
}

#[tokio::test]
async fn users_are_found_by_how_they_begin_where_their_names_are_in_clear() {
    let server = Server::configured("[web]\nuser_index = \"prefix\"\n", &[]);
    for (source, user) in [("a", "Ann@x.test"), ("b", "anna@x.test"), ("andy", "zoe")] {
        server
            .register(json!({"source": source, "user": user}))
            .await;
    }
    let found = sources(&server, &server.token, "/devices?prefix=an", 1).await;
    assert_eq!(found, ["andy", "a", "b"]);
    let found = sources(&server, &server.token, "/devices?prefix=a", 1).await;
    assert_eq!(found, ["a", "andy", "b"]);
}

#[tokio::test]
async fn a_name_as_long_as_can_be_is_a_place() {
    let server = Server::start();
    let long = "İ".repeat(128);
    for n in 0..2 {
        let source = format!("{}{n}", &long[..252]);
        server.register(json!({"source": source})).await;
    }
    let body = json!({"name": "all", "role": "operator", "groups": ["g"]});
    let bound = server.make_token(body).await.1;
    let found = sources(&server, &server.token, "/devices?prefix=%C4%B0", 1).await;
    assert_eq!(found.len(), 2);
    assert_eq!(
        sources(&server, &bound, "/devices?prefix=%C4%B0", 1).await,
        [""; 0]
    );
}
