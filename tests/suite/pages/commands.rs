//! Commands in the console: queued by a form, looked at, cancelled, sent again; and what waits.

use serde_json::json;

use super::client::Browser;
use crate::harness::{Server, answers, message};
use crate::wait::{DEADLINE, eventually};

/// A browser of somebody with this role, bound to these groups if there are any.
pub async fn signed_in_as(server: &Server, role: &str, groups: &[&str]) -> Browser {
    let mut token = json!({"name": format!("{role}-{}", groups.join("-")), "role": role});
    if !groups.is_empty() {
        token["groups"] = json!(groups);
    }
    let (_, token) = server.make_token(token).await;
    Browser::signed_in(server, &token).await
}

#[actix_web::test]
async fn a_command_is_previewed_by_mode_and_queued_once() {
    let server = Server::start();
    let device = server.register_tablet("TABLET-7").await;
    let mut browser = signed_in_as(&server, "operator", &[]).await;
    let here = format!("/console/devices/{device}/commands/new");
    let types = browser.get(&here).await;
    assert_eq!(types.status, 200, "{types:?}");
    assert!(
        types.words().contains("wns_update_configuration"),
        "{}",
        types.words()
    );
    assert!(
        !types.contains("remote_wipe"),
        "another family's type: {}",
        types.main()
    );
    let form = format!("{here}?type=wns_update_configuration");
    let fields = [
        ("type", "wns_update_configuration"),
        ("app_id", "Contoso.Portal"),
        (
            "package_family_name",
            "52314Publisher.TestWNS_t6e9vsyjkrw9w",
        ),
    ];
    let preview = [&fields[..], &[("step", "preview")]].concat();
    let page = browser.submit(&form, &here, &preview).await;
    assert_eq!(page.status, 200, "{page:?}");
    let words = page.words();
    for told in [
        "of the kind wns_configuration",
        "Machine withhold",
        "Maintenance deliver",
        "Apps withhold",
        "Unspecified withhold",
        "floor.",
    ] {
        assert!(words.contains(told), "{told}: {words}");
    }
    assert_eq!(page.field("app_id"), "Contoso.Portal");
    assert!(page.contains("value=\"queue\""), "{}", page.main());
    let unseen = browser.get(&form).await;
    assert!(!unseen.contains("value=\"queue\""), "first it is looked at");
    let open = server.get(&format!("/devices/{device}")).await["open_commands"].clone();
    assert_eq!(open, 0, "a preview queues nothing");

    // The same form twice, as a double tap sends it: one command, and one place.
    let (csrf, once) = (page.field("csrf"), page.field("once"));
    let mut all = vec![("csrf", &*csrf), ("once", &*once), ("step", "queue")];
    all.extend(fields);
    let queued = browser.post(&here, &all).await;
    assert_eq!(queued.status, 303, "{queued:?}");
    assert_eq!(
        browser.post(&here, &all).await.location(),
        queued.location()
    );
    let commands = server.get(&format!("/devices/{device}/commands")).await;
    let items = commands["items"].as_array().unwrap();
    assert_eq!(items.len(), 1, "{commands}");
    assert!(
        items[0]["actor"].as_str().unwrap().starts_with("console:"),
        "{commands}"
    );
    let page = browser.get(queued.location()).await;
    assert!(page.words().contains("Queued."), "{}", page.words());
    assert!(page.words().contains("Maintenance"), "{}", page.words());
    // Another form with the same name of the write is none of it.
    let mut other = all.clone();
    other[3..].fill(("type", "lock_workstation"));
    assert_eq!(browser.post(&here, &other).await.status, 409);
}

#[actix_web::test]
async fn what_is_wrong_stands_at_its_field_and_a_password_never_in_the_page() {
    let server = Server::start();
    let device = server.register_tablet("TABLET-7").await;
    let mut browser = signed_in_as(&server, "operator", &[]).await;
    let here = format!("/console/devices/{device}/commands/new");
    let form = format!("{here}?type=reset_user_password");
    let wrong = [
        ("type", "reset_user_password"),
        ("user", "ann \"<b>\""),
        ("password", "s3cret-Pass w0rd"),
        ("priority", "1000"),
        ("step", "queue"),
    ];
    let page = browser.submit(&form, &here, &wrong).await;
    assert_eq!(page.status, 422, "{page:?}");
    assert!(page.contains("<title>Error: "), "{}", page.text);
    assert!(page.contains("href=\"#f-user\""), "{}", page.main());
    assert!(page.contains("id=\"f-user-error\""), "{}", page.main());
    assert!(
        page.contains("ann &#34;&#60;b&#62;&#34;"),
        "{}",
        page.main()
    );
    assert!(!page.contains("s3cret"), "{}", page.main());
    // It is kept for this session, though, and need not be entered again.
    let (csrf, once, kept) = (page.field("csrf"), page.field("once"), page.field("kept"));
    let mended = [
        ("csrf", &*csrf),
        ("once", &*once),
        ("kept", &*kept),
        ("type", "reset_user_password"),
        ("user", "ann"),
        ("password", ""),
        ("step", "preview"),
    ];
    let page = browser.post(&here, &mended).await;
    assert_eq!(page.status, 200, "{page:?}");
    assert!(page.words().contains("Machine deliver"), "{}", page.words());
    assert!(!page.contains("s3cret"), "{}", page.main());
    let (once, kept) = (page.field("once"), page.field("kept"));
    let mut last = mended;
    (last[1], last[2], last[6]) = (("once", &*once), ("kept", &*kept), ("step", "queue"));
    // Another session cannot use what was kept for this one.
    let mut other = signed_in_as(&server, "admin", &[]).await;
    let foreign = other.get("/console").await.field("csrf");
    let mut taken = last;
    taken[0] = ("csrf", &foreign);
    assert_eq!(other.post(&here, &taken).await.status, 422);
    let queued = browser.post(&here, &last).await;
    assert_eq!(queued.status, 303, "{queued:?}");
    let page = browser.get(queued.location()).await;
    assert!(!page.contains("s3cret"), "{}", page.main());
    let reply = server.begin("Machine", "TABLET-7", "1").await;
    assert!(
        reply.text.contains("ConfigString=ann;s3cret-Pass w0rd"),
        "{}",
        reply.text
    );
}

#[actix_web::test]
async fn groups_of_commands_are_entered_as_json() {
    let server = Server::start();
    let device = server.register_tablet("TABLET-7").await;
    let mut browser = signed_in_as(&server, "operator", &[]).await;
    let here = format!("/console/devices/{device}/commands/new");
    let form = format!("{here}?type=atomic");
    let send = async |browser: &mut Browser, json: &str| {
        let fields = [("type", "atomic"), ("commands", json), ("step", "queue")];
        browser.submit(&form, &here, &fields).await
    };
    let page = send(&mut browser, "[{\"type\": \"inventory\"").await;
    assert_eq!(page.status, 422);
    assert!(
        page.words().contains("list of commands as JSON"),
        "{}",
        page.words()
    );
    let page = send(
        &mut browser,
        "[{\"verb\": \"Get\", \"loc_uri\": \"DevInfo\"}]",
    )
    .await;
    assert_eq!(page.status, 422);
    assert!(page.words().contains("[0].loc_uri"), "{}", page.words());
    let page = send(
        &mut browser,
        "[{\"verb\": \"Get\", \"loc_uri\": \"./DevInfo/DevId\"}]",
    )
    .await;
    assert_eq!(page.status, 303, "{page:?}");
    let page = browser.get(page.location()).await;
    assert!(
        page.words().contains("Atomic Get ./DevInfo/DevId"),
        "{}",
        page.words()
    );
}

#[actix_web::test]
async fn a_command_shows_its_decisions_its_answers_and_when_it_goes() {
    let server = Server::start();
    let device = server.register_tablet("TABLET-7").await;
    let lock = server
        .queue(&device, json!({"type": "lock_workstation"}))
        .await;
    let read = server.queue_read(&device, "Win32_OperatingSystem").await;
    let mut browser = signed_in_as(&server, "auditor", &[]).await;
    let page = browser.get(&format!("/console/commands/{lock}")).await;
    assert!(
        page.words().contains("No session has looked at it yet"),
        "{}",
        page.words()
    );
    let unchanged = format!(
        "/console/commands/{lock}?since={}",
        page.attribute("data-rev")
    );
    assert_eq!(browser.get(&unchanged).await.status, 204);
    let reply = server.begin("Machine", "TABLET-7", "1").await;
    server
        .sync(
            "Machine",
            &message("TABLET-7", "1", 2, &answers(&reply, 200)),
        )
        .await;
    assert_eq!(browser.get(&unchanged).await.status, 200);
    let words = browser
        .get(&format!("/console/commands/{lock}"))
        .await
        .words();
    for told in [
        "It is queued",
        "Machine withhold floor.machine",
        "Modes that carry it",
    ] {
        assert!(words.contains(told), "{told}: {words}");
    }
    let page = browser.get(&format!("/console/commands/{read}")).await;
    assert!(page.words().contains("Machine deliver"), "{}", page.words());
    assert!(page.words().contains("200"), "{}", page.words());
    // An auditor looks, and does nothing.
    assert!(!page.contains("/cancel\""), "{}", page.main());
    let csrf = browser.get("/console").await.field("csrf");
    for (path, status) in [
        (format!("/console/commands/{lock}/cancel"), 403),
        (format!("/console/commands/{lock}/retry"), 403),
        (format!("/console/devices/{device}/commands/new"), 403),
    ] {
        assert_eq!(
            browser.post(&path, &[("csrf", &csrf)]).await.status,
            status,
            "{path}"
        );
    }
    assert_eq!(
        browser
            .get(&format!("/console/devices/{device}/commands/new"))
            .await
            .status,
        403
    );
    assert_eq!(server.state(&lock).await, "queued");
}

#[actix_web::test]
async fn cancelling_asks_once_more_and_is_refused_when_it_is_over() {
    let server = Server::start();
    let device = server.register_tablet("TABLET-7").await;
    let lock = server
        .queue(&device, json!({"type": "lock_workstation"}))
        .await;
    let mut browser = signed_in_as(&server, "operator", &[]).await;
    let cancel = format!("/console/commands/{lock}/cancel");
    let page = browser.get(&format!("/console/commands/{lock}")).await;
    assert!(
        page.contains(&format!("href=\"{cancel}\"")),
        "{}",
        page.main()
    );
    assert!(
        !page.contains("/retry\""),
        "it was never tried: {}",
        page.main()
    );
    let done = browser.submit(&cancel, &cancel, &[]).await;
    assert_eq!(done.status, 303, "{done:?}");
    assert_eq!(server.state(&lock).await, "cancelled");
    let page = browser.get(done.location()).await;
    assert!(page.words().contains("Cancelled."), "{}", page.words());
    assert!(
        !page.contains("data-every"),
        "a final page is not looked at again: {}",
        page.main()
    );
    let again = browser.submit(&cancel, &cancel, &[]).await;
    assert_eq!(again.status, 409, "{again:?}");
    // What does not exist, and what is another's, look the same.
    let theirs = server
        .register(json!({"source": "THEIRS", "groups": ["south"]}))
        .await;
    let foreign = server.queue(&theirs, json!({"type": "inventory"})).await;
    let mut bound = signed_in_as(&server, "operator", &["north"]).await;
    let (none, other) = (format!("{device}-c99"), foreign);
    for id in ["nonsense", &none, &other] {
        let page = bound.get(&format!("/console/commands/{id}")).await;
        assert_eq!(page.status, 404, "{id}");
        assert!(page.words().contains("command") || page.status == 404);
    }
    let page = bound
        .get(&format!("/console/devices/{theirs}/commands/new"))
        .await;
    assert_eq!(page.status, 404);
}

#[actix_web::test]
async fn what_waits_is_shown_by_kind_rule_and_the_modes_that_free_it() {
    let server = Server::start();
    let mut devices = Vec::new();
    for at in 0..3 {
        let source = ["TABLET-0", "TABLET-1<b>", "TABLET-2<b>"][at];
        let groups = if at == 0 { json!(["north"]) } else { json!([]) };
        let device = server
            .register(json!({"source": source, "groups": groups}))
            .await;
        server
            .queue(&device, json!({"type": "lock_workstation"}))
            .await;
        devices.push(device);
    }
    server
        .queue(&devices[0], json!({"type": "inventory"}))
        .await;
    server.begin("Machine", "TABLET-0", "1").await;
    let mut browser = signed_in_as(&server, "auditor", &[]).await;
    let page = eventually(DEADLINE, async || {
        let page = browser.get("/console/queue?kind=lock").await;
        assert_eq!(page.status, 200, "{page:?}");
        match page.words().contains("3 commands wait") {
            true => Ok(page),
            false => Err(page.words()),
        }
    })
    .await;
    let words = page.words();
    assert!(words.contains("lock Withheld by"), "{words}");
    assert!(words.contains("Maintenance"), "{words}");
    assert!(!words.contains("inventory Withheld"), "{words}");
    let (_, rest) = page
        .text
        .split_once("href=\"/console/queue/devices")
        .unwrap();
    let href = rest.split('"').next().unwrap();
    let page = browser.get(&format!("/console/queue/devices{href}")).await;
    assert_eq!(page.status, 200, "{page:?}");
    assert!(page.contains("TABLET-"), "{}", page.main());
    assert!(!page.contains("<b>"), "{}", page.main());
    // Bound to a group: what is theirs, read now, and nothing of the others.
    let mut bound = signed_in_as(&server, "operator", &["north"]).await;
    let words = bound.get("/console/queue").await.words();
    assert!(words.contains("1 devices were looked at"), "{words}");
    // Its inventory and its lock, and none of the other devices' two locks.
    assert!(words.contains("2 commands wait"), "{words}");
    for row in ["lock Withheld by", "inventory For the next"] {
        assert!(words.contains(row), "{words}");
    }
    for count in ["3 commands", "3 devices"] {
        assert!(!words.contains(count), "{words}");
    }
    for odd in ["?kind=nonsense", "?rule=%00%ff", "?kind=a&kind=b&x=1"] {
        let status = browser.get(&format!("/console/queue{odd}")).await.status;
        assert!([200, 422].contains(&status), "{odd}: {status}");
    }
}
