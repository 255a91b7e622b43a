//! Answers with values that are no text, are no XML or are too large: the message
//! is read, the rest of it counts, and what happened is on record.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Reply, SYNCML, Server, message, package1};

const GET: &str = "./cimv2/Win32_BIOS/Win32_BIOS=@/SMBIOSBIOSVersion";
const SET: &str = "./cimv2/MDM_Restrictions/MDM_Restrictions.Key=%221%22/WifiEnabled";

/// A tablet that was sent a Get and a setting in one reply.
struct Asked {
    server: Server,
    device: String,
    get: String,
    set: String,
    reply: Reply,
}

impl Asked {
    async fn start() -> Asked {
        Asked::with(Server::start()).await
    }

    async fn with(server: Server) -> Asked {
        let device = server
            .register(json!({"source": "tablet-1", "family": "windows81"}))
            .await;
        let get = json!({"type": "raw", "verb": "Get", "loc_uri": GET});
        let get = server.queue(&device, get).await;
        let set = json!({"type": "raw", "verb": "Replace", "loc_uri": SET, "data": "false"});
        let set = server.queue(&device, set).await;
        let reply = server
            .sync("Maintenance", &package1("tablet-1", "1", 1, "user"))
            .await;
        assert_eq!(reply.commands.len(), 2);
        Asked {
            server,
            device,
            get,
            set,
            reply,
        }
    }

    /// The tablet's second message: Status 200 for both, and this Item for the Get,
    /// between the two.
    fn answer(&self, item: &[u8]) -> Vec<u8> {
        let refs = |nth: usize| (self.reply.msg_id, self.reply.commands[nth].cmd_id);
        let status = |nth: usize, cmd: &str| {
            let (msg_ref, cmd_ref) = refs(nth);
            format!(
                "<Status><CmdID>9</CmdID><MsgRef>{msg_ref}</MsgRef><CmdRef>{cmd_ref}</CmdRef><Cmd>{cmd}</Cmd><Data>200</Data></Status>"
            )
        };
        let at = |verb: &str| {
            let commands = &self.reply.commands;
            commands.iter().position(|it| it.verb == verb).unwrap()
        };
        let (get, set) = (at("Get"), at("Replace"));
        let (msg_ref, cmd_ref) = refs(get);
        let body = format!(
            "{}{}<Results><CmdID>3</CmdID><MsgRef>{msg_ref}</MsgRef><CmdRef>{cmd_ref}</CmdRef><Item>@ITEM@</Item></Results><Final/>",
            status(set, "Replace"),
            status(get, "Get"),
        );
        let text = message("tablet-1", "1", 2, &body);
        let (before, after) = text.split_once("@ITEM@").unwrap();
        [before.as_bytes(), item, after.as_bytes()].concat()
    }

    async fn post(&self, body: Vec<u8>) -> (u16, String) {
        let query = "mode=Maintenance&Platform=WoA";
        let (status, _, text) = self.server.post(query, SYNCML, body).await;
        (status, text)
    }

    async fn states(&self) -> (String, String) {
        let get = self.server.state(&self.get).await;
        (get, self.server.state(&self.set).await)
    }

    async fn value(&self) -> Value {
        let command = self.server.get(&format!("/commands/{}", self.get)).await;
        command["results"][0]["data"].clone()
    }

    /// The notes of the latest exchange.
    async fn notes(&self) -> String {
        let exchanges = self.events("exchange").await;
        exchanges.last().unwrap()["notes"].to_string()
    }

    async fn events(&self, kind: &str) -> Vec<Value> {
        let path = format!("/devices/{}/events", self.device);
        let events = self.server.get(&path).await;
        let events = events["items"].as_array().unwrap().clone();
        let is_kind = |event: &Value| event["type"] == kind;
        events.into_iter().filter(is_kind).collect()
    }
}

fn data(value: &[u8]) -> Vec<u8> {
    let head = format!(
        "<Source><LocURI>{GET}</LocURI></Source><Meta><Format xmlns=\"syncml:metinf\">chr</Format></Meta><Data>"
    );
    [head.as_bytes(), value, b"</Data>"].concat()
}

#[tokio::test]
async fn a_value_that_is_no_text_or_no_xml_is_kept_as_far_as_it_can_be() {
    let profile = "<?xml version=\"1.0\"?><WLANProfile xmlns=\"http://www.example.test/profile\"><name>Lab</name></WLANProfile>";
    let cases: [(&[u8], &str, &str); 6] = [
        (b"AMI\x02 v1.\x1f3", "AMI\u{fffd} v1.\u{fffd}3", "U+FFFD"),
        (b"M\xfcller", "M\u{fffd}ller", "U+FFFD"),
        (b"a&#0;b", "a\u{fffd}b", "U+FFFD"),
        (profile.as_bytes(), profile, "an XML declaration"),
        (b"R&D&nbsp;1", "R&D&nbsp;1", "undefined entities"),
        (b"<br>a < b", "<br>a < b", "unbalanced markup"),
    ];
    for (value, kept, note) in cases {
        let shown = String::from_utf8_lossy(value);
        let asked = Asked::start().await;
        let (status, text) = asked.post(asked.answer(&data(value))).await;
        assert_eq!(status, 200, "{shown}: {text}");
        let states = asked.states().await;
        assert_eq!(states, ("succeeded".into(), "succeeded".into()), "{shown}");
        assert_eq!(asked.value().await, kept, "{shown}");
        let notes = asked.notes().await;
        assert!(notes.contains(note), "{shown}: {notes}");
        // Nothing goes out again.
        let reply = asked
            .server
            .sync("Maintenance", &package1("tablet-1", "2", 1, "user"))
            .await;
        assert!(reply.commands.is_empty(), "{shown}");
    }
}

#[tokio::test]
async fn other_fields_of_an_answer_cost_nothing_either() {
    let asked = Asked::start().await;
    let item = b"<Source><LocURI>./cimv2/\x01\xff</LocURI></Source><Meta><Format>ch\x02r</Format><Size>\x03</Size></Meta><Data>v</Data>";
    let (status, text) = asked.post(asked.answer(item)).await;
    assert_eq!(status, 200, "{text}");
    assert_eq!(
        asked.states().await,
        ("succeeded".into(), "succeeded".into())
    );
    assert_eq!(asked.value().await, "v");
    let notes = asked.notes().await;
    assert!(notes.contains("(3)"), "{notes}");
}

#[tokio::test]
async fn an_answer_of_more_than_1_mib_is_read() {
    let asked = Asked::start().await;
    let value = "v".repeat(3 * 1024 * 1024);
    let (status, _) = asked.post(asked.answer(&data(value.as_bytes()))).await;
    assert_eq!(status, 200);
    assert_eq!(asked.states().await.1, "succeeded");
    assert_eq!(asked.states().await.0, "succeeded");
}

#[tokio::test]
async fn an_answer_that_is_too_large_ends_its_command_in_words() {
    let nodes = [b"<Data>", &b"<a/>".repeat(60_000)[..], b"</Data>"].concat();
    let items = b"<Data>x</Data></Item><Item>".repeat(1_001);
    for (item, why) in [
        (
            data(&vec![b'v'; 5 * 1024 * 1024]),
            "answer too large: the message is longer than 4194304 bytes",
        ),
        (
            nodes,
            "answer too large: more than 50000 elements and attributes",
        ),
        (
            items,
            "answer too large: more than 1000 items in one element",
        ),
    ] {
        let asked = Asked::start().await;
        let (status, text) = asked.post(asked.answer(&item)).await;
        assert_eq!(status, 200, "{why}: {text}");
        let reply = Reply::read(text);
        let results = ("3".to_owned(), "Results".to_owned(), 413);
        assert!(reply.statuses.contains(&results), "{:?}", reply.statuses);
        assert_eq!(
            asked.states().await,
            ("failed".into(), "succeeded".into()),
            "{why}"
        );
        let command = asked.server.get(&format!("/commands/{}", asked.get)).await;
        assert!(command.to_string().contains(why), "{command}");
        assert!(asked.notes().await.contains("too large"), "{why}");
        let reply = asked
            .server
            .sync("Maintenance", &package1("tablet-1", "2", 1, "user"))
            .await;
        assert!(reply.commands.is_empty(), "{why}");
    }
}

#[tokio::test]
async fn the_longest_body_is_a_setting_and_the_api_stays_as_it_is() {
    let server = Server::configured(
        "[limits]\nsync_body = 65536\n",
        &["--accept-unknown-devices"],
    );
    let asked = Asked::with(server).await;
    let (status, _) = asked.post(asked.answer(&data(&vec![b'v'; 70_000]))).await;
    assert_eq!(status, 200);
    assert_eq!(asked.states().await, ("failed".into(), "succeeded".into()));
    // What is too long before it says from whom it is, is nobody's.
    let (status, text) = asked.post(vec![b' '; 70_000]).await;
    assert_eq!(status, 413, "{text}");
    let large = json!({"source": "x".repeat(1024 * 1024)});
    let (status, _) = asked.server.api("POST", "/devices", Some(large)).await;
    assert_eq!(status, 413);
}

#[tokio::test]
async fn what_is_being_read_is_bounded_for_an_address_and_in_all() {
    let config =
        "[limits]\nsync_body = 65536\nsync_bodies = 300000\nsync_bodies_per_address = 100000\n";
    let server = Server::configured(config, &[]);
    let address = server.http.trim_start_matches("http://").to_owned();
    // Bodies that are sent but for their last byte, from several addresses.
    let begin = |from: [u8; 4]| {
        let address = address.clone();
        async move {
            use tokio::io::AsyncWriteExt;
            let socket = tokio::net::TcpSocket::new_v4().unwrap();
            socket
                .bind((std::net::Ipv4Addr::from(from), 0).into())
                .unwrap();
            let mut stream = socket.connect(address.parse().unwrap()).await.unwrap();
            let head = format!(
                "POST /sync?mode=Machine HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: {SYNCML}\r\nContent-Length: 65536\r\n\r\n"
            );
            stream.write_all(head.as_bytes()).await.unwrap();
            let _ = stream.write_all(&vec![b' '; 65_535]).await;
            stream
        }
    };
    let status = |mut stream: tokio::net::TcpStream| async move {
        use tokio::io::AsyncReadExt;
        let mut text = Vec::new();
        let read = stream.read_to_end(&mut text);
        // Where there is room the server waits for the last byte.
        match tokio::time::timeout(Duration::from_secs(2), read).await {
            Ok(_) => {
                let text = String::from_utf8_lossy(&text).into_owned();
                let told_when = text.to_ascii_lowercase().contains("retry-after:");
                assert!(told_when, "{text}");
                (text.get(9..12).unwrap_or("").to_owned(), None)
            }
            Err(_) => (String::new(), Some(stream)),
        }
    };
    let first = status(begin([127, 0, 5, 1]).await).await;
    assert_eq!(first.0, "", "there is room");
    let second = status(begin([127, 0, 5, 1]).await).await;
    assert_eq!(second.0, "429", "the address has its share");
    let mut held = vec![first.1];
    for other in 2..=4 {
        held.push(status(begin([127, 0, 5, other]).await).await.1);
    }
    assert!(held.iter().all(Option::is_some), "others have theirs");
    let fifth = status(begin([127, 0, 5, 5]).await).await;
    assert_eq!(fifth.0, "503", "all together have theirs");
    // Small messages find room meanwhile, and all of it comes back.
    let (small, _, _) = server.post("mode=Machine", SYNCML, b"<x/>".to_vec()).await;
    assert_eq!(small, 400);
    drop(held);
    crate::wait::eventually(crate::wait::DEADLINE, async || {
        let found = status(begin([127, 0, 5, 5]).await).await;
        if found.0.is_empty() {
            Ok(())
        } else {
            Err(found.0)
        }
    })
    .await;
    let metrics = reqwest::get(format!("{}/metrics", server.http))
        .await
        .unwrap();
    let metrics = metrics.text().await.unwrap();
    assert!(metrics.contains("modegate_messages_refused_total{reason=\"address_busy\"} 1"));
    assert!(!metrics.contains("modegate_messages_refused_total{reason=\"busy\"} 0"));
}

#[tokio::test]
async fn a_message_that_cannot_be_read_is_on_the_record_of_the_device_that_it_names() {
    let asked = Asked::start().await;
    let broken = String::from_utf8(asked.answer(&data(b"v"))).unwrap();
    let broken = broken.replace("</Results>", "</Result>");
    let (status, _) = asked.post(broken.clone().into_bytes()).await;
    assert_eq!(status, 400);
    assert_eq!(asked.states().await, ("sent".into(), "sent".into()));
    let events = asked.events("message.refused").await;
    assert_eq!(events.len(), 1);
    let detail = events[0]["detail"].as_str().unwrap();
    assert!(
        detail.contains("answered 400: not well-formed at byte"),
        "{detail}"
    );
    assert_eq!(events[0]["actor"], "device");
    let line = asked.server.logged("refused a sync request");
    assert!(
        line.contains("tablet-1") && line.contains("not well-formed"),
        "{line}"
    );
    // So many an hour.
    for _ in 0..30 {
        asked.post(broken.clone().into_bytes()).await;
    }
    assert_eq!(asked.events("message.refused").await.len(), 12);
    let metrics = reqwest::get(format!("{}/metrics", asked.server.http));
    let metrics = metrics.await.unwrap().text().await.unwrap();
    assert!(metrics.contains("modegate_messages_refused_total{reason=\"malformed\"} 31"));
}

#[tokio::test]
async fn who_only_names_a_device_leaves_few_words_there_and_none_of_its_own() {
    let server = Server::start_with(&[]);
    let credentials = json!({"username": "u", "password": "p"});
    let device = server
        .register(json!({"source": "t", "credentials": credentials}))
        .await;
    let text = message("t", "1", 1, "<Status></Stranger-Words>");
    for _ in 0..20 {
        let (status, _, _) = server
            .post("mode=Machine", SYNCML, text.clone().into_bytes())
            .await;
        assert_eq!(status, 400);
    }
    let events = server.get(&format!("/devices/{device}/events")).await;
    let items = events["items"].as_array().unwrap();
    let refused = |event: &&Value| event["type"] == "message.refused";
    let refused: Vec<&Value> = items.iter().filter(refused).collect();
    assert_eq!(refused.len(), 4);
    assert_eq!(refused[0]["actor"], "server");
    let detail = refused[0]["detail"].as_str().unwrap();
    assert!(
        detail.contains("did not prove to be the device"),
        "{detail}"
    );
    assert!(!events.to_string().contains("Stranger-Words"));
    // Of somebody unknown there is a line, and no record.
    let (status, _, _) = server
        .post(
            "mode=Machine",
            SYNCML,
            text.replace(">t<", ">nobody<").into_bytes(),
        )
        .await;
    assert_eq!(status, 400);
    server.logged("nobody");
    assert_eq!(
        server.get("/devices").await["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn folded_base64_in_credentials_is_read() {
    let server = Server::start_with(&[]);
    let name = "a-user-with-a-long-name@tablets.example.test";
    let password = "a password that is rather long, too";
    server
        .register(json!({"source": "t", "credentials": {"username": name, "password": password}}))
        .await;
    let whole = modegate_wire::auth::basic_cred(name, password);
    assert!(whole.len() > 76);
    for (session, fold) in ["\r\n", "\n", "&#13;&#10;", " \t"].iter().enumerate() {
        let folded = format!("{}{fold}{}{fold}", &whole[..76], &whole[76..]);
        let cred = format!(
            "<Cred><Meta><Format xmlns=\"syncml:metinf\">b64</Format><Type xmlns=\"syncml:metinf\">syncml:auth-basic</Type></Meta><Data>{folded}</Data></Cred>"
        );
        let body = "<Alert><CmdID>1</CmdID><Data>1201</Data></Alert><Final/>";
        let text = crate::harness::message_with("t", &session.to_string(), 1, &cred, body);
        let reply = server.sync("Machine", &text).await;
        assert_eq!(reply.statuses[0].2, 200, "{fold:?}");
    }
}
