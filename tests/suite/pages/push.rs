//! Push profiles in the console.

use super::client::Browser;
use super::commands::signed_in_as;
use crate::harness::Server;

const NEW: &str = "/console/push/new";
const PFN: &str = "52314Publisher.TestWNS_t6e9vsyjkrw9w";
const SID: &str = "ms-app://S-1-15-2-1-2-3-4-5-6-7";

#[actix_web::test]
async fn an_admin_adds_changes_and_deletes_a_profile_and_its_secret_is_never_shown() {
    let server = Server::start();
    let mut admin = Browser::signed_in(&server, &server.token).await;
    let empty = admin.get("/console/push").await;
    assert!(
        empty.words().contains("There is no push profile"),
        "{}",
        empty.words()
    );
    let wrong = [("pfn", "<i>"), ("sid", SID), ("secret", "s3cret")];
    let page = admin.submit(NEW, NEW, &wrong).await;
    assert_eq!(page.status, 422, "{page:?}");
    assert!(page.contains("id=\"f-pfn-error\""), "{}", page.main());
    assert!(!page.contains("s3cret") && !page.contains("<i>"));
    let good = [
        ("pfn", PFN),
        ("sid", SID),
        ("secret", "s3cret"),
        ("groups", "north"),
    ];
    let page = admin.submit(NEW, NEW, &good).await;
    assert_eq!(page.status, 303, "{page:?}");
    let here = page.location().split('?').next().unwrap().to_owned();
    let page = admin.get(&here).await;
    assert!(page.words().contains(PFN) && page.words().contains("north"));
    assert!(!page.contains("s3cret"));
    let checked = admin.submit(&here, &format!("{here}/check"), &[]).await;
    assert!(
        checked.location().ends_with("?notice=checked"),
        "{checked:?}"
    );

    let mut bound = signed_in_as(&server, "auditor", &["south"]).await;
    assert_eq!(bound.get(&here).await.status, 404);
    let mut operator = signed_in_as(&server, "operator", &[]).await;
    let page = operator.get(&here).await;
    assert!(!page.contains("/delete\"") && !page.contains("/edit\""));
    let csrf = page.field("csrf");
    for path in [
        format!("{here}/check"),
        format!("{here}/delete"),
        NEW.to_owned(),
    ] {
        let refused = operator.post(&path, &[("csrf", &*csrf)]).await;
        assert_eq!(refused.status, 403, "{path}");
    }

    let edit = format!("{here}/edit");
    let change = [("pfn", PFN), ("sid", SID), ("app_id", "other")];
    let page = admin.submit(&edit, &edit, &change).await;
    assert_eq!(page.status, 303, "{page:?}");
    let id = here.rsplit('/').next().unwrap();
    let profile = server.get(&format!("/push-profiles/{id}")).await;
    assert_eq!(profile["app_id"], "other");
    let delete = format!("{here}/delete");
    assert_eq!(admin.submit(&delete, &delete, &[]).await.status, 303);
    assert_eq!(admin.get(&here).await.status, 404);
}
