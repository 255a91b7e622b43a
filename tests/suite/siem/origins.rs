//! A database that is put back from an older copy: no place stands for two events.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::{arrived, event, lines, load, place, sealed, serve};
use crate::audit::{Database, newest};
use crate::wait::{DEADLINE, eventually_blocking, seen};

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restore_places_have_another_origin() {
    let own = tempfile::tempdir().unwrap();
    let (dir, path) = (own.path().join("data"), own.path().join("events"));
    let sink = format!("f jsonl file:{}", path.display());
    let read = || lines(&std::fs::read_to_string(&path).unwrap_or_default());
    let mut server = serve(&dir, &[&sink], &[]);
    load(&server, "a", 3).await;
    let early = sealed(&dir);
    arrived(early, read);
    end(&mut server);
    let copy = std::fs::read(dir.join("modegate.db")).unwrap();
    let mut server = serve(&dir, &[&sink], &[]);
    load(&server, "b", 5).await;
    let late = sealed(&dir);
    arrived(late, read);
    end(&mut server);
    std::fs::write(dir.join("modegate.db"), copy).unwrap();
    let server = serve(&dir, &[&sink], &[]);
    load(&server, "c", 2).await;
    let all = Database::of(&dir).entries().len() as u64;
    eventually_blocking(DEADLINE, || {
        seen(newest(&dir, 2).map(|newest| newest.size), |size| {
            size.is_some_and(|size| size >= all)
        })
    });
    let of_two = |line: &Value| line["uid"].as_str().unwrap().contains("/2/");
    let lines = eventually_blocking(DEADLINE, || {
        seen(read(), |lines| {
            lines
                .iter()
                .any(|line| of_two(line) && place(line).0 + 1 >= all)
        })
    });
    no_place_is_two_events(&lines);
    // What the copy had is under the old origin still.
    let first_of_two = lines
        .iter()
        .filter(|line| of_two(line))
        .map(|line| place(line).0)
        .min();
    assert!(first_of_two.unwrap() >= early, "{first_of_two:?} {early}");
    assert!(lines.iter().any(|line| event(line)["type"] == "log.forked"));
    // A sink that is new gets all of it, each part under its own origin.
    drop(server);
    let other = own.path().join("other");
    let sink = format!("g jsonl file:{}", other.display());
    let server = serve(&dir, &[&sink], &[]);
    let whole = arrived(all, || {
        super::lines(&std::fs::read_to_string(&other).unwrap_or_default())
    });
    let both: Vec<Value> = lines.into_iter().chain(whole.iter().cloned()).collect();
    no_place_is_two_events(&both);
    let numbers: Vec<u64> = whole.iter().map(|line| place(line).0).collect();
    assert_eq!(numbers, (0..whole.len() as u64).collect::<Vec<_>>());
    assert!(!of_two(&whole[0]) && of_two(whole.last().unwrap()));
    drop(server);
}

fn end(server: &mut crate::harness::Server) {
    server.signal("TERM");
    assert_eq!(server.wait(), Some(0));
}

fn no_place_is_two_events(lines: &[Value]) {
    let mut known: BTreeMap<String, &Value> = BTreeMap::new();
    for line in lines {
        let of = known.entry(place(line).1).or_insert_with(|| event(line));
        assert_eq!(*of, event(line));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_before_its_checkpoint_is_published() {
    let own = tempfile::tempdir().unwrap();
    let (dir, path) = (own.path().join("data"), own.path().join("events"));
    let sink = format!("f jsonl file:{}", path.display());
    let server = serve(&dir, &[&sink], &[("MODEGATE_AUDIT_SEAL_SECONDS", "3600")]);
    // What the start logged is sealed once.
    let first = eventually_blocking(DEADLINE, || newest(&dir, 1).ok_or("nothing is published"));
    load(&server, "a", 3).await;
    let read = |path: &Path| lines(&std::fs::read_to_string(path).unwrap_or_default());
    arrived(first.size, || read(&path));
    tokio::time::sleep(std::time::Duration::from_millis(2_500)).await;
    let newest = newest(&dir, 1).unwrap();
    assert_eq!(read(&path).len() as u64, newest.size);
    assert!(newest.size < Database::of(&dir).entries().len() as u64);
}
