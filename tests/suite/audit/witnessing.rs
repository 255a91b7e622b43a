//! A server and its witnesses, each a process of its own: cosignatures come back, and what a
//! witness remembers shows that a database was rolled back or copied.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use modegate_core::time::Timestamp;
use modegate_core::tlog::note::SignatureType;
use modegate_core::tlog::{Checkpoint, Note, TrustPolicy, VerifierKey};
use modegate_server::clock::Clock;
use modegate_server::config::{Settings, WitnessAddress};
use modegate_server::serve::Options;
use rusqlite::Connection;
use serde_json::{Value, json};

use super::sealing::{serve, serve_with, stop};
use super::witness::{Witness, client, command};
use super::{Database, clone_of, is_signed_by, newest};
use crate::harness::Server;
use crate::wait::{DEADLINE, eventually, seen};

/// A server in that directory, with these witnesses.
fn witnessed(dir: &Path, witnesses: &str) -> Server {
    let more = [("WITNESS_SECONDS", "1"), ("WITNESSES", witnesses)];
    serve_with(dir, 1, &more)
}

/// A data directory with a log, and the verifier key of that.
async fn begun(own: &Path) -> (PathBuf, String) {
    let dir = own.join("data");
    let server = serve(&dir, 3_600);
    server.register(json!({"source": "first"})).await;
    stop(server);
    let key = Database::of(&dir).keys().remove(0).to_string();
    (dir, key)
}

fn of_witness(witness: &Witness) -> String {
    format!("{} {}", witness.vkey, witness.url)
}

/// The checkpoints that are kept: size, note, why.
fn kept(dir: &Path) -> Vec<(u64, String, Option<String>)> {
    let db = Connection::open(dir.join("modegate.db")).unwrap();
    let mut rows = db
        .prepare("SELECT size, note, kept FROM checkpoint ORDER BY size")
        .unwrap();
    let row = |row: &rusqlite::Row<'_>| {
        let size: i64 = row.get(0)?;
        Ok((size as u64, row.get(1)?, row.get(2)?))
    };
    let rows = rows.query_map([], row).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

/// Waits for a checkpoint of at least that size that this witness cosigned.
async fn cosigned(dir: &Path, witness: &VerifierKey, least: u64) -> (u64, Note) {
    eventually(DEADLINE, async || {
        let kept = kept(dir);
        let found = kept.iter().rev().find_map(|(size, note, why)| {
            let note = Note::parse(note.as_bytes()).unwrap();
            let is_cosigned = witness.verify(&note, &is_signed_by).is_ok();
            (is_cosigned && *size >= least).then(|| (*size, note, why.clone()))
        });
        match found {
            Some((size, note, why)) => {
                assert_eq!(why.as_deref(), Some("left"), "it is kept for good");
                Ok((size, note))
            }
            None => Err(kept),
        }
    })
    .await
}

async fn entries(server: &Server, count: usize, prefix: &str) {
    for n in 0..count {
        let device = json!({"source": format!("{prefix}{n}")});
        server.register(device).await;
    }
}

async fn forks(server: &Server) -> Vec<Value> {
    let events = server.get("/events?limit=200&type=log.forked").await;
    events["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn checkpoints_come_back_cosigned_and_a_trust_file_says_so() {
    let own = tempfile::tempdir().unwrap();
    let (dir, log) = begun(own.path()).await;
    let logs = [log.clone()];
    let [first, second] = ["a", "b"].map(|name| {
        let dir = own.path().join(name);
        let mut command = command(&dir, "127.0.0.1:0", &logs);
        command.args(["--name", &format!("{name}.example/1")]);
        Witness::by(command, &dir)
    });
    let both = format!("{},{}", of_witness(&first), of_witness(&second));
    let server = witnessed(&dir, &both);
    for round in 0..3 {
        entries(&server, 5, &format!("r{round}-")).await;
        let all = Database::of(&dir).entries().len() as u64;
        for witness in [&first, &second] {
            let (size, note) = cosigned(&dir, &witness.vkey, all).await;
            let checkpoint = Checkpoint::parse(note.text()).unwrap();
            assert_eq!(checkpoint.size, size);
        }
    }
    let trust = format!(
        "log {log}\nwitness a {}\nwitness b {}\ngroup all all a b\nquorum all\n",
        first.vkey, second.vkey
    );
    let trust = TrustPolicy::parse(trust.as_bytes()).unwrap();
    eventually(DEADLINE, async || {
        let kept = kept(&dir);
        let (_, note, _) = kept.last().unwrap();
        let note = Note::parse(note.as_bytes()).unwrap();
        seen(trust.witnessed(&note, &is_signed_by).unwrap(), |w| w.quorum)
    })
    .await;
    let metrics = client().get(format!("{}/metrics", server.http));
    let metrics = metrics.send().await.unwrap().text().await.unwrap();
    for name in ["a", "b"] {
        let line = format!(
            "modegate_audit_cosignature_timestamp_seconds{{witness=\"{name}.example/1\"}} "
        );
        let at = metrics.lines().find_map(|found| found.strip_prefix(&line));
        let at: f64 = at.unwrap_or_else(|| panic!("{metrics}")).parse().unwrap();
        assert!((at - Clock::default().now().0 as f64 / 1000.0).abs() < 60.0);
    }
    assert!(forks(&server).await.is_empty());
    // After a restart the witnesses go on from what they know.
    stop(server);
    let server = witnessed(&dir, &both);
    entries(&server, 3, "again").await;
    let all = Database::of(&dir).entries().len() as u64;
    cosigned(&dir, &first.vkey, all).await;
    assert!(forks(&server).await.is_empty());
}

#[tokio::test]
async fn a_witness_that_is_down_or_does_not_know_the_log_holds_up_nothing() {
    let own = tempfile::tempdir().unwrap();
    let (dir, log) = begun(own.path()).await;
    let down = own.path().join("w");
    let witness = Witness::start(&down, &[]);
    let (address, known) = (witness.address().to_owned(), of_witness(&witness));
    let server = witnessed(&dir, &known);
    entries(&server, 2, "a").await;
    let line = server.logged("it does not know the log");
    assert!(line.contains(&format!("--log {log}")), "{line}");
    witness.kill();
    server.logged("could not connect");
    // Everything goes on and is sealed.
    entries(&server, 2, "b").await;
    let all = Database::of(&dir).entries().len() as u64;
    eventually(DEADLINE, async || {
        seen(newest(&dir, 1), |newest| {
            newest.as_ref().is_some_and(|c| c.size >= all)
        })
    })
    .await;
    let witness = Witness::by(command(&down, &address, &[log]), &down);
    cosigned(&dir, &witness.vkey, all).await;
    assert!(forks(&server).await.is_empty());
}

/// A clone that serves beside its original, or instead of it, after the witness has seen what
/// the original did meanwhile: with fewer entries than that, or with more.
async fn clone_is_noticed(own: &Path, later: usize) {
    let (dir, log) = begun(own).await;
    let clone = own.join("clone");
    clone_of(&dir, &clone);
    let memory = own.join("w");
    let witness = Witness::start(&memory, &[log]);
    let server = witnessed(&dir, &of_witness(&witness));
    entries(&server, 10, "original").await;
    let all = Database::of(&dir).entries().len() as u64;
    let (known, _) = cosigned(&dir, &witness.vkey, all).await;

    let cloned = serve(&clone, 3_600);
    entries(&cloned, later, "clone").await;
    stop(cloned);
    let old = newest(&clone, 1).unwrap();
    assert_eq!(old.size > known, later > 10, "{} {known}", old.size);
    let cloned = witnessed(&clone, &of_witness(&witness));
    let forked = eventually(DEADLINE, async || {
        seen(forks(&cloned).await, |f| f.len() == 1)
    })
    .await;
    let detail = forked[0]["detail"].as_str().unwrap();
    assert!(
        detail.contains(&format!("the witness {}", witness.vkey.name())),
        "{detail}"
    );
    let record = &forked[0]["log"]["epoch"];
    assert_eq!(record["old_origin"], old.origin.to_string());
    assert_eq!(record["origin"], old.origin.in_epoch(2).to_string());
    // It serves on, and signs in the new epoch.
    entries(&cloned, 2, "more").await;
    let seen_alert = |alerts: &Value| {
        let mut items = alerts["items"].as_array().unwrap().iter();
        items.any(|alert| alert["kind"] == "log.forked")
    };
    let listed = async || seen(cloned.get("/alerts?state=open").await, seen_alert);
    eventually(DEADLINE, listed).await;
    let all = Database::of(&clone).entries().len() as u64;
    let newest = eventually(DEADLINE, async || {
        seen(newest(&clone, 2), |newest| {
            newest.as_ref().is_some_and(|c| c.size >= all)
        })
    })
    .await
    .unwrap();
    let keys = Database::of(&clone).keys();
    let new = keys
        .iter()
        .find(|key| key.name() == newest.origin.to_string());
    // The witness takes part again when it is told of the new epoch.
    let new = new.unwrap().to_string();
    cloned.logged(&format!("--log {new}"));
    let listen = witness.address().to_owned();
    let vkey = witness.vkey.clone();
    witness.kill();
    let _witness = Witness::by(command(&memory, &listen, &[new]), &memory);
    let (_, note) = cosigned(&clone, &vkey, all).await;
    let checkpoint = Checkpoint::parse(note.text()).unwrap();
    assert_eq!(checkpoint.origin.epoch(), 2);
    stop(cloned);
    // The original is what it was.
    assert!(forks(&server).await.is_empty());
}

#[tokio::test]
async fn a_clone_that_is_behind_what_a_witness_knows_begins_another_epoch() {
    let own = tempfile::tempdir().unwrap();
    clone_is_noticed(own.path(), 1).await;
}

#[tokio::test]
async fn a_clone_that_went_its_own_way_begins_another_epoch() {
    let own = tempfile::tempdir().unwrap();
    clone_is_noticed(own.path(), 40).await;
}

/// A witness of sorts: it answers everything with this. How often it did.
fn impostor(answer: Vec<u8>) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let answered = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&answered);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, answer) = (stream.unwrap(), answer.clone());
            count.fetch_add(1, Ordering::Relaxed);
            std::thread::spawn(move || {
                let _ = stream.set_read_timeout(Some(Duration::from_millis(100)));
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.write_all(&answer);
            });
        }
    });
    (url, answered)
}

fn http(status: u16, kind: &str, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

#[tokio::test]
async fn a_witness_that_lies_begins_one_epoch_at_most_and_takes_nothing_else() {
    let own = tempfile::tempdir().unwrap();
    let (dir, _) = begun(own.path()).await;
    let vkey = |seed: u8| {
        VerifierKey::new(
            format!("liar/{seed}"),
            SignatureType::Cosignature,
            [seed; 32],
        )
        .unwrap()
    };
    let size = "text/x.tlog.size";
    let answers = [
        http(200, "text/plain", "\u{2014} liar/0 AAAA\n"),
        http(200, "text/plain", ""),
        http(200, "text/plain", &"x".repeat(100_000)),
        http(409, "text/plain", "99\n"),
        http(409, size, "many\n"),
        http(500, "text/plain", ""),
        http(302, "text/plain", ""),
        b"garbage\r\n\r\n".to_vec(),
        http(409, size, "999999999\n"),
    ];
    let liars = answers.map(impostor);
    let (last, others) = liars.split_last().unwrap();
    let list = |liars: &[(String, Arc<AtomicUsize>)]| {
        let one = |(n, (url, _)): (usize, &(String, _))| format!("{} {url}", vkey(n as u8));
        liars
            .iter()
            .enumerate()
            .map(one)
            .collect::<Vec<_>>()
            .join(",")
    };
    let server = witnessed(&dir, &list(others));
    entries(&server, 2, "a").await;
    eventually(DEADLINE, async || {
        let counts: Vec<_> = others
            .iter()
            .map(|(_, count)| count.load(Ordering::Relaxed))
            .collect();
        seen(counts, |counts| counts.iter().all(|count| *count > 1))
    })
    .await;
    assert!(forks(&server).await.is_empty());
    let clean = |kept: &[(u64, String, Option<String>)]| {
        kept.iter().all(|(_, note, _)| !note.contains("liar"))
    };
    assert!(clean(&kept(&dir)));
    stop(server);
    // One that says to know more is believed once.
    let server = witnessed(&dir, &list(std::slice::from_ref(last)));
    entries(&server, 2, "b").await;
    eventually(DEADLINE, async || {
        seen(forks(&server).await, |f| f.len() == 1)
    })
    .await;
    let before = last.1.load(Ordering::Relaxed);
    entries(&server, 3, "c").await;
    eventually(2 * DEADLINE, async || {
        let count = last.1.load(Ordering::Relaxed);
        seen(count, |count| *count >= before + 2)
    })
    .await;
    assert_eq!(forks(&server).await.len(), 1);
    assert!(clean(&kept(&dir)));
}

#[test]
fn an_hour_without_enough_witnesses_is_an_alert_until_there_are() {
    actix_web::rt::System::new().block_on(an_hour_without_witnesses());
}

const HOUR_MS: i64 = 60 * 60 * 1000;

async fn an_hour_without_witnesses() {
    let own = tempfile::tempdir().unwrap();
    let (dir, log) = begun(own.path()).await;
    let memory = own.path().join("w");
    let witness = Witness::start(&memory, std::slice::from_ref(&log));
    let (vkey, url) = (witness.vkey.clone(), witness.url.clone());
    witness.kill();
    let now = Clock::default().now().0;
    let ahead = Arc::new(AtomicI64::new(0));
    let (shown, begin) = (Arc::clone(&ahead), std::time::Instant::now());
    let mut settings = Settings {
        data: dir.clone(),
        listen: "127.0.0.1:0".parse().unwrap(),
        insecure_http: Some("127.0.0.1:0".parse().unwrap()),
        ..Settings::default()
    };
    settings.compliance.enabled = false;
    settings.audit.seal_seconds = 1;
    settings.audit.witness_seconds = 1;
    settings.audit.witnesses = vec![WitnessAddress {
        vkey: vkey.clone(),
        url: url.parse().unwrap(),
    }];
    let mut options = Options::from(settings);
    options.clock = Clock::new(move || {
        let passed = i64::try_from(begin.elapsed().as_millis()).unwrap();
        Timestamp(now + passed + shown.load(Ordering::Relaxed))
    });
    let running = modegate_server::serve::start(options).await.unwrap();
    let address = format!("http://{}/api/v1/alerts?state=open", running.http.unwrap());
    let token = running.token.reveal().to_owned();
    let unwitnessed = async || -> Option<Value> {
        let asked = client().get(&address).bearer_auth(&token).send().await;
        let alerts: Value = asked.unwrap().json().await.unwrap();
        let mut items = alerts["items"].as_array().unwrap().iter();
        let found = items.find(|alert| alert["kind"] == "log.unwitnessed");
        found.cloned()
    };
    // Three looks before the hour is over: the alert is not raised within it.
    ahead.store(HOUR_MS - 3_000, Ordering::Relaxed);
    let alert = eventually(DEADLINE, async || {
        seen(unwitnessed().await, Option::is_some)
    });
    let alert = alert.await.unwrap();
    let raised = Timestamp::parse(alert["raised_at"].as_str().unwrap()).unwrap();
    assert!(raised.0 > now + HOUR_MS, "{alert}");
    let listen = url.trim_start_matches("http://").trim_end_matches('/');
    let _witness = Witness::by(command(&memory, listen, &[log]), &memory);
    // Past the pause after failures.
    ahead.store(80 * 60 * 1000, Ordering::Relaxed);
    eventually(DEADLINE, async || {
        seen(unwitnessed().await, Option::is_none)
    })
    .await;
    cosigned(&dir, &vkey, 1).await;
    running.stop().await.unwrap();
}
