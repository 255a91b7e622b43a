//! Forms: only this session's own pages send them, and what was entered is not lost.

use reqwest::Method;

use super::client::Browser;
use crate::harness::Server;

const OUT: &str = "/console/sign-out";

#[actix_web::test]
async fn a_form_of_another_site_or_session_changes_nothing() {
    let server = Server::start();
    let mut other = Browser::signed_in(&server, &server.token).await;
    let foreign = other.get("/console").await.field("csrf");
    let mut browser = Browser::signed_in(&server, &server.token).await;
    let own = browser.get("/console").await.field("csrf");
    let origin = server.http.clone();
    let cases: &[(&str, &[(&'static str, &str)])] = &[
        ("", &[]),
        (&foreign, &[]),
        (&foreign, &[("origin", &origin)]),
        (&own, &[("origin", "https://evil.example")]),
        (&own, &[("sec-fetch-site", "cross-site")]),
        (
            &own,
            &[("sec-fetch-site", "same-site"), ("origin", &origin)],
        ),
        (&own, &[("referer", "https://evil.example/console")]),
    ];
    for (csrf, headers) in cases {
        browser.headers = headers
            .iter()
            .map(|&(name, value)| (name, value.to_owned()))
            .collect();
        let page = browser.post(OUT, &[("csrf", csrf)]).await;
        assert_eq!(page.status, 403, "{csrf} {headers:?}");
        browser.headers.clear();
        assert_eq!(
            browser.get("/console").await.status,
            200,
            "{csrf} {headers:?}"
        );
    }
    for headers in [&[][..], &[("origin", &*origin)], &[("origin", "null")]] {
        let mut browser = Browser::signed_in(&server, &server.token).await;
        let own = browser.get("/console").await.field("csrf");
        browser.headers = headers
            .iter()
            .map(|&(name, value)| (name, value.to_owned()))
            .collect();
        let page = browser.post(OUT, &[("csrf", &own)]).await;
        assert_eq!(page.status, 303, "{headers:?}");
    }
}

#[actix_web::test]
async fn a_form_that_is_too_old_comes_back_with_what_was_entered() {
    let server = Server::start();
    let mut browser = Browser::signed_in(&server, &server.token).await;
    browser.headers.push(("origin", server.http.clone()));
    let page = browser
        .post(OUT, &[("csrf", "old"), ("reason", "a <b> & \"c\"")])
        .await;
    assert_eq!(page.status, 403);
    assert!(page.words().contains("a <b> & \"c\""), "{}", page.words());
    assert!(
        page.contains("value=\"a &#60;b&#62; &#38; &#34;c&#34;\""),
        "{}",
        page.main()
    );
    // It can be sent now.
    let csrf = page.field("csrf");
    assert_eq!(browser.post(OUT, &[("csrf", &csrf)]).await.status, 303);
    // Without a session too, but nothing is offered for a form of whoever.
    let page = browser
        .post(OUT, &[("csrf", "old"), ("reason", "mine")])
        .await;
    assert_eq!(page.status, 401);
    assert!(page.words().contains("mine") && page.words().contains("/console/sign-in"));
    browser.headers.clear();
    let page = browser
        .post(OUT, &[("csrf", "old"), ("reason", "mine")])
        .await;
    assert_eq!(page.status, 401);
    assert!(!page.contains("mine"), "{}", page.main());
}

#[actix_web::test]
async fn what_is_no_form_is_refused_as_a_page() {
    let server = Server::start();
    let mut browser = Browser::signed_in(&server, &server.token).await;
    let big = format!("csrf={}", "x".repeat(256 * 1024));
    let page = browser.send(Method::POST, OUT, Some(big)).await;
    assert_eq!(page.status, 413);
    let many = "a=b&".repeat(3_000);
    assert_eq!(
        browser.send(Method::POST, OUT, Some(many)).await.status,
        413
    );
    assert_eq!(
        browser
            .send(Method::POST, OUT, Some("csrf=%ff%fe".to_owned()))
            .await
            .status,
        403
    );
    let page = browser.send(Method::POST, OUT, None).await;
    assert_eq!(page.status, 415);
    assert_eq!(browser.get(OUT).await.status, 405);
    assert_eq!(browser.send(Method::PUT, OUT, None).await.status, 405);
    assert_eq!(
        browser.send(Method::POST, "/console", None).await.status,
        405
    );
    for page in [
        "/console/nothing",
        "/console/../console/nothing",
        "/portal/nothing",
    ] {
        let page = browser.get(page).await;
        assert_eq!(page.status, 404);
        assert!(page.words().contains("not found"));
        assert!(page.headers["content-security-policy"].starts_with("default-src 'none'"));
    }
    assert_eq!(browser.get("/console").await.status, 200);
}
