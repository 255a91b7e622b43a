//! Sessions, commands and identities go on from where 0.1.0 left them.

use serde_json::{Value, json};

use super::{Old, all, data_of, ends, say, session};
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
async fn what_was_withheld_is_told_as_before_and_goes_when_it_may() {
    let old = Old::copied();
    let server = old.serve();
    let events = format!("/devices/{}/events", old.id("withheld"));
    let withheld = |event: &Value| {
        let list = event["withheld"].as_array().cloned();
        list.filter(|list| !list.is_empty())
    };
    let before: Vec<Vec<Value>> = all(&server, &events)
        .await
        .iter()
        .filter_map(withheld)
        .collect();
    assert_eq!((before.len(), before[0].len()), (2, 3), "{before:?}");
    assert_eq!(before[0], before[1]);
    let sent = session(&server, "Machine", "withheld", "3", 200).await;
    assert!(sent.is_empty(), "{sent:?}");
    let after: Vec<Vec<Value>> = all(&server, &events)
        .await
        .iter()
        .filter_map(withheld)
        .collect();
    assert_eq!((after.len(), &after[2]), (3, &before[0]));
    let sent = session(&server, "Maintenance", "withheld", "4", 200).await;
    assert_eq!(ends(&sent), ["Exec=UpdateConfiguration", "Exec=CreateJob"]);
    assert_eq!(
        data_of(&sent, "Exec=CreateJob"),
        "JobData=<Job>withheld</Job>"
    );
    assert_eq!(
        data_of(&sent, "Exec=UpdateConfiguration"),
        "ConfigString=mdm;contoso.mdm_8wekyb3d8bbwe"
    );
    for (seq, state) in [(1, "succeeded"), (2, "succeeded"), (3, "queued")] {
        let command = old.command("withheld", seq);
        assert_eq!(server.state(&command).await, state, "{seq}");
    }
}

#[tokio::test]
async fn open_commands_go_on_from_where_they_were() {
    let old = Old::copied();
    let server = old.serve();
    // Accepted: what the device says later ends it.
    let refs = &old.recorded["accepted"];
    let first = package1("accepted", "2", 1, "user");
    assert!(server.sync("Maintenance", &first).await.commands.is_empty());
    let late = format!(
        "<Status><CmdID>1</CmdID><MsgRef>{}</MsgRef><CmdRef>{}</CmdRef><Cmd>Exec</Cmd><Data>200</Data></Status><Final/>",
        refs["message"], refs["command"]
    );
    say(&server, "Maintenance", "accepted", "2", 2, &late).await;
    let accepted = old.command("accepted", 1);
    assert_eq!(server.state(&accepted).await, "succeeded");

    // Unconfirmed: the reset goes again when asked for, the job is asked about.
    for (source, seq, password) in [
        ("unconfirmed", 1, "ann@example.test;Pa55word-of-0.1.0"),
        ("silent", 2, "cat@example.test;Lapsed-Pa55word"),
    ] {
        let reset = old.command(source, seq);
        assert_eq!(server.state(&reset).await, "unconfirmed");
        let path = format!("/commands/{reset}/retry");
        assert_eq!(server.api("POST", &path, None).await.0, 200);
        let sent = session(&server, "Machine", source, "9", 200).await;
        assert_eq!(
            data_of(&sent, "Exec=ResetUserPassword"),
            format!("ConfigString={password}")
        );
        assert_eq!(server.state(&reset).await, "succeeded");
        // Of the session that fell silent the other command goes by itself.
        let inventory = sent.iter().any(|one| one.loc_uri.ends_with("Win32_BIOS"));
        assert_eq!(inventory, source == "silent");
    }
    let job = old.command("unconfirmed", 2);
    let sent = session(&server, "Maintenance", "unconfirmed", "10", 200).await;
    assert_eq!(ends(&sent), ["Status"]);
    assert_eq!(server.state(&job).await, "succeeded");

    // By priority, then age; what waited for another goes behind it, and what waits
    // for a time stays.
    let sent = session(&server, "Maintenance", "ordered", "1", 200).await;
    let shown = ends(&sent);
    assert_eq!(shown.len(), 3, "{sent:?}");
    assert!(sent[0].loc_uri.contains("MDM_SideLoader"), "{sent:?}");
    assert_eq!(shown[1..], ["Win32_BIOS", "Exec=LockWorkstation"]);
    for (seq, state) in [
        (1, "succeeded"),
        (2, "succeeded"),
        (3, "succeeded"),
        (4, "queued"),
        (5, "queued"),
    ] {
        let command = old.command("ordered", seq);
        assert_eq!(server.state(&command).await, state, "{seq}");
    }

    // A pause that is over, and one that is not.
    let sent = session(&server, "Maintenance", "try-again", "2", 200).await;
    assert_eq!(ends(&sent), ["Exec=LockWorkstation"]);
    let sent = session(&server, "Maintenance", "try-later", "2", 200).await;
    assert!(sent.is_empty(), "{sent:?}");

    // A newer setting of the same node takes the place of one of then.
    let newer = json!({"type": "agent_setting", "name": "Setting", "value": "3"});
    server.queue(old.id("history"), newer).await;
    assert_eq!(server.state(&old.command("history", 11)).await, "cancelled");
    let sent = session(&server, "Maintenance", "history", "13", 200).await;
    assert_eq!(sent.len(), 1, "{sent:?}");
    assert!(sent[0].data.as_deref().unwrap().contains('3'), "{sent:?}");
}

#[tokio::test]
async fn devices_that_had_gone_stay_gone_until_they_come_again() {
    let old = Old::copied();
    let server = old.serve();
    for source in ["unenrolled", "gone-silent"] {
        let path = format!("/devices/{}/commands", old.id(source));
        let lock = json!({"type": "lock_workstation"});
        let (status, answer) = server.api("POST", &path, Some(lock.clone())).await;
        assert_eq!(status, 409, "{source}: {answer}");
        let sent = session(&server, "Maintenance", source, "5", 200).await;
        assert!(sent.is_empty(), "{source}: {sent:?}");
        for (seq, state) in [(1, "succeeded"), (2, "cancelled")] {
            let command = old.command(source, seq);
            assert_eq!(server.state(&command).await, state, "{source} {seq}");
        }
        assert_eq!(server.api("POST", &path, Some(lock)).await.0, 201);
    }
    // No news of how it ended: the next session writes down what time did.
    session(&server, "Maintenance", "no-news", "2", 200).await;
    session(&server, "Maintenance", "expires", "1", 200).await;
    for (source, state) in [("no-news", "failed"), ("expires", "expired")] {
        let command = old.command(source, 1);
        let command = server.get(&format!("/commands/{command}")).await;
        assert_eq!(command["state"], state);
        let history = command["history"].as_array().unwrap();
        assert_eq!(history.last().unwrap()["state"], state, "{command}");
    }
}

#[tokio::test]
async fn who_a_device_is_and_by_what_the_server_proves_itself() {
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
    drop(server);
    // Without the flag nobody is believed by name.
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
