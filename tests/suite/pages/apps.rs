//! The catalogue and installs in the console.

use serde_json::json;

use super::client::Browser;
use super::commands::signed_in_as;
use crate::harness::{Server, catalogue_app};

const NEW: &str = "/console/apps/new";
const PACKAGE: &str = "52314Publisher.TestWNS_1.1.0.0_x86__t6e9vsyjkrw9w";

#[actix_web::test]
async fn an_app_is_added_changed_and_deleted_by_forms() {
    let server = Server::start();
    let mut browser = signed_in_as(&server, "operator", &[]).await;
    let empty = browser.get("/console/apps").await;
    assert!(
        empty.words().contains("No app is in the catalogue yet"),
        "{}",
        empty.words()
    );
    let wrong = [
        ("id", "erp"),
        ("name", "ERP <i>"),
        ("package_full_name", PACKAGE),
        ("urls", "http://insecure.example/erp.appx"),
        ("licence", "<Licence>s3cret</Licence>"),
    ];
    let page = browser.submit(NEW, NEW, &wrong).await;
    assert_eq!(page.status, 422, "{page:?}");
    assert!(page.contains("id=\"f-urls-error\""), "{}", page.main());
    assert!(!page.contains("s3cret"), "{}", page.main());
    let (csrf, once, kept) = (page.field("csrf"), page.field("once"), page.field("kept"));
    let mended = [
        ("csrf", &*csrf),
        ("once", &*once),
        ("kept", &*kept),
        ("id", "erp"),
        ("name", "ERP <i>"),
        ("package_full_name", PACKAGE),
        ("urls", "https://apps.contoso.com/erp.appx"),
        ("options.development_mode", "1"),
    ];
    let added = browser.post(NEW, &mended).await;
    assert_eq!(
        (added.status, added.location()),
        (303, "/console/apps/erp?notice=saved"),
        "{added:?}"
    );
    assert_eq!(
        browser.post(NEW, &mended).await.status,
        303,
        "the same form again"
    );
    let app = server.get("/apps/erp").await;
    assert_eq!(app["versions"][0]["has_licence"], true, "{app}");
    assert_eq!(app["versions"][0]["options"], 2, "{app}");
    let page = browser.get("/console/apps/erp").await;
    assert!(page.words().contains("ERP <i>"), "{}", page.words());
    assert!(
        !page.contains("<i>") && !page.contains("s3cret"),
        "{}",
        page.main()
    );

    // Changed: what is not entered of a version changes none.
    let edit = "/console/apps/erp/edit";
    let form = browser.get(edit).await;
    assert_eq!(form.field("name"), "ERP &#60;i&#62;");
    let (csrf, once, tag) = (form.field("csrf"), form.field("once"), form.field("tag"));
    let tag = tag.replace("&#34;", "\"");
    let stale = [
        ("csrf", &*csrf),
        ("once", &*once),
        ("tag", &*tag),
        ("name", "ERP"),
        ("groups", "north\r\nsouth\r\n"),
        ("requires", "1"),
    ];
    let (status, _) = server
        .api("PATCH", "/apps/erp", Some(json!({"description": "new"})))
        .await;
    assert_eq!(status, 200);
    let page = browser.post(edit, &stale).await;
    assert_eq!(page.status, 409, "{page:?}");
    assert!(
        page.words().contains("Somebody changed the app meanwhile"),
        "{}",
        page.words()
    );
    assert_eq!(server.get("/apps/erp").await["name"], "ERP <i>");
    let (once, tag) = (page.field("once"), page.field("tag").replace("&#34;", "\""));
    let mut fresh = stale;
    (fresh[1], fresh[2]) = (("once", &*once), ("tag", &*tag));
    assert_eq!(browser.post(edit, &fresh).await.status, 303);
    let app = server.get("/apps/erp").await;
    assert_eq!(
        (&app["name"], &app["groups"]),
        (&json!("ERP"), &json!(["north", "south"]))
    );
    assert_eq!(app["requires"], "compliant");
    assert_eq!(app["versions"].as_array().unwrap().len(), 1);
    assert_eq!(app["versions"][0]["has_licence"], true, "it stays");

    let delete = "/console/apps/erp/delete";
    let done = browser.submit(delete, delete, &[]).await;
    assert_eq!(done.status, 303, "{done:?}");
    assert_eq!(browser.get("/console/apps/erp").await.status, 404);
}

#[actix_web::test]
async fn the_catalogue_is_changed_by_operators_for_all_devices_only() {
    let server = Server::start();
    for (id, groups) in [("ours", json!(["north"])), ("theirs", json!(["south"]))] {
        let mut app = catalogue_app(id);
        app["groups"] = groups;
        server.catalogue(app).await;
    }
    let mut bound = signed_in_as(&server, "operator", &["north"]).await;
    let list = bound.get("/console/apps").await;
    assert!(
        list.contains("/console/apps/ours") && !list.contains("theirs"),
        "{}",
        list.main()
    );
    assert!(!list.contains("/console/apps/new"), "{}", list.main());
    assert_eq!(bound.get("/console/apps/theirs").await.status, 404);
    for path in [NEW, "/console/apps/ours/edit"] {
        assert_eq!(bound.get(path).await.status, 403, "{path}");
    }
    let csrf = list.field("csrf");
    let fields = [("csrf", &*csrf), ("name", "x"), ("version", "1.0.0.0")];
    for path in [NEW, "/console/apps/ours/edit", "/console/apps/ours/delete"] {
        assert_eq!(bound.post(path, &fields).await.status, 403, "{path}");
    }
    let mut auditor = signed_in_as(&server, "auditor", &[]).await;
    let page = auditor.get("/console/apps/ours").await;
    assert_eq!(page.status, 200);
    assert!(
        !page.contains("/edit\"") && !page.contains("/delete\""),
        "{}",
        page.main()
    );
    assert_eq!(auditor.get(NEW).await.status, 403);
    assert_eq!(
        server.get("/apps").await["items"].as_array().unwrap().len(),
        2
    );
}

#[actix_web::test]
async fn installs_are_listed_by_state_and_taken_back_and_asked_for_again() {
    let server = Server::start();
    server.catalogue(catalogue_app("erp")).await;
    let mut ids = Vec::new();
    for at in 0..3 {
        let groups = if at == 0 {
            json!(["north"])
        } else {
            json!(["south"])
        };
        let device = server
            .register(json!({"source": format!("TABLET-{at}"), "groups": groups}))
            .await;
        let path = format!("/devices/{device}/installs");
        let (status, install) = server.api("POST", &path, Some(json!({"app": "erp"}))).await;
        assert_eq!(status, 201, "{install}");
        ids.push(install["id"].as_str().unwrap().to_owned());
    }
    let mut browser = signed_in_as(&server, "operator", &[]).await;
    let list = browser.get("/console/installs").await;
    for id in &ids {
        assert!(
            list.contains(&format!("/console/installs/{id}\"")),
            "{}",
            list.main()
        );
    }
    let here = format!("/console/installs/{}", ids[0]);
    let page = browser.get(&here).await;
    assert_eq!(page.status, 200, "{page:?}");
    assert!(
        page.words().contains("When it goes on:"),
        "{}",
        page.words()
    );
    // As its user is told, and what there is to know besides.
    assert!(page.words().contains("Step 2 of 5"), "{}", page.words());
    assert!(page.contains("class=\"step step-now\""), "{}", page.main());
    assert!(
        page.words().contains("waiting for channel"),
        "{}",
        page.words()
    );
    let unchanged = format!("{here}?since={}", page.attribute("data-rev"));
    assert_eq!(browser.get(&unchanged).await.status, 204);
    let take_back = format!("{here}/take-back");
    let done = browser.submit(&take_back, &take_back, &[]).await;
    assert_eq!(done.status, 303, "{done:?}");
    let page = browser.get(&here).await;
    assert!(page.words().contains("cancelled"), "{}", page.words());
    assert!(!page.contains("data-every"), "{}", page.main());
    let open = browser.get("/console/installs?state=open").await;
    assert!(
        !open.contains(&here) && open.contains(&ids[1]),
        "{}",
        open.main()
    );
    let ended = browser.get("/console/installs?state=cancelled").await;
    assert!(
        ended.contains(&here) && !ended.contains(&ids[1]),
        "{}",
        ended.main()
    );
    let rest = format!("/console/installs?state=all&after={}", ids[1]);
    let rest = browser.get(&rest).await;
    let rest = rest.main();
    assert!(!rest.contains(&ids[0]) && !rest.contains(&ids[1]) && rest.contains(&ids[2]));

    let again = format!("{here}/again");
    let asked = browser.submit(&here, &again, &[]).await;
    assert_eq!(asked.status, 303, "{asked:?}");
    let page = browser.get(asked.location()).await;
    assert_eq!(page.status, 200, "{page:?}");
    assert!(
        !asked.location().starts_with(&format!("{here}?")),
        "another install"
    );
    // Only what is theirs, for who is bound to a group.
    let mut bound = signed_in_as(&server, "auditor", &["south"]).await;
    let list = bound.get("/console/installs?state=all").await;
    assert!(
        !list.contains("TABLET-0") && list.contains("TABLET-1"),
        "{}",
        list.main()
    );
    assert_eq!(bound.get(&here).await.status, 404);
    let own = bound.get(&format!("/console/installs/{}", ids[1])).await;
    assert!(!own.contains("/take-back\""), "{}", own.main());
    for odd in ["state=nonsense", "after=nonsense"] {
        assert_eq!(
            browser
                .get(&format!("/console/installs?{odd}"))
                .await
                .status,
            422,
            "{odd}"
        );
    }
}

#[actix_web::test]
async fn an_app_is_installed_on_many_devices_from_its_page() {
    let server = Server::start();
    server.catalogue(catalogue_app("erp")).await;
    let device = server.register_tablet("TABLET-7").await;
    let mut browser = signed_in_as(&server, "operator", &[]).await;
    let page = browser.get("/console/apps/erp").await;
    let link = "/console/batches/new?type=app_install&#38;app=erp";
    assert!(page.contains(link), "{}", page.main());
    let form = link.replace("&#38;", "&");
    assert_eq!(browser.get(&form).await.field("app"), "erp");
    let fields = [
        ("type", "app_install"),
        ("app", "erp"),
        ("to", "devices"),
        ("to.devices", &*device),
        ("step", "queue"),
    ];
    let started = browser.submit(&form, "/console/batches/new", &fields).await;
    assert_eq!(started.status, 303, "{started:?}");
    let mut nobody = Browser::new(&server.http);
    assert_eq!(nobody.get("/console/apps").await.status, 303);
}
