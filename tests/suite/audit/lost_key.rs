//! A lost audit key is replaced by another one: the log goes on, and shows that it happened.

use std::fs;

use super::exports::{audit, vkey};
use super::sealing::{everything_is_sealed, serve, stop};
use super::{Database, newest, published};

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_key_is_replaced_and_the_log_says_so() {
    let own = tempfile::tempdir().unwrap();
    let dir = own.path().join("data");
    let data = dir.to_str().unwrap();
    let replace =
        |reason: &str| audit(&["key", "replace-lost", "--reason", reason, "--data", data]);
    let server = serve(&dir, 3_600);
    server.register_tablet("t1").await;
    let (code, _, why) = replace("in use");
    assert_eq!(code, 1, "{why}");
    stop(server);
    let (code, _, why) = replace("there");
    assert!(code == 1 && why.contains("is not lost"), "{why}");
    assert!(newest(&dir, 2).is_none(), "nothing was changed");

    let (old_vkey, old) = (vkey(&dir), newest(&dir, 1).unwrap());
    let note = published(&dir)[&old.origin.to_string()].1.clone();
    let older = own.path().join("older");
    fs::write(&older, note).unwrap();
    let key = dir.join("audit-key");
    let lost = own.path().join("lost");
    fs::rename(&key, &lost).unwrap();
    let (code, _, why) = replace(" \t");
    assert!(code == 2 && why.contains("expected one line"), "{why}");
    let (code, printed, why) = replace("the disk broke; decided by A. and B.");
    assert_eq!(code, 0, "{why}");
    let new_vkey = printed.trim();
    assert_eq!(new_vkey, vkey(&dir));
    assert!(
        new_vkey.contains("/2+") && old_vkey.contains("/1+"),
        "{new_vkey}"
    );
    everything_is_sealed(&dir, 2);
    let entries = Database::of(&dir).entries();
    let event = |back: usize| -> serde_json::Value {
        serde_json::from_slice(&entries[entries.len() - back][17..]).unwrap()
    };
    let (forked, changed) = (event(2), event(1));
    let said = "the audit key was lost and replaced: the disk broke; decided by A. and B.";
    for (event, what) in [(&forked, "log.forked"), (&changed, "audit.key_changed")] {
        assert_eq!(event["type"], what);
        assert_eq!(event["actor"], "operator:cli");
        assert_eq!(event["detail"], said);
    }
    // The old key's last checkpoint stays as evidence, and the log goes on from it.
    let kept = &forked["log"]["epoch"]["kept"];
    assert_eq!(
        (&kept["size"], &kept["root"]),
        (&old.size.into(), &old.root.base64().into())
    );
    assert_eq!(changed["log"]["key"]["vkey"], new_vkey);
    let against = ["--against", older.to_str().unwrap()];
    let verify = ["verify", data, "--key", new_vkey, "--key", &old_vkey];
    let (code, printed, why) = audit(&[&verify[..], &against].concat());
    assert_eq!(code, 0, "{printed}{why}");
    let (code, printed, _) = audit(&["verify", data, "--key", &old_vkey]);
    assert!(
        code == 2 && printed.contains("checkpoint.unsigned"),
        "{printed}"
    );

    // The server goes on with the new key, and the old one is no longer taken.
    stop(serve(&dir, 3_600));
    everything_is_sealed(&dir, 2);
    fs::rename(&lost, &key).unwrap();
    let (code, _, why) = replace("again");
    assert!(
        code == 1 && why.contains("is not the one that signs"),
        "{why}"
    );
    assert!(newest(&dir, 3).is_none());
}

/// A run that ended before the log had it leaves the new key in its place.
#[tokio::test(flavor = "multi_thread")]
async fn a_replacement_that_was_broken_off_is_completed() {
    let own = tempfile::tempdir().unwrap();
    let dir = own.path().join("data");
    stop(serve(&dir, 3_600));
    // The key before signs for another 30 days; it ends with the lost one.
    let (code, _, why) = audit(&["key", "rotate", "--data", dir.to_str().unwrap()]);
    assert_eq!(code, 0, "{why}");
    fs::write(dir.join("audit-key"), format!("{}\n", "07".repeat(32))).unwrap();
    let data = dir.to_str().unwrap();
    let (code, printed, why) = audit(&["key", "replace-lost", "--reason", "x", "--data", data]);
    assert_eq!(code, 0, "{why}");
    assert_eq!(printed.trim(), vkey(&dir));
    stop(serve(&dir, 3_600));
    everything_is_sealed(&dir, 2);
    let (code, printed, why) = audit(&["verify", "--data", data]);
    assert_eq!(code, 0, "{printed}{why}");
}
