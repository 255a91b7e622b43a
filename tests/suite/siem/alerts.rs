//! A receiver that does not take events: devices sync on, an alert says so and ends with it.

use std::net::TcpListener;
use std::sync::atomic::Ordering;

use serde_json::Value;

use super::receivers::{Behaviour, Receiver};
use super::syslog::SyslogReceiver;
use super::{arrived, in_file, is_complete, load, sealed, serve};
use crate::harness::Server;
use crate::server::metrics;
use crate::wait::{DEADLINE, eventually, seen};

/// The alerts about sinks in that state, by their subjects.
pub async fn behind(server: &Server, state: &str) -> Vec<(String, String)> {
    let listed = server.get(&format!("/alerts?state={state}")).await;
    let mut found: Vec<(String, String)> = listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|alert| alert["kind"] == "siem.behind")
        .map(|alert: &Value| {
            let text = |name: &str| alert[name].as_str().unwrap().to_owned();
            (text("subject"), text("message"))
        })
        .collect();
    found.sort();
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_hangs_refuses_or_is_full_holds_up_nothing_and_is_an_alert() {
    let own = tempfile::tempdir().unwrap();
    let (dir, good) = (own.path().join("data"), own.path().join("good"));
    let (hangs, refuses) = (Receiver::start(), Receiver::start());
    hangs.behaves(Behaviour::Hang);
    refuses.behaves(Behaviour::Status(503));
    // Nobody listens there.
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let sinks = [
        format!("good ocsf file:{}", good.display()),
        "full ocsf file:/dev/full".to_owned(),
        format!("hangs ocsf {}", hangs.url),
        format!("refuses ocsf {}", refuses.url),
        format!("nobody ocsf syslog+tls://{closed}"),
    ];
    let sinks = sinks.each_ref().map(String::as_str);
    let server = serve(&dir, &sinks, &[("MODEGATE_SIEM_BEHIND_SECONDS", "2")]);
    load(&server, "a", 3).await;
    let bad = ["full", "hangs", "nobody", "refuses"].map(|name| format!("siem:{name}"));
    let look = async || {
        seen(behind(&server, "open").await, |open| {
            let subjects: Vec<_> = open.iter().map(|(subject, _)| subject.as_str()).collect();
            subjects == bad
        })
    };
    let open = eventually(DEADLINE, look).await;
    let whys = [
        "No space left",
        "it is being sent",
        "could not connect",
        "it answered 503",
    ];
    for ((_, message), why) in open.iter().zip(whys) {
        assert!(
            message.starts_with("entry 0 of the log, from ") && message.contains(why),
            "{message}"
        );
        assert!(!message.contains("Zq7UrlSecret"), "{message}");
    }
    // Tablets sync on, and whoever takes events gets them.
    let begun = std::time::Instant::now();
    for n in 0..20 {
        server.begin("Machine", &format!("t{n}"), "1").await;
    }
    assert!(begun.elapsed() < DEADLINE / 2, "{:?}", begun.elapsed());
    let size = sealed(&dir);
    is_complete(&dir, &arrived(size, || in_file(&good)), size);
    // Counted once the file is durable, which is a little later than it can be read.
    let look = async || {
        let (_, text) = metrics::get(&server, "/metrics").await;
        let lines = metrics::value(&text, "modegate_siem_lines_total{sink=\"good\"}");
        if lines >= size as f64 {
            Ok(text)
        } else {
            Err(lines)
        }
    };
    let text = eventually(DEADLINE, look).await;
    for series in ["siem_oldest_waiting_seconds", "siem_failures_total"] {
        let refused = format!("modegate_{series}{{sink=\"refuses\"}}");
        assert!(metrics::value(&text, &refused) >= 1.0, "{series}");
    }
    // It takes them again: the alert ends by itself.
    refuses.behaves(Behaviour::Take);
    let look = async || {
        seen(behind(&server, "cleared").await, |cleared| {
            cleared.iter().any(|(subject, _)| subject == "siem:refuses")
        })
    };
    eventually(DEADLINE * 2, look).await;
    is_complete(&dir, &arrived(size, || refuses.lines()), size);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_ends_its_connections_is_an_alert_until_it_reads_them() {
    let own = tempfile::tempdir().unwrap();
    let dir = own.path().join("data");
    let receiver = SyslogReceiver::start();
    receiver.breaks.store(true, Ordering::Relaxed);
    let sink = format!("s ocsf {}", receiver.target());
    let ca = receiver.ca(own.path());
    let set = [
        ("MODEGATE_SIEM_CA", &*ca),
        ("MODEGATE_SIEM_BEHIND_SECONDS", "2"),
    ];
    let server = serve(&dir, &[&sink], &set);
    load(&server, "a", 3).await;
    let is = async |state: &str| {
        let look = async || seen(behind(&server, state).await, |found| found.len() == 1);
        eventually(DEADLINE * 2, look).await[0].0.clone()
    };
    assert_eq!(is("open").await, "siem:s");
    assert!(receiver.lines().is_empty());
    receiver.breaks.store(false, Ordering::Relaxed);
    assert_eq!(is("cleared").await, "siem:s");
    assert!(behind(&server, "open").await.is_empty());
    let size = sealed(&dir);
    is_complete(&dir, &arrived(size, || receiver.lines()), size);
}
