//! Proofs, by the command line and by the API, checked by the core; who may read what.

use std::fs;

use modegate_core::tlog::proof::check_consistency;
use modegate_core::tlog::{Checkpoint, Hash, ProofFile, VerifierKey};
use modegate_server::audit::ed25519;
use serde_json::{Value, json};

use super::exports::{audit, is_of, vkey};
use super::sealing::{serve, stop};
use super::witness::client;
use super::{Database, leaf, root_of};
use crate::harness::Server;

/// One GET by this token: status, headers and body as they are.
async fn get(
    server: &Server,
    token: &str,
    path: &str,
) -> (u16, reqwest::header::HeaderMap, Vec<u8>) {
    let mut request = client().get(format!("{}/api/v1{path}", server.http));
    if !token.is_empty() {
        request = request.bearer_auth(token);
    }
    let answer = request.send().await.unwrap();
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    (status, headers, answer.bytes().await.unwrap().to_vec())
}

/// The checkpoint and the entry of a proof, checked by the key.
fn checked(proof: &[u8], key: &VerifierKey) -> (Checkpoint, u64, Value) {
    let proof = ProofFile::parse(proof).unwrap();
    let (checkpoint, entry) = proof.check(key, &ed25519::verify).unwrap();
    let event = serde_json::from_slice(&entry[17..]).unwrap();
    (checkpoint, proof.index, event)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_names_its_event_and_is_small() {
    let own = tempfile::tempdir().unwrap();
    let dir = own.path().join("data");
    let server = serve(&dir, 3600);
    let device = server.register_tablet("t1").await;
    let command = server.queue_read(&device, "Win32_OperatingSystem").await;
    server.begin("Machine", "t1", "1").await;
    let data = dir.to_str().unwrap();
    let out = own.path().join("proofs");
    // Nothing of it is sealed yet: it is, when a proof is asked for.
    let arguments = ["prove", "--command", &command, "--data", data, "--out"];
    let (code, printed, why) = audit(&[&arguments[..], &[out.to_str().unwrap()]].concat());
    assert_eq!(code, 0, "{why}");
    let key: VerifierKey = vkey(&dir).parse().unwrap();
    let mut types = Vec::new();
    for path in printed.lines() {
        let (_, index, event) = checked(&fs::read(path).unwrap(), &key);
        assert!(path.ends_with(&format!("/{index}.tlog-proof")), "{path}");
        assert!(is_of(&event, &device), "{event}");
        types.push(event["type"].as_str().unwrap().to_owned());
    }
    assert_eq!(types, ["command.queued", "exchange"]);
    let events = server.get(&format!("/devices/{device}/events")).await;
    for event in events["items"].as_array().unwrap() {
        let number = event["entry"].to_string();
        let (code, printed, why) = audit(&["prove", "--event", &number, "--data", data]);
        assert_eq!(code, 0, "{why}");
        assert!(printed.len() <= 2048, "{}", printed.len());
        let (_, index, proved) = checked(printed.as_bytes(), &key);
        assert_eq!(
            (index.to_string(), &proved["type"]),
            (number.clone(), &event["type"])
        );
        // By its number on the device, and over the API, it is the same entry.
        let seq = event["seq"].to_string();
        let (_, by_seq, _) = audit(&[
            "prove", "--event", &seq, "--device", &device, "--data", data,
        ]);
        assert_eq!(by_seq, printed);
        let (status, _, body) = get(
            &server,
            &server.token,
            &format!("/audit/proof?event={number}"),
        )
        .await;
        assert_eq!(status, 200);
        assert_eq!(checked(&body, &key).1, index);
    }
    let (status, _, body) = get(
        &server,
        &server.token,
        &format!("/audit/proof?command={command}"),
    )
    .await;
    let text = String::from_utf8(body).unwrap();
    assert_eq!(
        (status, text.matches("c2sp.org/tlog-proof@v1").count()),
        (200, 2),
        "{text}"
    );

    let (code, _, why) = audit(&["prove", "--event", "99999", "--data", data]);
    assert_eq!(code, 2, "{why}");
    for query in ["event=99999", "command=00000000000000000000000000000001-1"] {
        let path = format!("/audit/proof?{query}");
        assert_eq!(get(&server, &server.token, &path).await.0, 404, "{query}");
    }
    for query in ["", "event=1&from=2", "to=3", "event=x"] {
        let path = format!("/audit/proof?{query}");
        assert_eq!(get(&server, &server.token, &path).await.0, 422, "{query}");
    }
    stop(server);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_state_is_proved_to_be_the_beginning_of_another() {
    let own = tempfile::tempdir().unwrap();
    let dir = own.path().join("data");
    let server = serve(&dir, 3600);
    let data = dir.to_str().unwrap();
    let mut sizes = Vec::new();
    for n in 0..3 {
        server.register(json!({"source": format!("d{n}")})).await;
        let (status, sealed) = server.api("POST", "/audit/checkpoints", None).await;
        assert_eq!(status, 201, "{sealed}");
        let size = sealed["size"].as_u64().unwrap();
        // As an export does, so that it is kept.
        let body = json!({"size": size, "root": sealed["root"]});
        let (status, answer) = server.api("POST", "/audit/exports", Some(body)).await;
        assert_eq!((status, &answer["counts"]), (201, &json!(true)), "{answer}");
        sizes.push(size);
    }
    let (from, to) = (sizes[0].to_string(), sizes[1].to_string());
    let (code, proof, why) = audit(&["prove", "--from", &from, "--to", &to, "--data", data]);
    assert_eq!(code, 0, "{why}");
    let (status, _, body) = get(
        &server,
        &server.token,
        &format!("/audit/proof?from={from}&to={to}"),
    )
    .await;
    assert_eq!(
        (status, String::from_utf8(body).unwrap()),
        (200, proof.clone())
    );
    let (head, note) = proof.split_once("\n\n").unwrap();
    let mut lines = head.lines();
    assert_eq!(lines.next(), Some(format!("old {from}").as_str()));
    let hash = |line: &str| {
        let bytes = modegate_core::tlog::base64::decode(line).unwrap();
        Hash::from_slice(&bytes).unwrap()
    };
    let hashes: Vec<Hash> = lines.map(hash).collect();
    let (checkpoint, _) = Checkpoint::from_note(note.as_bytes()).unwrap();
    assert_eq!(checkpoint.size, sizes[1]);
    let entries = Database::of(&dir).entries();
    let old = root_of(&entries, sizes[0]);
    assert_eq!(checkpoint.root, root_of(&entries, sizes[1]));
    check_consistency(sizes[0], &old, sizes[1], &checkpoint.root, &hashes).unwrap();
    let (code, _, why) = audit(&["prove", "--from", &to, "--to", &from, "--data", data]);
    assert_eq!(code, 2, "{why}");
    let (code, _, why) = audit(&["prove", "--from", "1", "--to", "2", "--data", data]);
    assert_eq!(code, 2);
    assert!(why.contains("no checkpoint of size 2"), "{why}");
    // A root that the log never had is no export of it.
    let body = json!({"size": sizes[2], "root": old.base64()});
    let (status, answer) = server.api("POST", "/audit/exports", Some(body)).await;
    assert_eq!(
        (status, &answer["field"]),
        (422, &json!("root")),
        "{answer}"
    );
    stop(server);
}

#[tokio::test(flavor = "multi_thread")]
async fn tiles_are_those_of_the_tree_and_only_entries_need_all_groups() {
    let own = tempfile::tempdir().unwrap();
    let dir = own.path().join("data");
    let server = serve(&dir, 3600);
    for n in 0..300 {
        server
            .register(json!({"source": format!("d{n}"), "groups": ["north"]}))
            .await;
    }
    let foreign = server
        .register(json!({"source": "x", "groups": ["south"]}))
        .await;
    let all = server
        .make_token(json!({"name": "all", "role": "auditor"}))
        .await
        .1;
    let north = json!({"name": "north", "role": "auditor", "groups": ["north"]});
    let north = server.make_token(north).await.1;
    let portal = server
        .make_token(json!({"name": "portal", "role": "portal"}))
        .await
        .1;
    server.api("POST", "/audit/checkpoints", None).await;
    let entries = Database::of(&dir).entries();
    let leaves: Vec<u8> = entries[..256]
        .iter()
        .flat_map(|entry| leaf(entry))
        .collect();
    let rest = entries.len() - 256;
    let paths = [
        ("/audit/tile/0/000".to_owned(), Some(leaves)),
        (
            "/audit/tile/1/000.p/1".to_owned(),
            Some(root_of(&entries, 256).0.to_vec()),
        ),
        (format!("/audit/tile/0/001.p/{rest}"), None),
        ("/audit/checkpoint".to_owned(), None),
    ];
    for (path, expected) in &paths {
        for token in [&all, &north, &server.token] {
            let (status, headers, body) = get(&server, token, path).await;
            assert_eq!(status, 200, "{path}");
            assert!(
                expected.as_ref().is_none_or(|expected| *expected == body),
                "{path}"
            );
            let caching = headers["cache-control"].to_str().unwrap();
            let is_final = path.contains("tile");
            assert_eq!(caching.contains("immutable"), is_final, "{path}: {caching}");
        }
        assert_eq!(get(&server, &portal, path).await.0, 403, "{path}");
        assert_eq!(get(&server, "", path).await.0, 401, "{path}");
    }
    let bundle = "/audit/tile/entries/000";
    let (status, headers, body) = get(&server, &all, bundle).await;
    assert_eq!(status, 200);
    assert!(
        !headers["cache-control"]
            .to_str()
            .unwrap()
            .contains("immutable")
    );
    let read: Vec<Vec<u8>> = modegate_core::tlog::entry::entries(&body)
        .map(|entry| entry.unwrap().to_vec())
        .collect();
    assert_eq!(read, entries[..256]);
    assert_eq!(get(&server, &north, bundle).await.0, 403);
    for path in [
        "0/001",
        "1/001",
        "0/0",
        "8/000",
        "0/000.p/256",
        "entries/001",
    ] {
        let status = get(&server, &all, &format!("/audit/tile/{path}")).await.0;
        assert_eq!(status, 404, "{path}");
    }
    // A token with groups gets proofs of its own devices' entries only.
    let entry = |events: &Value| events["items"][0]["entry"].to_string();
    let own_entry = entry(&server.get("/events?type=device.registered").await);
    let other = entry(&server.get(&format!("/devices/{foreign}/events")).await);
    for (number, expected) in [(own_entry, 200), (other, 404), ("0".to_owned(), 404)] {
        let path = format!("/audit/proof?event={number}");
        assert_eq!(get(&server, &north, &path).await.0, expected, "{number}");
        assert_eq!(get(&server, &all, &path).await.0, 200, "{number}");
    }
    let (status, _, body) = get(&server, &north, "/audit/verify").await;
    let check: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((status, &check["good"]), (200, &json!(true)), "{check}");
    // What an auditor may not do.
    for (path, body) in [
        ("/audit/exports", json!({"size": 0, "root": "x"})),
        ("/audit/redactions", json!({"entry": 0, "reason": "x"})),
        ("/audit/checkpoints", Value::Null),
        ("/audit/key-rotations", Value::Null),
    ] {
        let body = (!body.is_null()).then(|| body.to_string().into_bytes());
        let answer = server.call(&all, "POST", path, &[], body).await.unwrap();
        assert_eq!(answer.0, 403, "{path}");
    }
    stop(server);
    // An entry that was changed in the database is found by a look at its newest part.
    let sql = "DROP TRIGGER event_is_final; UPDATE event SET bytes = CAST(bytes || ' ' AS BLOB) WHERE place = 7;";
    rusqlite::Connection::open(dir.join("modegate.db"))
        .unwrap()
        .execute_batch(sql)
        .unwrap();
    let server = serve(&dir, 3600);
    let check = server.get("/audit/verify").await;
    assert_eq!(check["good"], json!(false), "{check}");
    assert!(
        check["faults"][0].as_str().unwrap().contains("0 to 255"),
        "{check}"
    );
    let (code, printed, _) = audit(&["verify", "--data", dir.to_str().unwrap()]);
    assert_eq!(code, 1, "{printed}");
    assert!(printed.contains("entry 6"), "{printed}");
    let (code, _, why) = audit(&[
        "export",
        own.path().join("out").to_str().unwrap(),
        "--data",
        dir.to_str().unwrap(),
    ]);
    assert_eq!(code, 1, "{why}");
    assert!(why.contains("damaged"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn hash_tiles_are_for_everybody_where_that_is_set() {
    let server = Server::configured("[audit]\npublic = true\n", &[]);
    server.register(json!({"source": "d"})).await;
    server.api("POST", "/audit/checkpoints", None).await;
    let size = server.get("/audit/verify").await["size"].to_string();
    let tile = format!("/audit/tile/0/000.p/{size}");
    for (path, expected) in [
        ("/audit/checkpoint", 200),
        (tile.as_str(), 200),
        ("/audit/tile/entries/000.p/1", 404),
        ("/audit/proof?event=0", 401),
        ("/audit/verify", 401),
    ] {
        assert_eq!(get(&server, "", path).await.0, expected, "{path}");
    }
    // A token is looked at even so.
    assert_eq!(get(&server, "nonsense", "/audit/checkpoint").await.0, 401);
    let entries = get(&server, &server.token, "/audit/tile/entries/000.p/1").await;
    assert_eq!(entries.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redacted_text_is_gone_and_the_log_stays_good() {
    let own = tempfile::tempdir().unwrap();
    let dir = own.path().join("data");
    let server = serve(&dir, 3600);
    let device = server.register_tablet("t1").await;
    let events = server.get(&format!("/devices/{device}/events")).await;
    let number = events["items"][0]["entry"].to_string();
    let data = dir.to_str().unwrap();
    let redact = [
        "redact", "--event", &number, "--reason", "a name", "--data", data, "--json",
    ];
    let (code, printed, why) = audit(&redact);
    assert_eq!(code, 0, "{why}");
    let printed: Value = serde_json::from_str(&printed).unwrap();
    let events = server.get("/events?type=audit.redacted").await;
    let event = &events["items"][0];
    assert_eq!(
        event["log"]["redaction"]["leaf_hash"], printed["leaf_hash"],
        "{event}"
    );
    assert_eq!(event["detail"], "a name");
    assert_eq!(event["actor"], "api:admin");
    let (code, _, why) = audit(&redact);
    assert_eq!(code, 1);
    assert!(why.contains("redacted already"), "{why}");
    let (code, printed, why) = audit(&["verify", "--data", data]);
    assert_eq!(code, 3, "{printed}{why}");
    let (code, printed, _) = audit(&["verify", "--data", data, "--accept-redacted", "1"]);
    assert_eq!(code, 0, "{printed}");
    stop(server);
    // By itself, with no server running.
    let (code, _, why) = audit(&["redact", "--event", "0", "--reason", "x", "--data", data]);
    assert_eq!(code, 0, "{why}");
    let (code, printed, _) = audit(&["verify", "--data", data, "--accept-redacted", "2"]);
    assert_eq!(code, 0, "{printed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_key_signs_with_the_one_before() {
    let own = tempfile::tempdir().unwrap();
    let dir = own.path().join("data");
    let data = dir.to_str().unwrap();
    let server = serve(&dir, 3600);
    server.register(json!({"source": "a"})).await;
    let mut keys = vec![vkey(&dir)];
    // By the running server, and with none.
    let (code, printed, why) = audit(&["key", "rotate", "--data", data]);
    assert_eq!(code, 0, "{why}");
    keys.push(printed.trim().to_owned());
    let both = |keys: &[String]| {
        for key in keys {
            let (code, printed, why) = audit(&["verify", "--data", data, "--key", key]);
            assert_eq!(code, 0, "{key}: {printed}{why}");
        }
    };
    server.api("POST", "/audit/checkpoints", None).await;
    both(&keys);
    stop(server);
    let (code, printed, why) = audit(&["key", "rotate", "--data", data]);
    assert_eq!(code, 0, "{why}");
    keys.push(printed.trim().to_owned());
    both(&keys[1..]);
    let (_, printed, _) = audit(&["key", "--data", data]);
    let shown: Vec<&str> = printed.lines().collect();
    assert_eq!(shown.first(), Some(&keys[2].as_str()), "{printed}");
    let server = serve(&dir, 3600);
    let changed = server.get("/events?type=audit.key_changed").await;
    assert_eq!(changed["items"].as_array().unwrap().len(), 2, "{changed}");
    both(&keys[1..]);
}

#[tokio::test(flavor = "multi_thread")]
async fn decisions_are_replayed_from_an_export_alone() {
    let own = tempfile::tempdir().unwrap();
    let dir = own.path().join("data");
    let server = serve(&dir, 3600);
    let (_, _) = crate::harness::demo_queue(&server, "t1").await;
    server.begin("Machine", "t1", "1").await;
    server.begin("Maintenance", "t1", "2").await;
    let out = own.path().join("out");
    let (out, data) = (out.to_str().unwrap(), dir.to_str().unwrap());
    let (code, _, why) = audit(&["export", out, "--data", data]);
    assert_eq!(code, 0, "{why}");
    let (code, said, why) = audit(&["replay", out, "--json"]);
    assert_eq!(code, 0, "{said}{why}");
    let totals: Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
    assert!(totals["totals"]["agree"].as_u64().unwrap() >= 4, "{totals}");
    assert_eq!(totals["totals"]["agree"], totals["totals"]["decisions"]);
    assert_eq!(totals["machine"]["sessions"], 1);
    assert_eq!(totals["machine"]["others"], 0);
    // By no rules at all nothing would have gone.
    let none = own.path().join("none");
    fs::create_dir(&none).unwrap();
    fs::write(none.join("empty.toml"), "").unwrap();
    let (code, said, why) = audit(&["replay", out, "--policies", none.to_str().unwrap()]);
    assert_eq!(code, 1, "{said}{why}");
    assert!(said.contains("differs"), "{said}");
    stop(server);
}
