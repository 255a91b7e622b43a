//! Policies in the console.

use super::client::Browser;
use super::commands::signed_in_as;
use crate::harness::Server;

const TRY: &str = "/console/policies/try";

#[actix_web::test]
async fn the_matrix_and_the_explanation_say_what_the_engine_decides() {
    let server = Server::start();
    let mut auditor = signed_in_as(&server, "auditor", &[]).await;
    let page = auditor.get("/console/policies").await;
    assert!(
        page.words().contains("81.wns-configuration"),
        "{}",
        page.words()
    );
    assert!(
        page.words()
            .contains("MUST only happen when MDMAgent runs in the Maintenance mode")
    );
    let page = auditor.get("/console/policies/matrix").await;
    assert!(
        page.words().contains("withhold floor.machine"),
        "{}",
        page.words()
    );
    let asked = "/console/policies/explain?mode=Machine&kind=wns_configuration";
    let page = auditor.get(asked).await;
    assert!(
        page.words().contains("It would go in Maintenance."),
        "{}",
        page.words()
    );
    let page = auditor
        .get("/console/policies/explain?mode=Nothing&kind=lock")
        .await;
    assert!(page.contains("id=\"f-mode-error\""), "{}", page.main());

    let mut bound = signed_in_as(&server, "operator", &["north"]).await;
    let page = bound.get("/console/policies").await;
    assert!(!page.words().contains("81.wns-configuration"));
    for path in ["/console/policies/matrix", asked, TRY] {
        assert_eq!(bound.get(path).await.status, 403, "{path}");
    }
    let csrf = page.field("csrf");
    let refused = bound
        .post("/console/policies/reload", &[("csrf", &*csrf)])
        .await;
    assert_eq!(refused.status, 403);
}

#[actix_web::test]
async fn a_file_is_tried_without_coming_into_force() {
    let server = Server::start();
    let mut admin = Browser::signed_in(&server, &server.token).await;
    let before = server.get("/policies").await["digest"].clone();
    let faulty = [
        ("name", "mine.toml"),
        ("text", "[[rule]]\nid = 'x'\neffect = 'maybe'\n"),
    ];
    let page = admin.submit(TRY, TRY, &faulty).await;
    assert_eq!(page.status, 422, "{page:?}");
    assert!(page.words().contains("mine.toml:3:"), "{}", page.words());
    let text = "[[rule]]\nid = 'no-lock'\neffect = 'refuse'\nkind = ['lock']\n";
    let page = admin
        .submit(TRY, TRY, &[("name", "mine.toml"), ("text", text)])
        .await;
    assert_eq!(page.status, 200, "{page:?}");
    assert!(
        page.words().contains("refuse (no-lock)"),
        "{}",
        page.words()
    );
    assert_eq!(server.get("/policies").await["digest"], before);
    let page = admin
        .submit("/console/policies", "/console/policies/reload", &[])
        .await;
    assert_eq!(
        page.location(),
        "/console/policies?notice=reloaded",
        "{page:?}"
    );
}
