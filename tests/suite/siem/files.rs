//! A file that is moved or deleted, that is on a full disk, and that was cut off.

use std::path::Path;

use serde_json::Value;

use super::{arrived, event, is_complete, lines, load, place, sealed, serve};
use crate::audit::Database;
use crate::program::program;

fn read(path: &Path) -> Vec<Value> {
    lines(&std::fs::read_to_string(path).unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_is_in_the_files_wherever_they_are_moved() {
    let own = tempfile::tempdir().unwrap();
    let (dir, path) = (own.path().join("data"), own.path().join("events"));
    let (ocsf, jsonl) = (path.with_extension("ocsf"), path.with_extension("jsonl"));
    let sinks = [
        format!("o ocsf file:{}", ocsf.display()),
        format!("j jsonl file:{}", jsonl.display()),
    ];
    let sinks = sinks.each_ref().map(String::as_str);
    let server = serve(&dir, &sinks, &[]);
    load(&server, "a", 5).await;
    let size = sealed(&dir);
    let mut all = arrived(size, || read(&ocsf));
    is_complete(&dir, &arrived(size, || read(&jsonl)), size);
    // Moved, as logrotate does.
    std::fs::rename(&ocsf, own.path().join("moved")).unwrap();
    load(&server, "b", 5).await;
    let size = sealed(&dir);
    all.extend(arrived(size, || read(&ocsf)));
    is_complete(&dir, &all, size);
    std::fs::remove_file(&ocsf).unwrap();
    load(&server, "c", 5).await;
    let size = sealed(&dir);
    all.extend(arrived(size, || read(&ocsf)));
    is_complete(&dir, &all, size);
    // A line that was cut off by a crash is written again: the cursor did not pass it.
    drop(server);
    let text = std::fs::read_to_string(&jsonl).unwrap();
    let cut = text.trim_end().rfind('\n').unwrap() + 20;
    std::fs::write(&jsonl, &text[..cut]).unwrap();
    let last = lines(&text).len() as u64 - 1;
    let sql = "UPDATE siem_cursor SET next = ?1 WHERE sink = 'j'";
    let db = rusqlite::Connection::open(dir.join("modegate.db")).unwrap();
    db.execute(sql, [last as i64]).unwrap();
    drop(db);
    let server = serve(&dir, &sinks, &[]);
    load(&server, "d", 1).await;
    let size = sealed(&dir);
    is_complete(&dir, &arrived(size, || read(&jsonl)), size);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redacted_event_keeps_its_place() {
    let own = tempfile::tempdir().unwrap();
    let (dir, path) = (own.path().join("data"), own.path().join("events"));
    let server = serve(&dir, &[], &[]);
    load(&server, "a", 3).await;
    sealed(&dir);
    let entry = Database::of(&dir).entries().len() - 1;
    let redacted = program()
        .args(["audit", "redact", "--reason", "asked for", "--event"])
        .arg(entry.to_string())
        .arg("--data")
        .arg(&dir)
        .output()
        .unwrap();
    assert!(redacted.status.success(), "{redacted:?}");
    drop(server);
    let sink = format!("f ocsf file:{}", path.display());
    let server = serve(&dir, &[&sink], &[]);
    let size = sealed(&dir);
    let all = arrived(size, || read(&path));
    let numbers: Vec<u64> = all.iter().map(|line| place(line).0).collect();
    assert_eq!(numbers, (0..all.len() as u64).collect::<Vec<_>>());
    let stub = event(&all[entry]);
    assert_eq!(stub["type"], "redacted");
    assert_eq!(all[entry]["class_uid"], 6003);
    assert!(stub.get("change").is_none(), "{stub}");
    drop(server);
}
