//! Who is not signed in by an identity provider, and what they read.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::provider::{Provider, Signer, Trouble, elliptic};
use super::{ANN, Site, ann};

#[actix_web::test]
async fn a_sign_in_comes_back_once_and_in_its_browser() {
    let site = Site::new();
    site.says(ann());
    let mut browser = site.browser("203.0.113.1");
    let back = site.leave(&mut browser, "/console/sign-in").await;
    let cookies = browser.cookies.clone();

    let mut stranger = site.browser("203.0.113.2");
    stranger.get("/console/sign-in").await;
    let page = stranger.get(&back).await;
    assert_eq!(page.status, 403);
    assert!(
        page.words().contains("not begun in this browser"),
        "{}",
        page.words()
    );
    let other_site = back.replacen("/console/", "/portal/", 1);
    assert_eq!(
        browser.get(&other_site).await.status,
        403,
        "begun in the console"
    );
    assert_eq!(
        site.provider.count("token"),
        0,
        "the provider was not asked"
    );

    assert_eq!(browser.get(&back).await.status, 303);
    let page = browser.get(&back).await;
    assert_eq!(page.status, 403, "the browser has forgotten it");
    browser.cookies = cookies;
    let page = browser.get(&back).await;
    assert_eq!(page.status, 410);
    assert!(page.words().contains("used already"), "{}", page.words());
    assert!(!page.contains("code-0"), "the code is on the page");
    assert_eq!(site.provider.count("token"), 1);

    for query in ["", "?state=x&code=y", "?code=y", "?state=%00"] {
        let mut browser = site.browser("203.0.113.3");
        let page = browser
            .get(&format!("/console/sign-in/oidc/return{query}"))
            .await;
        assert_eq!(page.status, 403, "{query}");
    }
}

#[actix_web::test]
async fn a_token_that_is_not_the_answer_to_this_sign_in_opens_nothing() {
    let site = Site::new();
    let long_ago = 1_000_000_000;
    let cases: [(&str, Value, Option<Signer>, &str); 9] = [
        (
            "nonce",
            json!({"nonce": "another"}),
            None,
            "for another sign-in",
        ),
        (
            "audience",
            json!({"aud": "other"}),
            None,
            "for another client",
        ),
        (
            "audiences",
            json!({"aud": ["modegate:console", "other"]}),
            None,
            "for another client",
        ),
        (
            "issuer",
            json!({"iss": format!("{}/", site.provider.issuer)}),
            None,
            "another issuer's",
        ),
        (
            "expired",
            json!({"exp": long_ago, "iat": long_ago - 9}),
            None,
            "has expired",
        ),
        (
            "early",
            json!({"iat": 9_000_000_000_u64, "exp": 9_000_000_009_u64}),
            None,
            "time to come",
        ),
        (
            "alg none",
            json!({}),
            Some(Signer::None),
            "no readable header",
        ),
        (
            "HMAC",
            json!({}),
            Some(Signer::Hmac),
            "not signed with a key",
        ),
        (
            "forged",
            json!({}),
            Some(elliptic("first").0),
            "signature does not fit",
        ),
    ];
    for (number, (name, change, signer, why)) in cases.into_iter().enumerate() {
        let mut claims = ann();
        for (claim, value) in change.as_object().unwrap() {
            claims[claim] = value.clone();
        }
        site.says(claims);
        if let Some(signer) = signer {
            site.provider.behaviour().signer = signer;
        }
        let mut browser = site.browser(&format!("203.0.113.{number}"));
        let page = site.sign_in(&mut browser, "/console/sign-in").await;
        assert_eq!(page.status, 403, "{name}: {page:?}");
        assert!(
            page.words().contains("could not be verified"),
            "{name}: {}",
            page.words()
        );
        assert_eq!(browser.get("/console/me").await.status, 303, "{name}");
        site.server.logged(why);
    }
    let log = site.server.log();
    assert!(
        !log.contains("eyJ") && !log.contains("s3cret") && !log.contains("code-"),
        "{log}"
    );
    let (_, events) = site
        .server
        .api("GET", "/events?type=session.opened", None)
        .await;
    assert_eq!(events["items"], json!([]));
}

#[actix_web::test]
async fn who_has_no_role_or_no_device_reads_why() {
    let site = Site::new();
    let attempt = async |page: &str, claims: Value, address: &str| {
        site.says(claims);
        let mut browser = site.browser(address);
        let page = site.sign_in(&mut browser, page).await;
        assert_eq!(page.status, 403, "{page:?}");
        page.words()
    };
    let groups = json!({"email": ANN, "email_verified": true, "groups": ["staff", "<b>all</b>"]});
    let words = attempt("/console/sign-in", groups, "203.0.113.1").await;
    assert!(
        words.contains("Found: groups = staff, <b>all</b>."),
        "{words}"
    );
    let words = attempt("/console/sign-in", json!({}), "203.0.113.1").await;
    assert!(words.contains("groups (absent)"), "{words}");
    let words = attempt("/portal/sign-in", ann(), "203.0.113.1").await;
    assert!(
        words.contains("No tablet is registered for Ann@contoso.test"),
        "{words}"
    );
    site.register("TABLET-7", ANN).await;
    let unverified = json!({"email": ANN, "email_verified": false, "groups": ["helpdesk"]});
    let words = attempt("/portal/sign-in", unverified, "203.0.113.1").await;
    assert!(
        words.contains("an e-mail address that it has verified"),
        "{words}"
    );

    // The texts are those of the visitor's language.
    site.says(json!({}));
    let mut browser = site.browser("203.0.113.2");
    let back = site.leave(&mut browser, "/portal/sign-in").await;
    browser.headers.push(("accept-language", "de".to_owned()));
    let page = browser.get(&back).await;
    assert!(
        page.words().contains("Sie sind nicht angemeldet"),
        "{}",
        page.words()
    );
}

#[actix_web::test]
async fn what_the_provider_reports_is_said_in_words() {
    let site = Site::new();
    for (number, (error, status, words)) in [
        ("access_denied", 403, "was cancelled or is not allowed"),
        (
            "invalid_scope%3Cb%3E",
            403,
            "with the error 'invalid_scopeb'",
        ),
        (
            "temporarily_unavailable",
            503,
            "does not answer as expected",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let mut browser = site.browser(&format!("203.0.113.{number}"));
        let back = site.leave(&mut browser, "/portal/sign-in").await;
        let (path, query) = back.split_once('?').unwrap();
        let (_, state) = query.split_once("state=").unwrap();
        let page = browser
            .get(&format!("{path}?error={error}&state={state}"))
            .await;
        assert_eq!(page.status, status, "{page:?}");
        assert!(page.words().contains(words), "{}", page.words());
    }
    // Another provider's response (RFC 9207).
    let mut browser = site.browser("203.0.113.9");
    let back = site.leave(&mut browser, "/portal/sign-in").await;
    let page = browser
        .get(&format!("{back}&iss=https%3A%2F%2Fother.test"))
        .await;
    assert_eq!(page.status, 403);
    assert_eq!(site.provider.count("token"), 0);
}

#[actix_web::test]
async fn a_provider_that_does_not_answer_is_said_so_and_holds_nothing_up() {
    for trouble in [
        Trouble::Huge,
        Trouble::Garbage,
        Trouble::Redirect,
        Trouble::Error,
        Trouble::Slow,
    ] {
        for endpoint in ["openid-configuration", "keys", "token"] {
            if trouble == Trouble::Slow && endpoint != "openid-configuration" {
                continue;
            }
            let site = Site::new();
            site.says(ann());
            site.provider.behaviour().trouble.insert(endpoint, trouble);
            let mut browser = site.browser("203.0.113.1");
            let begun = Instant::now();
            let starting = async {
                match endpoint {
                    "openid-configuration" => browser.get("/console/sign-in/oidc").await,
                    _ => site.sign_in(&mut browser, "/console/sign-in").await,
                }
            };
            let health = async {
                let begun = Instant::now();
                let (status, _) = site.server.api("GET", "/devices", None).await;
                (status, begun.elapsed())
            };
            let (page, (status, took)) = tokio::join!(starting, health);
            assert_eq!(page.status, 503, "{trouble:?} {endpoint}: {page:?}");
            assert_eq!(page.headers["retry-after"], "10");
            assert!(page.words().contains("Contoso does not answer as expected"));
            assert!(
                begun.elapsed() < Duration::from_secs(15),
                "{:?}",
                begun.elapsed()
            );
            assert!(status == 200 && took < Duration::from_secs(5), "{took:?}");
        }
    }
}

#[actix_web::test]
async fn a_provider_with_another_issuer_is_none_and_the_server_starts_without_it() {
    let provider = Provider::start(None);
    provider.behaviour().metadata = json!({"issuer": "https://login.contoso.test/{tenantid}"});
    let site = Site::start(provider, "");
    assert_eq!(
        site.provider.count("openid-configuration"),
        0,
        "nobody has asked yet"
    );
    let mut browser = site.browser("203.0.113.1");
    assert_eq!(browser.get("/console/sign-in/oidc").await.status, 503);
    site.server.logged("expected the issuer");
    // What failed a moment ago is not asked for again.
    assert_eq!(browser.get("/portal/sign-in/oidc").await.status, 503);
    assert_eq!(site.provider.count("openid-configuration"), 1);
    // The other ways to sign in are open.
    let page = browser.sign_in(&site.server.token).await;
    assert_eq!(page.status, 303);
}

#[actix_web::test]
async fn without_the_settings_there_is_no_link_and_no_page() {
    let server = crate::harness::Server::start();
    let mut browser = super::Browser::new(&server.http);
    for page in ["/console/sign-in", "/portal/sign-in"] {
        let page = browser.get(page).await;
        assert!(!page.contains("/oidc"), "{}", page.main());
    }
    for path in ["/console/sign-in/oidc", "/portal/sign-in/oidc/return"] {
        assert_eq!(browser.get(path).await.status, 404, "{path}");
    }
}
