//! Removals of what is not there: the wish is fulfilled.

use serde_json::{Value, json};

use crate::harness::{Reply, Server, message, package1};

/// One session that answers the first reply with these codes, in order.
async fn answered(server: &Server, source: &str, codes: &[u16]) -> Reply {
    let first = package1(source, "1", 1, "user");
    let reply = server.sync("Maintenance", &first).await;
    assert_eq!(reply.commands.len(), codes.len(), "{}", reply.text);
    let mut body = String::new();
    for (command, code) in reply.commands.iter().zip(codes) {
        body += &format!(
            "<Status><CmdID>2</CmdID><MsgRef>{}</MsgRef><CmdRef>{}</CmdRef><Cmd>{}</Cmd><Data>{code}</Data></Status>",
            reply.msg_id, command.cmd_id, command.verb
        );
    }
    let second = message(source, "1", 2, &(body + "<Final/>"));
    server.sync("Maintenance", &second).await
}

/// How a command ends whose elements are answered so.
async fn outcome(server: &Server, source: &str, command: &Value, codes: &[u16]) -> Value {
    let device = server
        .register(json!({"source": source, "family": "windows81"}))
        .await;
    let command = server.queue(&device, command.clone()).await;
    answered(server, source, codes).await;
    server.get(&format!("/commands/{command}")).await
}

fn typed() -> Vec<Value> {
    let zone = json!({"type": "browser_security_zone", "zone": "trusted", "site": "a.test", "remove": true});
    vec![
        json!({"type": "wifi_remove", "name": "Old Guest"}),
        json!({"type": "wifi_remove", "name": "Old Guest", "class": "MDM_WirelessProfile"}),
        json!({"type": "vpn_remove", "name": "Old"}),
        json!({"type": "vpn_trigger", "package_family_name": "a_b", "remove": true}),
        json!({"type": "certificate_remove", "thumbprint": "0123456789abcdef0123456789abcdef01234567"}),
        json!({"type": "application_setting", "package_family_name": "a_b", "name": "x", "remove": true}),
        zone,
    ]
}

#[tokio::test]
async fn a_typed_removal_of_what_is_not_there_is_done() {
    let server = Server::start();
    for (nth, command) in typed().iter().enumerate() {
        let absent = outcome(&server, &format!("absent-{nth}"), command, &[404]).await;
        assert_eq!(absent["state"], "succeeded", "{absent}");
        assert_eq!(absent["results"][0]["status"], 404);
        assert!(absent["reason"].as_str().unwrap().contains("not there"));
        for code in [403, 405, 500] {
            let source = format!("other-{nth}-{code}");
            let other = outcome(&server, &source, command, &[code]).await;
            assert_eq!(other["state"], "failed", "{code}: {other}");
        }
    }
}

#[tokio::test]
async fn what_waits_for_the_removal_goes_on() {
    let server = Server::start();
    let device = server
        .register(json!({"source": "t", "family": "windows81"}))
        .await;
    let old = server.queue(&device, typed()[0].clone()).await;
    let new = json!({"type": "wifi_profile", "name": "New", "profile": "<a/>", "after": [old]});
    let new = server.queue(&device, new).await;
    let reply = answered(&server, "t", &[404]).await;
    assert!(reply.text.contains("ProfileXml"), "{}", reply.text);
    assert_eq!(server.state(&new).await, "sent");
}

#[tokio::test]
async fn a_raw_delete_stays_as_it_is_and_groups_are_looked_into() {
    let server = Server::start();
    let raw = json!({"type": "raw", "verb": "Delete", "loc_uri": "./cimv2/MDM_VpnConnection/MDM_VpnConnection.Name=%22a%22"});
    let remove = &typed()[0];
    let set = json!({"type": "wifi_profile", "name": "New", "profile": "<a/>"});
    let group = |kind: &str, commands: &[&Value]| json!({"type": kind, "commands": commands});
    let inner = group("sequence", &[&set, remove]);
    let rows = [
        (raw.clone(), vec![404], "failed"),
        (
            group("sequence", &[remove, &set]),
            vec![200, 404, 200],
            "succeeded",
        ),
        (
            group("sequence", &[remove, &raw]),
            vec![200, 404, 404],
            "failed",
        ),
        (
            group("sequence", &[&raw, remove]),
            vec![200, 200, 404],
            "succeeded",
        ),
        (
            group("atomic", &[&set, &inner]),
            vec![200, 200, 200, 200, 404],
            "succeeded",
        ),
        (
            group("atomic", &[&inner, &raw]),
            vec![200, 200, 200, 200, 404],
            "failed",
        ),
        // An Atomic that the device rolled back did not set anything either.
        (
            group("atomic", &[remove, &set]),
            vec![507, 404, 215],
            "failed",
        ),
    ];
    for (nth, (command, codes, state)) in rows.into_iter().enumerate() {
        let read = outcome(&server, &format!("t-{nth}"), &command, &codes).await;
        assert_eq!(read["state"], state, "{command} {codes:?}: {read}");
    }
}
