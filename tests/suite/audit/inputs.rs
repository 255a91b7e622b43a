//! What events say of the inputs of decisions, as the API shows them.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::replay::log_of;
use crate::harness::{SYNCML, Server, package1};
use modegate_core::event::EventType;
use modegate_core::tlog::entry::EVENT_BYTES;

async fn events(server: &Server, device: &str) -> Vec<Value> {
    let page = server
        .get(&format!("/devices/{device}/events?limit=200"))
        .await;
    page["items"].as_array().unwrap().clone()
}

fn of_type<'a>(events: &'a [Value], what: &str) -> Vec<&'a Value> {
    events
        .iter()
        .filter(|event| event["type"] == what)
        .collect()
}

#[tokio::test]
async fn a_change_of_a_device_says_what_changed_by_every_path() {
    let server = Server::configured("[server_auth]\nname = \"mdm\"\n", &[]);
    let (one, two) = ("11".repeat(32), "22".repeat(32));
    let device = server
        .register(json!({
            "source": "SERIAL-77", "family": "windows81", "groups": ["field"], "user": "anna",
            "certificate_sha256": [one],
        }))
        .await;
    let path = format!("/devices/{device}");
    let patch = json!({"groups": ["kiosk"], "user": "bertha", "family": "windows10"});
    assert_eq!(server.api("PATCH", &path, Some(patch)).await.0, 200);
    let bind = json!({"sha256": two, "enrollment": "same"});
    let certificates = format!("{path}/certificates");
    assert_eq!(server.api("POST", &certificates, Some(bind)).await.0, 201);
    let revoke = format!("{certificates}/{one}");
    assert!(server.api("DELETE", &revoke, None).await.0 < 300);
    let renewed = server
        .api("POST", &format!("{path}/server-password"), None)
        .await;
    assert!(renewed.0 < 300, "{renewed:?}");
    let import = json!({
        "on_conflict": "update",
        "devices": [
            {"source": "SERIAL-77", "groups": ["field"], "credentials": {"username": "carla", "password": "Hunter2-x"}},
            {"source": "SERIAL-78", "family": "windows_phone81", "groups": ["lobby"]},
        ],
    });
    let imported = server.api("POST", "/devices/import", Some(import)).await;
    assert!(imported.0 < 300, "{imported:?}");

    let all = events(&server, &device).await;
    let registered = &of_type(&all, "device.registered")[0]["change"];
    assert_eq!(registered["family"], "windows81");
    assert_eq!(registered["groups"], json!(["field"]));
    assert_eq!(registered["certificates_added"], json!([one]));
    let changes: Vec<&Value> = of_type(&all, "device.changed")
        .into_iter()
        .map(|event| &event["change"])
        .collect();
    let fields: Vec<&Value> = changes.iter().map(|change| &change["fields"]).collect();
    assert_eq!(
        fields,
        [
            &json!(["family", "user", "groups"]),
            &json!(["certificate_sha256"]),
            &json!(["certificate_sha256"]),
            &json!(["server_password"]),
            &json!(["groups", "credentials"]),
        ]
    );
    assert_eq!(
        (&changes[0]["family"], &changes[0]["family_was"]),
        (&json!("windows10"), &json!("windows81"))
    );
    assert_eq!(
        (&changes[0]["groups"], &changes[0]["groups_were"]),
        (&json!(["kiosk"]), &json!(["field"]))
    );
    assert_eq!(changes[1]["certificates_added"], json!([two]));
    assert_eq!(changes[2]["certificates_revoked"], json!([one]));
    assert_eq!(changes[4]["groups_were"], json!(["kiosk"]));
    let text = Value::from(all).to_string();
    for name in ["SERIAL", "anna", "bertha", "carla", "Hunter2"] {
        assert!(!text.contains(name), "{name}: {text}");
    }
    let page = server.get("/events?type=device.registered&limit=200").await;
    let imported = &page["items"][1]["change"];
    assert_eq!(
        (&imported["family"], &imported["groups"]),
        (&json!("windows_phone81"), &json!(["lobby"]))
    );
}

#[tokio::test]
async fn an_exchange_says_what_it_decided_on_and_what_left() {
    let server = Server::start();
    let device = server
        .register(json!({"source": "d", "family": "windows81", "groups": ["field"]}))
        .await;
    server.queue_read(&device, "Win32_OperatingSystem").await;
    let first = package1("d", "1", 1, "none").into_bytes();
    let (status, _, reply) = server
        .post("mode=Machine&Platform=WoA", SYNCML, first)
        .await;
    assert_eq!(status, 200);
    // The same session names another mode.
    let second = package1("d", "1", 2, "user").into_bytes();
    server
        .post("mode=Maintenance&Platform=WoA", SYNCML, second)
        .await;
    let third = package1("d", "2", 1, "user").into_bytes();
    server
        .post("mode=Maintenance&Platform=WoA", SYNCML, third)
        .await;

    let all = events(&server, &device).await;
    let queued = of_type(&all, "command.queued")[0];
    assert_eq!(
        queued["touched"]["leaves"],
        json!(["Get inventory Win32_OperatingSystem"])
    );
    let exchanges = of_type(&all, "exchange");
    let digest: String = Sha256::digest(reply.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(exchanges[0]["reply_sha256"], json!(digest));
    assert_eq!(
        exchanges[0]["proof"],
        json!({"by": "source", "certificate_sha256": null})
    );
    assert_eq!(
        exchanges[0]["subject"],
        json!({"family": "windows81", "groups": ["field"]})
    );
    let machine = json!({"mode": "Machine", "platform": "WoA", "login": "none"});
    let maintenance = json!({"mode": "Maintenance", "platform": "WoA", "login": "user"});
    assert_eq!(exchanges[0]["contexts"], json!([machine]));
    assert_eq!(exchanges[1]["contexts"], json!([machine, maintenance]));
    assert_eq!(
        (&exchanges[1]["proof"], &exchanges[1]["subject"]),
        (&Value::Null, &Value::Null)
    );
    // Another session says again how the device proved itself.
    assert_eq!(exchanges[2]["proof"]["by"], "source");
    assert_eq!(exchanges[2]["contexts"], json!([maintenance]));
}

#[tokio::test]
async fn an_exchange_with_hundreds_of_outcomes_goes_on_in_more_events() {
    const COMMANDS: usize = 580;
    let server = Server::start();
    let device = server.register_tablet("d").await;
    for number in 0..COMMANDS {
        server
            .queue_read(&device, &format!("Vendor_Thing{number}"))
            .await;
    }
    server.begin("Maintenance", "d", "1").await;
    let alert = "<Alert><CmdID>2</CmdID><Data>1226</Data><Item><Meta><Type xmlns='syncml:metinf'>com.microsoft:mdm.unenrollment.userrequest</Type></Meta><Data>1</Data></Item></Alert><Final/>";
    let message = crate::harness::message("d", "2", 1, alert);
    server.sync("Maintenance", &message).await;

    let log = log_of(&server).await;
    let at = log
        .iter()
        .position(|event| event.what == EventType::ExchangeMore)
        .unwrap();
    let first = log[at - 1].exchange.clone().unwrap();
    let others: Vec<_> = log[at..]
        .iter()
        .map_while(|event| event.more.clone())
        .collect();
    for more in &others {
        assert_eq!((more.session, more.message), (first.session, first.message));
    }
    let whole = first.with_more(others);
    let mut ended: Vec<u32> = whole
        .outcomes
        .iter()
        .map(|outcome| outcome.command)
        .collect();
    ended.sort_unstable();
    assert_eq!(ended, (1..=COMMANDS as u32).collect::<Vec<_>>());
    assert!(
        log.iter()
            .all(|event| event.to_bytes().len() <= EVENT_BYTES)
    );
    // The list that was too long for nobody is one event.
    let lists = log.iter().filter_map(|event| event.exchange.as_ref());
    assert!(
        lists
            .flat_map(|exchange| &exchange.withheld)
            .map(|group| group.count as usize)
            .sum::<usize>()
            >= COMMANDS
    );
}
