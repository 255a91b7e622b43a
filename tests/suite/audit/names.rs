//! Names of people and of their things, serials, telephone numbers, channel URIs and secrets
//! are planted in every input that takes one, and each input is accepted; none gets into the
//! log, or into anything that is made from it and leaves the house.

use std::path::Path;

use modegate_sim::mock_wns::MockWns;
use modegate_sim::{Tablet, Transport};
use serde_json::{Value, json};

use super::sealing::stop;
use super::{Database, exports::audit, written_log::files};
use crate::harness::{Server, answers, message, package1, push_profile_of, serve_command};
use crate::records::wns_app;
use crate::siem::{arrived, in_file, sealed};

const PFN: &str = "52314Publisher.TestWNS_t6e9vsyjkrw9w";

/// Each of them begins so, or is a telephone number. It is too long to stand in random text by
/// chance.
const MARK: &str = "zq7mark";
const TELEPHONES: [&str; 2] = ["4930555019", "5550199"];

/// One request that has to be accepted.
async fn accepted(server: &Server, method: &str, path: &str, body: Value) -> Value {
    let (status, answer) = server.api(method, path, Some(body)).await;
    assert!((200..300).contains(&status), "{method} {path}: {answer}");
    answer
}

/// Records, commands and settings with names in them. The ids of the device and the phone.
async fn plant(server: &Server) -> [String; 2] {
    let device = json!({
        "source": "Zq7mark-LAPTOP", "device_client_id": "Zq7markSERIAL", "user": "zq7mark.anna@example.test",
        "groups": ["field"],
    });
    let device = server.register(device).await;
    let path = format!("/devices/{device}");
    accepted(
        server,
        "PATCH",
        &path,
        json!({"user": "Zq7mark Bertha Smith"}),
    )
    .await;
    let shown = server.get(&path).await;
    assert_eq!(
        (&shown["user"], &shown["device_client_id"]),
        (&json!("Zq7mark Bertha Smith"), &json!("Zq7markSERIAL"))
    );
    let proven = json!({
        "source": "Zq7mark-OTHER", "user": "zq7mark.carl@example.test",
        "credentials": {"username": "zq7mark.carl", "password": "Zq7markPassword"},
    });
    let proven = server.register(proven).await;
    let bound = format!("/devices/{proven}/certificates");
    let imported = json!({"source": "Zq7mark-IMPORT", "user": "zq7mark.dora@example.test"});
    let import = json!({"devices": [imported]});
    accepted(server, "POST", "/devices/import", import).await;
    let certificate = json!({"sha256": "ab".repeat(32), "note": "Zq7mark of Emil, +49 30 5550199"});
    accepted(server, "POST", &bound, certificate).await;
    for command in [
        json!({"type": "reset_user_password", "user": "zq7mark.anna@example.test", "password": "Zq7markNewPassword"}),
        json!({"type": "wns_update_configuration", "app_id": "mdm", "package_family_name": PFN}),
        json!({"type": "raw", "verb": "Replace", "loc_uri": "./cimv2/MDM_X", "data": "Zq7mark Fritz, 4930555019"}),
        json!({"type": "app_install", "job_data": "<Job>Zq7markLicence of Gerda</Job>"}),
        json!({"type": "inventory", "classes": ["Win32_ComputerSystem"]}),
    ] {
        server.queue(&device, command).await;
    }
    let mut app = crate::harness::catalogue_app("erp");
    app["name"] = json!("Zq7mark Hanna's app");
    server.catalogue(app).await;
    accepted(
        server,
        "POST",
        &format!("{path}/installs"),
        json!({"app": "erp"}),
    )
    .await;
    let person = json!({"user": "zq7mark.anna@example.test", "devices": [device]});
    let token = json!({"name": "Zq7mark Anna's", "role": "portal", "person": person});
    accepted(server, "POST", "/tokens", token).await;
    let hook = json!({"url": "https://hooks.example.test/Zq7markPath", "secret": "Zq7markSecret of a webhook"});
    accepted(server, "POST", "/webhooks", hook).await;
    server
        .push_profile(push_profile_of(PFN, "Zq7markProfileSecret"))
        .await;
    let phone = json!({"source": "Zq7mark-PHONE", "family": "windows_phone81", "user": "zq7mark.ida@example.test"});
    [device, server.register(phone).await]
}

/// What a device says of itself and of its user, in every place that takes words.
async fn sync(server: &Server) {
    let replace = |node: &str, data: &str| {
        format!(
            "<Replace><CmdID>7</CmdID><Item><Source><LocURI>{node}</LocURI></Source><Data>{data}</Data></Item></Replace>"
        )
    };
    let alert = |data: &str| {
        format!(
            "<Alert><CmdID>9</CmdID><Data>1226</Data><Item><Source><LocURI>./a</LocURI></Source><Meta>\
             <Type xmlns=\"syncml:metinf\">x.result</Type></Meta><Data>{data}</Data></Item></Alert>"
        )
    };
    let said = [
        replace("./DevInfo/DevId", "Zq7markSERIAL"),
        replace("./DevInfo/Mod", "Zq7mark Karl's tablet"),
        alert("Zq7mark Lena"),
        alert("+49 30 5550199"),
        alert("4930555019"),
    ]
    .concat();
    let first =
        package1("Zq7mark-LAPTOP", "1", 1, "user").replace("<Final/>", &format!("{said}<Final/>"));
    let first = first.replace(
        "<LocURI>Zq7mark-LAPTOP</LocURI>",
        "<LocURI>Zq7mark-LAPTOP</LocURI><LocName>zq7mark.anna@example.test</LocName>",
    );
    let mut reply = server.sync("Maintenance", &first).await;
    for number in 2..9 {
        if reply.commands.is_empty() {
            break;
        }
        let values =
            answers(&reply, 200).replace("value of", "Zq7markHOST of Anna, 4930555019, of");
        reply = server
            .sync(
                "Maintenance",
                &message("Zq7mark-LAPTOP", "1", number, &values),
            )
            .await;
    }
    // Who is not known, and what is no message.
    server.begin("Machine", "Zq7mark-STRANGER", "1").await;
    let kind = crate::harness::SYNCML;
    server
        .post(
            "mode=Machine&Platform=WoA",
            kind,
            b"<SyncML>Zq7mark".to_vec(),
        )
        .await;
}

/// A phone that reports its channel, whose URI is then used.
async fn wake(server: &Server, mock: &MockWns, phone: &str) {
    let transport = Transport::new(&format!("{}/sync", server.http), None, None).unwrap();
    let mut sim = Tablet::phone("Zq7mark-PHONE", "MS DM Server", transport);
    let uri = format!("{}&more=Zq7markChannel", mock.mint(PFN, "phone"));
    sim.registers_with(move |_| uri.clone());
    sim.poll().await.unwrap();
    let channel = server.get(&format!("/devices/{phone}/channel")).await;
    assert_eq!(channel["state"], "active", "{channel}");
    accepted(server, "POST", &format!("/devices/{phone}/wake"), json!({})).await;
}

/// Runs `modegate audit` with these arguments, which works; what it printed.
fn run(arguments: &[&str]) -> Vec<u8> {
    let (code, printed, why) = audit(arguments);
    assert!([0, 3].contains(&code), "{arguments:?}: {why}");
    (printed + &why).into_bytes()
}

/// Everything that is made of the log, by what it is.
fn forms(own: &Path, data: &Path, device: &str, key: &str) -> Vec<(String, Vec<u8>)> {
    let path = |name: &str| own.join(name).to_str().unwrap().to_owned();
    let (whole, part) = (path("whole"), path("part"));
    let data = data.to_str().unwrap();
    let mut hay = vec![
        (
            "checkpoint".to_owned(),
            run(&["checkpoint", "--data", data]),
        ),
        (
            "export".to_owned(),
            run(&["export", &whole, "--data", data, "--jsonl", "--csv"]),
        ),
        (
            "export --device".to_owned(),
            run(&[
                "export", &part, "--data", data, "--device", device, "--jsonl", "--csv",
            ]),
        ),
        (
            "verify".to_owned(),
            run(&["verify", &whole, "--key", key, "--json"]),
        ),
        ("replay".to_owned(), run(&["replay", &whole, "--json"])),
    ];
    let mut directories = vec![whole, part];
    for event in ["1", "2", "3", "4"] {
        let proof = path(&format!("proof-{event}"));
        let said = run(&[
            "prove", "--event", event, "--device", device, "--data", data, "--out", &proof,
        ]);
        hay.push((format!("prove {event}"), said));
        directories.push(proof);
    }
    let (page, all, tables, oscal) = (
        path("page.html"),
        path("all.json"),
        path("tables"),
        path("oscal"),
    );
    let said = run(&[
        "report", "--data", data, "--html", &page, "--json", &all, "--csv", &tables, "--oscal",
        &oscal,
    ]);
    hay.push(("report".to_owned(), said));
    for file in [page, all] {
        hay.push((file.clone(), std::fs::read(&file).unwrap()));
    }
    directories.extend([tables, oscal]);
    for directory in directories {
        let found = files(Path::new(&directory));
        assert!(!found.is_empty(), "{directory}");
        for name in found {
            let bytes = std::fs::read(Path::new(&directory).join(&name)).unwrap();
            hay.push((format!("{directory}/{name}"), bytes));
        }
    }
    hay
}

#[tokio::test(flavor = "multi_thread")]
async fn names_in_every_input_are_in_nothing_that_leaves_the_house() {
    let own = tempfile::tempdir().unwrap();
    let (dir, sent) = (own.path().join("data"), own.path().join("sent"));
    let mock = MockWns::start().await.unwrap();
    mock.register(wns_app(PFN, "Zq7markProfileSecret"));
    let [o, j] = ["o", "j"].map(|form| sent.with_extension(form));
    let sinks = format!("o ocsf file:{},j jsonl file:{}", o.display(), j.display());
    let arguments = [
        "--accept-unknown-devices",
        "--wns-token-url",
        &mock.token_url(),
        "--wns-host-suffix",
        &mock.host_suffix(),
    ];
    let arguments: Vec<String> = arguments.map(str::to_owned).into();
    let mut command = serve_command(&dir, &arguments);
    command
        .env("MODEGATE_AUDIT_SEAL_SECONDS", "1")
        .env("MODEGATE_SIEM_SINKS", sinks);
    let server = Server::by(command, &dir, arguments);
    let [device, phone] = plant(&server).await;
    sync(&server).await;
    wake(&server, &mock, &phone).await;
    // What was said is where it belongs: in the inventory, for who may ask.
    let inventory = server
        .get(&format!("/devices/{device}/inventory"))
        .await
        .to_string();
    assert!(inventory.contains("Zq7mark Karl's tablet"), "{inventory}");
    let size = sealed(&dir);
    for path in [&o, &j] {
        arrived(size, || in_file(path));
    }
    let mut hay: Vec<(String, Vec<u8>)> = vec![
        ("sent as OCSF".into(), std::fs::read(&o).unwrap()),
        ("sent as JSONL".into(), std::fs::read(&j).unwrap()),
    ];
    stop(server);
    let entries = Database::of(&dir).entries();
    hay.extend(
        entries
            .into_iter()
            .enumerate()
            .map(|(n, entry)| (format!("entry {n}"), entry)),
    );
    let key = super::exports::vkey(&dir);
    hay.extend(forms(own.path(), &dir, &device, &key));
    let mut found = Vec::new();
    for (place, bytes) in &hay {
        let text = String::from_utf8_lossy(bytes).to_lowercase();
        for needle in [MARK].iter().chain(&TELEPHONES) {
            if let Some(at) = text.find(needle) {
                let from = text.floor_char_boundary(at.saturating_sub(120));
                let to = text.floor_char_boundary(at + 60);
                found.push(format!("{place}: {}", &text[from..to]));
            }
        }
    }
    assert!(
        found.is_empty(),
        "{} places\n{}",
        found.len(),
        found.join("\n")
    );
}
