//! Webhooks in the console.

use serde_json::json;

use super::client::{Browser, Page};
use super::commands::signed_in_as;
use crate::api::webhooks::{Receiver, hook};
use crate::harness::Server;
use crate::wait::{DEADLINE, eventually, seen};

const BASE: &str = "/console/access/webhooks";
const NEW: &str = "/console/access/webhooks/new";

/// The secret that a page shows.
fn secret(page: &Page) -> String {
    let words = page.words();
    let found = words.split(' ').find(|word| word.starts_with("whs_"));
    found
        .unwrap_or_else(|| panic!("no secret: {words}"))
        .to_owned()
}

#[actix_web::test]
async fn a_webhook_is_made_changed_and_deleted_and_its_secret_is_shown_once() {
    let server = Server::start();
    let mut admin = Browser::signed_in(&server, &server.token).await;
    let empty = admin.get(BASE).await;
    assert!(
        empty.words().contains("There is no webhook"),
        "{}",
        empty.words()
    );
    let wrong = [("url", "ftp://<i>"), ("secret", "s3cret")];
    let page = admin.submit(NEW, NEW, &wrong).await;
    assert_eq!(page.status, 422, "{page:?}");
    assert!(page.contains("id=\"f-url-error\"") || page.contains("id=\"f-secret-error\""));
    assert!(!page.contains("s3cret") && !page.contains("<i>"));

    let form = admin.get(NEW).await;
    let (csrf, once) = (form.field("csrf"), form.field("once"));
    let fields = [
        ("csrf", &*csrf),
        ("once", &*once),
        ("url", "https://hooks.example.test/a-capability"),
        ("event-alert.*", "1"),
        ("groups", "north"),
    ];
    let made = admin.post(NEW, &fields).await;
    assert_eq!(made.status, 200, "{made:?}");
    let first = secret(&made);
    let again = admin.post(NEW, &fields).await;
    assert!(
        again.location().ends_with("?notice=shown-already"),
        "{again:?}"
    );
    let here = again.location().split('?').next().unwrap().to_owned();
    let list = server.get("/webhooks").await;
    assert_eq!(list["items"].as_array().unwrap().len(), 1, "{list}");
    for path in [BASE, &here] {
        let page = admin.get(path).await;
        let words = page.words();
        assert!(words.contains("https://hooks.example.test") && words.contains("alert.*"));
        assert!(
            words.contains("nothing sent yet") && words.contains("north"),
            "{words}"
        );
        assert!(!page.contains(&first) && !page.contains("a-capability"));
    }

    // What is empty in the form of a change stays, but for events and groups.
    let edit = format!("{here}/edit");
    let none = admin.submit(&edit, &edit, &[("groups", "south")]).await;
    assert_eq!(none.status, 422, "no event: {none:?}");
    let change = [("event-install.failed", "1"), ("groups", "south")];
    let saved = admin.submit(&edit, &edit, &change).await;
    assert_eq!(saved.location(), format!("{here}?notice=saved"));
    let id = here.rsplit('/').next().unwrap().to_owned();
    let webhook = server.get(&format!("/webhooks/{id}")).await;
    assert_eq!(webhook["events"], json!(["install.failed"]));
    assert_eq!(webhook["groups"], json!(["south"]));
    assert_eq!(webhook["host"], "https://hooks.example.test");
    let ask = format!("{here}/secret");
    let rotated = admin.submit(&ask, &ask, &[("overlap_s", "60")]).await;
    assert_eq!(rotated.status, 200, "{rotated:?}");
    assert_ne!(secret(&rotated), first);
    let page = admin.get(&here).await;
    assert!(page.words().contains("The secret before signs until"));
    let given = admin
        .submit(&ask, &ask, &[("secret", "0123456789abcdef")])
        .await;
    assert_eq!(given.location(), format!("{here}?notice=saved"));
    let bad = admin.submit(&ask, &ask, &[("overlap_s", "soon")]).await;
    assert!(bad.contains("id=\"f-overlap_s-error\""), "{}", bad.main());

    let events = server.get("/events?type=webhook.changed").await.to_string();
    assert!(events.contains("events, groups") && !events.contains("a-capability"));
    let delete = format!("{here}/delete");
    assert_eq!(admin.submit(&delete, &delete, &[]).await.status, 303);
    assert_eq!(admin.get(&here).await.status, 404);
}

#[actix_web::test]
async fn a_test_and_what_failed_are_seen_and_sent_again() {
    let server = Server::start();
    let receiver = Receiver::start(&["500 No"]);
    let body = json!({"url": format!("{}/distinct-path", receiver.url)});
    let id = hook(&server, body).await["id"].as_str().unwrap().to_owned();
    let here = format!("{BASE}/{id}");
    let mut admin = Browser::signed_in(&server, &server.token).await;
    let sent = admin.submit(&here, &format!("{here}/test"), &[]).await;
    assert_eq!(sent.location(), format!("{here}?notice=tested"), "{sent:?}");
    receiver.until(1).await;
    let look = async || {
        let shown = server.get(&format!("/webhooks/{id}")).await;
        seen(shown, |shown| shown["failed_attempts"] == 1)
    };
    let standing = eventually(DEADLINE, look).await;
    assert_eq!(standing["waiting"], 1, "{standing}");
    assert!(
        standing["error"].as_str().unwrap().contains("500"),
        "{standing}"
    );
    let page = admin.get(BASE).await;
    assert!(page.words().contains("failing"), "{}", page.words());
    let page = admin.get(&here).await;
    let words = page.words();
    assert!(
        words.contains("500") && words.contains("webhook.test"),
        "{words}"
    );
    assert!(!page.contains("distinct-path"));

    let number = page.text.split("/deliveries/").nth(1).unwrap();
    let number = number.split('/').next().unwrap();
    let again = format!("{here}/deliveries/{number}/again");
    let sent = admin.submit(&here, &again, &[]).await;
    assert_eq!(
        sent.location(),
        format!("{here}?notice=sent-again"),
        "{sent:?}"
    );
    let listed = server.get(&format!("/webhooks/{id}/deliveries")).await;
    assert_eq!(listed["items"].as_array().unwrap().len(), 2, "{listed}");
    let csrf = admin.get(&here).await.field("csrf");
    for number in ["999", "x", "18446744073709551615"] {
        let path = format!("{here}/deliveries/{number}/again");
        assert_eq!(admin.post(&path, &[("csrf", &*csrf)]).await.status, 404);
    }
}

#[actix_web::test]
async fn webhooks_are_for_admins() {
    let server = Server::start();
    let body = json!({"url": "https://hooks.example.test/"});
    let id = hook(&server, body).await["id"].as_str().unwrap().to_owned();
    for role in ["operator", "auditor"] {
        let mut other = signed_in_as(&server, role, &[]).await;
        let csrf = other.get("/console").await.field("csrf");
        for path in [BASE.to_owned(), NEW.to_owned(), format!("{BASE}/{id}")] {
            assert_eq!(other.get(&path).await.status, 403, "{role} {path}");
        }
        for action in ["edit", "secret", "test", "delete"] {
            let path = format!("{BASE}/{id}/{action}");
            let refused = other.post(&path, &[("csrf", &*csrf)]).await;
            assert_eq!(refused.status, 403, "{role} {path}");
        }
    }
    let shown = server.get(&format!("/webhooks/{id}")).await;
    assert_eq!(shown["waiting"], 0, "{shown}");
}
