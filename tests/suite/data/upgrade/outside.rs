//! What the server sends by itself: credentials for tokens, wakes, webhooks.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use aws_lc_rs::hmac;
use serde_json::Value;

use super::{Old, data_of, session, until};
use crate::harness::Server;
use crate::receiver::Received;
use crate::wait::{DEADLINE, eventually, eventually_blocking};

/// The address that the directory's channel URIs and webhooks name.
const MOCK: &str = "127.77.0.1:18473";

/// A server on the directory that pushes and delivers to [`Outside`].
fn serve(old: &Old) -> Server {
    let url = format!("http://{MOCK}/accesstoken.srf");
    let arguments = [
        "--accept-unknown-devices",
        "--wns-host-suffix",
        MOCK,
        "--wns-token-url",
        &url,
    ];
    Server::in_dir(&old.dir(), &arguments)
}

/// The path of a device's channel.
fn channel(old: &Old, source: &str) -> String {
    format!("/devices/{}/channel", old.id(source))
}

#[tokio::test]
async fn channels_are_as_they_were_and_can_be_sent_to() {
    let (old, outside) = (Old::copied(), Outside::start());
    let server = serve(&old);
    for (source, state) in [
        ("channel-active", "active"),
        ("channel-dead", "dead"),
        ("channel-refused", "set_failed"),
    ] {
        assert_eq!(
            server.get(&channel(&old, source)).await["state"],
            state,
            "{source}"
        );
    }
    // The credentials of both profiles are opened and tried.
    outside
        .until("/accesstoken.srf", "client_secret=app+secret+of+0.1.0")
        .await;
    outside
        .until("/accesstoken.srf", "client_secret=another+secret")
        .await;
    // One that WNS took under the clock that was ahead waits on: only a session begun
    // after the wish answers it.
    let wake = &server.get(&channel(&old, "channel-woken")).await["wake"];
    assert_eq!(wake["state"], "accepted", "{wake}");
    // And a channel of then can be sent to anew.
    let path = format!("/devices/{}/wake", old.id("channel-active"));
    assert_eq!(server.api("POST", &path, None).await.0, 202);
    outside.until("/channel-active", "").await;
}

#[tokio::test]
async fn a_wake_is_sent_to_the_uri_of_then_and_webhooks_get_each_step() {
    let (old, outside) = (Old::copied(), Outside::start());
    let server = serve(&old);
    // The wake that was to be tried again is too old to be; the next one is sent, to the
    // URI of then.
    let path = old.install("behind");
    until(&server, &path, |install| {
        let reason = install["reason"].as_str().unwrap_or_default();
        reason.starts_with("no push was delivered")
    })
    .await;
    let wake = format!("/devices/{}/wake", old.id("install-behind"));
    assert_eq!(server.api("POST", &wake, None).await.0, 202);
    outside.until("/busy", "").await;
    until(&server, &path, |install| install["state"] == "woken").await;
    let sent = session(&server, "Apps", "install-behind", "2", 200).await;
    assert_eq!(
        data_of(&sent, "Exec=CreateJob"),
        "JobData=<Job>erp 2.0</Job>"
    );
    let taken = until(&server, &path, |install| install["state"] == "accepted").await;
    let wake = &server.get(&channel(&old, "install-behind")).await["wake"];
    assert_eq!(wake["state"], "answered", "{wake}");

    // The delivery that waited, then each step since, signed with the secret
    // of then; another waits for its time. Servers of other tests here tell the same.
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"secret of the hook behind");
    for step in taken["steps"].as_array().unwrap() {
        let event = format!("\"type\":\"install.{}\"", step["state"].as_str().unwrap());
        let got = outside.until("/hook-behind", &event).await;
        let signed = format!("{}.{}", got.header("modegate-timestamp"), got.body);
        let tag = hmac::sign(&key, signed.as_bytes());
        let tag: String = tag
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(got.header("modegate-signature"), format!("v1={tag}"));
    }
    let waiting = |hooks: &Value| [0, 1].map(|at| hooks["items"][at]["waiting"].as_u64());
    until(&server, "/webhooks", |hooks| {
        waiting(hooks) == [Some(1), Some(0)]
    })
    .await;
}

/// The token service, WNS and a receiver of webhooks, where the directory says that
/// they are. All agree to everything. They leave the address to others in the end.
struct Outside {
    got: Arc<Mutex<Vec<Received>>>,
    ends: Arc<AtomicBool>,
}

impl Outside {
    fn start() -> Outside {
        // The address is fixed: another test, here or in another run on this machine,
        // may have it.
        let listener = eventually_blocking(3 * DEADLINE, || TcpListener::bind(MOCK));
        let outside = Outside {
            got: Arc::default(),
            ends: Arc::default(),
        };
        let (got, ends) = (Arc::clone(&outside.got), Arc::clone(&outside.ends));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if ends.load(SeqCst) {
                    return;
                }
                if let Some(request) = answered(stream) {
                    got.lock().unwrap().push(request);
                }
            }
        });
        outside
    }

    /// Waits until a request came to that path with this text in its body.
    async fn until(&self, path: &str, text: &str) -> Received {
        let look = async || {
            let got = self.got.lock().unwrap().clone();
            let is_it = |got: &&Received| got.path == path && got.body.contains(text);
            got.iter().find(is_it).cloned().ok_or(got)
        };
        eventually(DEADLINE, look).await
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        self.ends.store(true, SeqCst);
        // So that whoever waits for a connection sees it.
        let _ = TcpStream::connect(MOCK);
    }
}

/// Reads one request and answers it; nothing if the connection ends before.
fn answered(mut stream: TcpStream) -> Option<Received> {
    let request = Received::read(&stream)?;
    let (more, answer) = if request.path == "/accesstoken.srf" {
        (
            "content-type: application/json",
            r#"{"token_type":"bearer","access_token":"granted","expires_in":86400}"#,
        )
    } else {
        ("X-WNS-Status: received", "")
    };
    let length = answer.len();
    write!(
        stream,
        "HTTP/1.1 200 OK\r\n{more}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{answer}"
    )
    .ok()?;
    Some(request)
}
