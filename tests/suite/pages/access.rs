//! Tokens and sessions in the console.

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
