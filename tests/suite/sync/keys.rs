//! Keys of WMI instances with quotes, backslashes, slashes, percent signs and letters of
//! other alphabets: what a device names is asked for, and what an operator types goes out
//! as it is meant or is refused at once.

use serde_json::{Value, json};

use crate::harness::{Server, answers, message, package1};

/// The LocURIs, percent-decoded, that the server asks for after the class named these.
async fn asked_after(class: &str, names: &str) -> (Vec<String>, Value) {
    let server = Server::start();
    let device = server.register(json!({"source": "t"})).await;
    let inventory = json!({"type": "inventory", "classes": [class]});
    server.queue(&device, inventory).await;
    let asked = server.sync("Machine", &package1("t", "1", 1, "none")).await;
    let escaped = names.replace('&', "&amp;").replace('<', "&lt;");
    let body = format!(
        "<Status><CmdID>1</CmdID><MsgRef>{0}</MsgRef><CmdRef>{1}</CmdRef><Cmd>Get</Cmd><Data>200</Data></Status>\
         <Results><CmdID>2</CmdID><MsgRef>{0}</MsgRef><CmdRef>{1}</CmdRef><Item><Source><LocURI>./cimv2/{class}</LocURI></Source>\
         <Meta><Format xmlns=\"syncml:metinf\">node</Format></Meta><Data>{escaped}</Data></Item></Results><Final/>",
        asked.msg_id, asked.commands[0].cmd_id
    );
    let next = server.sync("Machine", &message("t", "1", 2, &body)).await;
    let decoded = next.loc_uris().into_iter().map(|loc_uri| {
        let decoded = percent_encoding::percent_decode_str(loc_uri);
        decoded.decode_utf8().unwrap().into_owned()
    });
    let events = server.get(&format!("/devices/{device}/events")).await;
    // What went out is answered: nothing of it was taken back by the second check.
    assert!(!events.to_string().contains("guard.refused"), "{events}");
    (decoded.collect(), events)
}

#[tokio::test]
async fn every_instance_that_a_device_names_is_asked_for() {
    let tag = |key: &str| format!("Win32_PhysicalMemory.Tag=\"{key}\"");
    for keys in [
        vec![r#"12\" riser / slot 1"#, "Physical Memory 1"],
        vec![r"C:\\", r"\\\\.\\PHYSICALDRIVE0"],
        vec!["100%", "50% / a", "a%41"],
        vec!["M\u{fc}ller", "\u{65e5}\u{672c}", "O'Brien", "a,b=c"],
        vec![r#"\"a/b\" and \"c/d\""#, "x"],
        // An agent that does not escape its backslashes.
        vec![r"C:\", r"D:\"],
    ] {
        let names: Vec<String> = keys.iter().map(|key| tag(key)).collect();
        let (asked, _) = asked_after("Win32_PhysicalMemory", &names.join("/")).await;
        for name in &names {
            let below = format!("./cimv2/Win32_PhysicalMemory/{name}/");
            assert!(
                asked.iter().any(|loc_uri| loc_uri.starts_with(&below)),
                "{name}: {asked:?}"
            );
        }
    }
    // The same, percent-encoded as Microsoft's page on the tree has it.
    let encoded = "Win32_PhysicalMemory.Tag%3D%2212%5C%22%20riser%20%2F%20slot%22/Win32_PhysicalMemory.Tag%3D%22b%22";
    let (asked, _) = asked_after("Win32_PhysicalMemory", encoded).await;
    for key in [r#"12\" riser / slot"#, "b"] {
        let below = format!("./cimv2/Win32_PhysicalMemory/{}/", tag(key));
        assert!(
            asked.iter().any(|loc_uri| loc_uri.starts_with(&below)),
            "{asked:?}"
        );
    }
}

#[tokio::test]
async fn a_name_that_cannot_be_asked_for_is_on_record() {
    let names = r#"Win32_BIOS.Name="a%2Fb"/Win32_BIOS.Name="good""#;
    let (asked, events) = asked_after("Win32_BIOS", names).await;
    assert!(
        asked.iter().any(|loc_uri| loc_uri.contains("good")),
        "{asked:?}"
    );
    assert!(
        events.to_string().contains("1 names are no nodes"),
        "{events}"
    );
}

#[tokio::test]
async fn what_an_operator_types_goes_out_or_is_refused() {
    let server = Server::start();
    let path = |device: &str| format!("/devices/{device}/commands");
    for (nth, (key, sent)) in [
        ("a\"b", Some("a%5C%22b")),
        ("a\\b", Some("a%5C%5Cb")),
        ("100%", Some("100%25")),
        ("a/b", Some("a%2Fb")),
        ("M\u{fc}ller", Some("M%C3%BCller")),
        ("a%41", Some("a%2541")),
        ("a%22b", None),
        ("a%2Fb", None),
    ]
    .into_iter()
    .enumerate()
    {
        let source = format!("d{nth}");
        let new = json!({"source": source, "device_client_id": key});
        let (status, device) = server.api("POST", "/devices", Some(new)).await;
        let Some(sent) = sent else {
            assert_eq!(
                (status, &device["field"]),
                (422, &json!("device_client_id")),
                "{key}"
            );
            continue;
        };
        let device = device["id"].as_str().unwrap();
        let reset = json!({"type": "reset_user_password", "user": "ann", "password": "p"});
        let reset = server.queue(device, reset).await;
        let reply = server
            .sync("Machine", &package1(&source, "1", 1, "none"))
            .await;
        let expected = format!(
            "./cimv2/MDM_Client/MDM_Client.DeviceClientID=%22{sent}%22/Exec=ResetUserPassword"
        );
        assert_eq!(reply.loc_uris(), [expected]);
        let answer = message(&source, "1", 2, &answers(&reply, 200));
        server.sync("Machine", &answer).await;
        assert_eq!(server.state(&reset).await, "succeeded");
    }
    // A device's own name may be such a key: said when a command needs it.
    let device = server.register(json!({"source": "a%22b"})).await;
    let unenroll = json!({"type": "unenroll"});
    let (status, refused) = server.api("POST", &path(&device), Some(unenroll)).await;
    assert_eq!(
        (status, &refused["field"]),
        (422, &json!("device_client_id")),
        "{refused}"
    );

    let device = server.register(json!({"source": "t"})).await;
    for (command, field) in [
        (json!({"type": "app_status", "job_id": "a%22b"}), "job_id"),
        (
            json!({"type": "raw", "verb": "Get", "loc_uri": "./cimv2/Win32_Share/Win32_Share.Name=%22open"}),
            "loc_uri",
        ),
        (
            json!({"type": "raw", "verb": "Get", "loc_uri": "./cimv2/Win32_Share/Win32_Share.Name=%22a%2522%22"}),
            "loc_uri",
        ),
        (
            json!({"type": "atomic", "commands": [{"verb": "Get", "loc_uri": "./cimv2/Win32_X/Win32_X.N=\"a"}]}),
            "commands[0].loc_uri",
        ),
        (
            json!({"type": "inventory", "classes": ["./cimv2/Win32_Share/Win32_Share.Name=\"a%FF\""]}),
            "classes[0]",
        ),
    ] {
        let (status, refused) = server
            .api("POST", &path(&device), Some(command.clone()))
            .await;
        assert_eq!(
            (status, &refused["field"]),
            (422, &json!(field)),
            "{command}: {refused}"
        );
    }
    let queued = server.get(&path(&device)).await;
    assert_eq!(queued["items"], json!([]), "nothing waits for ever");
}
