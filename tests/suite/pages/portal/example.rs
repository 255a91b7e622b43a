//! The portal of one's own that the documents show, run in front of the server that the demo
//! leaves behind, with a simulated tablet.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use modegate_sim::Trigger;
use serde_json::{Value, json};

use super::{app, tablet_of};
use crate::api::installs::{to_the_end, until_state};
use crate::harness::Server;
use crate::program::program;
use crate::sync::simulated_device::{sync, tablet};
use crate::tools::has_tool;
use crate::wait::DEADLINE;

/// The example, running.
struct Example {
    child: Child,
    url: String,
    client: reqwest::Client,
}

impl Example {
    fn start(server: &Server) -> Example {
        let script = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/docs/examples/portal/portal.py"
        );
        let mut child = Command::new("python3")
            .args([script, "127.0.0.1:0"])
            .env("MODEGATE_URL", &server.http)
            .env("MODEGATE_TOKEN", &server.token)
            .env("no_proxy", "127.0.0.1")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut url = String::new();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        output.read_line(&mut url).unwrap();
        let client = reqwest::Client::builder().timeout(DEADLINE).no_proxy();
        Example {
            child,
            url: url.trim().trim_end_matches('/').to_owned(),
            client: client.build().unwrap(),
        }
    }

    async fn send(
        &self,
        user: &str,
        (method, path): (&str, &str),
        headers: &[(&str, &str)],
        body: Value,
    ) -> reqwest::Response {
        let method = method.parse().unwrap();
        let mut request = self.client.request(method, format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !user.is_empty() {
            request = request.header("x-user", user);
        }
        if !body.is_null() {
            request = request.json(&body);
        }
        request.send().await.unwrap()
    }

    async fn ask(&self, user: &str, method: &str, path: &str, body: Value) -> (u16, Value) {
        let answer = self.send(user, (method, path), &[("x-portal", "1")], body);
        let answer = answer.await;
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        assert!(
            !text.contains("mdt_"),
            "a token reached the browser: {text}"
        );
        (
            status,
            serde_json::from_str(&text).unwrap_or(Value::String(text)),
        )
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[actix_web::test]
async fn the_example_of_the_documents_installs_an_app() {
    if !has_tool("python3", "python3") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let demo = program()
        .args(["demo", "--exit", "--data"])
        .arg(&data)
        .output();
    assert!(demo.unwrap().status.success());
    let server = Server::in_dir(&data, &["--accept-unknown-devices"]);
    let anns = tablet_of(&server, "anns", "ann+1@contoso.com").await;
    let bobs = tablet_of(&server, "bobs", "bob@contoso.com").await;
    app(&server, "forms", "Forms", "3.0").await;
    let example = Example::start(&server);
    let ann = "ann+1@contoso.com";
    let page = example.send("", ("GET", "/"), &[], Value::Null).await;
    let page = page.text().await.unwrap();
    assert!(page.contains("new EventSource(") && !page.contains("innerHTML ="));

    let (_, devices) = example.ask(ann, "GET", "/api/devices", Value::Null).await;
    assert_eq!(devices["items"].as_array().unwrap().len(), 1);
    assert_eq!(devices["items"][0]["id"], json!(anns));
    let (_, offers) = example
        .ask(
            ann,
            "GET",
            &format!("/api/devices/{anns}/offers?q=form"),
            Value::Null,
        )
        .await;
    assert_eq!(
        (&offers["items"][0]["app"], &offers["items"][0]["state"]),
        (&json!("forms"), &json!("available"))
    );
    let path = format!("/api/devices/{anns}/installs");
    let (status, install) = example
        .ask(ann, "POST", &path, json!({"app": "forms", "again": false}))
        .await;
    assert_eq!(status, 201, "{install}");
    let id = install["id"].as_str().unwrap().to_owned();
    let stream = format!("/api/installs/{id}/events");
    let stream = example.send(ann, ("GET", &stream), &[], Value::Null).await;
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    let reading = actix_web::rt::spawn(stream.text());
    let mut tablet = tablet(&server, "anns");
    sync(&mut tablet, Trigger::Logon).await;
    until_state(&server, &id, "accepted").await;
    to_the_end(&server, &anns, &id, &mut tablet).await;
    let events = reading.await.unwrap().unwrap();
    for state in ["requested", "delivered", "accepted", "installed"] {
        assert!(
            events.contains(&format!("event: {state}\n")),
            "{state}: {events}"
        );
        assert!(
            page.contains(&format!("\"{state}\"")),
            "the page listens to {state}"
        );
    }
    // Every word of the API that the page has to put into words is there.
    for hold in modegate_core::installs::standing::Hold::ALL {
        assert!(page.contains(&format!("{}: \"", hold.name())), "{hold:?}");
    }
    let (_, install) = example
        .ask(ann, "GET", &format!("/api/installs/{id}"), Value::Null)
        .await;
    assert_eq!(install["standing"]["hold"], Value::Null, "{install}");

    // What is not passed on, and what the API refuses.
    for (user, method, path, expected) in [
        ("", "GET", "/api/devices".to_owned(), 403),
        (ann, "GET", "/api/tokens".to_owned(), 403),
        (ann, "GET", "/api/devices/../tokens".to_owned(), 403),
        (ann, "GET", format!("/api/devices/{bobs}/offers"), 404),
        (ann, "POST", format!("/api/devices/{bobs}/installs"), 404),
        ("bob@contoso.com", "GET", format!("/api/installs/{id}"), 404),
        ("nobody&user=ann", "GET", "/api/devices".to_owned(), 200),
    ] {
        let body = if method == "POST" {
            json!({"app": "forms"})
        } else {
            Value::Null
        };
        let (status, answer) = example.ask(user, method, &path, body).await;
        assert_eq!(status, expected, "{user} {method} {path}: {answer}");
        assert!(status != 200 || answer["items"] == json!([]), "{answer}");
    }
    let forged = example.send(
        ann,
        ("POST", &path),
        &[("origin", "https://evil.example")],
        json!({"app": "forms"}),
    );
    assert_eq!(forged.await.status(), 403, "a page of another site sent it");
}
