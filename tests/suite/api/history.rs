//! What happened over time: all devices by the hour, and one device's sessions by day and
//! hour.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};

use modegate_core::change::DeviceChange;
use modegate_core::event::{Event, EventType};
use modegate_core::ids::DeviceId;
use modegate_core::time::Timestamp;
use modegate_store::Store;
use modegate_store::api::WriteStore;
use reqwest::Method;
use serde_json::{Value, json};

use crate::api::turned::Turned;
use crate::audit::exports::open_store;
use crate::harness::{Server, answers, catalogue_app, message};
use crate::wait::{DEADLINE, eventually};

const MINUTE: i64 = 60 * 1000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

fn clock(at: &str) -> Arc<AtomicI64> {
    Arc::new(AtomicI64::new(Timestamp::parse(at).unwrap().0))
}

async fn get(server: &Turned, path: &str) -> Value {
    server.admin(Method::GET, path, Value::Null).await
}

/// The hours of `GET /history` from the clock's on backwards, the oldest first.
async fn hours(server: &Turned, count: usize) -> Vec<Value> {
    let history = get(server, &format!("/history?hours={count}")).await;
    let hours = history["hours"].as_array().unwrap().clone();
    assert_eq!(hours.len(), count, "{history}");
    hours
}

#[test]
fn sessions_are_counted_in_the_hour_in_which_they_began_by_mode_and_family_over_restarts() {
    actix_web::rt::System::new().block_on(async {
        let own = tempfile::tempdir().unwrap();
        let now = clock("2026-11-29T09:10:00Z");
        let server = Turned::start(own.path(), Arc::clone(&now)).await;
        let desk = json!({"source": "desk", "family": "windows10"});
        server.admin(Method::POST, "/devices", desk).await;
        server.session("Machine", "tablet-1", "1").await;
        server.session("Machine", "tablet-2", "1").await;
        server.session("Maintenance", "desk", "1").await;
        now.fetch_add(HOUR, SeqCst);
        server.session("Apps", "tablet-1", "2").await;
        server.session("Nonsense", "tablet-1", "3").await;
        let expected = |all: &[Value]| {
            let [before, first, second] = all else {
                panic!("{all:?}");
            };
            let times = [before, first, second].map(|hour| hour["hour"].clone());
            let at = |hour| json!(format!("2026-11-29T{hour}:00:00.000Z"));
            assert_eq!(times, [at("08"), at("09"), at("10")]);
            let none = json!({"Machine": 0, "Maintenance": 0, "Apps": 0, "Unspecified": 0});
            assert_eq!(
                (&before["sessions"], &before["queue"]),
                (&none, &Value::Null)
            );
            assert_eq!(
                first["sessions"],
                json!({"Machine": 2, "Maintenance": 1, "Apps": 0, "Unspecified": 0})
            );
            assert_eq!(
                first["families"],
                json!({"windows81": 2, "windows_phone81": 0, "windows10": 1})
            );
            assert_eq!(
                second["sessions"],
                json!({"Machine": 0, "Maintenance": 0, "Apps": 1, "Unspecified": 1})
            );
        };
        expected(&hours(&server, 3).await);
        server.running.stop().await.unwrap();
        let server = Turned::start(own.path(), Arc::clone(&now)).await;
        expected(&hours(&server, 3).await);
        // And it goes on counting in the hour under way.
        server.session("Apps", "tablet-1", "4").await;
        assert_eq!(hours(&server, 1).await[0]["sessions"]["Apps"], 2);
        let older = get(&server, "/history?hours=1&to=2026-11-29T09:59:59Z").await;
        assert_eq!(older["hours"][0]["sessions"]["Machine"], 2, "{older}");
        server.running.stop().await.unwrap();
    });
}

#[test]
fn queues_are_shown_at_their_fullest_and_installs_by_how_they_ended() {
    actix_web::rt::System::new().block_on(async {
        let own = tempfile::tempdir().unwrap();
        let now = clock("2026-11-29T09:10:00Z");
        let server = Turned::start(own.path(), Arc::clone(&now)).await;
        let device = json!({"source": "tablet", "family": "windows81"});
        let device = server.admin(Method::POST, "/devices", device).await;
        let device = format!("/devices/{}", device["id"].as_str().unwrap());
        let queue = format!("{device}/commands");
        let mut ids = Vec::new();
        for class in ["Win32_BIOS", "Win32_Processor"] {
            let read = json!({"type": "inventory", "classes": [class]});
            let made = server.admin(Method::POST, &queue, read).await;
            ids.push(made["id"].as_str().unwrap().to_owned());
        }
        now.fetch_add(5 * MINUTE, SeqCst);
        let until = async |depth: u64, least: u64| {
            let look = async || {
                let found = hours(&server, 1).await.remove(0)["queue"].take();
                let oldest = found["oldest_seconds"].as_u64().unwrap_or(0);
                let is_so = found["depth"] == depth && oldest >= least;
                if is_so { Ok(oldest) } else { Err(found) }
            };
            eventually(DEADLINE, look).await
        };
        let oldest = until(2, 300).await;
        assert!(oldest < 310, "{oldest}");
        // Later there is less: the hour keeps what it saw.
        for id in ids {
            let path = format!("/commands/{id}");
            server.admin(Method::DELETE, &path, Value::Null).await;
        }
        server
            .admin(Method::POST, "/apps", catalogue_app("erp"))
            .await;
        let installs = format!("{device}/installs");
        let made = server
            .admin(Method::POST, &installs, json!({"app": "erp"}))
            .await;
        let install = format!("/installs/{}", made["id"].as_str().unwrap());
        server.admin(Method::DELETE, &install, Value::Null).await;
        let hour = hours(&server, 1).await.remove(0);
        assert_eq!(hour["queue"]["depth"], 2, "{hour}");
        assert_eq!(
            hour["installs"],
            json!({"installed": 0, "failed": 0, "cancelled": 1, "superseded": 0, "ended": 0})
        );
        // In the next hour nothing waits, and that was looked at.
        now.fetch_add(HOUR, SeqCst);
        let look = async || {
            let found = hours(&server, 1).await.remove(0)["queue"].take();
            let empty = json!({"depth": 0, "oldest_seconds": 0});
            if found == empty { Ok(()) } else { Err(found) }
        };
        eventually(DEADLINE, look).await;
        server.running.stop().await.unwrap();
    });
}

#[tokio::test]
async fn a_server_that_ends_writes_what_it_counted_and_one_that_is_killed_still_serves_the_rest() {
    let own = tempfile::tempdir().unwrap();
    let dir = own.path().join("data");
    let arguments = ["--accept-unknown-devices"];
    // Two hours, in case one ends meanwhile.
    let machine = async |server: &Server| {
        let history = server.get("/history?hours=2").await;
        let hours = history["hours"].as_array().unwrap().iter();
        let counts = hours.map(|hour| hour["sessions"]["Machine"].as_u64().unwrap());
        counts.sum::<u64>()
    };
    let mut server = Server::in_dir(&dir, &arguments);
    server.begin("Machine", "tablet", "1").await;
    server.begin("Machine", "tablet", "2").await;
    assert_eq!(machine(&server).await, 2);
    server.signal("TERM");
    assert_eq!(server.wait(), Some(0), "{}", server.log());
    let mut server = Server::in_dir(&dir, &arguments);
    assert_eq!(machine(&server).await, 2);
    server.begin("Machine", "tablet", "3").await;
    assert_eq!(machine(&server).await, 3);
    server.kill_and_restart();
    // The last minute may be gone, nothing before it.
    let left = machine(&server).await;
    assert!(left == 2 || left == 3, "{left}");
}

#[tokio::test]
async fn the_history_is_of_all_devices_and_for_nobody_who_is_bound_to_some() {
    let server = Server::start();
    let device = json!({"source": "ours", "user": "ann@contoso.test", "groups": ["north"],
                        "credentials": {"username": "u", "password": "p"}});
    let ours = server.register(device).await;
    let theirs = server.register_tablet("theirs").await;
    let tokens = [
        (
            json!({"name": "n", "role": "auditor", "groups": ["north"]}),
            [403, 200, 404],
        ),
        (json!({"name": "a", "role": "auditor"}), [200, 200, 200]),
        (json!({"name": "p", "role": "portal"}), [403, 403, 403]),
        (
            json!({"name": "q", "role": "portal",
                   "person": {"user": "ann@contoso.test", "devices": [ours]}}),
            [403, 403, 403],
        ),
    ];
    for (body, expected) in tokens {
        let (_, token) = server.make_token(body.clone()).await;
        let paths = [
            "/history".to_owned(),
            format!("/devices/{ours}/calendar"),
            format!("/devices/{theirs}/calendar"),
        ];
        for (path, expected) in paths.iter().zip(expected) {
            let answer = server.call(&token, "GET", path, &[], None).await.unwrap();
            assert_eq!(answer.0, expected, "{body} {path}: {}", answer.2);
        }
    }
}

#[tokio::test]
async fn nonsense_in_what_hours_are_asked_for_is_refused_by_its_name() {
    let server = Server::start();
    for (query, field) in [
        ("hours=0", "hours"),
        ("hours=745", "hours"),
        ("hours=-1", "hours"),
        ("hours=x", "hours"),
        ("hours=99999999999999999999", "hours"),
        ("to=yesterday", "to"),
        ("to=1969-12-31T23:59:59Z", "to"),
        ("from=2026-11-29T00:00:00Z", "from"),
    ] {
        let (status, problem) = server.api("GET", &format!("/history?{query}"), None).await;
        assert_eq!(status, 422, "{query}: {problem}");
        assert_eq!(problem["field"], field, "{query}: {problem}");
    }
    let far = server
        .get("/history?hours=744&to=9999-12-30T00:00:00Z")
        .await;
    assert_eq!(far["hours"].as_array().unwrap().len(), 744);
    let first = server.get("/history?hours=2&to=1970-01-01T00:00:00Z").await;
    assert_eq!(first["hours"][1]["hour"], "1970-01-01T00:00:00.000Z");
    let (status, _) = server.api("GET", "/devices/nobody/calendar", None).await;
    assert_eq!(status, 404);
}

#[test]
fn a_calendar_shows_in_which_hours_of_fourteen_days_a_device_was_here_in_which_mode() {
    actix_web::rt::System::new().block_on(async {
        let own = tempfile::tempdir().unwrap();
        let now = clock("2026-11-15T23:50:00Z");
        let server = Turned::start(own.path(), Arc::clone(&now)).await;
        let device = json!({"source": "tablet", "family": "windows81"});
        let made = server.admin(Method::POST, "/devices", device).await;
        let id = made["id"].as_str().unwrap();
        let calendar = format!("/devices/{id}/calendar");
        let read = json!({"type": "inventory", "classes": ["Win32_BIOS"]});
        let queue = format!("/devices/{id}/commands");
        server.admin(Method::POST, &queue, read).await;
        let empty = get(&server, &calendar).await;
        assert_eq!(
            (&empty["whole"], &empty["hours"]),
            (&json!(true), &json!([]))
        );

        // A day too early, then one whose second message comes in the next hour.
        server.session("Machine", "tablet", "1").await;
        now.fetch_add(DAY, SeqCst);
        let reply = server.begin("Machine", "tablet", "2").await;
        now.fetch_add(15 * MINUTE, SeqCst);
        let second = message("tablet", "2", 2, &answers(&reply, 200));
        server.sync("Machine", second).await;
        now.fetch_add(MINUTE, SeqCst);
        server.session("Maintenance", "tablet", "3").await;
        server.session("Apps", "tablet", "4").await;
        server.session("Apps", "tablet", "5").await;
        now.store(Timestamp::parse("2026-11-29T12:00:00Z").unwrap().0, SeqCst);
        server.session("Apps", "tablet", "6").await;

        let shown = get(&server, &calendar).await;
        assert_eq!(shown["from"], "2026-11-16T00:00:00.000Z");
        assert_eq!(shown["to"], "2026-11-30T00:00:00.000Z");
        assert_eq!(shown["whole"], true);
        assert_eq!(
            shown["hours"],
            json!([
                {"hour": "2026-11-16T23:00:00.000Z", "sessions": {"Machine": 1}},
                {"hour": "2026-11-17T00:00:00.000Z", "sessions": {"Maintenance": 1, "Apps": 2}},
                {"hour": "2026-11-29T12:00:00.000Z", "sessions": {"Apps": 1}},
            ])
        );
        server.running.stop().await.unwrap();
    });
}

/// Puts so many events into a device's part of the log.
async fn fill(dir: &Path, device: DeviceId, at: Timestamp, count: usize) {
    let store = open_store(dir);
    let decide = move |found: &modegate_core::device::Device| {
        let event = || Event::new(at, "test", Some(device), EventType::DeviceChanged);
        let events = std::iter::repeat_with(event).take(count).collect();
        Ok(DeviceChange::new(found, found.state.clone()).with_events(events))
    };
    store.alter(device, Box::new(decide), None).await.unwrap();
    store.close().await;
}

#[test]
fn a_calendar_reads_no_more_than_its_bound_and_says_that_it_is_not_whole() {
    actix_web::rt::System::new().block_on(async {
        let own = tempfile::tempdir().unwrap();
        let now = clock("2026-11-29T12:00:00Z");
        let device = json!({"source": "tablet", "family": "windows81"});
        let server = Turned::start(own.path(), Arc::clone(&now)).await;
        let made = server.admin(Method::POST, "/devices", device).await;
        let id = made["id"].as_str().unwrap().to_owned();
        let calendar = format!("/devices/{id}/calendar");
        server.session("Machine", "tablet", "1").await;
        server.running.stop().await.unwrap();
        // With the session's exchange 2,000 in all.
        let device: DeviceId = id.parse().unwrap();
        fill(own.path(), device, Timestamp(now.load(SeqCst)), 1_999).await;
        let server = Turned::start(own.path(), Arc::clone(&now)).await;
        let shown = get(&server, &calendar).await;
        assert_eq!(shown["hours"][0]["sessions"]["Machine"], 1, "{shown}");
        assert_eq!(shown["whole"], false, "its registration was not looked at");
        server.session("Apps", "tablet", "2").await;
        let shown = get(&server, &calendar).await;
        assert_eq!(shown["whole"], false, "{shown}");
        assert_eq!(shown["hours"][0]["sessions"], json!({"Apps": 1}), "{shown}");
        server.running.stop().await.unwrap();
    });
}
