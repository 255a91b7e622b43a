//! What a device says besides its answers: alerts, several items in one Results, DevInfo.

use serde_json::{Value, json};

use crate::harness::{Reply, Server, answers, message, package1};

const CLASSIFY: &str = r#"[[classify]]
loc_uri = "./Vendor/MSFT/EnterpriseDesktopAppManagement/MSI/*/DownloadInstall"
verb = ["Add", "Exec"]
kind = "app_install"
"#;
const URI: &str = "./Vendor/MSFT/EnterpriseDesktopAppManagement/MSI/%7B1803A630-3C38-4D2B-9B9A-0CB37243539C%7D/DownloadInstall";

/// A server whose policy files know MSI jobs, beside those that ship.
fn server(policies: &std::path::Path) -> Server {
    let shipped = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
    for file in std::fs::read_dir(shipped).unwrap() {
        let file = file.unwrap();
        if file.file_type().unwrap().is_file() {
            std::fs::copy(file.path(), policies.join(file.file_name())).unwrap();
        }
    }
    std::fs::write(policies.join("site.toml"), CLASSIFY).unwrap();
    Server::start_with(&[
        "--accept-unknown-devices",
        "--policies",
        policies.to_str().unwrap(),
    ])
}

fn alert(code: &str, uri: &str, kind: &str, data: &str) -> String {
    format!(
        "<Alert><CmdID>9</CmdID><Data>{code}</Data><Item><Source><LocURI>{uri}</LocURI></Source><Meta><Type xmlns=\"syncml:metinf\">{kind}</Type>\
         <Format xmlns=\"syncml:metinf\">int</Format><Mark xmlns=\"syncml:metinf\">informational</Mark></Meta><Data>{data}</Data></Item></Alert>"
    )
}

const MSI: &str = "Reversed-Domain-Name:com.microsoft.mdm.win32csp_install";

/// Package 1 with more alerts in it.
fn package(source: &str, session: &str, alerts: &str) -> String {
    package1(source, session, 1, "user").replace("<Final/>", &format!("{alerts}<Final/>"))
}

async fn events(server: &Server, device: &str) -> Vec<Value> {
    let events = server.get(&format!("/devices/{device}/events")).await;
    let events = events["items"].as_array().unwrap().clone();
    events
        .into_iter()
        .filter(|event| event["type"] == "device.alert")
        .collect()
}

/// A device with an accepted job.
async fn accepted(server: &Server, source: &str) -> (String, String) {
    let device = server
        .register(json!({"source": source, "family": "windows10"}))
        .await;
    let exec = json!({"type": "raw", "verb": "Exec", "loc_uri": URI, "data": "<MsiInstallJob/>"});
    let command = server.queue(&device, exec).await;
    let reply = server
        .sync("Maintenance", &package1(source, "1", 1, "user"))
        .await;
    assert_eq!(reply.commands.len(), 1, "{}", reply.text);
    let second = message(source, "1", 2, &answers(&reply, 202));
    server.sync("Maintenance", &second).await;
    assert_eq!(server.state(&command).await, "accepted");
    (device, command)
}

#[tokio::test]
async fn an_alert_ends_the_accepted_command_whose_node_it_names() {
    let policies = tempfile::tempdir().unwrap();
    let server = server(policies.path());
    let decoded = URI.replace("%7B", "{").replace("%7D", "}");
    let rows = [
        ("1224", URI, "0", "succeeded", "0"),
        ("1226", &decoded, "0", "succeeded", "0"),
        ("1224", URI, "1603", "failed", "1603"),
        ("1226", URI, "-2147023293", "failed", "0x80070643"),
        ("1226", URI, "0x80070643", "failed", "0x80070643"),
        ("1226", URI, "soon", "accepted", ""),
        ("1226", "./Vendor/MSFT/Other", "0", "accepted", ""),
    ];
    for (nth, (code, uri, data, state, shown)) in rows.into_iter().enumerate() {
        let source = format!("pc-{nth}");
        let (device, command) = accepted(&server, &source).await;
        let told = alert(code, uri, MSI, data);
        let reply = server
            .sync("Maintenance", &package(&source, "2", &told))
            .await;
        let codes: Vec<u16> = reply.statuses.iter().map(|status| status.2).collect();
        assert!(codes.iter().all(|&code| code == 200), "{codes:?}");
        let read = server.get(&format!("/commands/{command}")).await;
        assert_eq!(read["state"], state, "{code} {data}: {read}");
        let ended = state != "accepted";
        let reason = read["reason"].as_str().unwrap();
        assert!(
            reason.contains(shown) && reason.contains("(alert") == ended,
            "{reason}"
        );
        if ended {
            assert_eq!(read["results"][0]["data"], shown, "{read}");
        }
        // Whatever it did, it is on record.
        let kept = events(&server, &device).await;
        assert_eq!(kept.len(), 1, "{kept:?}");
        assert_eq!(kept[0]["actor"], "device");
        assert_eq!(
            kept[0]["command"].as_str(),
            ended.then_some(command.as_str())
        );
        // Words may be a name.
        let data = if data == "soon" { "***" } else { data };
        let expected = json!({"code": code.parse::<u16>().unwrap(), "type": MSI, "source": uri, "mark": "informational", "data": data});
        assert_eq!(kept[0]["alert"], expected);
        // Reported twice, it is over.
        server
            .sync(
                "Maintenance",
                &package(&source, "3", &alert("1226", uri, MSI, "5")),
            )
            .await;
        assert_eq!(events(&server, &device).await.len(), 2);
        if ended {
            assert_eq!(server.state(&command).await, state);
        }
    }
}

/// A device may name the node of an alert as the question that it was asked
/// (`?list=StructData`), and several nodes in one alert.
#[tokio::test]
async fn an_alert_names_nodes_as_struct_data_and_several_at_once() {
    let policies = tempfile::tempdir().unwrap();
    let server = server(policies.path());
    let item = |source: &str, data: &str| {
        format!(
            "<Item><Source><LocURI>{source}</LocURI></Source><Meta><Type xmlns=\"syncml:metinf\">{MSI}</Type>\
             <Format xmlns=\"syncml:metinf\">int</Format></Meta><Data>{data}</Data></Item>"
        )
    };
    let asked = format!("{URI}?list=StructData");
    let below = format!("{URI}/Status?list=StructData");
    let rows = [
        (&asked, "0", "succeeded"),
        (&asked, "1603", "failed"),
        (&below, "0", "accepted"),
    ];
    for (nth, (named, data, state)) in rows.into_iter().enumerate() {
        let source = format!("pc-{nth}");
        let (device, command) = accepted(&server, &source).await;
        let items = [
            item("./Vendor/MSFT/Other?list=StructData", "7"),
            item(named, data),
        ]
        .concat();
        let told = format!("<Alert><CmdID>9</CmdID><Data>1226</Data>{items}</Alert>");
        server
            .sync("Maintenance", &package(&source, "2", &told))
            .await;
        let read = server.get(&format!("/commands/{command}")).await;
        assert_eq!(read["state"], state, "{named} {data}: {read}");
        if state != "accepted" {
            // The value is that of the node that was sent, not of the question.
            let results = read["results"].as_array().unwrap();
            let ours = results.iter().find(|result| result["data"] == data);
            assert_eq!(ours.unwrap()["loc_uri"], URI, "{read}");
        }
        let kept = events(&server, &device).await;
        let sources: Vec<&Value> = kept.iter().map(|event| &event["alert"]["source"]).collect();
        assert_eq!(
            sources,
            ["./Vendor/MSFT/Other?list=StructData", named.as_str()]
        );
        let ended: Vec<bool> = kept
            .iter()
            .map(|event| event["command"].is_string())
            .collect();
        assert_eq!(
            ended,
            [false, state != "accepted"],
            "each item by its own node"
        );
    }
}

#[tokio::test]
async fn alerts_are_kept_bounded_and_without_secrets() {
    let server = Server::start();
    let device = server
        .register(json!({"source": "pc", "family": "windows10"}))
        .await;
    let jwt = "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.eyJvaWQiOiJ4In0.c2lnbmF0dXJl";
    let long = "x".repeat(4_000);
    let told = [
        alert("1224", "./a", "com.microsoft/MDM/AADUserToken", jwt),
        alert("1226", "./a", "x", jwt),
        alert("1224", &format!("./{long}"), &long, &long),
        "<Alert><CmdID>9</CmdID><Data>1240</Data></Alert>".to_owned(),
    ]
    .concat();
    let reply = server.sync("Maintenance", &package("pc", "1", &told)).await;
    assert!(reply.statuses.iter().any(|status| status.2 == 406), "1240");
    let kept = events(&server, &device).await;
    assert_eq!(kept.len(), 4, "LoginStatus and 1201 are none");
    let text = serde_json::to_string(&kept).unwrap();
    assert!(!text.contains("eyJ") && text.len() < 6_000, "{text}");
    assert_eq!(kept[0]["alert"]["data"], "***");
    assert_eq!(
        kept[3]["alert"],
        json!({"code": 1240, "type": null, "source": null, "mark": null, "data": null})
    );
    let many = alert("1226", "./a", "x", "1").repeat(50);
    server.sync("Maintenance", &package("pc", "2", &many)).await;
    assert_eq!(events(&server, &device).await.len(), 4 + 8);
}

async fn asked(server: &Server, loc_uri: &str) -> (String, String, Reply) {
    let device = server
        .register(json!({"source": "pc", "family": "windows10"}))
        .await;
    let get = json!({"type": "raw", "verb": "Get", "loc_uri": loc_uri});
    let command = server.queue(&device, get).await;
    let reply = server
        .sync("Maintenance", &package1("pc", "1", 1, "user"))
        .await;
    (device, command, reply)
}

#[tokio::test]
async fn items_of_one_results_keep_their_own_sources() {
    let server = Server::start();
    let (device, command, reply) = asked(&server, "./DevDetail").await;
    let item = |source: &str, data: &str| {
        format!("<Item><Source><LocURI>{source}</LocURI></Source><Data>{data}</Data></Item>")
    };
    let list = "<Item><Source><LocURI>./DevDetail/Ext</LocURI></Source><Meta><Format xmlns=\"syncml:metinf\">node</Format></Meta><Data>Microsoft</Data></Item>";
    let (msg_ref, cmd_ref) = (reply.msg_id, reply.commands[0].cmd_id);
    let body = format!(
        "<Status><CmdID>1</CmdID><MsgRef>{msg_ref}</MsgRef><CmdRef>{cmd_ref}</CmdRef><Cmd>Get</Cmd><Data>200</Data></Status>\
         <Results><CmdID>2</CmdID><MsgRef>{msg_ref}</MsgRef><CmdRef>{cmd_ref}</CmdRef>{}{}{list}{}</Results><Final/>",
        item("./DevDetail/SwV", "10.0.14393.0"),
        item("./devdetail/HwV", "B"),
        item("./Vendor/MSFT/Other", "C"),
    );
    server
        .sync("Maintenance", &message("pc", "1", 2, &body))
        .await;
    let read = server.get(&format!("/commands/{command}")).await;
    let results = read["results"].as_array().unwrap();
    let of = |loc_uri: &str| results.iter().find(|result| result["loc_uri"] == loc_uri);
    assert_eq!(of("./DevDetail/SwV").unwrap()["data"], "10.0.14393.0");
    assert_eq!(of("./devdetail/HwV").unwrap()["data"], "B");
    assert_eq!(of("./DevDetail/Ext").unwrap()["format"], "node");
    // What lies elsewhere is shown, and is nobody else's value.
    let foreign = of("./DevDetail").unwrap();
    assert_eq!(
        (&foreign["data"], &foreign["source"]),
        (&json!("C"), &json!("./Vendor/MSFT/Other"))
    );
    assert_eq!(foreign["status"], 200);
    let inventory = server.get(&format!("/devices/{device}/inventory")).await;
    let known = &inventory["classes"]["./DevDetail"]["instances"][""];
    assert_eq!(known["SwV"]["value"], "10.0.14393.0", "{inventory}");
    assert!(inventory["classes"]["./Vendor"].is_null());
}

#[tokio::test]
async fn dev_info_becomes_inventory_and_its_changes_are_kept() {
    let server = Server::start();
    let device = server
        .register(json!({"source": "t", "family": "windows81"}))
        .await;
    let first = |session: &str, model: &str| {
        let more = format!(
            "<Replace><CmdID>4</CmdID><Item><Source><LocURI>./DevInfo/Mod</LocURI></Source><Data>{model}</Data></Item>\
             <Item><Source><LocURI>./DevInfo/Lang</LocURI></Source><Data>en-US</Data></Item></Replace>\
             <Replace><CmdID>5</CmdID><Item><Source><LocURI>./DevDetail/SwV</LocURI></Source><Data>9</Data></Item></Replace>"
        );
        package("t", session, &more)
    };
    server.sync("Machine", &first("1", "Surface")).await;
    let path = format!("/devices/{device}/inventory");
    let inventory = server.get(&path).await;
    let known = &inventory["classes"]["./DevInfo"]["instances"][""];
    assert_eq!(known["Mod"]["value"], "Surface", "{inventory}");
    assert_eq!(
        (&known["Lang"]["value"], &known["Mod"]["command"]),
        (&json!("en-US"), &Value::Null)
    );
    assert!(
        inventory["classes"]["./DevDetail"].is_null(),
        "only DevInfo is taken"
    );
    server.sync("Machine", &first("2", "Surface 2")).await;
    let changes = server.get(&format!("{path}/changes")).await;
    let changes = changes["items"].as_array().unwrap();
    assert_eq!(changes.len(), 1, "{changes:?}");
    assert_eq!(
        (&changes[0]["property"], &changes[0]["after"]["value"]),
        (&json!("Mod"), &json!("Surface 2"))
    );
}
