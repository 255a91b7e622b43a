//! HEAD is GET without the body of its answer, wherever there is a GET.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::json;

use crate::harness::Server;
use crate::wait::DEADLINE;

/// All that the server says to a request, to the end of the connection.
fn said(server: &Server, method: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(server.http.trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    let text = format!(
        "{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\r\n",
        server.token
    );
    stream.write_all(text.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[tokio::test]
async fn head_answers_as_get_does_without_a_body() {
    let server = Server::start_with(&[]);
    let device = server.register(json!({"source": "d"})).await;
    for path in [
        "/healthz".to_owned(),
        "/readyz".to_owned(),
        "/metrics".to_owned(),
        "/api/v1/openapi.json".to_owned(),
        "/api/v1/devices".to_owned(),
        format!("/api/v1/devices/{device}"),
        "/api/v1/devices/none".to_owned(),
        "/nothing".to_owned(),
    ] {
        let [head, get] = ["HEAD", "GET"].map(|method| said(&server, method, &path));
        let (get_head, body) = get.split_once("\r\n\r\n").unwrap();
        let (head, nothing) = head.split_once("\r\n\r\n").unwrap();
        assert_eq!(nothing, "", "{path}");
        assert_eq!(head.lines().next(), get_head.lines().next(), "{path}");
        let length = |head: &str| {
            let line = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "));
            line.map(|length| length.parse::<usize>().unwrap())
        };
        assert!(length(head).is_some(), "{path}: {head}");
        if path != "/metrics" {
            assert_eq!(length(head), Some(body.len()), "{path}");
        }
    }
    // A stream would not end.
    let head = said(&server, "HEAD", "/api/v1/events/stream");
    assert!(
        head.starts_with("HTTP/1.1 200") && head.ends_with("\r\n\r\n"),
        "{head}"
    );
    // There is none where there is no GET.
    assert!(said(&server, "HEAD", "/sync").starts_with("HTTP/1.1 405"));
    let other = said(&server, "PUT", "/api/v1/devices");
    assert!(other.contains("allow: POST, GET, HEAD"), "{other}");
}
