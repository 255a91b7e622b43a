//! What belongs to somebody else is not there; what others named is text.

use serde_json::json;

use super::{app, install_in, person, tablet_of, tap};
use crate::harness::Server;
use crate::pages::client::Page;

/// The page without what names the request itself.
fn without_ids(page: &Page) -> String {
    let (before, rest) = page.text.split_once("<span class=\"code\">").unwrap();
    let (_, after) = rest.split_once("</span>").unwrap();
    // The footer has the address and the time.
    let after = after.split("<footer").next().unwrap();
    // So has the navigation, of where one is.
    format!("{before}{after}").replace(" aria-current=\"page\"", "")
}

#[actix_web::test]
async fn anothers_things_are_as_absent_as_what_never_was() {
    let server = Server::start();
    let (anns, bobs) = (
        tablet_of(&server, "TABLET-7", "ann").await,
        tablet_of(&server, "TABLET-8", "bob").await,
    );
    app(&server, "erp", "ERP", "1.1").await;
    app(&server, "maps", "Field maps", "2.0").await;
    let mut ann = person(&server, &anns).await;
    let mut bob = person(&server, &bobs).await;
    let bobs_request = install_in(&tap(&mut bob, &bobs, "erp").await);
    // On her own tablet, but asked for by the helpdesk.
    let path = format!("/devices/{anns}/installs");
    let (_, helpdesks) = server
        .api("POST", &path, Some(json!({"app": "maps"})))
        .await;
    let nobody = "0".repeat(32);
    let absent = ann.get(&format!("/portal/installs/{nobody}-i1")).await;
    assert_eq!(absent.status, 404);
    for path in [
        format!("/portal/installs/{bobs_request}"),
        format!("/portal/installs/{}", helpdesks["id"].as_str().unwrap()),
        format!("/portal/installs/{bobs_request}?since=1"),
        "/portal/installs/nonsense".to_owned(),
        format!("/portal/apps?device={bobs}"),
        format!("/portal/apps?device={nobody}"),
        "/portal/apps?device=nonsense".to_owned(),
        format!("/portal/apps/erp?device={bobs}"),
        format!("/portal/device?device={bobs}"),
        "/portal/apps/nothing".to_owned(),
    ] {
        let page = ann.get(&path).await;
        assert_eq!(page.status, 404, "{path}");
        assert_eq!(without_ids(&page), without_ids(&absent), "{path}");
    }
    let csrf = ann.get("/portal/apps").await.field("csrf");
    for (path, device) in [
        (format!("/portal/installs/{bobs_request}/take-back"), ""),
        ("/portal/installs".to_owned(), bobs.as_str()),
        ("/portal/installs".to_owned(), "nonsense"),
    ] {
        let fields = [("csrf", csrf.as_str()), ("device", device), ("app", "erp")];
        let page = ann.post(&path, &fields).await;
        assert_eq!(page.status, 404, "{path} {device}");
        assert_eq!(without_ids(&page), without_ids(&absent), "{path}");
    }
    let words = bob
        .get(&format!("/portal/installs/{bobs_request}"))
        .await
        .words();
    assert!(
        words.contains("Take back"),
        "his request is as it was: {words}"
    );
    assert!(!ann.get("/portal/requests").await.words().contains("ERP"));
    // An operator's session is no person's.
    let events = server
        .get("/events?limit=200")
        .await
        .to_string()
        .to_lowercase();
    assert!(events.contains("portal:"), "{events}");
    assert!(
        !events.contains("\"ann\"") && !events.contains("portal:ann"),
        "{events}"
    );
}

#[actix_web::test]
async fn hostile_names_are_text_on_every_page() {
    let server = Server::start();
    let hostile = "\u{202e}<img src=x onerror=alert(1)>\"'&😀";
    let source = format!("T{}", &hostile[3..]);
    let device = tablet_of(&server, &source, hostile).await;
    let name = format!("{hostile}{}", "W".repeat(100));
    let app = json!({"id": "evil", "name": name, "description": hostile, "version": "1", "job_data": "<Job/>"});
    server.catalogue(app).await;
    let mut ann = person(&server, &device).await;
    let request = tap(&mut ann, &device, "evil").await;
    let request = request.location().to_owned();
    for path in [
        "/portal/apps",
        "/portal/apps/evil",
        &request,
        "/portal/requests",
        "/portal/device",
    ] {
        let page = ann.get(path).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(!page.contains("<img src=x"), "{path}: {}", page.text);
        assert!(
            page.contains("&#60;img src=x onerror=alert(1)&#62;&#34;&#39;&#38;"),
            "{path}"
        );
        // What turns the direction of writing is kept inside its own element.
        for part in page.main().split('\u{202e}').skip(1) {
            let close = part.find("</bdi>").unwrap_or(usize::MAX);
            let open = part.find("<bdi>").unwrap_or(usize::MAX - 1);
            let is_hidden = part.contains("</span></button>") || part.contains("</span></a>");
            assert!(
                close < open || is_hidden || part.contains("\">"),
                "{path}: {part}"
            );
        }
    }
}
