//! The auditor's views of the log: filters, permalinks, proofs, downloads, the statement.

use serde_json::{Value, json};

use super::client::{Browser, Page};
use crate::harness::{Server, answers, demo_queue, package1};
use crate::wait::{DEADLINE, eventually, seen};

async fn signed_in(server: &Server, body: Value) -> Browser {
    let (_, token) = server.make_token(body).await;
    Browser::signed_in(server, &token).await
}

fn rows(page: &Page) -> usize {
    page.text.matches("<th scope=\"row\"").count()
}

/// Two sessions in Machine, of which the second withholds the same as the first.
async fn synced(server: &Server) -> String {
    let (device, _) = demo_queue(server, "TABLET-7").await;
    for session in ["1", "2"] {
        let first = package1("TABLET-7", session, 1, "none");
        let reply = server.sync("Machine", &first).await;
        let body = crate::syncml::message("TABLET-7", session, 2, &answers(&reply, 200));
        server.sync("Machine", &body).await;
    }
    device
}

/// The places that the list links to, as it shows them.
fn places(page: &Page) -> Vec<u64> {
    let links = page
        .text
        .split("<th scope=\"row\" class=\"num\"><a href=\"/console/audit/");
    let places = links.skip(1).map(|rest| rest.split('"').next().unwrap());
    places.map(|place| place.parse().unwrap()).collect()
}

#[actix_web::test]
async fn an_auditor_finds_an_entry_follows_it_and_takes_its_proof() {
    let server = Server::start();
    let device = synced(&server).await;
    let mut auditor = signed_in(&server, json!({"name": "carol", "role": "auditor"})).await;

    let list = auditor
        .get(&format!(
            "/console/audit?type=exchange&mode=Machine&device={device}"
        ))
        .await;
    let found = places(&list);
    assert_eq!((list.status, found.len()), (200, 4), "{}", list.words());
    let words = list.words();
    assert!(words.contains("TABLET-7") && words.contains("Machine"));
    // The list that later exchanges refer to is resolved: how many, and where it stands.
    let (before, _) = words
        .split_once(" Withheld the same list as")
        .expect(&words);
    assert_eq!(before.split_whitespace().rev().nth(1), Some("2"), "{words}");
    let none = auditor
        .get(&format!(
            "/console/audit?type=exchange&mode=Apps&device={device}"
        ))
        .await;
    assert!(none.words().contains("Nothing in this span."));
    assert!(
        none.contains(&format!(
            "/console/audit?type=exchange&#38;device={device}\""
        )),
        "a link that drops the filter: {}",
        none.main()
    );

    let first = found.last().unwrap();
    let entry = auditor.get(&format!("/console/audit/{first}")).await;
    let words = entry.words();
    for expected in [
        "One request and its reply.",
        "mode Machine",
        "query mode=Machine&Platform=WoA",
        "delivered 1 · kind inventory",
        "in force now",
        "Download the proof",
    ] {
        assert!(words.contains(expected), "{expected}: {words}");
    }
    let proof = auditor.get(&format!("/console/audit/{first}/proof")).await;
    let (_, events) = server.api("GET", "/events?type=exchange", None).await;
    let number = &events["items"][0]["entry"];
    assert!(
        proof.contains(&format!("\nindex {number}\n")),
        "{}",
        proof.text
    );
    let sealed = auditor.get(&format!("/console/audit/{first}")).await;
    assert!(
        sealed.words().contains("sealed It is entry"),
        "{}",
        sealed.words()
    );
}

#[actix_web::test]
async fn downloads_have_what_the_filters_show_and_no_formula() {
    let server = Server::start();
    synced(&server).await;
    let mut auditor = signed_in(&server, json!({"name": "carol", "role": "auditor"})).await;
    let (_, all) = server
        .api("GET", "/events?type=exchange&order=desc", None)
        .await;
    let all = all["items"].as_array().unwrap();
    let lines = auditor
        .get("/console/audit/events.jsonl?type=exchange")
        .await;
    let lines: Vec<Value> = lines
        .text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(&lines, all);
    let csv = auditor.get("/console/audit/events.csv?type=exchange").await;
    let cells: Vec<&str> = csv.text.lines().collect();
    assert_eq!(cells.len(), all.len() + 1, "{}", csv.text);
    assert!(
        cells[0].starts_with("entry,at,actor,device,"),
        "{}",
        cells[0]
    );
    assert!(csv.headers["content-disposition"].contains("events.csv"));
    // What somebody chose is no formula.
    server
        .make_token(json!({"name": "=HYPERLINK(1)", "role": "auditor"}))
        .await;
    let csv = auditor
        .get("/console/audit/events.csv?type=token.created")
        .await;
    assert!(
        csv.text.contains(",'=HYPERLINK(1) (auditor)\r\n"),
        "{}",
        csv.text
    );
}

#[actix_web::test]
async fn the_statement_counts_what_machine_carried_and_is_for_who_sees_all() {
    let server = Server::start();
    synced(&server).await;
    let mut auditor = signed_in(&server, json!({"name": "carol", "role": "auditor"})).await;
    let page = auditor.get("/console/audit/statement").await;
    let words = page.words();
    for expected in [
        "Forbidden commands in sessions that named Machine: 0.",
        "Machine 2",
        "inventory 1",
        "password_reset 1",
        "forbidden 0",
        "Devices that had sessions 1",
        "modegate audit report EXPORT --html report.html",
    ] {
        assert!(words.contains(expected), "{expected}: {words}");
    }
    let past = auditor
        .get("/console/audit/statement?from=2020-01-01&to=2020-01-31")
        .await;
    let words = past.words();
    assert!(
        words.contains("none in this period") && words.contains("Machine 0"),
        "{words}"
    );
    assert!(words.contains("--period 2020-01-01T00:00:00.000Z..2020-02-01T00:00:00.000Z"));
    let bound = json!({"name": "dave", "role": "auditor", "groups": ["north"]});
    let mut bound = signed_in(&server, bound).await;
    let page = bound.get("/console/audit/statement").await;
    assert!(
        page.words()
            .contains("it is not shown to who is bound to some")
    );
    assert!(!page.words().contains("Forbidden commands"));
}

#[actix_web::test]
async fn the_log_shows_a_bound_auditor_its_devices_alone_and_refuses_nonsense() {
    let server = Server::start();
    let north = server
        .register(json!({"source": "NORTH", "groups": ["north"]}))
        .await;
    server
        .register(json!({"source": "SOUTH", "groups": ["south"]}))
        .await;
    let mut admin = Browser::signed_in(&server, &server.token).await;
    let bound = json!({"name": "dave", "role": "auditor", "groups": ["north"]});
    let mut bound = signed_in(&server, bound).await;
    let page = bound.get("/console/audit").await;
    assert!(rows(&page) > 0 && page.contains(&north), "{}", page.words());
    assert!(!page.contains("SOUTH") && !page.contains("token.created</td>"));
    let all = admin.get("/console/audit?type=device.registered").await;
    let south = places(&all)[0];
    assert_eq!(
        admin.get(&format!("/console/audit/{south}")).await.status,
        200
    );
    for path in ["", "/proof"] {
        let page = bound.get(&format!("/console/audit/{south}{path}")).await;
        assert_eq!(page.status, 404, "{path}");
    }
    for (path, status) in [
        ("?type=nonsense", 422),
        ("?mode=%3Cb%3E", 422),
        ("?device=7", 422),
        ("?from=yesterday", 422),
        ("?before=nonsense", 200),
        ("?notice=%3Cb%3E", 200),
        ("/0", 404),
        ("/18446744073709551615", 404),
        ("/x", 404),
        ("/statement?from=2026-02-01&to=2026-01-01", 422),
        ("/events.csv?type=nonsense", 422),
    ] {
        let page = admin.get(&format!("/console/audit{path}")).await;
        assert_eq!(page.status, status, "{path}");
    }
    // Nobody is asked to sign in.
    let mut nobody = Browser::new(&server.http);
    assert_eq!(nobody.get("/console/audit").await.status, 303);
}

#[actix_web::test]
async fn verification_reports_and_exports_say_what_there_is_and_what_to_run() {
    let server = Server::start();
    let mut auditor = signed_in(&server, json!({"name": "carol", "role": "auditor"})).await;
    let page = eventually(DEADLINE, async || {
        let page = auditor.get("/console/audit/verify").await;
        let is_there = |page: &Page| page.words().contains("as it was signed");
        seen(page, is_there)
    })
    .await;
    let words = page.words();
    assert!(
        words.contains("The newest part of the log is as it was signed"),
        "{words}"
    );
    assert!(words.contains("modegate audit verify EXPORT --key VKEY"));
    let page = auditor
        .get("/console/audit/reports?from=2026-01-01&to=2026-01-31")
        .await;
    let words = page.words();
    assert!(
        words.contains("--period 2026-01-01T00:00:00.000Z..2026-02-01T00:00:00.000Z --oscal"),
        "{words}"
    );
    let page = auditor.get("/console/audit/exports").await;
    assert!(
        page.words()
            .contains("Nothing was exported that the log still has.")
    );
}
