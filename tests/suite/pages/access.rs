//! Tokens and sessions in the console.

use serde_json::json;

use super::client::Browser;
use super::commands::signed_in_as;
use crate::harness::Server;

const NEW: &str = "/console/access/tokens/new";

#[actix_web::test]
async fn a_token_is_shown_once_and_its_end_ends_its_sessions() {
    let server = Server::start();
    let mut admin = Browser::signed_in(&server, &server.token).await;
    let form = admin.get(NEW).await;
    let (csrf, once) = (form.field("csrf"), form.field("once"));
    let fields = [
        ("csrf", &*csrf),
        ("once", &*once),
        ("name", "bob <i>"),
        ("role", "operator"),
    ];
    let made = admin.post(NEW, &fields).await;
    assert_eq!(made.status, 200, "{made:?}");
    assert!(!made.contains("<i>"), "{}", made.main());
    let words = made.words();
    let text = words
        .split(' ')
        .find(|word| word.starts_with("mdt_"))
        .unwrap();
    let again = admin.post(NEW, &fields).await;
    assert_eq!(
        again.location(),
        "/console/access?notice=made-already",
        "{again:?}"
    );
    let mut bob = Browser::signed_in(&server, text).await;
    let list = admin.get("/console/access").await;
    assert!(list.words().contains("bob <i>") && !list.contains(text));
    let before = list.text.split("/revoke\"").next().unwrap();
    let revoke = format!("{}/revoke", before.rsplit("href=\"").next().unwrap());
    assert_eq!(admin.submit(&revoke, &revoke, &[]).await.status, 303);
    assert_eq!(bob.get("/console").await.status, 303);
    let mut operator = signed_in_as(&server, "operator", &[]).await;
    for path in ["/console/access", NEW] {
        assert_eq!(operator.get(path).await.status, 403, "{path}");
    }
}

#[actix_web::test]
async fn all_sessions_of_a_token_or_a_person_end_at_once_and_that_is_on_record() {
    let server = Server::start();
    let mut admin = Browser::signed_in(&server, &server.token).await;
    let (_, bob) = server
        .make_token(json!({"name": "bob", "role": "operator"}))
        .await;
    let mut bobs = [
        Browser::signed_in(&server, &bob).await,
        Browser::signed_in(&server, &bob).await,
    ];
    let mut carol = signed_in_as(&server, "auditor", &[]).await;
    let device = json!({"source": "anns", "user": "ann@contoso.test"});
    let device = server.register(device).await;
    let mut anns = Vec::new();
    for _ in 0..2 {
        let path = format!("/devices/{device}/portal-links");
        let (_, made) = server.api("POST", &path, None).await;
        let url = made["url"].as_str().unwrap();
        let path = &url[url.find("/portal/link/").unwrap()..];
        let mut ann = Browser::new(&server.http);
        assert_eq!(ann.submit(path, path, &[]).await.status, 303);
        assert_eq!(ann.get("/portal/apps").await.status, 200);
        anns.push(ann);
    }

    // The form that ends all sessions of whom a row names.
    let end_of = async |admin: &mut Browser, who: &str| {
        let list = admin.get("/console/access").await;
        let rows = list.text.split("<tr>");
        let row = rows.filter(|row| row.contains("/subjects/"));
        let row = row.filter(|row| row.contains(who)).last();
        let row = row.unwrap_or_else(|| panic!("{who}: {}", list.main()));
        let (_, rest) = row.split_once("href=\"/console/access/subjects/").unwrap();
        format!(
            "/console/access/subjects/{}",
            rest.split('"').next().unwrap()
        )
    };
    let end = end_of(&mut admin, "bob").await;
    let asked = admin.get(&end).await;
    assert!(asked.words().contains("Signed in 2"), "{}", asked.words());
    assert_eq!(bobs[0].get("/console").await.status, 200);
    let csrf = carol.get("/console").await.field("csrf");
    assert_eq!(carol.post(&end, &[("csrf", &*csrf)]).await.status, 403);
    let ended = admin.submit(&end, &end, &[]).await;
    assert_eq!(ended.location(), "/console/access?notice=ended");
    for bob in &mut bobs {
        assert_eq!(bob.get("/console").await.status, 303);
    }
    assert_eq!(carol.get("/console").await.status, 200);
    // The token lives on.
    Browser::signed_in(&server, &bob).await;

    let end = end_of(&mut admin, "ann@contoso.test").await;
    assert!(end.contains("/subjects/person-"), "{end}");
    assert_eq!(admin.submit(&end, &end, &[]).await.status, 303);
    for ann in &mut anns {
        assert_eq!(ann.get("/portal/apps").await.status, 303);
    }
    let log = server.get("/events?type=session.ended").await;
    let details: Vec<&str> = log["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["detail"].as_str().unwrap())
        .collect();
    assert_eq!(details.len(), 2, "{details:?}");
    assert!(
        details[0].starts_with("2 sessions of the token "),
        "{details:?}"
    );
    assert!(
        details[1].starts_with("2 sessions of the person "),
        "{details:?}"
    );
    assert!(!log.to_string().contains("ann@"), "{log}");
    for nobody in [
        "token-0",
        "group-1",
        "person-00000000000000000000000000000000",
    ] {
        let path = format!("/console/access/subjects/{nobody}/end");
        assert_eq!(admin.get(&path).await.status, 404, "{nobody}");
    }
}
