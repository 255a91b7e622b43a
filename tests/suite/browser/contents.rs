//! What the server of a browser test has in it: a small fleet with work of each kind, and, for
//! the tests that ask, names that somebody chose in order to harm.

use serde_json::{Value, json};

use super::site::{PFN, Site, WNS_SECRET};
use crate::harness::{Server, push_profile_of};
use crate::wait::{DEADLINE, eventually, seen};

/// What the names of the fleet's tablets begin with; a number follows.
pub(super) const TABLETS: &str = "TABLET-";
/// How many there are. The last one never calls.
pub(super) const COUNT: u32 = 6;
/// Whose tablets they are.
const USERS: [&str; 3] = [
    "ann@contoso.example",
    "bob@contoso.example",
    "eve@contoso.example",
];

/// Texts that no page may take for anything but text.
const HOSTILE: [&str; 6] = [
    "<img src=x data-planted onerror=\"planted=1\">",
    "\"><script data-planted>planted=1</script>",
    "' onfocus='planted=1' autofocus x='",
    "invoice\u{202e}gpj.exe {{7*7}} {% raw %} </title></textarea><b data-planted>",
    "=HYPERLINK(\"https://evil.example\") \u{1f4a3} javascript:planted=1",
    "WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW",
];

/// Which fleet a test wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Names {
    /// As an organisation would give them.
    Usual,
    /// Those and hostile ones.
    Hostile,
}

/// Fills the server; what the tests are told of it.
pub(super) async fn fill(site: &Site, names: Names) -> Value {
    let server = &site.server;
    let profile = server.push_profile(push_profile_of(PFN, WNS_SECRET)).await;
    apps(server).await;
    let mut devices = Vec::new();
    for nth in 0..COUNT {
        let group = ["north", "south"][nth as usize % 2];
        let body = json!({
            "source": format!("{TABLETS}{nth}"),
            "family": "windows81",
            "user": USERS[nth as usize % USERS.len()],
            "groups": [group],
        });
        devices.push(server.register(body).await);
    }
    if names == Names::Hostile {
        hostile(server).await;
    }
    let calling = COUNT - 1;
    site.sync(TABLETS, calling, &["reboot", "logon", "nightly"]);
    let commands = commands(server, &devices).await;
    site.sync(TABLETS, 2, &["reboot", "logon"]);
    let installs = installs(site, &devices).await;
    let batch = json!({"to": {"groups": ["north"]}, "command": {"type": "inventory"}});
    let (status, batch) = server.api("POST", "/commands", Some(batch)).await;
    assert_eq!(status, 202, "{batch}");
    let webhook = json!({"url": "https://hooks.contoso.example/modegate", "secret": "webhook-secret-that-no-page-shows"});
    let (status, webhook) = server.api("POST", "/webhooks", Some(webhook)).await;
    assert_eq!(status, 201, "{webhook}");
    let callers = callers(server, &devices[0]).await;
    let tokens = callers
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|one| one["token"].as_str());
    let secrets: Vec<&str> = tokens
        .chain([
            WNS_SECRET,
            "webhook-secret-that-no-page-shows",
            "N3w-Passw0rd-of-ann",
            "<Job>secret job",
        ])
        .collect();
    json!({
        "callers": callers,
        "secrets": secrets,
        "ids": {
            "devices": devices,
            "commands": commands,
            "installs": installs,
            "batch": batch["id"],
            "profile": profile,
        },
    })
}

async fn apps(server: &Server) {
    for (id, name, version, text) in [
        ("erp", "ERP", "1.1", "Orders, stock and invoices"),
        (
            "field-maps",
            "Field maps",
            "2.0",
            "Maps that work without a network",
        ),
        ("forms", "Forms", "3.0", "Inspection forms"),
    ] {
        server
            .catalogue(json!({
                "id": id, "name": name, "version": version, "description": text,
                "job_data": "<Job>secret job</Job>",
            }))
            .await;
    }
    let cad = json!({
        "id": "cad", "name": "CAD viewer", "version": "7.2", "job_data": "<Job>secret job</Job>",
        "groups": ["engineering"],
    });
    server.catalogue(cad).await;
}

/// Commands of several kinds on the first tablet and one that waits on the last.
async fn commands(server: &Server, devices: &[String]) -> Vec<String> {
    let mut queued = Vec::new();
    for (device, command) in [
        (
            0,
            json!({"type": "inventory", "classes": ["Win32_OperatingSystem"]}),
        ),
        (
            0,
            json!({"type": "reset_user_password", "user": USERS[0], "password": "N3w-Passw0rd-of-ann"}),
        ),
        (0, json!({"type": "lock_workstation"})),
        (1, json!({"type": "inventory"})),
        (COUNT as usize - 1, json!({"type": "lock_workstation"})),
    ] {
        queued.push(server.queue(&devices[device], command).await);
    }
    queued
}

/// What Ann asked for on the first tablet, which has ended and which waits; and an install on the
/// last tablet, which never calls.
async fn installs(site: &Site, devices: &[String]) -> Vec<String> {
    let server = &site.server;
    let ann = json!({"user": USERS[0], "devices": [devices[0]]});
    let body = json!({"name": "ann's apps", "role": "portal", "person": ann});
    let (_, ann) = server.make_token(body).await;
    let pick = async |token: &str, device: &str, app: &str| {
        let path = format!("/devices/{device}/installs");
        let body = json!({"app": app}).to_string().into_bytes();
        let (status, _, install) = server
            .call(token, "POST", &path, &[], Some(body))
            .await
            .unwrap();
        assert_eq!(status, 201, "{install}");
        install["id"].as_str().unwrap().to_owned()
    };
    let done = pick(&ann, &devices[0], "erp").await;
    eventually(DEADLINE, async || {
        site.sync(TABLETS, 1, &["logon", "nightly"]);
        let install = server.get(&format!("/installs/{done}")).await;
        seen(install, |install| !install["finished_at"].is_null())
    })
    .await;
    let waits = pick(&ann, &devices[0], "forms").await;
    let never = pick(&server.token, devices.last().unwrap(), "field-maps").await;
    vec![done, waits, never]
}

/// Who reads the pages: a name, where to begin, and by what to sign in.
async fn callers(server: &Server, of_ann: &str) -> Value {
    let token = async |body: Value| server.make_token(body).await.1;
    let operator = token(json!({"name": "olga", "role": "operator"})).await;
    let auditor = token(json!({"name": "uma", "role": "auditor"})).await;
    let north = token(json!({"name": "nils", "role": "operator", "groups": ["north"]})).await;
    json!([
        {"name": "admin", "home": "/console", "token": server.token},
        {"name": "operator", "home": "/console", "token": operator},
        {"name": "auditor", "home": "/console", "token": auditor},
        {"name": "operator of north", "home": "/console", "token": north},
        {"name": "person", "home": "/portal/apps", "device": of_ann},
    ])
}

/// Devices, users, groups, apps, token names and commands with hostile texts.
async fn hostile(server: &Server) {
    for (nth, text) in HOSTILE.iter().enumerate() {
        let device = server
            .register(json!({
                "source": format!("{nth}{text}"), "family": "windows81",
                "user": format!("{text}{nth}"), "groups": [text, "north"],
            }))
            .await;
        server
            .catalogue(json!({
                "id": format!("hostile-{nth}"), "name": text, "version": "1.0",
                "description": format!("{text} {text}"), "job_data": "<Job>secret job</Job>",
            }))
            .await;
        let loc_uri = format!("./cimv2/Win32_OperatingSystem/{text}");
        let raw = json!({"type": "raw", "verb": "get", "loc_uri": loc_uri});
        let path = format!("/devices/{device}/commands");
        let (status, answer) = server.api("POST", &path, Some(raw)).await;
        assert!(status == 201 || status == 422, "{answer}");
        let body = json!({"app": format!("hostile-{nth}")});
        let (status, answer) = server
            .api("POST", &format!("/devices/{device}/installs"), Some(body))
            .await;
        assert_eq!(status, 201, "{answer}");
        let name: String = text.chars().take(60).collect();
        let _ = server
            .make_token(json!({"name": name, "role": "auditor"}))
            .await;
    }
}
