//! Enrollments of before: what 0.1.0 left of them ends as it does now.

use rusqlite::params;
use serde_json::{Value, json};

use super::{Old, say, until};

const UNENROLLED: &str = "<Alert><CmdID>1</CmdID><Data>1201</Data></Alert>\
    <Alert><CmdID>2</CmdID><Data>1226</Data><Item><Meta><Type xmlns=\"syncml:metinf\">\
    com.microsoft:mdm.unenrollment.userrequest</Type></Meta><Data>1</Data></Item></Alert><Final/>";

#[tokio::test]
async fn what_was_installed_then_ends_with_its_enrollment() {
    let old = Old::copied();
    let server = old.serve();
    let install = old.install("installed");
    assert_eq!(server.get(&install).await["state"], "installed");
    let failed = server.get(&old.install("failed")).await;
    say(
        &server,
        "Maintenance",
        "install-installed",
        "90",
        1,
        UNENROLLED,
    )
    .await;
    until(&server, &install, |install| install["state"] == "ended").await;
    say(
        &server,
        "Maintenance",
        "install-failed",
        "90",
        1,
        UNENROLLED,
    )
    .await;
    assert_eq!(server.get(&old.install("failed")).await, failed);
}

/// 0.1.0 put a key that a device reported where a certificate may have it as its name.
#[tokio::test]
async fn a_key_that_a_device_reported_then_is_not_on_its_record() {
    let old = Old::copied();
    let db = rusqlite::Connection::open(old.dir().join("modegate.db")).unwrap();
    let (number, bytes): (i64, Vec<u8>) = db
        .query_row(
            "SELECT number, bytes FROM device JOIN event ON event.device = number \
             WHERE source = 'history' ORDER BY place LIMIT 1",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .unwrap();
    let mut event: Value = serde_json::from_slice(&bytes).unwrap();
    event["type"] = json!("device.key_learned");
    let row = params![number, event.to_string().into_bytes()];
    let sql = "INSERT INTO event (device, seq, prev, mark, bytes) VALUES (?1, 9999, 0, 0, ?2)";
    db.execute(sql, row).unwrap();
    drop(db);
    let server = old.serve();
    let path = format!("/devices/{}", old.id("history"));
    assert_eq!(server.get(&path).await["device_client_id"], "client-1");
    // It is the device's word, so it ends with the enrollment.
    say(&server, "Maintenance", "history", "90", 1, UNENROLLED).await;
    assert_eq!(server.get(&path).await["device_client_id"], "history");
}
