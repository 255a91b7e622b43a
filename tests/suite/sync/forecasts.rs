//! What a forecast says of a context is what a session in that context does, for every
//! family, over real HTTP.

use serde_json::{Value, json};

use crate::harness::{Server, answers, message, package1};

const COMMANDS: [(&str, &str); 5] = [
    ("Get", "./cimv2/Win32_OperatingSystem"),
    (
        "Exec",
        "./cimv2/MDM_AppInstallJob/MDM_AppInstallJob.JobID=%22x%22/Exec=CreateJob",
    ),
    (
        "Exec",
        "./cimv2/MDM_WNSConfiguration/MDM_WNSConfiguration.AppId=%22x%22/Exec=UpdateConfiguration",
    ),
    (
        "Replace",
        "./cimv2/MDM_Restrictions/MDM_Restrictions.Key=%221%22/WifiEnabled",
    ),
    ("Get", "./cimv2/MDM_Nothing"),
];

/// Mode and LoginStatus of a session.
const CONTEXTS: [(&str, &str); 6] = [
    ("Machine", "none"),
    ("Maintenance", "user"),
    ("Apps", "user"),
    ("Unspecified", ""),
    ("Maintenance", "none"),
    ("Apps", "none"),
];

/// One session in that mode, in which everything is answered with 200.
async fn session(server: &Server, source: &str, (mode, login): (&str, &str)) {
    let mut package = package1(source, "7", 1, login);
    for msg_id in 2.. {
        let reply = server.sync(mode, &package).await;
        if reply.commands.is_empty() {
            return;
        }
        package = message(source, "7", msg_id, &answers(&reply, 200));
    }
}

fn has(list: &Value, mode: &str) -> bool {
    let modes = list.as_array().map(Vec::as_slice).unwrap_or_default();
    modes.iter().any(|one| one == mode)
}

#[tokio::test]
async fn a_session_does_what_was_foreseen_of_its_context() {
    let server = Server::start();
    let (mut went, mut stayed) = (0, 0);
    for family in ["windows81", "windows_phone81", "windows10"] {
        for (nth, context) in CONTEXTS.into_iter().enumerate() {
            let source = format!("{family}-{nth}");
            let device = server
                .register(json!({"source": source, "family": family}))
                .await;
            let mut foreseen = Vec::new();
            for (verb, loc_uri) in COMMANDS {
                let command = json!({"type": "raw", "verb": verb, "loc_uri": loc_uri});
                let command = server.queue(&device, command).await;
                let forecast =
                    server.get(&format!("/commands/{command}")).await["forecast"].clone();
                let (mode, login) = context;
                let needs_logon = login == "none" && has(&forecast["needs_logon"], mode);
                let goes = has(&forecast["modes"], mode) && !needs_logon;
                let never = forecast["when"] == "never";
                assert_eq!(never, forecast["modes"] == json!([]), "{forecast}");
                foreseen.push((command, goes, forecast));
            }
            session(&server, &source, context).await;
            for (command, goes, forecast) in foreseen {
                let state = server.state(&command).await;
                let did = state != "queued";
                assert_eq!(
                    did, goes,
                    "{family} in {context:?}: {forecast}, now {state}"
                );
                (went, stayed) = (went + u32::from(did), stayed + u32::from(!did));
            }
        }
    }
    assert!(went > 20 && stayed > 20, "{went} {stayed}");
}

#[tokio::test]
async fn a_device_that_names_no_mode_is_told_apart() {
    let server = Server::start();
    for family in ["windows81", "windows10"] {
        let device = server
            .register(json!({"source": family, "family": family}))
            .await;
        session(&server, family, ("Unspecified", "")).await;
        let (verb, loc_uri) = COMMANDS[3];
        let setting = json!({"type": "raw", "verb": verb, "loc_uri": loc_uri, "data": "false"});
        let setting = server.queue(&device, setting).await;
        let forecast = server.get(&format!("/commands/{setting}")).await["forecast"].clone();
        assert_eq!(forecast["when"], "next_maintenance", "{forecast}");
        let text = forecast["text"].as_str().unwrap();
        assert!(
            text.contains("none of its sessions has named a mode"),
            "{text}"
        );
        session(&server, family, ("Unspecified", "")).await;
        assert_eq!(server.state(&setting).await, "queued");
        session(&server, family, ("Maintenance", "user")).await;
        assert_eq!(server.state(&setting).await, "succeeded");
    }
}
