//! What one device can make the server keep, read and write has bounds, each a setting.

use serde_json::{Value, json};

use crate::harness::{Reply, SYNCML, Server, answers, message, message_with, package1};

/// A message with one value for each Get of the reply; not the last of its package
/// without `end`.
fn values(reply: &Reply, (session, msg_id): (&str, u32), value: &str, end: &str) -> String {
    let mut body = String::new();
    for command in &reply.commands {
        body += &format!(
            "<Results><CmdID>1</CmdID><MsgRef>{}</MsgRef><CmdRef>{}</CmdRef><Item><Data>{value}</Data></Item></Results>",
            reply.msg_id, command.cmd_id
        );
    }
    message("d", session, msg_id, &(body + end))
}

fn raw(loc_uri: &str) -> Value {
    json!({"type": "raw", "verb": "Get", "loc_uri": loc_uri})
}

/// Bytes of all histories in the database.
fn kept(server: &Server) -> u64 {
    let db = rusqlite::Connection::open(server.dir.join("modegate.db")).unwrap();
    let sql = "SELECT sum(length(body)) FROM command WHERE part > 0";
    db.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap() as u64
}

#[tokio::test]
async fn a_command_whose_answers_do_not_end_is_ended() {
    let server = Server::configured(
        "[limits]\nanswer_bytes_per_command = 65536\n",
        &["--accept-unknown-devices"],
    );
    let device = server.register(json!({"source": "d"})).await;
    let endless = server.queue(&device, raw("./cimv2/Win32_BIOS")).await;
    let asked = server.sync("Machine", &package1("d", "1", 1, "none")).await;
    let value = "x".repeat(20_000);
    for msg_id in 2..12 {
        let body = values(&asked, ("1", msg_id), &value, "");
        server.sync("Machine", &body).await;
    }
    let read = server.get(&format!("/commands/{endless}")).await;
    assert_eq!(read["state"], "failed");
    let reason = "its answers exceed 65536 bytes: the rest was dropped";
    assert_eq!(read["reason"], reason);
    assert_eq!(
        read["results"].as_array().unwrap().len(),
        3,
        "what fitted is there"
    );
    assert!(
        (60_000..66_000).contains(&kept(&server)),
        "{}",
        kept(&server)
    );
    // The device goes on, and so does its queue.
    let next = server.queue(&device, raw("./cimv2/Win32_BIOS")).await;
    let asked = server.sync("Machine", &package1("d", "2", 1, "none")).await;
    assert_eq!(asked.commands.len(), 1);
    let done = message("d", "2", 2, &answers(&asked, 200));
    server.sync("Machine", &done).await;
    assert_eq!(server.state(&next).await, "succeeded");
}

#[tokio::test]
async fn a_page_ends_where_its_bytes_end_and_the_list_is_whole() {
    let server = Server::configured(
        "[limits]\napi_page_bytes = 65536\n",
        &["--accept-unknown-devices"],
    );
    let device = server.register(json!({"source": "d"})).await;
    let mut queued = Vec::new();
    for n in 0..24 {
        let node = format!("./cimv2/Win32_BIOS/Win32_BIOS.Name=%22{n}%22/Version");
        queued.push(server.queue(&device, raw(&node)).await);
    }
    let asked = server.sync("Machine", &package1("d", "1", 1, "none")).await;
    assert_eq!(asked.commands.len(), 24);
    let value = "x".repeat(20_000);
    let body = values(&asked, ("1", 2), &value, "<Final/>");
    server.sync("Machine", &body).await;
    for path in [
        format!("/devices/{device}/commands?limit=200"),
        format!("/devices/{device}/commands?limit=200&state=succeeded"),
    ] {
        let (mut found, mut pages, mut next) = (Vec::new(), 0, String::new());
        loop {
            let page = server.get(&format!("{path}{next}")).await;
            assert!(
                page.to_string().len() < 120_000,
                "{}",
                page.to_string().len()
            );
            let items = page["items"].as_array().unwrap();
            found.extend(
                items
                    .iter()
                    .map(|one| one["id"].as_str().unwrap().to_owned()),
            );
            pages += 1;
            match page["next"].as_str() {
                Some(at) => next = format!("&after={at}"),
                None => break,
            }
        }
        assert_eq!(found, queued, "{path}");
        assert!((6..=9).contains(&pages), "{pages}");
    }
}

fn cred() -> String {
    use base64::Engine as _;
    let data = base64::engine::general_purpose::STANDARD.encode("u:p");
    format!(
        "<Cred><Meta><Type xmlns=\"syncml:metinf\">syncml:auth-basic</Type></Meta><Data>{data}</Data></Cred>"
    )
}

/// One session of a message; the HTTP status and Retry-After.
async fn session(server: &Server, source: &str, number: u32) -> (u16, Option<u32>) {
    let body = "<Alert><CmdID>1</CmdID><Data>1201</Data></Alert><Final/>";
    let message = message_with(source, &number.to_string(), 1, &cred(), body);
    let query = "mode=Machine&Platform=WoA";
    let (status, headers, _) = server.post(query, SYNCML, message.into_bytes()).await;
    let after = headers.get("retry-after");
    (
        status,
        after.map(|after| after.to_str().unwrap().parse().unwrap()),
    )
}

#[tokio::test]
async fn a_device_that_logs_too_much_within_an_hour_waits_and_no_exchange_is_unrecorded() {
    let mut server = Server::configured("[limits]\nlog_bytes_per_device_per_hour = 4096\n", &[]);
    let mut devices = Vec::new();
    for source in ["loud", "quiet"] {
        let credentials = json!({"username": "u", "password": "p"});
        let body = json!({"source": source, "credentials": credentials});
        devices.push(server.register(body).await);
    }
    let mut answered = 0;
    let refused = loop {
        match session(&server, "loud", answered + 1).await {
            (200, _) => answered += 1,
            refused => break refused,
        }
        assert!(answered < 100);
    };
    assert_eq!(refused.0, 429);
    assert!((3_000..=3_600).contains(&refused.1.unwrap()), "{refused:?}");
    assert!(answered > 3, "{answered}");
    for _ in 0..5 {
        assert_eq!(session(&server, "loud", 200).await.0, 429);
    }
    assert_eq!(session(&server, "quiet", 1).await.0, 200, "another device");
    // What a stranger says in its name is not counted, and not told.
    let stranger = package1("loud", "1", 1, "none");
    assert_eq!(server.sync("Machine", &stranger).await.statuses[0].2, 407);
    server.kill_and_restart();
    assert_eq!(
        session(&server, "loud", 201).await.0,
        429,
        "it is remembered"
    );
    let events = server
        .get(&format!("/devices/{}/events?limit=200", devices[0]))
        .await;
    let of = |what: &str| {
        let events = events["items"].as_array().unwrap();
        events
            .iter()
            .filter(|event| event["type"] == what)
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(of("exchange").len() as u32, answered);
    let limited = of("device.limited");
    assert_eq!(limited.len(), 1, "once an hour");
    let detail = limited[0]["detail"].as_str().unwrap();
    assert!(detail.contains("answered 429 until"), "{detail}");
}

/// Bytes that the process has written so far, and those that went to a disk of them.
fn written(server: &Server) -> u64 {
    let io = std::fs::read_to_string(format!("/proc/{}/io", server.pid())).unwrap();
    let line = io.lines().find_map(|line| line.strip_prefix("wchar: "));
    line.unwrap().parse().unwrap()
}

#[tokio::test]
async fn one_value_that_changes_costs_a_fraction_of_the_inventory() {
    let server = Server::start();
    let device = server.register(json!({"source": "d"})).await;
    let node = |n: usize| format!("./cimv2/Win32_BIOS/Win32_BIOS.Name=%22{n}%22/Version");
    for round in 0..10 {
        for n in 0..40 {
            server.queue(&device, raw(&node(40 * round + n))).await;
        }
        let session = (round + 1).to_string();
        let asked = server
            .sync("Machine", &package1("d", &session, 1, "none"))
            .await;
        assert_eq!(asked.commands.len(), 40);
        let value = "x".repeat(1_900);
        let body = values(&asked, (&session, 2), &value, "<Final/>");
        server.sync("Machine", &body).await;
    }
    let inventory = server.get(&format!("/devices/{device}/inventory")).await;
    let bytes = inventory.to_string().len() as u64;
    assert!(bytes > 700_000, "{bytes}");
    let mut costs = Vec::new();
    for round in 0..5 {
        server.queue(&device, raw(&node(round))).await;
        let session = (100 + round).to_string();
        let asked = server
            .sync("Machine", &package1("d", &session, 1, "none"))
            .await;
        let body = values(&asked, (&session, 2), "another", "<Final/>");
        assert!(body.len() < 800, "{}", body.len());
        let before = written(&server);
        server.sync("Machine", &body).await;
        costs.push(written(&server) - before);
    }
    // One of them may have met a checkpoint, which copies what was written before.
    costs.sort_unstable();
    assert!(costs[3] < 150_000, "{costs:?}");
    let inventory = server.get(&format!("/devices/{device}/inventory")).await;
    let instances = &inventory["classes"]["Win32_BIOS"]["instances"];
    assert_eq!(instances.as_object().unwrap().len(), 400);
    assert_eq!(inventory.to_string().matches("another").count(), 5);
}
