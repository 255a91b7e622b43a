//! Installs, channels, wakes and webhooks go on from where 0.1.0 left them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use aws_lc_rs::hmac;
use serde_json::{Value, json};

use super::{MOCK, Old, data_of, say, session, until};
use crate::harness::{DEADLINE, PAUSE, Server, answers, package1};

#[tokio::test]
async fn installs_go_on_from_where_they_were() {
    let old = Old::copied();
    let server = old.serve();
    let install = |name: &str| format!("/installs/{}-i1", old.id(&format!("install-{name}")));
    // Its command went out in the session that is open.
    let delivered = server
        .get(&format!(
            "/commands/{}",
            old.command("install-delivered", 1)
        ))
        .await;
    assert_eq!(delivered["state"], "sent");
    let taken = "<Status><CmdID>1</CmdID><MsgRef>1</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><Data>200</Data></Status>\
         <Status><CmdID>2</CmdID><MsgRef>1</MsgRef><CmdRef>5</CmdRef><Cmd>Exec</Cmd><Data>200</Data></Status><Final/>";
    say(&server, "Apps", "install-delivered", "1", 2, taken).await;
    until(&server, &install("delivered"), |install| {
        install["state"] == "accepted"
    })
    .await;
    // Its job is read in the next session.
    for name in ["accepted", "progress"] {
        let source = format!("install-{name}");
        let first = package1(&source, "9", 1, "user");
        let reply = server.sync("Apps", &first).await;
        let mut body = answers(&reply, 404);
        for (nth, command) in reply.commands.iter().enumerate() {
            let value = match command.loc_uri.rsplit('/').next().unwrap() {
                "Progress" => "100",
                "LastError" => "0",
                "Status" => "2",
                _ => continue,
            };
            let refs = format!("<CmdRef>{}</CmdRef><Cmd>Get</Cmd>", command.cmd_id);
            body = body.replace(&format!("{refs}<Data>404"), &format!("{refs}<Data>200"));
            body = body.replace(
                "<Final/>",
                &format!(
                    "<Results><CmdID>{}</CmdID><MsgRef>{}</MsgRef><CmdRef>{}</CmdRef><Item><Data>{value}</Data></Item></Results><Final/>",
                    100 + nth, reply.msg_id, command.cmd_id
                ),
            );
        }
        say(&server, "Apps", &source, "9", 2, &body).await;
        let done = until(&server, &install(name), |install| {
            install["state"] == "installed"
        })
        .await;
        assert_eq!(done["progress"], 100, "{done}");
    }
    // What waits for Maintenance is carried by it, with the licence and job of the catalogue.
    let sent = session(&server, "Maintenance", "install-waiting", "1", 200).await;
    assert_eq!(
        data_of(&sent, "Exec=CreateJob"),
        "JobData=<Job>erp 2.0</Job>"
    );
    until(&server, &install("waiting"), |install| {
        install["state"] == "accepted"
    })
    .await;
    // What was taken back may be asked for again; what is installed is.
    for (name, expected) in [("cancelled", 201), ("failed", 201), ("installed", 200)] {
        let path = format!("/devices/{}/installs", old.id(&format!("install-{name}")));
        let (status, answer) = server.api("POST", &path, Some(json!({"app": "erp"}))).await;
        assert_eq!(status, expected, "{name}: {answer}");
    }
}

#[tokio::test]
async fn channels_are_used_wakes_sent_and_webhooks_told() {
    let old = Old::copied();
    let outside = Outside::start();
    let url = format!("http://{MOCK}/accesstoken.srf");
    let arguments = [
        "--accept-unknown-devices",
        "--wns-host-suffix",
        MOCK,
        "--wns-token-url",
        &url,
    ];
    let server = Server::in_dir(&old.dir(), &arguments);
    let channel = |source: &str| format!("/devices/{}/channel", old.id(source));
    for (source, state) in [
        ("channel-active", "active"),
        ("channel-dead", "dead"),
        ("channel-refused", "set_failed"),
    ] {
        assert_eq!(
            server.get(&channel(source)).await["state"],
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
    // The wake that was to be tried again is too old to be; the next one is sent, to the
    // URI of then.
    let path = format!("/installs/{}-i1", old.id("install-behind"));
    until(&server, &path, |install| {
        let reason = install["reason"].as_str().unwrap_or_default();
        reason.starts_with("no push went through")
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
    let wake = &server.get(&channel("install-behind")).await["wake"];
    assert_eq!(wake["state"], "answered", "{wake}");
    // One that WNS took under the clock that was ahead waits on: only a session begun
    // after the wish answers it.
    let wake = &server.get(&channel("channel-woken")).await["wake"];
    assert_eq!(wake["state"], "accepted", "{wake}");
    // And a channel of then can be sent to anew.
    let path = format!("/devices/{}/wake", old.id("channel-active"));
    assert_eq!(server.api("POST", &path, None).await.0, 202);
    outside.until("/channel-active", "").await;

    // Webhooks: the delivery that waited, then each step since, signed with the secret
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

/// One request that came.
#[derive(Debug, Clone)]
struct Got {
    path: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Got {
    fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(of, _)| of == name);
        found.map_or("", |(_, value)| value)
    }
}

/// The token service, WNS and a receiver of webhooks, where the directory says that
/// they are. All agree to everything.
struct Outside(Arc<Mutex<Vec<Got>>>);

impl Outside {
    fn start() -> Outside {
        let begun = Instant::now();
        // The address is fixed: another run of this test on this machine may have it.
        let listener = loop {
            match TcpListener::bind(MOCK) {
                Ok(listener) => break listener,
                Err(error) => assert!(begun.elapsed() < DEADLINE, "{MOCK}: {error}"),
            }
            std::thread::sleep(PAUSE);
        };
        let got: Arc<Mutex<Vec<Got>>> = Arc::default();
        let seen = Arc::clone(&got);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if let Some(request) = answered(stream) {
                    seen.lock().unwrap().push(request);
                }
            }
        });
        Outside(got)
    }

    /// Waits until a request came to that path with this text in its body.
    async fn until(&self, path: &str, text: &str) -> Got {
        let begun = Instant::now();
        loop {
            let got = self.0.lock().unwrap().clone();
            let found = got
                .iter()
                .find(|got| got.path == path && got.body.contains(text));
            if let Some(found) = found {
                return found.clone();
            }
            assert!(begun.elapsed() < DEADLINE, "{path} {text}: {got:?}");
            tokio::task::yield_now().await;
        }
    }
}

/// Reads one request and answers it; nothing if the connection ends before.
fn answered(mut stream: TcpStream) -> Option<Got> {
    stream.set_read_timeout(Some(DEADLINE)).ok()?;
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim().split_once(": ") else {
            break;
        };
        headers.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length.map_or(Some(0), |(_, value)| value.parse().ok())?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let (more, answer) = if path == "/accesstoken.srf" {
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
    let body = String::from_utf8(body).ok()?;
    Some(Got {
        path,
        headers,
        body,
    })
}
