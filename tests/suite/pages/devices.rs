//! The console's first page, the list of devices and the pages of one, as each role sees them.

use serde_json::json;

use super::client::Browser;
use crate::harness::{Server, answers, demo_queue, package1};
use crate::wait::{DEADLINE, eventually, seen};

/// A name that would be markup, and that turns what stands behind it around.
const HOSTILE: &str = "<script>alert(1)</script>\u{202e}\"'&";

async fn operator(server: &Server, body: serde_json::Value) -> Browser {
    let (_, token) = server.make_token(body).await;
    Browser::signed_in(server, &token).await
}

/// The words of an error's page without the id of the request.
fn without_id(words: &str) -> String {
    let (before, _) = words.split_once("Request").unwrap_or((words, ""));
    before.to_owned()
}

#[actix_web::test]
async fn the_first_page_leads_from_nothing_to_a_device_that_needs_somebody() {
    let server = Server::start();
    let mut admin = Browser::signed_in(&server, &server.token).await;
    let page = admin.get("/console").await;
    let words = page.words();
    assert!(words.contains("There is no device yet"), "{words}");
    assert!(words.contains("modegate simulate --url $SERVER/sync --source-prefix TABLET-"));
    assert!(
        page.contains("href=\"/console/devices/new\""),
        "{}",
        page.main()
    );
    // An auditor is told the same, and is offered no form.
    let mut auditor = operator(&server, json!({"name": "carol", "role": "auditor"})).await;
    let page = auditor.get("/console").await;
    assert!(!page.contains("/console/devices/new"), "{}", page.main());
    assert_eq!(auditor.get("/console/devices/new").await.status, 403);

    server.register_tablet("TABLET-7").await;
    let page = admin.get("/console").await;
    assert!(!page.words().contains("There is no device yet"));
    for chart in ["sessions", "queue"] {
        assert!(
            page.contains(&format!("aria-labelledby=\"{chart}-")),
            "{chart}: {}",
            page.main()
        );
    }
    assert!(
        page.words().contains("since 20"),
        "when the policy set came: {}",
        page.words()
    );
    // Counts of all devices are not for who is bound to some.
    let bound = json!({"name": "dave", "role": "operator", "groups": ["north"]});
    let mut bound = operator(&server, bound).await;
    let page = bound.get("/console").await;
    assert!(!page.contains("<svg") && page.words().contains("your groups only"));
    // What was counted is there by itself.
    eventually(DEADLINE, async || {
        let (_, census) = server.api("GET", "/fleet", None).await;
        seen(census, |census| census["flags"]["never_seen"] == 1)
    })
    .await;
    let page = admin.get("/console").await;
    assert!(
        page.contains("href=\"/console/devices?flag=never_seen\""),
        "{}",
        page.main()
    );
    assert!(
        page.contains("aria-labelledby=\"channels-"),
        "{}",
        page.main()
    );
}

#[actix_web::test]
async fn the_jump_box_goes_to_what_somebody_has_at_hand() {
    let server = Server::start();
    let body = json!({"source": "TABLET-7", "user": "ann@contoso.com", "groups": ["north"]});
    let device = server.register(body).await;
    let command = server.queue_read(&device, "Win32_OperatingSystem").await;
    let mut admin = Browser::signed_in(&server, &server.token).await;
    let own = format!("/console/devices/{device}");
    for (text, expected) in [
        ("TABLET-7", own.clone()),
        ("ann@contoso.com", own.clone()),
        (" ANN@contoso.com ", own.clone()),
        (&device, own.clone()),
        (&command, format!("/console/commands/{command}")),
        ("TABL", "/console/devices?q=TABL".to_owned()),
        ("a&b#", "/console/devices?q=a%26b%23".to_owned()),
        ("", "/console/devices".to_owned()),
    ] {
        let query = serde_urlencoded::to_string([("q", text)]).unwrap();
        let page = admin.get(&format!("/console/jump?{query}")).await;
        assert_eq!(
            (page.status, page.location()),
            (303, &*expected),
            "{text:?}"
        );
    }
    let long = "x".repeat(3_000);
    assert_eq!(
        admin.get(&format!("/console/jump?q={long}")).await.status,
        422
    );
    // What another group's operator may not see is not there.
    let bound = json!({"name": "dave", "role": "operator", "groups": ["south"]});
    let mut bound = operator(&server, bound).await;
    for text in ["TABLET-7", &device, &command] {
        let page = bound.get(&format!("/console/jump?q={text}")).await;
        assert_eq!(
            page.location(),
            format!("/console/devices?q={}", text.replace('-', "%2D"))
        );
    }
}

#[actix_web::test]
async fn devices_are_found_by_the_beginning_of_a_name_and_by_group_in_pages() {
    let server = Server::start();
    for nth in 0..60 {
        let group = if nth % 2 == 0 { "north" } else { "south" };
        let body = json!({"source": format!("TAB-{nth:03}"), "user": format!("user{nth}@contoso.com"), "groups": [group]});
        server.register(body).await;
    }
    server
        .register(json!({"source": "OTHER", "family": "windows10"}))
        .await;
    let mut admin = Browser::signed_in(&server, &server.token).await;
    let rows = |page: &super::client::Page| page.text.matches("<th scope=\"row\"").count();

    let first = admin.get("/console/devices?q=tab-").await;
    assert_eq!((first.status, rows(&first)), (200, 50), "{}", first.words());
    let (_, next) = first
        .text
        .split_once("rel=\"next\"")
        .map(|(before, rest)| {
            let href = before
                .rsplit_once("href=\"")
                .unwrap()
                .1
                .split('"')
                .next()
                .unwrap();
            (rest, href.replace("&#38;", "&"))
        })
        .unwrap();
    let second = admin.get(&next).await;
    assert_eq!(rows(&second), 10, "{}", second.words());
    assert!(
        second.contains("TAB-059")
            && second.contains("rel=\"first\"")
            && !second.contains("rel=\"next\"")
    );

    let south = admin.get("/console/devices?group=south").await;
    assert_eq!(rows(&south), 30);
    assert!(south.contains("/console/batches/new?group=south"));
    let family = admin.get("/console/devices?family=windows10").await;
    assert_eq!(rows(&family), 1);
    assert!(
        !family.contains("for all that match"),
        "no batch is by family"
    );
    // Nothing matches: each filter can be dropped.
    let nothing = admin.get("/console/devices?q=TAB-&family=windows10").await;
    assert!(nothing.words().contains("No device matches."));
    assert!(
        nothing.contains("href=\"/console/devices?family=windows10\""),
        "{}",
        nothing.main()
    );
    assert!(
        nothing.contains("href=\"/console/devices?q=TAB%2D\""),
        "{}",
        nothing.main()
    );
    // Nonsense.
    for (query, status) in [
        ("after=nonsense", 200),
        ("q=tab&after=%00%ff", 200),
        ("family=windows3", 422),
        ("flag=%3Cb%3E", 422),
        (&*format!("q={}", "x".repeat(3_000)), 422),
        ("notice=%3Cb%3E", 200),
    ] {
        let page = admin.get(&format!("/console/devices?{query}")).await;
        assert_eq!(page.status, status, "{query}");
    }
    // Who is bound to a group sees its devices only, and cannot mean all.
    let bound = json!({"name": "dave", "role": "operator", "groups": ["south"]});
    let mut bound = operator(&server, bound).await;
    let page = bound.get("/console/devices").await;
    assert_eq!(rows(&page), 30);
    assert!(!page.contains("all=yes"));
    assert!(
        bound
            .get("/console/devices?group=north")
            .await
            .words()
            .contains("No device matches.")
    );
}

#[actix_web::test]
async fn a_device_says_what_waits_why_and_when_and_what_each_mode_carried() {
    let server = Server::start();
    let (device, [inventory, ..]) = demo_queue(&server, "TABLET-7").await;
    let mut auditor = operator(&server, json!({"name": "carol", "role": "auditor"})).await;
    let own = format!("/console/devices/{device}");
    let new = auditor.get(&own).await;
    assert!(
        new.words().contains("This device has never been here"),
        "{}",
        new.words()
    );

    let reply = server
        .sync("Machine", &package1("TABLET-7", "1", 1, "none"))
        .await;
    let body = crate::syncml::message("TABLET-7", "1", 2, &answers(&reply, 200));
    server.sync("Machine", &body).await;

    let page = auditor.get(&own).await;
    let words = page.words();
    // Why it waits, in which modes it goes, when, and whether a push helps.
    for expected in [
        "#3 wns_update_configuration",
        "Withheld in Machine, the mode last seen, by floor.machine",
        "at the next Maintenance session",
        "A push does not help: it brings an Apps session, which does not carry it",
        "A push would help, but no push can be sent: the channel is not set yet",
        // What happened.
        "Session 1",
        "mode=Machine&Platform=WoA",
        "login status none",
        "Withheld 2 commands",
        "by 81.inventory",
        "api:admin : A command was queued.",
    ] {
        assert!(words.contains(expected), "{expected}: {words}");
    }
    let delivered = format!(
        "/console/commands/{inventory}\">#1 inventory</a>: <span class=\"badge badge-good\">succeeded 200</span>"
    );
    assert!(page.contains(&delivered), "{}", page.main());
    // An auditor changes nothing.
    assert!(
        !page.main().contains("<form") && !page.contains("/retire"),
        "{}",
        page.main()
    );

    // The same list is not told twice.
    server
        .sync("Machine", &package1("TABLET-7", "2", 1, "none"))
        .await;
    let words = auditor.get(&own).await.words();
    assert!(words.contains("the same list as session 1"), "{words}");
    // By mode.
    server
        .sync("Maintenance", &package1("TABLET-7", "3", 1, "user"))
        .await;
    let happened = |page: super::client::Page| {
        page.text
            .split_once("id=\"happened\"")
            .unwrap()
            .1
            .to_owned()
    };
    let maintenance = happened(auditor.get(&format!("{own}?mode=Maintenance")).await);
    assert!(maintenance.contains("id=\"session-3\"") && !maintenance.contains("id=\"session-1\""));
    assert!(!maintenance.contains("A command was queued."));
    let machine = happened(auditor.get(&format!("{own}?mode=Machine")).await);
    assert!(machine.contains("id=\"session-1\"") && !machine.contains("id=\"session-3\""));
    let apps = happened(auditor.get(&format!("{own}?mode=Apps")).await);
    assert!(apps.contains("Nothing that the log still has"), "{apps}");
    for (query, status) in [
        ("mode=Nothing", 422),
        ("before=x", 422),
        ("before=99999999999999999999", 422),
        ("before=1", 200),
    ] {
        assert_eq!(
            auditor.get(&format!("{own}?{query}")).await.status,
            status,
            "{query}"
        );
    }
}

#[actix_web::test]
async fn a_long_history_is_read_in_pages_and_a_page_that_is_as_it_was_is_not_sent_again() {
    let server = Server::start();
    let device = server.register_tablet("TABLET-7").await;
    for nth in 1..=40 {
        server
            .sync(
                "Machine",
                &package1("TABLET-7", &nth.to_string(), 1, "none"),
            )
            .await;
    }
    let mut admin = Browser::signed_in(&server, &server.token).await;
    let own = format!("/console/devices/{device}");
    let mut seen = Vec::new();
    let mut address = format!("{own}?mode=Machine");
    loop {
        let page = admin.get(&address).await;
        assert_eq!(page.status, 200);
        let found = page.text.split("id=\"session-").skip(1);
        seen.extend(found.map(|rest| rest.split('"').next().unwrap().parse::<u32>().unwrap()));
        let Some((before, _)) = page.text.split_once("\" rel=\"next\"") else {
            break;
        };
        address = before
            .rsplit_once("href=\"")
            .unwrap()
            .1
            .replace("&#38;", "&");
        assert!(seen.len() <= 40, "a session twice: {seen:?}");
    }
    let expected: Vec<u32> = (1..=40).rev().collect();
    assert_eq!(seen, expected);

    let page = admin.get(&own).await;
    let (_, rev) = page.text.split_once("data-rev=\"").unwrap();
    let rev = rev.split('"').next().unwrap();
    let same = admin.get(&format!("{own}?since={rev}")).await;
    assert_eq!((same.status, same.text.len()), (204, 0));
    server.queue_read(&device, "Win32_OperatingSystem").await;
    let news = admin.get(&format!("{own}?since={rev}")).await;
    assert!(news.status == 200 && news.contains("id=\"live\""));
}

#[actix_web::test]
async fn every_page_of_a_device_is_there_for_who_may_see_it_and_for_nobody_else() {
    let server = Server::start();
    let body = json!({"source": HOSTILE, "user": HOSTILE, "groups": ["north", "<b>south"]});
    let device = server.register(body).await;
    for kind in ["app_install", "inventory"] {
        let body = match kind {
            "inventory" => json!({"type": kind, "classes": ["Win32_OperatingSystem"]}),
            _ => json!({"type": kind, "job_data": "<Job/>"}),
        };
        server.queue(&device, body).await;
    }
    let own = format!("/console/devices/{device}");
    let pages = [
        "",
        "/queue",
        "/queue?state=all",
        "/queue?state=queued",
        "/preview",
        "/preview?mode=Apps&login=none",
        "/inventory",
        "/installs",
        "/channel",
        "/access",
    ];
    let forms = ["/edit", "/retire"];
    let mut auditor = operator(&server, json!({"name": "carol", "role": "auditor"})).await;
    let mut bob = operator(&server, json!({"name": "bob", "role": "operator"})).await;
    let mut north = operator(
        &server,
        json!({"name": "nora", "role": "operator", "groups": ["north"]}),
    )
    .await;
    let mut other = operator(
        &server,
        json!({"name": "eve", "role": "operator", "groups": ["east"]}),
    )
    .await;
    let absent = other
        .get("/console/devices/01a2289958ba4761e8b598e460b3f3a2")
        .await;
    for end in pages.iter().chain(&forms) {
        let address = format!("{own}{end}");
        let is_form = forms.contains(end);
        let page = bob.get(&address).await;
        assert_eq!(page.status, 200, "{end}: {}", page.text);
        assert_eq!(page.text.matches("<h1").count(), 1, "{end}");
        assert!(
            !page.contains("<script>alert") && !page.contains("<b>south"),
            "{end}: {}",
            page.text
        );
        assert!(
            page.contains("&#60;script&#62;alert(1)"),
            "{end}: {}",
            page.text
        );
        assert_eq!(
            auditor.get(&address).await.status,
            if is_form { 403 } else { 200 },
            "{end}"
        );
        let page = north.get(&address).await;
        assert_eq!(page.status, 200, "{end}");
        assert!(
            !page.contains("south"),
            "{end}: a group that is no business of theirs"
        );
        // Another's device looks like none.
        let page = other.get(&address).await;
        assert_eq!(page.status, 404, "{end}");
        assert_eq!(
            without_id(&page.words()),
            without_id(&absent.words()),
            "{end}"
        );
        let mut nobody = Browser::new(&server.http);
        assert_eq!(nobody.get(&address).await.status, 303, "{end}");
    }
    for (end, status) in [
        ("/queue?state=nonsense", 422),
        ("/queue?after=x", 200),
        ("/preview?mode=x", 422),
        ("/preview?login=x", 422),
        ("/inventory?after=x&class=%3Cb%3E", 200),
        ("/installs?after=x", 200),
    ] {
        let page = bob.get(&format!("{own}{end}")).await;
        assert_eq!(page.status, status, "{end}");
    }
    assert_eq!(bob.get("/console/devices/nonsense").await.status, 404);
    // Each mode in the preview, with what it would do.
    let words = bob.get(&format!("{own}/preview")).await.words();
    for expected in [
        "Machine login status none",
        "Maintenance login status user",
        "#1 app_install by floor.machine",
        "by 81.app-install",
    ] {
        assert!(words.contains(expected), "{expected}: {words}");
    }
}

#[actix_web::test]
async fn an_operator_registers_changes_wakes_and_retires_a_device_once_each() {
    let server = Server::start();
    let mut bob = operator(&server, json!({"name": "bob", "role": "operator"})).await;
    let new = "/console/devices/new";
    // What is wrong stands at its field, and what was entered is there.
    let wrong = [
        ("source", "TABLET-7"),
        ("family", "windows81"),
        ("certificate_sha256", "xyz"),
        ("user", "a<b>"),
        ("credentials.username", "a:b"),
        ("credentials.password", "Distinct-Pa55word"),
    ];
    let page = bob.submit(new, new, &wrong).await;
    assert_eq!(page.status, 422, "{}", page.text);
    assert!(page.contains("<title>Error: Register a device"));
    for at in [
        "f-certificate_sha256-error",
        "f-credentials.username-error",
        "href=\"#f-credentials.username\"",
        "value=\"a&#60;b&#62;\"",
    ] {
        assert!(page.contains(at), "{at}: {}", page.main());
    }
    assert!(
        !page.contains("Distinct-Pa55word"),
        "a password is not shown again"
    );
    assert_eq!(server.get("/devices").await["items"], json!([]));

    let form = bob.get(new).await;
    let (csrf, once) = (form.field("csrf"), form.field("once"));
    let right = [
        ("csrf", csrf.as_str()),
        ("once", &once),
        ("source", "TABLET-7"),
        ("family", "windows81"),
        ("groups", "north\r\nfield\r\n\r\n"),
        ("user", "ann@contoso.com"),
    ];
    let page = bob.post(new, &right).await;
    assert_eq!(page.status, 303, "{}", page.text);
    let place = page.location().to_owned();
    // Sent twice, it is one device.
    let again = bob.post(new, &right).await;
    assert_eq!((again.status, again.location()), (303, &*place));
    let devices = server.get("/devices").await;
    assert_eq!(devices["items"].as_array().unwrap().len(), 1);
    assert_eq!(devices["items"][0]["groups"], json!(["north", "field"]));
    let id = devices["items"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(place, format!("/console/devices/{id}?notice=registered"));
    // A name that is taken: the form says so.
    let page = bob
        .submit(new, new, &[("source", "TABLET-7"), ("family", "windows81")])
        .await;
    assert_eq!(page.status, 422);
    assert!(page.contains("f-source-error"), "{}", page.main());

    let own = format!("/console/devices/{id}");
    let edit = format!("{own}/edit");
    let change = [
        ("user", ""),
        ("family", "windows81"),
        ("groups", "south"),
        ("device_client_id", "TABLET-7"),
        ("credentials.username", "tab7"),
        ("credentials.password", "Distinct-Pa55word"),
        ("enrollment", "same"),
    ];
    let page = bob.submit(&edit, &edit, &change).await;
    assert_eq!(
        (page.status, page.location()),
        (303, &*format!("{own}?notice=saved")),
        "{}",
        page.text
    );
    let device = server.get(&format!("/devices/{id}")).await;
    assert_eq!(
        (&device["user"], &device["groups"]),
        (&json!(null), &json!(["south"])),
        "{device}"
    );
    assert_eq!(device["credentials"], json!({"username": "tab7"}));
    // A password that is left empty stays; a name that is left empty ends them.
    let keep = [
        ("user", "bob@contoso.com"),
        ("family", "windows81"),
        ("groups", "south"),
        ("device_client_id", "TABLET-7"),
        ("credentials.username", "tab7"),
        ("credentials.password", ""),
    ];
    assert_eq!(bob.submit(&edit, &edit, &keep).await.status, 303);
    let device = server.get(&format!("/devices/{id}")).await;
    assert_eq!(
        device["credentials"],
        json!({"username": "tab7"}),
        "{device}"
    );
    let end = [
        ("user", "bob@contoso.com"),
        ("family", "windows81"),
        ("groups", "south"),
        ("device_client_id", "TABLET-7"),
        ("credentials.username", ""),
        ("credentials.password", ""),
    ];
    assert_eq!(bob.submit(&edit, &edit, &end).await.status, 303);
    let device = server.get(&format!("/devices/{id}")).await;
    assert_eq!(device["credentials"], json!(null), "{device}");

    let wake = format!("{own}/wake");
    let page = bob.submit(&own, &wake, &[]).await;
    assert_eq!(
        (page.status, page.location()),
        (303, &*format!("{own}?notice=wanted"))
    );
    let page = bob.get(page.location()).await;
    assert!(
        page.words().contains("No push can be sent now"),
        "{}",
        page.words()
    );
    // By whom it was, the log and the timeline say.
    assert!(page.words().contains("console:bob"), "{}", page.words());

    // What an auditor or a page of somewhere else sends changes nothing.
    let mut auditor = operator(&server, json!({"name": "carol", "role": "auditor"})).await;
    let csrf = auditor.get(&own).await.field("csrf");
    let retire = format!("{own}/retire");
    assert_eq!(auditor.post(&retire, &[("csrf", &csrf)]).await.status, 403);
    assert_eq!(bob.post(&retire, &[("csrf", "forged")]).await.status, 403);
    assert_eq!(
        bob.send(reqwest::Method::GET, &format!("{own}/wake"), None)
            .await
            .status,
        405
    );
    assert_eq!(bob.get(&own).await.status, 200);
    let page = bob.submit(&retire, &retire, &[]).await;
    assert_eq!(
        (page.status, page.location()),
        (303, "/console/devices?notice=retired")
    );
    assert!(
        bob.get(page.location())
            .await
            .words()
            .contains("its events stay in the log")
    );
    assert_eq!(bob.get(&own).await.status, 404);
}

#[actix_web::test]
async fn certificates_are_bound_and_revoked_and_secrets_are_shown_once() {
    let text = "[server_auth]\nname = 'Contoso MDM'\n";
    let server = Server::configured(text, &["--accept-unknown-devices"]);
    let body = json!({"source": "TABLET-7", "certificate_sha256": ["a".repeat(64)]});
    let device = server.register(body).await;
    let mut bob = operator(&server, json!({"name": "bob", "role": "operator"})).await;
    let (own, bind) = (
        format!("/console/devices/{device}/access"),
        format!("/console/devices/{device}/certificates"),
    );
    let digest = "b".repeat(64);
    for wrong in [
        &[][..],
        &[("sha256", "xyz")],
        &[("sha256", &*digest), ("not_before", "tomorrow")],
        &[("pem", "no certificate")],
    ] {
        let page = bob.submit(&own, &bind, wrong).await;
        assert_eq!(page.status, 422, "{wrong:?}: {}", page.main());
        assert!(page.contains("field-error"), "{wrong:?}: {}", page.main());
    }
    let fields = [
        ("pem", ""),
        ("sha256", &*digest),
        ("not_before", ""),
        ("note", "renewal"),
        ("enrollment", "same"),
    ];
    let page = bob.submit(&own, &bind, &fields).await;
    assert_eq!(
        (page.status, page.location()),
        (303, &*format!("{own}?notice=bound")),
        "{}",
        page.text
    );
    let page = bob.get(&own).await;
    assert!(page.contains(&digest) && page.words().contains("renewal"));
    let revoke = format!("{bind}/{digest}/revoke");
    assert!(
        bob.get(&revoke)
            .await
            .words()
            .contains("1 other certificates stay bound")
    );
    assert_eq!(bob.submit(&revoke, &revoke, &[]).await.status, 303);
    let shown = server.get(&format!("/devices/{device}")).await;
    assert_eq!(shown["revoked_certificate_sha256"], json!([digest]));
    // What was revoked does not come back: the form says why.
    let page = bob.submit(&own, &bind, &fields).await;
    assert_eq!(page.status, 409, "{}", page.text);
    assert!(page.words().contains("revoked"), "{}", page.words());

    let renew = format!("/console/devices/{device}/server-password");
    let page = bob.submit(&own, &renew, &[]).await;
    assert_eq!(page.status, 200);
    let words = page.words();
    let (_, password) = words.split_once("Password ").unwrap();
    let password = password.split(' ').next().unwrap().to_owned();
    assert_eq!(password.len(), 64, "{words}");
    assert!(!bob.get(&own).await.contains(&password));
    assert!(!server.log().contains(&password));
    let events = server.get(&format!("/devices/{device}/events")).await;
    assert!(!events.to_string().contains(&password));
}

#[actix_web::test]
async fn a_link_for_the_user_of_a_device_is_shown_once_and_can_be_ended() {
    let server = Server::start();
    let body = json!({"source": "TABLET-7", "user": "ann@contoso.com"});
    let device = server.register(body).await;
    let mut bob = operator(&server, json!({"name": "bob", "role": "operator"})).await;
    let own = format!("/console/devices/{device}/access");
    let links = format!("/console/devices/{device}/portal-links");
    let page = bob.submit(&own, &links, &[]).await;
    assert_eq!(page.status, 200, "{}", page.text);
    let words = page.words();
    assert!(
        words.contains("For ann@contoso.com , on TABLET-7"),
        "{words}"
    );
    let (_, code) = words.split_once("Code ").unwrap();
    let code = code.split(' ').next().unwrap().to_owned();
    let (_, text) = words.split_once("/portal/link/").unwrap();
    let text = text.split(' ').next().unwrap().to_owned();
    assert!(code.len() == 9 && text.len() == 64, "{words}");
    // Nowhere else.
    let page = bob.get(&own).await;
    assert!(
        page.words().contains("Links that were not used yet"),
        "{}",
        page.words()
    );
    let events = server
        .get(&format!("/devices/{device}/events"))
        .await
        .to_string();
    for secret in [&code, &text] {
        assert!(!page.contains(secret) && !events.contains(secret.as_str()));
        assert!(!server.log().contains(secret.as_str()));
    }
    // An auditor sees that there is one, and no more.
    let mut auditor = operator(&server, json!({"name": "carol", "role": "auditor"})).await;
    let page = auditor.get(&own).await;
    assert!(
        page.words().contains("Links that were not used yet") && !page.main().contains("<form")
    );
    let csrf = page.field("csrf");
    assert_eq!(auditor.post(&links, &[("csrf", &csrf)]).await.status, 403);
    // It is ended.
    let listed = server.get(&format!("/devices/{device}/portal-links")).await;
    let id = listed["items"][0]["id"].as_str().unwrap().to_owned();
    let page = bob.submit(&own, &format!("{links}/{id}/end"), &[]).await;
    assert_eq!(
        (page.status, page.location()),
        (303, &*format!("{own}?notice=ended#portal"))
    );
    let page = bob.get(&own).await;
    assert!(
        !page.words().contains("Links that were not used yet"),
        "{}",
        page.words()
    );
    // Without a user there is nobody to make one for.
    let device = server.register_tablet("TABLET-8").await;
    let page = bob.get(&format!("/console/devices/{device}/access")).await;
    assert!(
        page.words().contains("This device has no user"),
        "{}",
        page.words()
    );
    let csrf = page.field("csrf");
    let links = format!("/console/devices/{device}/portal-links");
    assert_eq!(bob.post(&links, &[("csrf", &csrf)]).await.status, 409);
}
