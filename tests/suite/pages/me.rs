//! Who looks, and their sessions.

use super::client::Browser;
use super::commands::signed_in_as;
use crate::harness::Server;

/// The address that ends the first session of a page which is that of whoever looks, or not.
fn end_of(page: &super::client::Page, is_own: bool) -> String {
    let rows = page.text.split("<tr>").skip(2);
    let mut rows = rows.filter(|row| row.contains("this one") == is_own);
    let row = rows.next().unwrap_or_else(|| panic!("{}", page.main()));
    let (_, rest) = row.split_once("action=\"").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

#[actix_web::test]
async fn one_ends_ones_own_sessions_and_an_admin_those_of_all() {
    let server = Server::start();
    let mut here = Browser::signed_in(&server, &server.token).await;
    let mut there = Browser::signed_in(&server, &server.token).await;
    let mut ann = signed_in_as(&server, "auditor", &["north"]).await;
    let page = ann.get("/console/me").await;
    assert!(page.words().contains("north") && page.words().contains("auditor"));
    let mine = here.get("/console/me").await;
    let other = end_of(&mine, false);
    // Another's session looks like none.
    let csrf = page.field("csrf");
    assert_eq!(ann.post(&other, &[("csrf", &*csrf)]).await.status, 404);
    assert_eq!(there.get("/console").await.status, 200);
    let ended = here.submit("/console/me", &other, &[]).await;
    assert_eq!(ended.location(), "/console/me?notice=ended");
    assert_eq!(there.get("/console").await.status, 303);
    let all = here.get("/console/access").await;
    let (_, sessions) = all.text.split_once("<h2>Signed in</h2>").unwrap();
    let sessions = super::client::Page {
        text: format!("<main{sessions}"),
        ..all.clone()
    };
    let anns = end_of(&sessions, false);
    assert_eq!(here.submit("/console/access", &anns, &[]).await.status, 303);
    assert_eq!(ann.get("/console").await.status, 303);
}
