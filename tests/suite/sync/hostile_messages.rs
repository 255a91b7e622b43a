//! Messages and addresses that are made to mislead: other devices' sessions,
//! numbers out of range, LocURIs that look like others.

use serde_json::{Value, json};

use super::hostile::{post, whole};
use crate::harness::{Reply, SYNCML, Server, answers, message};
use crate::syncml::{header_status, status};

/// A server with the devices `t` and `victim`, which is in session 7 and has been sent
/// one command; the victim's id, the command, and the message with it.
async fn asked_the_victim() -> (Server, String, String, Reply) {
    let server = Server::start();
    let victim = server.register_tablet("victim").await;
    server.register_tablet("t").await;
    let get = json!({"type": "raw", "verb": "Get", "loc_uri": "./DevDetail/SwV"});
    let command = server.queue(&victim, get).await;
    let asked = server.begin("Maintenance", "victim", "7").await;
    assert_eq!(asked.commands.len(), 1);
    (server, victim, command, asked)
}

/// The victim's answer, its session and its numbers from another Source.
#[tokio::test]
async fn an_answer_from_another_device_changes_nothing() {
    let (server, _, command, asked) = asked_the_victim().await;
    let answer = answers(&asked, 200);
    for session in ["7", "8"] {
        for number in [1, 2] {
            let crossed = server
                .sync("Maintenance", &message("t", session, number, &answer))
                .await;
            assert!(crossed.commands.is_empty());
            assert!(!crossed.text.contains("SwV"));
        }
    }
    assert_eq!(server.state(&command).await, "sent");
}

#[tokio::test]
async fn numbers_out_of_range_are_refused_or_mean_nothing() {
    let (server, _, command, _) = asked_the_victim().await;
    let xml = whole();
    for wrong in [
        "0",
        "-1",
        "1.5",
        "99999999999",
        "18446744073709551616",
        "0x1",
        "",
        "1 2",
        "\u{0661}",
    ] {
        let text = xml.replace("<MsgID>1<", &format!("<MsgID>{wrong}<"));
        assert_eq!(
            post(&server, SYNCML, "", text.as_bytes()),
            400,
            "MsgID {wrong}"
        );
        for (element, expected) in [("CmdRef", 200), ("MsgRef", 200), ("CmdID", 200)] {
            let status = status(1, 1, 1, "Get", 200) + "<Final/>";
            let status = status.replace(&format!("<{element}>1<"), &format!("<{element}>{wrong}<"));
            let found = post(
                &server,
                SYNCML,
                "",
                message("t", "9", 1, &status).as_bytes(),
            );
            assert!(
                found == expected || found == 400,
                "{element} {wrong}: {found}"
            );
        }
    }
    assert_eq!(server.state(&command).await, "sent");
}

#[tokio::test]
async fn a_status_without_a_code_is_no_success() {
    let (server, _, command, asked) = asked_the_victim().await;
    for code in ["-200", "99999", "abc", ""] {
        let status = status(1, asked.msg_id, asked.commands[0].cmd_id, "Get", code) + "<Final/>";
        let found = post(
            &server,
            SYNCML,
            "",
            message("victim", "7", 2, &status).as_bytes(),
        );
        assert!(matches!(found, 200 | 400), "{code}: {found}");
    }
    assert_ne!(server.state(&command).await, "succeeded");
}

#[tokio::test]
async fn an_answer_replayed_after_another_session_has_no_effect() {
    let (server, victim, command, asked) = asked_the_victim().await;
    let answer = answers(&asked, 200);
    let next = server.begin("Maintenance", "victim", "8").await;
    let done = answers(&next, 200);
    server
        .sync("Maintenance", &message("victim", "8", 2, &done))
        .await;
    assert_eq!(server.state(&command).await, "succeeded");
    let replayed = server
        .sync("Maintenance", &message("victim", "7", 2, &answer))
        .await;
    assert!(replayed.commands.is_empty());
    let events = server.get(&format!("/devices/{victim}/events")).await;
    assert!(
        events.to_string().contains("session that is over"),
        "on record"
    );
}

#[tokio::test]
async fn loc_uri_tricks_are_of_their_kind_or_none_and_never_pass_machine() {
    let server = Server::start();
    let device = server.register_tablet("t").await;
    let wns = "MDM_WNSConfiguration/MDM_WNSConfiguration.AppId=%22a%22/Exec=UpdateConfiguration";
    let client = "MDM_Client/MDM_Client.DeviceClientID=%22a%22/Exec=";
    let tricks: Vec<(&str, String)> = vec![
        ("Exec", format!("./cimv2/{}", wns.replace("WNS", "%57NS"))),
        ("Exec", format!("./cimv2/{}", wns.replace("WNS", "%2557NS"))),
        ("Exec", format!("./CIMV2/{}", wns.to_uppercase())),
        ("Exec", format!("./cimv2/../cimv2/{wns}")),
        ("Exec", format!("./cimv2//{wns}")),
        ("Exec", format!("./cimv2/./{wns}")),
        ("Exec", format!("./User/cimv2/{wns}")),
        (
            "Exec",
            format!("./cimv2/{client}ResetUserPassword/Exec=LockWorkstation"),
        ),
        ("Exec", format!("./cimv2/{client}ResetUserPassword%00")),
        ("Exec", format!("./cimv2/{client}\u{420}esetUserPassword")),
        (
            "Exec",
            format!("./cimv2/{}", client.replace("%22a%22", "%22a")) + "ResetUserPassword",
        ),
        (
            "Exec",
            format!("./cimv2/{}", client.replace("a%22", "a%22%22%20x=%22")) + "LockWorkstation",
        ),
        ("Get", "./cimv2/Win32_BIOS/../MDM_WNSChannel".to_owned()),
        ("Get", "./cimv2/Win32_BIOS%2f..%2fMDM_WNSChannel".to_owned()),
        ("Get", "./DevInfo/../Vendor/MSFT".to_owned()),
        ("Get", "./DevInfo/%2e%2e/Vendor".to_owned()),
        ("Get", "./DevInf\u{43e}/DevId".to_owned()),
        ("Get", "./cimv2/W\u{131}n32_BIOS".to_owned()),
        ("Replace", "./DevInfo/DevId".to_owned()),
        (
            "Exec",
            "./Vendor/MSFT/DMClient/Provider/a/b/Unenroll".to_owned(),
        ),
        ("Exec", "./Vendor/MSFT/RemoteWipe/doWipe".to_owned()),
        ("Exec", "./Device/Vendor/MSFT/RemoteWipe/DOWIPE".to_owned()),
    ];
    for (verb, loc_uri) in &tricks {
        let raw = json!({"type": "raw", "verb": verb, "loc_uri": loc_uri});
        let path = format!("/devices/{device}/commands");
        let (status, answer) = server.api("POST", &path, Some(raw)).await;
        assert!(
            status == 201 || (400..500).contains(&status),
            "{loc_uri}: {status}"
        );
        if status == 201 {
            let kind = answer["kind"].as_str().unwrap();
            let machine = ["inventory", "password_reset", "unenroll"];
            assert!(!machine.contains(&kind), "{loc_uri}: {kind}");
        }
    }
    let reply = server.begin("Machine", "t", "1").await;
    assert!(reply.commands.is_empty(), "{}", reply.text);
}

/// Of the kind of the most restricted child, all the way down.
#[tokio::test]
async fn groups_in_groups_are_of_the_kind_of_the_most_restricted() {
    let server = Server::start();
    let device = server.register_tablet("t").await;
    let lock = json!({"type": "lock_workstation"});
    let bios = json!({"verb": "Get", "loc_uri": "./cimv2/Win32_BIOS"});
    let mut nested: Value = json!({"type": "atomic", "commands": [bios, lock]});
    for kind in ["sequence", "atomic"] {
        nested = json!({"type": kind, "commands": [bios, nested]});
    }
    let (status, answer) = server
        .api(
            "POST",
            &format!("/devices/{device}/commands"),
            Some(nested.clone()),
        )
        .await;
    assert_eq!(
        (status, answer["kind"].as_str()),
        (201, Some("lock")),
        "{answer}"
    );
    for _ in 0..8 {
        nested = json!({"type": "sequence", "commands": [nested]});
    }
    let (status, _) = server
        .api("POST", &format!("/devices/{device}/commands"), Some(nested))
        .await;
    assert!((400..500).contains(&status), "{status}");
    let reply = server.begin("Machine", "t", "1").await;
    assert!(reply.commands.is_empty(), "{}", reply.text);
}

/// Each is answered once, and none of it is done.
#[tokio::test]
async fn groups_that_a_device_sends_are_not_done() {
    let server = Server::start();
    server.register_tablet("t").await;
    let inner = "<Replace><CmdID>4</CmdID><Item><Target><LocURI>./DevInfo/DevId</LocURI></Target><Data>victim</Data></Item></Replace>";
    let groups = format!(
        "<Atomic><CmdID>1</CmdID><Sequence><CmdID>2</CmdID><Atomic><CmdID>3</CmdID>{inner}</Atomic></Sequence></Atomic><Final/>"
    );
    let reply = server.sync("Machine", &message("t", "2", 1, &groups)).await;
    assert_eq!(
        reply.statuses.iter().map(|s| s.2).collect::<Vec<_>>(),
        [200, 406]
    );
}

#[tokio::test]
async fn what_a_device_says_of_itself_is_text() {
    let server = Server::start();
    let device = server.register_tablet("t").await;
    let command = server.queue_read(&device, "Win32_BIOS").await;
    let reply = server.begin("Machine", "t", "1").await;
    let id = reply.commands[0].cmd_id;
    // Names that would lead elsewhere: the server reads on only where it asked.
    let names = "Win32_BIOS.a=\"../../MDM_WNSChannel\"/../MDM_WNSChannel/%2e%2e%2fMDM_Application/Win32_BIOS.Name=\"x\"/Exec=Y";
    let of = reply.msg_id;
    let body = header_status(of)
        + &status(2, of, id, "Get", 200)
        + &format!(
            "<Results><CmdID>3</CmdID><MsgRef>{of}</MsgRef><CmdRef>{id}</CmdRef><Item><Source><LocURI>./cimv2/MDM_Application</LocURI></Source>\
             <Meta><Format xmlns=\"syncml:metinf\">node</Format></Meta><Data>{names}</Data></Item></Results><Final/>"
        );
    let next = server.sync("Machine", &message("t", "1", 2, &body)).await;
    for sent in &next.commands {
        assert_eq!(sent.verb, "Get");
        let class = sent.loc_uri.to_lowercase();
        assert!(class.starts_with("./cimv2/win32_bios"), "{class}");
        assert!(!class.contains("exec="), "{class}");
    }
    assert_eq!(server.state(&command).await, "succeeded");
}
