//! Signing in by a one-time link or by its code.

use serde_json::json;

use super::{link_for, path_of, person, tablet_of};
use crate::harness::Server;
use crate::pages::client::Browser;

#[actix_web::test]
async fn looking_at_a_link_uses_nothing_up_and_taking_it_works_once() {
    let server = Server::start();
    let device = tablet_of(&server, "TABLET-7", "ann@contoso.com").await;
    let link = path_of(&link_for(&server, &device).await);
    for _ in 0..3 {
        // As a program that checks mail does.
        let page = Browser::new(&server.http).get(&link).await;
        assert_eq!(page.status, 200);
        let words = page.words();
        assert!(
            words.contains("ann@contoso.com") && words.contains("TABLET-7"),
            "{words}"
        );
        let secret = link.rsplit('/').next().unwrap();
        let footer = page.text.split("<footer").nth(1).unwrap();
        assert!(!footer.contains(secret), "the link is printed: {footer}");
    }
    let mut ann = Browser::new(&server.http);
    let page = ann.submit(&link, &link, &[]).await;
    assert_eq!((page.status, page.location()), (303, "/portal/apps"));
    let apps = ann.get("/portal/apps").await;
    assert_eq!(apps.status, 200);
    assert!(apps.contains("ann@contoso.com"));
    // Nobody else gets in by it, and the log of the server does not have it.
    let mut other = Browser::new(&server.http);
    let page = other.get(&link).await;
    assert_eq!(page.status, 410);
    assert!(page.words().contains("used already"), "{}", page.words());
    assert!(page.words().contains("Ask the helpdesk for a new link"));
    let csrf = other.get("/portal/sign-in").await.field("csrf");
    let page = other.post(&link, &[("csrf", &csrf)]).await;
    assert_eq!(
        (page.status, other.get("/portal/apps").await.status),
        (410, 303)
    );
    assert!(!server.log().contains(link.rsplit('/').next().unwrap()));
    // Without the form's token nothing is taken.
    let second = path_of(&link_for(&server, &device).await);
    let page = Browser::new(&server.http).post(&second, &[]).await;
    assert_eq!(page.status, 403);
    assert!(!server.log().contains(second.rsplit('/').next().unwrap()));
    assert_eq!(Browser::new(&server.http).get(&second).await.status, 200);
}

#[actix_web::test]
async fn a_code_is_taken_as_people_type_it_and_tries_are_few() {
    let server = Server::start();
    let device = tablet_of(&server, "TABLET-7", "ann").await;
    let code = link_for(&server, &device).await["code"]
        .as_str()
        .unwrap()
        .to_owned();
    let mut ann = Browser::new(&server.http);
    let to = "/portal/device";
    let page = ann.get(to).await;
    assert_eq!(page.location(), "/portal/sign-in?to=%2Fportal%2Fdevice");
    let sign_in = page.location().to_owned();
    for (typed, words) in [
        ("", "eight letters and digits"),
        ("7F3K", "eight letters and digits"),
        ("not a code at all, is it", "eight letters and digits"),
    ] {
        let fields = [("to", to), ("code", typed)];
        let page = ann.submit(&sign_in, "/portal/sign-in", &fields).await;
        assert_eq!(page.status, 422);
        assert!(page.words().contains(words), "{}", page.words());
        assert!(page.contains("<title>Error: "));
    }
    let other = if code.ends_with('0') { '1' } else { '0' };
    let wrong = format!("{}{other}", &code[..8]);
    let page = ann
        .submit(&sign_in, "/portal/sign-in", &[("to", to), ("code", &wrong)])
        .await;
    assert_eq!(page.status, 422);
    assert!(page.words().contains("not right"), "{}", page.words());
    let typed = format!(" {} ", code.to_lowercase().replace('-', " "));
    let page = ann
        .submit(&sign_in, "/portal/sign-in", &[("to", to), ("code", &typed)])
        .await;
    assert_eq!((page.status, page.location()), (303, to));
    // That was the second of five within a minute; a right one would not be looked at either.
    let fresh = link_for(&server, &device).await["code"]
        .as_str()
        .unwrap()
        .to_owned();
    let mut guesser = Browser::new(&server.http);
    for _ in 0..3 {
        let fields = [("to", ""), ("code", "0000-0000")];
        let page = guesser
            .submit("/portal/sign-in", "/portal/sign-in", &fields)
            .await;
        assert_eq!(page.status, 422);
    }
    let fields = [("to", ""), ("code", fresh.as_str())];
    let page = guesser
        .submit("/portal/sign-in", "/portal/sign-in", &fields)
        .await;
    assert_eq!(page.status, 429);
    assert!(page.headers.contains_key("retry-after"));
    assert!(page.words().contains("Wait "), "{}", page.words());
    assert_eq!(guesser.get("/portal/apps").await.status, 303);
}

#[actix_web::test]
async fn a_link_ends_when_the_tablet_is_given_away_or_the_helpdesk_ends_it() {
    let server = Server::start();
    let device = tablet_of(&server, "TABLET-7", "ann").await;
    let (first, second) = (
        link_for(&server, &device).await,
        link_for(&server, &device).await,
    );
    let end = format!(
        "/devices/{device}/portal-links/{}",
        second["id"].as_str().unwrap()
    );
    let (status, _) = server.api("DELETE", &end, None).await;
    assert!((200..300).contains(&status), "{status}");
    let mut browser = Browser::new(&server.http);
    let page = browser.get(&path_of(&second)).await;
    assert_eq!(page.status, 410);
    assert!(page.words().contains("withdrawn"), "{}", page.words());
    let mut ann = person(&server, &device).await;
    let change = json!({"user": "bob"});
    let path = format!("/devices/{device}");
    assert_eq!(server.api("PATCH", &path, Some(change)).await.0, 200);
    let page = browser.get(&path_of(&first)).await;
    assert_eq!(page.status, 410);
    assert!(
        page.words().contains("given to somebody else"),
        "{}",
        page.words()
    );
    assert!(!page.contains("bob"));
    // Whoever was signed in has no tablet any more.
    let page = ann.get("/portal/apps").await;
    assert_eq!(page.status, 200);
    assert!(
        page.words().contains("No tablet is yours"),
        "{}",
        page.words()
    );
    assert!(!page.contains("TABLET-7") && !page.contains("bob"));
    let page = browser.get("/portal/link/nothing").await;
    assert_eq!(page.status, 404);
    assert!(
        page.words().contains("There is no such link"),
        "{}",
        page.words()
    );
}

#[actix_web::test]
async fn signing_out_ends_the_session_and_the_console_is_not_the_portals() {
    let server = Server::start();
    let device = tablet_of(&server, "TABLET-7", "ann").await;
    let mut ann = person(&server, &device).await;
    let page = ann.get("/console").await;
    assert_eq!(page.status, 303, "{page:?}");
    let mut operator = Browser::signed_in(&server, &server.token).await;
    assert_eq!(operator.get("/portal/apps").await.status, 303);
    let kept = ann.cookies.clone();
    let page = ann.submit("/portal/apps", "/portal/sign-out", &[]).await;
    assert_eq!((page.status, page.location()), (303, "/portal/sign-in"));
    ann.cookies = kept;
    assert_eq!(ann.get("/portal/apps").await.status, 303);
}
