//! Commands and batches that had not come to their end.

use serde_json::{Value, json};

use super::{Old, all, data_of, ends, say, session, until};
use crate::harness::package1;

#[tokio::test]
async fn the_batch_that_was_cut_off_comes_to_its_end() {
    let old = Old::copied();
    let server = old.serve();
    let batches = all(&server, "/batches").await;
    let (newest, older) = (&batches[0], &batches[1]);
    assert_eq!(older["state"], "finished");
    assert_eq!(
        older["progress"],
        json!({"queued": 1, "refused": 1, "cancelled": 0})
    );
    let path = format!("/batches/{}", newest["id"].as_str().unwrap());
    let ended = until(&server, &path, |batch| batch["state"] == "finished").await;
    let fleet = old.recorded["fleet"].as_u64().unwrap();
    assert_eq!(
        ended["progress"],
        json!({"queued": fleet, "refused": 0, "cancelled": 0})
    );
    let commands = all(&server, &format!("{path}/commands")).await;
    assert_eq!(commands.len() as u64, fleet);
    let fleet = server.get("/devices?group=fleet&limit=200").await;
    for device in fleet["items"].as_array().unwrap() {
        assert_eq!(device["open_commands"], 1, "each has it once: {device}");
    }
    let sent = session(&server, "Maintenance", "fleet-000", "1", 200).await;
    assert_eq!(ends(&sent), ["Exec=LockWorkstation"]);
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
    assert_eq!(after.len(), 3);
    // What 0.1.0 did not say of the commands stands beside the decisions on them.
    let without_inputs = |one: &Value| {
        let mut one = one.clone();
        let touched = one.as_object_mut().unwrap().remove("touched");
        assert!(touched.is_some(), "{one}");
        one
    };
    let said: Vec<Value> = after[2].iter().map(without_inputs).collect();
    assert_eq!(said, before[0]);
    let sent = session(&server, "Maintenance", "withheld", "4", 200).await;
    // The set of a channel is the last of its session.
    assert_eq!(ends(&sent), ["Exec=CreateJob", "Exec=UpdateConfiguration"]);
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
async fn what_the_device_says_later_ends_an_accepted_command() {
    let old = Old::copied();
    let server = old.serve();
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
}

#[tokio::test]
async fn an_unconfirmed_reset_goes_again_when_asked_for_and_a_job_is_asked_about() {
    let old = Old::copied();
    let server = old.serve();
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
}

/// By priority, then age; what waited for another goes behind it, and what waits for a
/// time stays.
#[tokio::test]
async fn the_queue_keeps_its_order() {
    let old = Old::copied();
    let server = old.serve();
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
}

#[tokio::test]
async fn a_pause_before_another_try_lasts_as_long_as_was_said() {
    let old = Old::copied();
    let server = old.serve();
    let sent = session(&server, "Maintenance", "try-again", "2", 200).await;
    assert_eq!(ends(&sent), ["Exec=LockWorkstation"]);
    let sent = session(&server, "Maintenance", "try-later", "2", 200).await;
    assert!(sent.is_empty(), "{sent:?}");
}

#[tokio::test]
async fn a_newer_setting_takes_the_place_of_one_of_then() {
    let old = Old::copied();
    let server = old.serve();
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
}

/// No news of how it ended: the next session writes down what time did.
#[tokio::test]
async fn what_time_ended_is_written_down_by_the_next_session() {
    let old = Old::copied();
    let server = old.serve();
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
