//! The apps of a tablet: what each is, and asking for it.

use serde_json::json;

use super::{app, install_in, person, tablet_of, tap};
use crate::harness::Server;
use crate::pages::client::Browser;

#[actix_web::test]
async fn each_app_says_what_it_is_and_what_can_be_done() {
    let server = Server::start();
    let device = tablet_of(&server, "TABLET-7", "ann").await;
    app(&server, "erp", "ERP", "1.1").await;
    app(&server, "maps", "Field maps", "2.0").await;
    let description = "Orders <and> invoices";
    let more = [
        json!({"id": "forms", "name": "Forms", "version": "3", "job_data": "<Job/>", "description": description}),
        json!({"id": "cad", "name": "Cad", "version": "1", "job_data": "<Job/>", "groups": ["it"]}),
        json!({"id": "draft", "name": "Draft", "version": "1"}),
        json!({"id": "vault", "name": "Vault", "version": "1", "job_data": "<Job/>", "requires": "compliant"}),
    ];
    for one in more {
        server.catalogue(one).await;
    }
    // One that the helpdesk asked for.
    let path = format!("/devices/{device}/installs");
    assert_eq!(
        server
            .api("POST", &path, Some(json!({"app": "maps"})))
            .await
            .0,
        201
    );
    let mut ann = person(&server, &device).await;
    let page = ann.get("/portal/apps").await;
    let words = page.words();
    for expected in [
        "ERP 1.1 Not installed",
        "Field maps 2.0 Not yet It is being installed already, at somebody else's request.",
        "Draft 1 Not yet The helpdesk has not finished preparing this app.",
        "Vault 1 Not yet This app needs a tablet with all of your organization's settings",
    ] {
        assert!(words.contains(expected), "{expected}: {words}");
    }
    assert!(!words.contains("Cad"), "it is for other groups: {words}");
    assert_eq!(
        page.text.matches("type=\"submit\" name=\"app\"").count(),
        2,
        "{}",
        page.main()
    );
    assert!(page.text.len() < 20_480, "{}", page.text.len());
    // Search, in names and descriptions, whatever the case.
    for (q, found, missing) in [
        ("fOrM", "Forms", "ERP"),
        ("invoices", "Forms", "ERP"),
        ("erp", "ERP", "Forms"),
    ] {
        let words = ann.get(&format!("/portal/apps?q={q}")).await.words();
        assert!(
            words.contains(found) && !words.contains(missing),
            "{q}: {words}"
        );
    }
    let page = ann.get("/portal/apps?q=%3Cscript%3E&after=0").await;
    assert!(
        page.words()
            .contains("No app for this tablet contains “<script>”"),
        "{}",
        page.words()
    );
    for nonsense in [
        "after=-1",
        "after=x",
        "after=99999999999999999999",
        "since=1",
        &format!("q={}", "a".repeat(3_000)),
    ] {
        let page = ann.get(&format!("/portal/apps?{nonsense}")).await;
        assert_eq!(page.status, 200, "{nonsense}");
    }
    // One app, and it is asked for.
    let page = ann.get("/portal/apps/forms").await;
    assert!(page.words().contains(description), "{}", page.words());
    let page = ann
        .submit(
            "/portal/apps/forms",
            "/portal/installs",
            &[("device", &device), ("app", "forms")],
        )
        .await;
    assert_eq!(page.status, 303);
    let request = page.location().to_owned();
    let page = ann.get(&request).await;
    assert!(
        page.words()
            .contains("Asked for. You see below how far it is."),
        "{}",
        page.words()
    );
    let words = ann.get("/portal/apps").await.words();
    assert!(words.contains("Forms 3 Under way Waiting: "), "{words}");
    // The API says the same of each.
    let offers = server.get(&format!("/devices/{device}/offers")).await;
    let states = offers["items"].as_array().unwrap().iter();
    let states: Vec<_> = states
        .map(|one| {
            (
                one["app"].as_str().unwrap(),
                one["state"].as_str().unwrap(),
                one["obstacle"].as_str(),
            )
        })
        .collect();
    assert_eq!(
        states,
        [
            ("erp", "available", None),
            ("maps", "under_way", None),
            ("forms", "under_way", None),
            ("draft", "not_yet", Some("incomplete")),
            ("vault", "not_yet", Some("not_compliant")),
        ]
    );
}

#[actix_web::test]
async fn a_tap_too_many_is_one_request_and_a_flood_is_refused_in_words() {
    // With rates: others that are tried out have none.
    let server = Server::start_with(&[]);
    let device = tablet_of(&server, "TABLET-7", "ann").await;
    for nth in 0..12 {
        app(&server, &format!("app{nth}"), "App", "1").await;
    }
    let mut ann = person(&server, &device).await;
    let (first, again) = (
        tap(&mut ann, &device, "app0").await,
        tap(&mut ann, &device, "app0").await,
    );
    assert_eq!((first.status, again.status), (303, 303));
    assert_eq!(install_in(&first), install_in(&again));
    // The same form twice, as from the page of the app.
    let page = ann.get("/portal/apps/app1").await;
    let (csrf, once) = (page.field("csrf"), page.field("once"));
    let fields = [
        ("csrf", csrf.as_str()),
        ("once", &once),
        ("device", &device),
        ("app", "app1"),
    ];
    let (first, again) = (
        ann.post("/portal/installs", &fields).await,
        ann.post("/portal/installs", &fields).await,
    );
    assert_eq!((first.status, first.location()), (303, again.location()));
    let listed = server.get(&format!("/devices/{device}/installs")).await;
    assert_eq!(listed["items"].as_array().unwrap().len(), 2);
    // Ten forms a minute: four are gone.
    let mut taken = 0;
    for nth in 0..1_000 {
        let app = format!("app{}", nth % 12);
        let fields = [("csrf", csrf.as_str()), ("device", &device), ("app", &app)];
        let page = ann.post("/portal/installs", &fields).await;
        match page.status {
            303 => taken += 1,
            429 => {
                assert!(page.headers.contains_key("retry-after"));
                assert!(
                    page.words().contains("Too much is asked at once"),
                    "{}",
                    page.words()
                );
                break;
            }
            other => panic!("{other}: {page:?}"),
        }
    }
    assert_eq!(taken, 6);
    // She can look still, and nobody else is held up.
    assert_eq!(ann.get("/portal/requests").await.status, 200);
    let bobs = tablet_of(&server, "TABLET-8", "bob").await;
    let mut bob = person(&server, &bobs).await;
    assert_eq!(tap(&mut bob, &bobs, "app0").await.status, 303);
}

#[actix_web::test]
async fn what_changed_meanwhile_is_said_and_nothing_is_asked_for() {
    let server = Server::start();
    let device = tablet_of(&server, "TABLET-7", "ann").await;
    app(&server, "erp", "ERP", "1.1").await;
    app(&server, "maps", "Field maps", "2.0").await;
    let mut ann = person(&server, &device).await;
    let csrf = ann.get("/portal/apps").await.field("csrf");
    let ask = [("csrf", csrf.as_str()), ("device", &device), ("app", "erp")];
    assert_eq!(server.api("DELETE", "/apps/erp", None).await.0, 204);
    let page = ann.post("/portal/installs", &ask).await;
    assert_eq!(page.status, 409);
    assert!(
        page.words().contains("not offered any more"),
        "{}",
        page.words()
    );
    // Somebody else was quicker.
    let path = format!("/devices/{device}/installs");
    assert_eq!(
        server
            .api("POST", &path, Some(json!({"app": "maps"})))
            .await
            .0,
        201
    );
    let ask = [
        ("csrf", csrf.as_str()),
        ("device", &device),
        ("app", "maps"),
    ];
    let page = ann.post("/portal/installs", &ask).await;
    assert_eq!(page.status, 409);
    let words = page.words();
    assert!(
        words.contains("This has changed meanwhile")
            && words.contains("at somebody else's request"),
        "{words}"
    );
    assert_eq!(
        server.get(&path).await["items"].as_array().unwrap().len(),
        1
    );
    // The page that it was posted to has an address to look at.
    let page = ann.get("/portal/installs").await;
    assert_eq!((page.status, page.location()), (303, "/portal/requests"));
    // The tablet is retired: it is no tablet of hers any more.
    assert!(
        server
            .api("DELETE", &format!("/devices/{device}"), None)
            .await
            .0
            < 300
    );
    assert_eq!(ann.post("/portal/installs", &ask).await.status, 404);
    assert!(
        ann.get("/portal/device")
            .await
            .words()
            .contains("No tablet is yours")
    );
}

#[actix_web::test]
async fn the_language_is_the_browsers_until_one_is_chosen() {
    let server = Server::start();
    let device = tablet_of(&server, "TABLET-7", "ann").await;
    app(&server, "erp", "ERP", "1.1").await;
    let mut browser = Browser::new(&server.http);
    browser
        .headers
        .push(("accept-language", "de-AT,de;q=0.9,en;q=0.5".to_owned()));
    let page = browser.get("/portal/sign-in").await;
    assert!(
        page.contains("<html lang=\"de\">") && page.words().contains("Bitten Sie den Helpdesk")
    );
    let page = browser.get("/portal/nothing").await;
    assert!(page.words().contains("nicht gefunden"), "{}", page.words());
    let mut ann = person(&server, &device).await;
    ann.headers = browser.headers.clone();
    let page = ann.get("/portal/apps").await;
    assert!(
        page.words()
            .contains("ERP 1.1 Nicht installiert Installieren"),
        "{}",
        page.words()
    );
    let to = "/portal/apps/erp?device=x&notice=asked";
    let page = ann
        .submit(
            "/portal/apps",
            "/portal/language",
            &[("language", "en"), ("to", to)],
        )
        .await;
    // Without the sentence about what was done before.
    assert_eq!(
        (page.status, page.location()),
        (303, "/portal/apps/erp?device=x"),
        "{page:?}"
    );
    let page = ann.get("/portal/apps").await;
    assert!(page.contains("<html lang=\"en\">"));
    let request = tap(&mut ann, &device, "erp").await;
    assert!(ann.get(request.location()).await.words().contains("by you"));
    let page = ann
        .submit("/portal/apps", "/portal/language", &[("language", "de")])
        .await;
    assert_eq!(page.status, 303);
    let words = ann.get(request.location()).await.words();
    assert!(
        words.contains("Angefordert") && words.contains("Zurücknehmen"),
        "{words}"
    );
    for (language, to) in [("fr", "/portal/apps"), ("", "")] {
        let csrf = ann.get("/portal/apps").await.field("csrf");
        let page = ann
            .post(
                "/portal/language",
                &[("csrf", &csrf), ("language", language), ("to", to)],
            )
            .await;
        assert_eq!(page.status, 422);
    }
    let csrf = ann.get("/portal/apps").await.field("csrf");
    let fields = [
        ("csrf", csrf.as_str()),
        ("language", "de"),
        ("to", "//evil.example/portal"),
    ];
    assert_eq!(
        ann.post("/portal/language", &fields).await.location(),
        "/portal/apps"
    );
}
