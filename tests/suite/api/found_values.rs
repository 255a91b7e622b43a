//! What a fault found: shown where it is no secret, and where it may be one, its place
//! and kind.

use serde_json::{Value, json};

use crate::harness::Server;

/// Stands where something must not be shown.
const SECRET: &str = "s3cretS3CRET";

fn pem(label: &str, body: &str) -> String {
    format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
}

fn webhook(url: &str) -> Value {
    json!({"url": url})
}

fn licence(text: &str) -> Value {
    json!({"name": "n", "version": "1", "licence": text})
}

fn download(url: &str) -> Value {
    json!({"name": "n", "version": "1", "urls": [url]})
}

fn install(certificate: &str) -> Value {
    json!({"type": "certificate_install", "certificate": certificate})
}

fn wifi(profile: &str) -> Value {
    json!({"type": "wifi_profile", "name": "n", "profile": profile})
}

/// A body, the field that is wrong with it, and what the answer says was found.
type Case = (&'static str, Value, &'static str, String);

fn of_urls() -> Vec<Case> {
    let hook = |url: &str, found: &str| ("/webhooks", webhook(url), "url", found.to_owned());
    let package = |url: &str, found: &str| ("/apps", download(url), "urls[0]", found.to_owned());
    vec![
        hook("http://hooks.test:81/x", "'http://hooks.test:81/…'"),
        hook(
            &format!("http://hooks.test/{SECRET}?key={SECRET}"),
            "'http://hooks.test/…?…'",
        ),
        hook(
            &format!("https://u:{SECRET}@hooks.test/"),
            "'https://***@hooks.test'",
        ),
        hook(
            &format!("https://hooks.test/#{SECRET}"),
            "'https://hooks.test#…'",
        ),
        hook("https://10.1.2.3/x", "'https://10.1.2.3/…'"),
        hook(
            &format!("https://u:{SECRET}@[/"),
            "25 bytes that are no URL",
        ),
        hook(&format!("hooks.test/{SECRET}"), "'hooks.test…'"),
        package(
            &format!("http://cdn.test/a.appx?sig={SECRET}"),
            "'http://cdn.test/…?…'",
        ),
        package(
            &format!("https://{SECRET}@cdn.test/a.appx"),
            "'https://***@cdn.test/…'",
        ),
    ]
}

fn of_certificates(bind: &'static str, commands: &'static str) -> Vec<Case> {
    let bound = |text: String, found: &str| (bind, json!({"pem": text}), "pem", found.to_owned());
    let sent = |text: &str, found: &str| (commands, install(text), "certificate", found.to_owned());
    vec![
        bound("text".to_owned(), "none"),
        bound(pem("PRIVATE KEY", SECRET), "PRIVATE KEY in line 1"),
        bound(
            format!(
                "\n\n{}",
                pem("CERTIFICATE", &format!("{SECRET}\n*{SECRET}"))
            ),
            "something else in CERTIFICATE in line 5",
        ),
        bound(
            format!("-----BEGIN CERTIFICATE-----\n{SECRET}"),
            "none for CERTIFICATE in line 1",
        ),
        bound(
            format!("-----BEGIN {SECRET}"),
            "none for a section of another kind in line 1",
        ),
        bound(pem(SECRET, "AAAA"), "a section of another kind in line 1"),
        bound(
            pem("TRUSTED CERTIFICATE", SECRET),
            "TRUSTED CERTIFICATE: convert it (openssl x509 -in FILE)",
        ),
        sent(
            &pem("PRIVATE KEY", SECRET),
            "PEM of something that is no CERTIFICATE",
        ),
        sent(SECRET, "base64 of 9 bytes that are no certificate"),
        sent(&format!("*{SECRET}"), "13 characters that are no base64"),
    ]
}

fn of_documents(commands: &'static str) -> Vec<Case> {
    let of_app = |text: &str, found: &str| ("/apps", licence(text), "licence", found.to_owned());
    let of_wifi = |text: &str, found: &str| (commands, wifi(text), "profile", found.to_owned());
    vec![
        of_app(
            SECRET,
            "text outside of the root element in line 1, column 1",
        ),
        of_app(
            &format!("<!DOCTYPE {SECRET}><a/>"),
            "a DTD in line 1, column 1",
        ),
        of_app(
            &format!("<a>\n  <{SECRET}>\n</a>"),
            "a tag that is broken, open or does not match in line 3, column 1",
        ),
        of_app(
            &format!("<a k='{SECRET}'"),
            "a tag that is broken, open or does not match in line 1, column 1",
        ),
        of_wifi(
            &format!("<a>\n<k>&{SECRET};</k></a>"),
            "a reference that XML does not define in line 2, column 4",
        ),
    ]
}

fn of_others(commands: &'static str) -> Vec<Case> {
    let past = "2020-01-01T00:00:00Z";
    let shown = "2020-01-01T00:00:00.000Z".to_owned();
    let token = |more: Value| {
        let mut body = json!({"name": "t", "role": "auditor"});
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        body
    };
    let versions = json!([{"version": "1.0"}, {"version": "1.0"}]);
    vec![
        (
            "/tokens",
            token(json!({"expires_at": past})),
            "expires_at",
            shown.clone(),
        ),
        (
            "/tokens",
            json!({"name": "t", "role": "admin", "groups": ["a", "b"]}),
            "groups",
            "2".to_owned(),
        ),
        (
            "/apps",
            json!({"name": "n", "versions": versions}),
            "versions[1].version",
            "'1.0' twice".to_owned(),
        ),
        (
            commands,
            json!({"type": "lock_workstation", "expires_at": past}),
            "expires_at",
            shown,
        ),
        (
            commands,
            json!({"type": "raw", "verb": "Get", "loc_uri": "./cimv2/A/A.B=\"x"}),
            "loc_uri",
            "'./cimv2/A/A.B=\"x'".to_owned(),
        ),
        (
            commands,
            json!({"type": "inventory", "classes": ["./cimv2/A/A.B=\"x"]}),
            "classes[0]",
            "'./cimv2/A/A.B=\"x'".to_owned(),
        ),
        (
            commands,
            json!({"type": "reset_user_password", "user": "u;v", "password": SECRET}),
            "user",
            "U+003B as character 2".to_owned(),
        ),
        (
            "/webhooks",
            json!({"url": "https://hooks.test/", "secret": "short"}),
            "secret",
            "5".to_owned(),
        ),
    ]
}

#[tokio::test]
async fn a_fault_shows_what_was_found_and_no_secret() {
    let server = Server::start();
    let device = server.register_tablet("s").await;
    let bind: &'static str = format!("/devices/{device}/certificates").leak();
    let commands: &'static str = format!("/devices/{device}/commands").leak();
    let (mut cases, mut wrong) = (of_urls(), Vec::new());
    cases.extend(of_certificates(bind, commands));
    cases.extend(of_documents(commands));
    cases.extend(of_others(commands));
    for (path, body, field, found) in cases {
        let (status, problem) = server.api("POST", path, Some(body)).await;
        let detail = problem["detail"].as_str().unwrap_or_default();
        let is_right = status == 422
            && problem["field"] == field
            && detail.ends_with(&format!(", found {found}"))
            && !problem.to_string().contains(SECRET);
        if !is_right {
            wrong.push(format!("{field}, found {found}: {problem}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // What is registered already is shown as it was sent.
    let (status, problem) = server
        .api("POST", "/devices", Some(json!({"source": "s"})))
        .await;
    assert_eq!(status, 409, "{problem}");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.ends_with("found 's'"), "{detail}");
}
