//! Connections whose peer makes no progress: each ends, and no address takes all places.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::thread::scope;
use std::time::{Duration, Instant};

use crate::harness::{SYNCML, Server};
use crate::wait::{DEADLINE, eventually_blocking};

/// How long the server may keep what makes no progress on a head or after an answer.
const SOON: Duration = Duration::from_secs(9);
const PING: &str = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";

fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(server.http.trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream
}

/// Says this and reads the answer, whose body may have any length that it names.
fn ask(stream: &mut TcpStream, text: &str) -> String {
    stream.write_all(text.as_bytes()).unwrap();
    let (mut answer, mut byte) = (Vec::new(), [0]);
    while !answer.ends_with(b"\r\n\r\n") {
        assert_eq!(stream.read(&mut byte).unwrap(), 1, "closed in a head");
        answer.push(byte[0]);
    }
    let head = String::from_utf8(answer).unwrap();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body).unwrap();
    head
}

/// How long it takes until the server closes the connection, whatever it still sends.
fn until_closed(stream: &mut TcpStream) -> Duration {
    let (begun, mut buffer) = (Instant::now(), [0; 4096]);
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return begun.elapsed(),
            Ok(_) => assert!(begun.elapsed() < DEADLINE, "it goes on"),
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => {
                return begun.elapsed();
            }
            Err(error) => panic!("still open after {:?}: {error}", begun.elapsed()),
        }
    }
}

fn ended(server: &Server, reason: &str) -> u64 {
    let text = ask_metrics(server);
    let line = format!("modegate_connections_ended_total{{reason=\"{reason}\"}} ");
    let count = text.lines().find_map(|found| found.strip_prefix(&line));
    count
        .unwrap_or_else(|| panic!("{line} in {text}"))
        .parse()
        .unwrap()
}

fn ask_metrics(server: &Server) -> String {
    let mut stream = connect(server);
    let text = "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    stream.write_all(text.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_second_head_that_stays_partial_ends_the_connection() {
    let server = Server::start_with(&[]);
    for trickle in [false, true] {
        let mut stream = connect(&server);
        assert!(ask(&mut stream, PING).starts_with("HTTP/1.1 200"));
        stream.write_all(b"GET /hea").unwrap();
        let mut writer = stream.try_clone().unwrap();
        let closed = scope(|scope| {
            if trickle {
                // A byte now and then is no progress: the head has a time-out as a whole. The
                // sleep is the trickle that is tested.
                scope.spawn(move || {
                    while writer.write_all(b"a").is_ok() {
                        std::thread::sleep(Duration::from_millis(200));
                    }
                });
            }
            until_closed(&mut stream)
        });
        assert!(closed < SOON, "{closed:?}");
        assert!(
            closed > Duration::from_secs(3),
            "a slow client has time: {closed:?}"
        );
    }
    assert_eq!(ended(&server, "head"), 2);
}

#[test]
fn a_body_that_does_not_go_on_ends_the_connection() {
    let server = Server::start_with(&[]);
    let chunked = |path: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {SYNCML}\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n<Syn\r\n"
        )
    };
    scope(|scope| {
        for (path, status, most) in [
            // One is waited for, and given up.
            ("/sync?mode=Apps", "HTTP/1.1 408", 10 + 4),
            // One is not even read.
            ("/nothing/here", "HTTP/1.1 404", 4),
        ] {
            let (server, chunked) = (&server, &chunked);
            scope.spawn(move || {
                let (mut stream, begun) = (connect(server), Instant::now());
                let head = ask(&mut stream, &chunked(path));
                assert!(head.starts_with(status), "{head}");
                assert!(head.contains("connection: close"), "{head}");
                until_closed(&mut stream);
                let took = begun.elapsed();
                assert!(took < Duration::from_secs(most), "{path}: {took:?}");
            });
        }
    });
    assert_eq!(ended(&server, "unread_body"), 2);
}

#[test]
fn a_body_that_nobody_asked_for_but_that_is_there_costs_no_connection() {
    let server = Server::start_with(&[]);
    let mut stream = connect(&server);
    for _ in 0..3 {
        let text = "POST /nothing/here HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody";
        let head = ask(&mut stream, text);
        assert!(head.starts_with("HTTP/1.1 404"), "{head}");
        assert!(!head.contains("connection: close"), "{head}");
    }
}

#[test]
fn an_answer_that_is_not_read_ends_the_connection() {
    let server = Server::start_with(&[]);
    let mut stream = connect(&server);
    // More than the system keeps for a peer that does not read.
    let one = "GET /api/v1/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n";
    let mut writer = stream.try_clone().unwrap();
    writer
        .set_write_timeout(Some(Duration::from_secs(1)))
        .unwrap();
    let begun = Instant::now();
    for _ in 0..400 {
        if writer.write_all(one.as_bytes()).is_err() {
            break;
        }
    }
    eventually_blocking(2 * DEADLINE, || {
        // Each look is a connection of its own, of which the address has its share.
        std::thread::sleep(Duration::from_millis(200));
        (ended(&server, "unread_reply") == 1)
            .then_some(())
            .ok_or("open")
    });
    let took = begun.elapsed();
    assert!(
        took > Duration::from_secs(15) && took < Duration::from_secs(30),
        "{took:?}"
    );
    until_closed(&mut stream);
}

#[test]
fn an_event_stream_lives_by_its_heartbeat() {
    let server = Server::start_with(&[]);
    let mut stream = connect(&server);
    let text = format!(
        "GET /api/v1/events/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\r\n",
        server.token
    );
    stream.write_all(text.as_bytes()).unwrap();
    let (begun, mut said, mut buffer) = (Instant::now(), String::new(), [0; 4096]);
    while said.matches(":\n\n").count() < 2 {
        let read = stream.read(&mut buffer).unwrap();
        assert!(read > 0, "closed: {said}");
        said += std::str::from_utf8(&buffer[..read]).unwrap();
    }
    assert!(begun.elapsed() > Duration::from_secs(25), "{said}");
}

#[test]
fn an_idle_connection_is_kept_as_long_as_is_set() {
    for (seconds, least, most) in [(1, 1, 3), (6, 6, 8)] {
        let text = format!("[limits]\nkeep_alive_seconds = {seconds}\n");
        let server = Server::configured(&text, &[]);
        let mut stream = connect(&server);
        ask(&mut stream, PING);
        let idle = until_closed(&mut stream);
        let expected = Duration::from_millis(least * 1000 - 500)..Duration::from_secs(most);
        assert!(expected.contains(&idle), "{idle:?} of {seconds} s");
    }
}

#[tokio::test]
async fn an_address_has_a_quarter_of_the_connections_and_others_have_theirs() {
    let text = "trusted_proxies = ['127.0.0.3']\n[limits]\nconnections = 40\n";
    let server = Server::configured(text, &[]);
    let client = |address: &str| {
        let client = reqwest::Client::builder().no_proxy().timeout(DEADLINE);
        let client = client.local_address(address.parse::<std::net::IpAddr>().unwrap());
        client.pool_max_idle_per_host(0).build().unwrap()
    };
    let get = async |address: &str| {
        let answer = client(address).get(format!("{}/healthz", server.http));
        answer.send().await.map(|answer| answer.status().as_u16())
    };
    // What the server works on keeps its place: ten streams.
    let stream = format!(
        "GET /api/v1/events/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\r\n",
        server.token
    );
    let held: Vec<_> = (0..10)
        .map(|_| {
            let mut connection = connect(&server);
            assert!(ask(&mut connection, &stream).starts_with("HTTP/1.1 200"));
            connection
        })
        .collect();
    assert!(get("127.0.0.1").await.is_err(), "loopback counts like any");
    assert_eq!(get("127.0.0.2").await.unwrap(), 200);
    server.logged("an address has as many connections as one may have");
    drop(held);
    // Those who keep the server waiting make room, in their own address.
    for said in [
        "",
        "GET /hea",
        "POST /sync?mode=Apps HTTP/1.1\r\nHost: x\r\n",
    ] {
        let held: Vec<_> = (0..30)
            .map(|_| {
                let mut stream = connect(&server);
                stream.write_all(said.as_bytes()).unwrap();
                stream
            })
            .collect();
        assert_eq!(get("127.0.0.1").await.unwrap(), 200, "{said}");
        drop(held);
    }
    // Behind a proxy are many.
    let held: Vec<_> = (0..20)
        .map(|_| {
            let text = "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.7\r\n";
            let socket = tokio::net::TcpSocket::new_v4().unwrap();
            socket.bind("127.0.0.3:0".parse().unwrap()).unwrap();
            let address = server.http.trim_start_matches("http://").parse().unwrap();
            async move {
                let stream = socket.connect(address).await.unwrap();
                stream.writable().await.unwrap();
                stream.try_write(text.as_bytes()).unwrap();
                stream
            }
        })
        .collect();
    let mut open = Vec::new();
    for stream in held {
        open.push(stream.await);
    }
    assert_eq!(get("127.0.0.3").await.unwrap(), 200);
    assert!(ended_over(&client("127.0.0.2"), &server).await >= 1);
}

async fn ended_over(client: &reqwest::Client, server: &Server) -> u64 {
    let text = client
        .get(format!("{}/metrics", server.http))
        .bearer_auth(&server.token)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    let line = "modegate_connections_ended_total{reason=\"address_bound\"} ";
    let count = text.lines().find_map(|found| found.strip_prefix(line));
    count.unwrap().parse().unwrap()
}
