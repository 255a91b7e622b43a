//! Hostile input over raw sockets: bounded time and memory, no answer of the
//! 5xx kind but a documented 503, nothing of another device touched.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::{SYNCML, Server, package1};

const WBXML: &str = "application/vnd.syncml.dm+wbxml";
/// Longest that an answer to anything but a slow body may take.
const SOON: Duration = Duration::from_secs(8);

/// Sends bytes as they are and reads until the server closes or `answers`
/// responses came; their statuses.
pub fn raw(server: &Server, bytes: &[u8], count: usize) -> (Vec<u16>, String) {
    let address = server.http.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(15)))
        .unwrap();
    // A server that has seen enough may close before everything was written.
    let _ = stream.write_all(bytes);
    let (mut text, mut buffer) = (Vec::new(), [0; 16 * 1024]);
    loop {
        let statuses = statuses(&text);
        if statuses.len() >= count {
            return (statuses, String::from_utf8_lossy(&text).into_owned());
        }
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return (statuses, String::from_utf8_lossy(&text).into_owned()),
            Ok(read) => text.extend_from_slice(&buffer[..read]),
        }
    }
}

fn statuses(text: &[u8]) -> Vec<u16> {
    let text = String::from_utf8_lossy(text);
    let lines = text.match_indices("HTTP/1.1 ");
    lines
        .filter_map(|(at, _)| text[at + 9..].get(..3)?.parse().ok())
        .collect()
}

pub fn request(kind: &str, extra: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST /sync?mode=Maintenance&Platform=WoA HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\n{extra}Content-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// One message; its status, in bounded time.
pub fn post(server: &Server, kind: &str, extra: &str, body: &[u8]) -> u16 {
    let begun = Instant::now();
    let (statuses, text) = raw(server, &request(kind, extra, body), 1);
    assert!(begun.elapsed() < SOON, "took {:?}", begun.elapsed());
    *statuses
        .first()
        .unwrap_or_else(|| panic!("no answer: {text}"))
}

/// A field of /proc/PID/status, KiB.
fn memory(server: &Server, field: &str) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let line = text.lines().find(|line| line.starts_with(field)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

pub fn whole() -> String {
    package1("t", "1", 1, "user")
}

/// Bodies of XML by what is wrong with them, and the statuses that they may get.
fn hostile_xml() -> Vec<(&'static str, Vec<u8>, &'static [u16])> {
    let xml = whole();
    let bomb = format!(
        "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\"><!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;\">]>{}",
        xml.replace("user", "&c;&c;&c;&c;")
    );
    let utf16: Vec<u8> = [0xFF, 0xFE]
        .into_iter()
        .chain(xml.encode_utf16().flat_map(u16::to_le_bytes))
        .collect();
    let overlong = xml.replace("user", "\u{1}").into_bytes();
    let overlong: Vec<u8> = overlong
        .iter()
        .flat_map(|&b| if b == 1 { vec![0xC0, 0xAF] } else { vec![b] })
        .collect();
    let nul = xml.replace("user", "us\0er").into_bytes();
    let big = 900_000;
    vec![
        ("entity bomb", bomb.into_bytes(), &[400]),
        (
            "external entity",
            format!("<!DOCTYPE x SYSTEM \"file:///etc/passwd\">{xml}").into_bytes(),
            &[400],
        ),
        (
            "undefined entity",
            xml.replace("user", "&xxe;").into_bytes(),
            &[200],
        ),
        (
            "character references to NUL",
            xml.replace("user", "&#0;").into_bytes(),
            &[200],
        ),
        ("deep", "<a>".repeat(200_000).into_bytes(), &[400, 413]),
        (
            "deep inside",
            xml.replace("<Final/>", &"<Atomic>".repeat(100_000))
                .into_bytes(),
            &[400, 413],
        ),
        (
            "wide",
            xml.replace("<Final/>", &"<x/>".repeat(200_000))
                .into_bytes(),
            &[413],
        ),
        (
            "many items",
            xml.replace(
                "<Final/>",
                &format!(
                    "<Replace><CmdID>9</CmdID>{}</Replace>",
                    "<Item/>".repeat(100_000)
                ),
            )
            .into_bytes(),
            &[413],
        ),
        (
            "giant attribute",
            xml.replace("<Final/>", &format!("<Final a=\"{}\"/>", "x".repeat(big)))
                .into_bytes(),
            &[200, 400, 413],
        ),
        (
            "many attributes",
            xml.replace(
                "<Final/>",
                &format!(
                    "<Final {}/>",
                    (0..60_000)
                        .map(|n| format!("a{n}=\"\" "))
                        .collect::<String>()
                ),
            )
            .into_bytes(),
            &[400, 413],
        ),
        (
            "giant name",
            xml.replace("<Final/>", &format!("<{}/>", "n".repeat(big)))
                .into_bytes(),
            &[413],
        ),
        (
            "giant field",
            xml.replace(
                "<LocURI>t</LocURI>",
                &format!("<LocURI>{}</LocURI>", "t".repeat(big)),
            )
            .into_bytes(),
            &[400, 413],
        ),
        (
            "giant comment",
            format!("<!--{}-->{xml}", "-x".repeat(big / 2)).into_bytes(),
            &[200, 400, 413],
        ),
        ("UTF-16", utf16, &[400]),
        (
            "UTF-16 said",
            format!("<?xml version=\"1.0\" encoding=\"utf-16\"?>{xml}").into_bytes(),
            &[400],
        ),
        (
            "UTF-7 said",
            format!("<?xml version=\"1.0\" encoding=\"utf-7\"?>{xml}").into_bytes(),
            &[400],
        ),
        ("overlong UTF-8", overlong, &[200]),
        ("NUL", nul, &[200]),
        (
            "surrogate",
            xml.replace("user", "&#xD800;").into_bytes(),
            &[200],
        ),
        ("half", xml.as_bytes()[..xml.len() / 2].to_vec(), &[400]),
        ("two roots", format!("{xml}{xml}").into_bytes(), &[400]),
        ("nothing", Vec::new(), &[400]),
        ("too long", vec![b' '; 4 * 1024 * 1024 + 1], &[413]),
    ]
}

/// Bodies of WBXML: lengths beyond the document, tables that repeat, depth, unknown
/// tokens.
fn hostile_wbxml() -> Vec<(&'static str, Vec<u8>)> {
    let head = [0x03, 0xa4, 0x01, 0x6a, 0x00];
    let table: Vec<u8> = [
        &[0x03, 0xa4, 0x01, 0x6a, 0x87, 0x68][..],
        &[b'x'; 999],
        &[0],
    ]
    .concat();
    vec![
        (
            "opaque of 4 GiB",
            [&head[..], &[0x6d, 0xc3, 0x8f, 0xff, 0xff, 0xff, 0x7f]].concat(),
        ),
        (
            "table of 4 GiB",
            vec![0x03, 0xa4, 0x01, 0x6a, 0x8f, 0xff, 0xff, 0xff, 0x7f],
        ),
        (
            "number of ten bytes",
            vec![
                0x03, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f,
            ],
        ),
        ("deep", [&head[..], &[0x48; 300_000]].concat()),
        (
            "table text over and over",
            [
                &table[..],
                &[0x6d, 0x6c, 0x56],
                &[0x83, 0x00].repeat(400_000),
            ]
            .concat(),
        ),
        (
            "entity of no character",
            [&head[..], &[0x6d, 0x6c, 0x72, 0x02, 0x83, 0xb0, 0x00, 0x01]].concat(),
        ),
        ("page 255", [&head[..], &[0x00, 0xff, 0x45]].concat()),
        ("attributes", [&head[..], &[0xed, 0x05, 0x01]].concat()),
    ]
}

/// A server with a device `t` that has synced once, and the memory that it takes then.
async fn settled() -> (Server, String, u64) {
    let server = Server::start();
    let device = server
        .register(json!({"source": "t", "family": "windows81"}))
        .await;
    post(&server, SYNCML, "", whole().as_bytes());
    let before = memory(&server, "VmRSS");
    (server, device, before)
}

fn took_little_memory(server: &Server, before: u64) {
    let (after, peak) = (memory(server, "VmRSS"), memory(server, "VmHWM"));
    assert!(after < before + 64 * 1024, "{before} to {after} KiB");
    assert!(peak < before + 96 * 1024, "peak {peak} KiB from {before}");
}

#[tokio::test]
async fn bodies_of_xml_that_are_made_to_hurt_are_answered_soon_and_cost_little_memory() {
    let (server, device, before) = settled().await;
    let mut read = 0;
    for (name, body, expected) in hostile_xml() {
        let status = post(&server, SYNCML, "", &body);
        assert!(expected.contains(&status), "{name}: {status}");
        read += usize::from(status == 200);
    }
    // A BOM is tolerated.
    assert_eq!(
        post(
            &server,
            SYNCML,
            "",
            format!("\u{feff}{}", whole()).as_bytes()
        ),
        200
    );
    took_little_memory(&server, before);
    // What was refused before it was read as the device's left no session behind.
    let sessions = server.get(&format!("/devices/{device}/sessions")).await;
    assert!(
        sessions["items"].as_array().unwrap().len() <= read + 2,
        "{sessions}"
    );
}

#[tokio::test]
async fn bodies_of_wbxml_that_are_made_to_hurt_are_4xx_soon_and_cost_little_memory() {
    let (server, _, before) = settled().await;
    for (name, body) in hostile_wbxml() {
        let status = post(&server, WBXML, "", &body);
        assert!(matches!(status, 400 | 413), "{name}: {status}");
    }
    took_little_memory(&server, before);
}

#[tokio::test]
async fn http_that_contradicts_itself_is_refused_and_what_is_odd_is_served() {
    let server = Server::start();
    let xml = whole();
    let chunked = |chunks: &str| {
        format!(
            "POST /sync?mode=Machine HTTP/1.1\r\nHost: x\r\nContent-Type: {SYNCML}\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}"
        )
    };
    let good = chunked(&format!("{:x}\r\n{xml}\r\n0\r\n\r\n", xml.len()));
    assert_eq!(raw(&server, good.as_bytes(), 1).0, [200]);
    let bytewise: String = xml.chars().map(|c| format!("1\r\n{c}\r\n")).collect();
    assert_eq!(
        raw(
            &server,
            chunked(&format!("{bytewise}0\r\n\r\n")).as_bytes(),
            1
        )
        .0,
        [200]
    );
    let both = good.replace(
        "Transfer-Encoding",
        "Content-Length: 5\r\nTransfer-Encoding",
    );
    let two = format!(
        "POST /sync HTTP/1.1\r\nHost: x\r\nContent-Type: {SYNCML}\r\nContent-Length: 5\r\nContent-Length: {}\r\n\r\n{xml}",
        xml.len()
    );
    let negative = format!(
        "POST /sync HTTP/1.1\r\nHost: x\r\nContent-Type: {SYNCML}\r\nContent-Length: -1\r\n\r\n{xml}"
    );
    let huge = format!(
        "POST /sync HTTP/1.1\r\nHost: x\r\nContent-Type: {SYNCML}\r\nContent-Length: 99999999999999999999\r\n\r\n"
    );
    let bad_chunk = chunked("ffffffffffffffffff\r\nx");
    let endless =
        chunked("fffff\r\n") + &"x".repeat(0xfffff) + "\r\nfffff\r\n" + &"x".repeat(0xfffff);
    let header = format!(
        "POST /sync HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n",
        "y".repeat(400_000)
    );
    for (name, bytes) in [
        ("both lengths", both),
        ("two lengths", two),
        ("negative", negative),
        ("overflowing", huge),
        ("bad chunk", bad_chunk),
        ("more than the bound in chunks", endless),
        ("giant header", header),
        ("no HTTP", "\0\0\0\0\r\n\r\n".to_owned()),
        (
            "another method",
            "BREW /sync HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".to_owned(),
        ),
    ] {
        let begun = Instant::now();
        let (statuses, text) = raw(&server, bytes.as_bytes(), 1);
        assert!(begun.elapsed() < Duration::from_secs(14), "{name}");
        // Refused in words, or the connection is closed.
        assert!(
            statuses.iter().all(|s| (400..500).contains(s)),
            "{name}: {text}"
        );
    }
    // gzip is not spoken: the bytes are no SyncML, and nothing inflates them.
    let gzip = [
        0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0x4b, 0x4c, 0x04, 0, 0x43, 0xbe, 0xb7, 0xe8, 1, 0, 0, 0,
    ];
    assert_eq!(
        post(&server, SYNCML, "Content-Encoding: gzip\r\n", &gzip),
        400
    );
    // Two at once on one connection: two answers, in order.
    let first = request(SYNCML, "", whole().as_bytes());
    let second = request("text/plain", "", b"x");
    assert_eq!(raw(&server, &[first, second].concat(), 2).0, [200, 415]);
}

#[tokio::test]
async fn a_slow_body_is_cut_off_and_delays_nobody() {
    let server = Server::start();
    let slow = format!(
        "POST /sync?mode=Machine HTTP/1.1\r\nHost: x\r\nContent-Type: {SYNCML}\r\nContent-Length: 500\r\n\r\n<Sync"
    );
    let address = server.http.trim_start_matches("http://").to_owned();
    let mut held: Vec<TcpStream> = (0..64)
        .map(|_| {
            let mut stream = TcpStream::connect(&address).unwrap();
            stream.write_all(slow.as_bytes()).unwrap();
            stream
        })
        .collect();
    let begun = Instant::now();
    assert_eq!(post(&server, SYNCML, "", whole().as_bytes()), 200);
    assert!(begun.elapsed() < Duration::from_secs(3));
    let mut last = held.pop().unwrap();
    last.set_read_timeout(Some(Duration::from_secs(15)))
        .unwrap();
    let mut text = String::new();
    let _ = last.read_to_string(&mut text);
    assert!(
        text.is_empty() || text.starts_with("HTTP/1.1 408"),
        "{text}"
    );
}
