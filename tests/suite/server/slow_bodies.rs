//! Bodies that arrive slowly: taken while they make progress, and within a bound.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{SYNCML, Server, package1};
use crate::wait::DEADLINE;

/// What a client sends: the head is for all of `body`.
struct Upload<'a> {
    path: &'a str,
    body: Vec<u8>,
    /// It is sent in pieces of so many bytes, one each `pause`, and no more than `pieces`.
    piece: usize,
    pause: Duration,
    pieces: usize,
}

/// What came of it.
struct Outcome {
    answer: String,
    took: Duration,
}

impl Outcome {
    /// The problem document of an answer with that status.
    fn problem(&self, status: &str) -> Value {
        let (head, body) = self.answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with(status), "{head}");
        assert!(head.contains("connection: close"), "{head}");
        serde_json::from_str(body).unwrap()
    }
}

/// A body of so many bytes, most of which are white space where that means nothing.
fn padded(text: &str, before: &str, length: usize) -> Vec<u8> {
    let (head, tail) = text.split_at(text.rfind(before).unwrap());
    let spaces = " ".repeat(length - text.len());
    format!("{head}{spaces}{tail}").into_bytes()
}

fn message(length: usize) -> Vec<u8> {
    padded(&package1("slow", "1", 1, "none"), "<Final", length)
}

fn device(length: usize) -> Vec<u8> {
    padded(&json!({"source": "another"}).to_string(), "}", length)
}

/// Sends it and reads until the server closes the connection.
fn upload(server: &Server, upload: &Upload<'_>) -> Outcome {
    let mut stream = TcpStream::connect(server.http.trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(2 * DEADLINE)).unwrap();
    let kind = match upload.path.starts_with("/sync") {
        true => SYNCML,
        false => "application/json",
    };
    let head = format!(
        "POST {} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\
         Content-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
        upload.path,
        server.token,
        upload.body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    let (begun, over) = (Instant::now(), AtomicBool::new(false));
    let mut writer = stream.try_clone().unwrap();
    let mut answer = Vec::new();
    scope(|scope| {
        scope.spawn(|| {
            for piece in upload.body.chunks(upload.piece).take(upload.pieces) {
                if over.load(Ordering::Relaxed) || writer.write_all(piece).is_err() {
                    return;
                }
                // The pace of the client is what is tested.
                sleep(upload.pause);
            }
        });
        match stream.read_to_end(&mut answer) {
            Ok(_) => {}
            Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}"),
        }
        over.store(true, Ordering::Relaxed);
    });
    let took = begun.elapsed();
    let answer = String::from_utf8(answer).unwrap();
    Outcome { answer, took }
}

const SYNC: &str = "/sync?mode=Machine&Platform=WoA";
const DEVICES: &str = "/api/v1/devices";

#[test]
fn a_slow_body_that_makes_progress_is_taken() {
    let text = "[limits]\nbody_stall_seconds = 2\nbody_progress_bytes = 1024\nbody_seconds = 60\n";
    let server = Server::configured(text, &["--accept-unknown-devices"]);
    scope(|scope| {
        for (path, body, status) in [
            (SYNC, message(20 * 1024), "HTTP/1.1 200"),
            (DEVICES, device(20 * 1024), "HTTP/1.1 201"),
        ] {
            let slow = Upload {
                path,
                body,
                piece: 1024,
                pause: Duration::from_millis(200),
                pieces: usize::MAX,
            };
            let server = &server;
            scope.spawn(move || {
                let outcome = upload(server, &slow);
                assert!(outcome.answer.starts_with(status), "{}", outcome.answer);
                assert!(
                    outcome.took > Duration::from_millis(3_500),
                    "longer than it may stall: {:?}",
                    outcome.took
                );
            });
        }
    });
}

#[test]
fn a_body_without_progress_ends_soon() {
    let text = "[limits]\nbody_stall_seconds = 2\nbody_progress_bytes = 1024\nbody_seconds = 600\n";
    let server = Server::configured(text, &["--accept-unknown-devices"]);
    scope(|scope| {
        // Nothing more comes, or a byte now and then.
        for (piece, pieces) in [(4_000, 1), (1, usize::MAX)] {
            for (path, body) in [(SYNC, message(8 * 1024)), (DEVICES, device(8 * 1024))] {
                let stalled = Upload {
                    path,
                    body,
                    piece,
                    pause: Duration::from_millis(50),
                    pieces,
                };
                let server = &server;
                scope.spawn(move || {
                    let outcome = upload(server, &stalled);
                    let problem = outcome.problem("HTTP/1.1 408");
                    assert_eq!(problem["type"], "/docs/problems.md#body-timeout");
                    let detail = problem["detail"].as_str().unwrap();
                    let expected = "fewer than 1024 bytes arrived within 2 s";
                    assert!(detail.ends_with(expected), "{detail}");
                    let took = outcome.took.as_millis();
                    assert!((1_900..10_000).contains(&took), "{took} ms");
                });
            }
        }
    });
}

#[test]
fn a_body_that_trickles_on_ends_at_the_bound() {
    let text = "[limits]\nbody_stall_seconds = 2\nbody_progress_bytes = 64\nbody_seconds = 4\n";
    let server = Server::configured(text, &["--accept-unknown-devices"]);
    scope(|scope| {
        for (path, body) in [(SYNC, message(64 * 1024)), (DEVICES, device(64 * 1024))] {
            let trickled = Upload {
                path,
                body,
                piece: 64,
                pause: Duration::from_millis(100),
                pieces: usize::MAX,
            };
            let server = &server;
            scope.spawn(move || {
                let outcome = upload(server, &trickled);
                let problem = outcome.problem("HTTP/1.1 408");
                let detail = problem["detail"].as_str().unwrap();
                assert!(detail.ends_with("it did not arrive within 4 s"), "{detail}");
                let took = outcome.took.as_millis();
                assert!((3_900..12_000).contains(&took), "{took} ms");
            });
        }
    });
}
