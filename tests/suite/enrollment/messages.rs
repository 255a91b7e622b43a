//! What is no message as it should be, and what the services answer otherwise.

use modegate_sim::enroll::{DeviceKey, Enroller, Family, HeaderToken};
use modegate_sim::https_client;

use super::{ca, items, options, token};
use crate::harness::Server;

const PATH: &str = "/EnrollmentServer/Discovery.svc";

#[tokio::test]
async fn the_probe_is_answered_in_any_letter_case_with_nothing_and_its_length() {
    let server = Server::start_with(&[]);
    let client = https_client(Some(&ca(&server)), None).unwrap();
    for path in [PATH, "/enrollmentserver/DISCOVERY.SVC"] {
        let asked = client.get(format!("{}{path}", server.https)).send().await;
        let answer = asked.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-length"], "0");
    }
    // The listener of the pages does not have it.
    let pages = server.announced()["listening"]["web"]
        .as_str()
        .unwrap()
        .to_owned();
    let answer = client.get(format!("https://{pages}{PATH}")).send().await;
    assert_eq!(answer.unwrap().status(), 404);
    let service = format!("{}/EnrollmentServer/w12/Policy.svc", server.https);
    let answer = client.post(service).body("").send().await.unwrap();
    assert_eq!(answer.status(), 404);
}

#[tokio::test]
async fn what_is_too_long_or_without_a_length_is_refused_before_it_is_read() {
    let server = Server::start_with(&[]);
    let url = format!("{}{PATH}", server.http);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let long = client
        .post(&url)
        .body("x".repeat(64 * 1024 + 1))
        .send()
        .await;
    assert_eq!(long.unwrap().status(), 413);
    let address = server.http.trim_start_matches("http://").to_owned();
    let answer = tokio::task::spawn_blocking(move || {
        use std::io::{Read, Write};
        let mut stream = std::net::TcpStream::connect(&address).unwrap();
        let head = format!(
            "POST {PATH} HTTP/1.1\r\nHost: {address}\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    });
    let answer = answer.await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 411"), "{answer}");
}

#[tokio::test]
async fn a_bad_message_is_answered_with_its_fault_and_nothing_is_issued() {
    let server = Server::start_with(&[]);
    let (_, text) = token(&server, "windows81").await;
    let enroller = Enroller::new(options(&server, Family::Windows81, &text)).unwrap();
    let found = enroller.discover().await.unwrap();
    let header = HeaderToken::Binary(text);
    let key = DeviceKey::generate(2048).unwrap();
    let mut request = enroller.certificate_request(&key, &Default::default());
    let good = enroller.request_text(&found, &header, &request);
    let at = request.len() - 9;
    request[at] ^= 1;
    let unproven = enroller.request_text(&found, &header, &request);
    for (text, subcode) in [
        ("x".to_owned(), "MessageFormat"),
        (good[..good.len() / 2].to_owned(), "MessageFormat"),
        (
            format!("<!DOCTYPE e [<!ENTITY a \"b\">]>{good}"),
            "MessageFormat",
        ),
        (
            good.replace("RequestSecurityToken", "Other"),
            "MessageFormat",
        ),
        (
            good.replace("200512/Issue", "200512/Recovery"),
            "MessageFormat",
        ),
        (unproven, "CertificateRequest"),
    ] {
        let answer = enroller
            .post_raw(&found.enrollment_url, text)
            .await
            .unwrap();
        let body = String::from_utf8(answer.body).unwrap();
        assert_eq!(answer.status, 500, "{body}");
        assert!(answer.has_length);
        assert_eq!(answer.content_type, "application/soap+xml; charset=utf-8");
        assert!(body.contains(&format!("s:{subcode}<")), "{subcode}: {body}");
        assert!(body.contains("<TraceId>"), "{body}");
    }
    assert!(items(&server, "/enrollments").await.is_empty());
    // The token is as good as before; SOAP 1.1 is as good as 1.2.
    let old = "http://schemas.xmlsoap.org/soap/envelope/";
    let good = good.replace("http://www.w3.org/2003/05/soap-envelope", old);
    let answer = enroller
        .post_raw(&found.enrollment_url, good)
        .await
        .unwrap();
    assert_eq!(answer.status, 200);
    assert_eq!(items(&server, "/enrollments").await.len(), 1);
}
