//! Signing in to the console: by a token, for as long as the token is in force.

use serde_json::json;

use super::client::Browser;
use crate::harness::Server;

#[actix_web::test]
async fn a_page_without_a_session_leads_to_the_sign_in_and_back() {
    let server = Server::start();
    let mut browser = Browser::new(&server.http);
    let page = browser.get("/console?notice=saved").await;
    assert_eq!(page.status, 303);
    assert_eq!(
        page.location(),
        "/console/sign-in?to=%2Fconsole%3Fnotice%3Dsaved"
    );
    let sign_in = browser.get(page.location()).await;
    let (csrf, to) = (sign_in.field("csrf"), sign_in.field("to"));
    let fields = [
        ("csrf", csrf.as_str()),
        ("to", &to),
        ("token", &server.token),
    ];
    let page = browser.post("/console/sign-in", &fields).await;
    assert_eq!(
        (page.status, page.location()),
        (303, "/console?notice=saved")
    );
    let home = browser.get(page.location()).await;
    assert_eq!(home.status, 200);
    assert!(home.words().contains("Saved."), "{}", home.words());
}

#[actix_web::test]
async fn who_has_no_token_or_the_wrong_one_stays_outside() {
    let server = Server::start_with(&[]);
    let mut browser = Browser::new(&server.http);
    for token in ["", "guess", &"x".repeat(10_000)] {
        let page = browser.sign_in(token).await;
        assert_eq!(page.status, 422);
        assert!(page.contains("This token is not known"));
        assert!(
            !page.contains("guess") && !page.contains("xxxxx"),
            "what was sent is shown"
        );
    }
    let body = json!({"name": "shop", "role": "portal"});
    let (status, made) = server.api("POST", "/tokens", Some(body)).await;
    assert_eq!(status, 201);
    let page = browser.sign_in(made["token"].as_str().unwrap()).await;
    assert_eq!(page.status, 422);
    assert!(page.contains("role portal"), "{}", page.main());
    // The fifth and the sixth wrong one within a minute.
    browser.sign_in("guess").await;
    browser.sign_in("guess").await;
    let page = browser.sign_in("guess").await;
    assert_eq!(page.status, 429);
    assert!(page.headers.contains_key("retry-after"));
    // The right one is taken still.
    assert_eq!(browser.sign_in(&server.token).await.status, 303);
}

#[actix_web::test]
async fn a_session_ends_with_its_token_and_by_signing_out() {
    let server = Server::start();
    let body = json!({"name": "bob", "role": "operator"});
    let (_, made) = server.api("POST", "/tokens", Some(body)).await;
    let mut bob = Browser::signed_in(&server, made["token"].as_str().unwrap()).await;
    let mut admin = Browser::signed_in(&server, &server.token).await;
    assert_eq!(bob.get("/console").await.status, 200);
    let id = made["id"].as_str().unwrap();
    let (status, _) = server.api("DELETE", &format!("/tokens/{id}"), None).await;
    assert_eq!(status, 204);
    assert_eq!(bob.get("/console").await.status, 303);

    let cookies = admin.cookies.clone();
    let page = admin.submit("/console", "/console/sign-out", &[]).await;
    assert_eq!((page.status, page.location()), (303, "/console/sign-in"));
    assert!(admin.cookies.is_empty(), "{:?}", admin.cookies);
    // Whoever kept the cookie is out, too.
    admin.cookies = cookies;
    assert_eq!(admin.get("/console").await.status, 303);
}

#[actix_web::test]
async fn signing_in_makes_a_key_that_nobody_knew_before() {
    let server = Server::start();
    let mut browser = Browser::new(&server.http);
    let planted = "0123456789abcdef".repeat(4);
    for name in ["mgc", "mgs"] {
        browser.cookies.insert(name.to_owned(), planted.clone());
    }
    let page = browser.sign_in(&server.token).await;
    assert_eq!(page.status, 303);
    assert_ne!(browser.cookies["mgc"], planted);
    for cookie in ["", "x", &"0".repeat(64), &"x".repeat(8_192)] {
        browser
            .cookies
            .insert("mgc".to_owned(), (*cookie).to_owned());
        assert_eq!(browser.get("/console").await.status, 303);
    }
}

#[actix_web::test]
async fn the_listener_of_pages_has_no_device_endpoint_and_that_of_devices_no_pages() {
    let server = Server::start();
    let told = server.announced();
    let ca = std::fs::read(server.dir.join("ca.pem")).unwrap();
    let client = reqwest::Client::builder()
        .tls_certs_only([reqwest::Certificate::from_pem(&ca).unwrap()])
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let (https, web) = (&told["listening"]["https"], &told["listening"]["web"]);
    let status = async |address: &serde_json::Value, path: &str| {
        let url = format!("https://{}{path}", address.as_str().unwrap());
        client.get(url).send().await.unwrap().status().as_u16()
    };
    assert_eq!(status(https, "/console").await, 404);
    assert_eq!(status(https, "/portal/apps").await, 404);
    assert_eq!(status(https, "/sync").await, 405);
    assert_eq!(status(web, "/sync").await, 404);
    assert_eq!(status(web, "/console").await, 303);
    assert_eq!(status(web, "/api/v1/devices").await, 401);
    let console = format!("https://{}/console", web.as_str().unwrap());
    assert_eq!(told["console"], console);
    let response = client
        .get(format!("{console}/sign-in"))
        .send()
        .await
        .unwrap();
    let cookie = response.headers()["set-cookie"].to_str().unwrap();
    assert!(
        cookie.starts_with("__Host-mgs=") && cookie.contains("; Secure; HttpOnly; SameSite=Lax")
    );
}

#[actix_web::test]
async fn a_host_that_is_not_named_is_not_served() {
    let server = Server::configured("[web]\nnames = ['mdm.contoso.com', '127.0.0.1']\n", &[]);
    let mut browser = Browser::new(&server.http);
    assert_eq!(browser.get("/console").await.status, 303);
    browser
        .headers
        .push(("host", "rebound.example:8444".to_owned()));
    let page = browser.get("/console").await;
    assert_eq!(page.status, 421);
    assert!(page.words().contains("web.names"), "{}", page.words());
}

#[actix_web::test]
async fn a_restart_signs_nobody_out_and_the_log_says_who_came_and_went() {
    let mut server = Server::start();
    let mut browser = Browser::signed_in(&server, &server.token).await;
    server.kill_and_restart();
    browser.base.clone_from(&server.http);
    assert_eq!(browser.get("/console").await.status, 200);
    browser.submit("/console", "/console/sign-out", &[]).await;
    let (_, events) = server.api("GET", "/events?actor=console:admin", None).await;
    let events = events["items"].as_array().unwrap().clone();
    let types: Vec<&str> = events
        .iter()
        .map(|event| event["type"].as_str().unwrap())
        .collect();
    assert_eq!(types, ["session.opened", "session.ended"]);
    let detail = events[0]["detail"].as_str().unwrap();
    assert!(detail.ends_with("of the console, by a token"), "{detail}");
    let log = events.iter().map(ToString::to_string).collect::<String>();
    assert!(
        !browser
            .cookies
            .values()
            .any(|key| log.contains(key.as_str()))
    );
}

#[actix_web::test]
async fn a_trusted_proxy_signs_its_user_in_and_nobody_else_does() {
    let settings = |trusted: &str| {
        format!("trusted_proxies = ['{trusted}']\n[web]\nuser_header = 'X-Remote-User'\n")
    };
    let server = Server::configured(&settings("127.0.0.1"), &[]);
    for (source, user) in [
        ("TABLET-7", "Ann@contoso.test"),
        ("TABLET-8", "ann@contoso.test"),
        ("TABLET-9", "bob@contoso.test"),
    ] {
        let body = json!({"source": source, "user": user});
        assert_eq!(server.api("POST", "/devices", Some(body)).await.0, 201);
    }
    let user = |name: &str| vec![("x-remote-user", name.to_owned())];
    let mut browser = Browser::new(&server.http);
    assert_eq!(
        browser.get("/portal/apps").await.status,
        303,
        "without the header"
    );
    browser.headers = user("ANN@contoso.test");
    let page = browser.get("/portal/apps?q=erp").await;
    assert_eq!((page.status, page.location()), (303, "/portal/apps?q=erp"));
    let page = browser.get("/portal/device").await;
    assert_eq!(page.status, 200);
    assert!(page.contains("TABLET-7") && page.contains("TABLET-8") && !page.contains("TABLET-9"));
    // The proxy signs another one in: the session of the first is not theirs.
    browser.headers = user("bob@contoso.test");
    assert_eq!(browser.get("/portal/device").await.status, 303);
    let page = browser.get("/portal/device").await;
    assert!(
        page.contains("TABLET-9") && !page.contains("TABLET-7"),
        "{}",
        page.main()
    );
    // Nobody's name, two names, and a console that the header is not for.
    browser.headers = user("eve@contoso.test");
    let page = browser.get("/portal/device").await;
    assert_eq!(page.status, 403);
    assert!(
        page.words().contains("no tablet is registered"),
        "{}",
        page.words()
    );
    assert_eq!(
        browser.get("/console").await.location(),
        "/console/sign-in?to=%2Fconsole"
    );
    let mut browser = Browser::new(&server.http);
    browser.headers = [user("bob@contoso.test"), user("ann@contoso.test")].concat();
    assert!(
        browser
            .get("/portal/apps")
            .await
            .location()
            .starts_with("/portal/sign-in")
    );

    let server = Server::configured(&settings("192.0.2.1"), &[]);
    let mut browser = Browser::new(&server.http);
    browser.headers = user("ann@contoso.test");
    let page = browser.get("/portal/apps").await;
    assert!(
        page.location().starts_with("/portal/sign-in"),
        "of no trusted peer"
    );
}

#[actix_web::test]
async fn files_that_browsers_keep_come_without_a_cookie() {
    let server = Server::start();
    let mut browser = Browser::new(&server.http);
    let page = browser.get("/console/sign-in").await;
    let (_, rest) = page.text.split_once("href=\"/assets/").unwrap();
    let file = format!("/assets/{}", rest.split('"').next().unwrap());
    let mut browser = Browser::new(&server.http);
    let page = browser.get(&file).await;
    assert_eq!(page.status, 200);
    assert!(browser.cookies.is_empty() && !page.headers.contains_key("vary"));
    assert!(page.headers["cache-control"].starts_with("public, max-age=31536000"));
    assert_eq!(page.headers["x-content-type-options"], "nosniff");
    assert_eq!(
        browser.get("/assets/0000000000000000/ui.css").await.status,
        404
    );
}
