//! A receiver of NDJSON over HTTP, and what becomes of what it answers.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

use super::{arrived, is_complete, lines, load, sealed, serve};
use crate::receiver::Received;

/// How a receiver behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behaviour {
    Take,
    /// Another status.
    Status(u16),
    /// Reads, and never answers.
    Hang,
    /// Takes what it is sent a while later.
    Slow,
    /// Takes at most so many lines at once.
    AtMost(usize),
}

/// A receiver.
pub struct Receiver {
    pub url: String,
    pub got: Arc<Mutex<Vec<Received>>>,
    pub answer: Arc<Mutex<Behaviour>>,
}

impl Receiver {
    pub fn start() -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!(
            "http://{}/in?key=Zq7UrlSecret",
            listener.local_addr().unwrap()
        );
        let receiver = Receiver {
            url,
            got: Arc::default(),
            answer: Arc::new(Mutex::new(Behaviour::Take)),
        };
        let (got, answer) = (Arc::clone(&receiver.got), Arc::clone(&receiver.answer));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (got, answer) = (Arc::clone(&got), Arc::clone(&answer));
                std::thread::spawn(move || while converse(&stream, &got, &answer) {});
            }
        });
        receiver
    }

    pub fn behaves(&self, answer: Behaviour) {
        *self.answer.lock().unwrap() = answer;
    }

    /// What it took.
    pub fn lines(&self) -> Vec<Value> {
        let got = self.got.lock().unwrap();
        got.iter().flat_map(|one| lines(&one.body)).collect()
    }
}

/// One request on a connection; whether there may be another.
fn converse(mut stream: &TcpStream, got: &Mutex<Vec<Received>>, answer: &Mutex<Behaviour>) -> bool {
    let Some(request) = Received::read(stream) else {
        return false;
    };
    let answer = *answer.lock().unwrap();
    let status = match answer {
        Behaviour::Take => 200,
        Behaviour::Status(status) => status,
        Behaviour::AtMost(most) if request.body.lines().count() > most => 413,
        Behaviour::AtMost(_) => 204,
        Behaviour::Slow => {
            std::thread::sleep(Duration::from_millis(300));
            202
        }
        Behaviour::Hang => {
            std::thread::sleep(Duration::from_secs(60));
            return false;
        }
    };
    if (200..300).contains(&status) {
        got.lock().unwrap().push(request);
    }
    let head = format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n");
    stream.write_all(head.as_bytes()).is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_gets_everything_once_it_answers() {
    let own = tempfile::tempdir().unwrap();
    let (dir, key) = (own.path().join("data"), own.path().join("key"));
    std::fs::write(&key, "Splunk Zq7Token\n").unwrap();
    let receiver = Receiver::start();
    receiver.behaves(Behaviour::Status(500));
    let sink = format!("h ocsf {} authorization={}", receiver.url, key.display());
    let server = serve(&dir, &[&sink], &[]);
    load(&server, "a", 30).await;
    let size = sealed(&dir);
    server.logged("it answered 500");
    assert!(receiver.lines().is_empty());
    receiver.behaves(Behaviour::AtMost(7));
    let all = arrived(size, || receiver.lines());
    is_complete(&dir, &all, size);
    {
        let got = receiver.got.lock().unwrap();
        assert!(got.iter().all(|one| one.body.lines().count() <= 7));
        assert_eq!(got[0].header("content-type"), "application/x-ndjson");
        assert_eq!(got[0].header("authorization"), "Splunk Zq7Token");
        assert_eq!(got[0].path, "/in?key=Zq7UrlSecret");
    }
    // A token that is replaced is sent from the next request on.
    std::fs::write(&key, "Splunk Zq7Other").unwrap();
    receiver.behaves(Behaviour::Slow);
    load(&server, "b", 1).await;
    let size = sealed(&dir);
    is_complete(&dir, &arrived(size, || receiver.lines()), size);
    let last = receiver.got.lock().unwrap().last().cloned().unwrap();
    assert_eq!(last.header("authorization"), "Splunk Zq7Other");
    // What is secret in the settings is in no log and in no row.
    let database = std::fs::read(dir.join("modegate.db")).unwrap();
    for secret in ["Zq7UrlSecret", "Zq7Token", "Zq7Other"] {
        assert!(!server.log().contains(secret), "{secret}");
        let found = database
            .windows(secret.len())
            .any(|at| at == secret.as_bytes());
        assert!(!found, "{secret}");
    }
}
