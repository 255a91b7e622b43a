//! Open sessions, half-sent objects, and who proves what to whom.

use serde_json::json;

use super::{Old, say};
use crate::harness::{Reply, SYNCML, Sent, Server, answers, message_with, package1};

#[tokio::test]
async fn the_open_session_goes_on() {
    let old = Old::copied();
    let server = old.serve();
    let open = &old.recorded["open_session"];
    let commands = open["commands"].as_array().unwrap().iter().map(|command| {
        let text = |at: usize| command[at].as_str().unwrap().to_owned();
        Sent {
            verb: text(0),
            cmd_id: u32::try_from(command[1].as_u64().unwrap()).unwrap(),
            loc_uri: text(2),
            data: None,
        }
    });
    let carried = Reply {
        text: String::new(),
        msg_id: 1,
        statuses: Vec::new(),
        commands: commands.collect(),
        alerts: Vec::new(),
        nonce: None,
        is_final: true,
    };
    assert_eq!((&open["message"], carried.commands.len()), (&json!(1), 2));
    let body = answers(&carried, 200);
    let reply = say(&server, "Maintenance", "open-session", "7", 2, &body).await;
    assert_eq!(reply.msg_id, 2, "it counts on");
    assert!(
        reply.commands.is_empty() && reply.is_final,
        "{}",
        reply.text
    );
    let read = server
        .get(&format!("/commands/{}", old.command("open-session", 1)))
        .await;
    assert_eq!(read["state"], "succeeded");
    assert_eq!(
        read["results"][0]["data"],
        "value of ./cimv2/Win32_OperatingSystem"
    );
    let lock = old.command("open-session", 2);
    assert_eq!(server.state(&lock).await, "succeeded");
    let device = server
        .get(&format!("/devices/{}", old.id("open-session")))
        .await;
    assert_eq!(
        (&device["sessions"], &device["open_commands"]),
        (&json!(1), &json!(0))
    );
    // The next session goes on in numbers, too.
    let next = package1("open-session", "8", 1, "user");
    assert_eq!(server.sync("Maintenance", &next).await.msg_id, 3);
}

#[tokio::test]
async fn large_objects_that_were_half_sent_become_whole() {
    let old = Old::copied();
    let server = old.serve();
    let node = "./DevDetail/Ext/Microsoft/DeviceName";
    for (source, place, pieces) in [
        (
            "ten",
            "<Item><Source><LocURI>{node}</LocURI></Source>{data}</Item>",
            [(3, "abcdefghij"), (4, "ABCDEFGHIJ")].as_slice(),
        ),
        (
            "phone",
            "<SourceRef>{node}</SourceRef><Item>{data}</Item>",
            &[(4, "ABCDEFGHIJ")],
        ),
    ] {
        let refs = &old.recorded["large"][source];
        for &(number, piece) in pieces {
            let is_last = number == 4;
            let more = if is_last { "" } else { "<MoreData/>" };
            let data = format!("<Data>{piece}</Data>{more}");
            let item = place.replace("{node}", node).replace("{data}", &data);
            let body = format!(
                "<Results><CmdID>3</CmdID><MsgRef>{}</MsgRef><CmdRef>{}</CmdRef>{item}</Results>{}",
                refs["message"],
                refs["command"],
                if is_last { "<Final/>" } else { "" }
            );
            let reply = say(&server, "Maintenance", source, "3", number, &body).await;
            let pieces = reply.statuses.iter().filter(|status| status.1 == "Results");
            let codes: Vec<u16> = pieces.map(|status| status.2).collect();
            let expected: &[u16] = if is_last { &[] } else { &[213] };
            assert_eq!(codes, expected, "{source}: {}", reply.text);
        }
        let read = server
            .get(&format!("/commands/{}", old.command(source, 1)))
            .await;
        assert_eq!(read["state"], "succeeded", "{read}");
        assert_eq!(
            read["results"],
            json!([{"loc_uri": node, "status": 200, "format": null, "data": "0123456789abcdefghijABCDEFGHIJ"}]),
            "{source}"
        );
    }
}

#[tokio::test]
async fn the_server_proves_itself_with_the_nonce_that_the_device_gave_out() {
    let old = Old::copied();
    let password = old.own.path().join("password");
    std::fs::write(&password, "own-pa55word\n").unwrap();
    let config = old.own.path().join("modegate.toml");
    let text = format!(
        "[server_auth]\nname = 'Contoso MDM'\npassword_file = '{}'\n",
        password.display()
    );
    std::fs::write(&config, text).unwrap();
    let [accept, flag, url] = &old.silent.1;
    let server = Server::in_dir(
        &old.dir(),
        &["--config", config.to_str().unwrap(), accept, flag, url],
    );
    let reply = server
        .sync("Machine", &package1("proof", "2", 1, "none"))
        .await;
    let cred = old.recorded["proof"].as_str().unwrap();
    assert!(
        reply.text.contains(&format!("<Data>{cred}</Data></Cred>")),
        "the nonce that the device gave out is kept: {}",
        reply.text
    );
}

/// Without the flag nobody is believed by name.
#[tokio::test]
async fn credentials_and_certificates_bind_as_before() {
    let old = Old::copied();
    let [_, flag, url] = &old.silent.1;
    let server = Server::in_dir(&old.dir(), &[flag, url]);
    let body = "<Alert><CmdID>1</CmdID><Data>1201</Data></Alert><Final/>";
    let cred = |data: &str| {
        format!(
            "<Cred><Meta><Type xmlns=\"syncml:metinf\">syncml:auth-basic</Type></Meta><Data>{data}</Data></Cred>"
        )
    };
    // u:no, and u:p-of-0.1.0
    for (data, code) in [("dTpubw==", 401), ("dTpwLW9mLTAuMS4w", 200)] {
        let text = message_with("credentials", "2", 1, &cred(data), body);
        let reply = server.sync("Machine", &text).await;
        assert_eq!(reply.statuses[0].2, code, "{}", reply.text);
    }
    for source in ["certificates", "withheld"] {
        let text = package1(source, "9", 1, "none").into_bytes();
        let (status, _, _) = server.post("mode=Machine&Platform=WoA", SYNCML, text).await;
        assert_eq!(status, 403, "{source}");
    }
}
