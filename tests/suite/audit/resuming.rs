//! `audit verify` goes on from the state that an earlier run saved.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::exports::audit;
use super::sealing::{serve, stop};
use super::written_log::{WrittenLog, put};

/// An export of the first entries of a log, and one of all of it.
struct Grown {
    own: TempDir,
    key: String,
}

impl Grown {
    fn of(before: usize, now: usize) -> Self {
        let own = tempfile::tempdir().unwrap();
        let log = WrittenLog::of(now);
        let mut begun = WrittenLog::of(now);
        begun.entries.truncate(before);
        begun.write(&own.path().join("before"));
        log.write(&own.path().join("now"));
        let key = log.key().to_string();
        Grown { own, key }
    }

    fn path(&self, name: &str) -> String {
        self.own.path().join(name).to_str().unwrap().to_owned()
    }

    fn verify(&self, export: &str, more: &[&str]) -> (i32, String, String) {
        let verify = ["verify", &self.path(export), "--key", &self.key];
        audit(&[&verify[..], more].concat())
    }

    fn saved(&self) -> String {
        let state = self.path("state");
        let (code, printed, why) = self.verify("before", &["--save", &state]);
        assert_eq!(code, 0, "{printed}{why}");
        state
    }
}

#[test]
fn what_is_new_is_checked_and_saved_again() {
    let grown = Grown::of(300, 700);
    let state = grown.saved();
    let (code, printed, why) = grown.verify("now", &["--from", &state, "--save", &state]);
    assert_eq!(code, 0, "{printed}{why}");
    assert!(printed.contains("resumed  from entry 300"), "{printed}");
    assert!(printed.contains("checked  400 entries"), "{printed}");
    // The same as of the whole log.
    let whole = grown.path("whole");
    assert_eq!(grown.verify("now", &["--save", &whole]).0, 0);
    assert_eq!(fs::read(&state).unwrap(), fs::read(&whole).unwrap());
    let (code, printed, _) = grown.verify("now", &["--from", &state, "--json"]);
    assert_eq!(code, 0);
    let report: serde_json::Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(
        (&report["resumed"], &report["checked"]),
        (&700.into(), &0.into())
    );
}

#[test]
fn a_fork_and_a_change_behind_it_are_found_and_not_saved() {
    let grown = Grown::of(300, 700);
    let state = grown.saved();
    let saved = fs::read(&state).unwrap();
    // Somebody who has the key signs another history of what was verified.
    let mut forked = WrittenLog::of(700);
    forked.change(10, |event| event["actor"] = "api:nobody".into());
    forked.write(&grown.own.path().join("forked"));
    let (code, printed, why) = grown.verify("forked", &["--from", &state, "--save", &state]);
    assert!(
        code == 1 && printed.contains("forked at state"),
        "{printed}"
    );
    assert!(why.contains("is not written"), "{why}");
    assert_eq!(fs::read(&state).unwrap(), saved);
    // An older export is none that goes on from there.
    let newer = grown.path("newer");
    assert_eq!(grown.verify("now", &["--save", &newer]).0, 0);
    let (code, printed, _) = grown.verify("before", &["--from", &newer]);
    assert!(
        code == 1 && printed.contains("this log has 300"),
        "{printed}"
    );
    // Bytes of what is new.
    let bundle = grown.own.path().join("now/tile/entries/002.p/188");
    let mut bytes = fs::read(&bundle).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&bundle, bytes).unwrap();
    let (code, printed, _) = grown.verify("now", &["--from", &state]);
    assert_eq!(code, 1, "{printed}");
}

#[test]
fn a_state_that_is_damaged_or_of_another_log_is_refused() {
    let grown = Grown::of(300, 700);
    let state = grown.saved();
    let good = fs::read(&state).unwrap();
    let refused = |bytes: &[u8], words: &str| {
        fs::write(&state, bytes).unwrap();
        let (code, printed, why) = grown.verify("now", &["--from", &state]);
        assert_eq!(code, 2, "{printed}{why}");
        assert!(format!("{printed}{why}").contains(words), "{printed}{why}");
    };
    refused(b"", "damaged");
    refused(&good[..good.len() - 1], "damaged");
    refused(&[&good[..], b"\n"].concat(), "damaged");
    for at in (0..good.len()).step_by(37) {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        refused(&bytes, "damaged");
    }
    // One that is whole, and is of another log.
    let text = String::from_utf8(good).unwrap();
    let line = text.split_inclusive('\n').next().unwrap();
    let other = line.replace("tablets.example.com", "tablets.example.org");
    let digest = modegate_core::audit::manifest::digest(other.as_bytes());
    refused(format!("{other}{digest}\n").as_bytes(), "it is of the log");
    refused(
        b"no such thing at all, and long enough to have a digest at its end: 0123456789\n",
        "damaged",
    );
    let (code, _, why) = grown.verify("now", &["--from", &grown.path("none")]);
    assert_eq!(code, 2, "{why}");
}

#[test]
fn a_log_that_was_pruned_since_is_good_where_what_is_gone_was_verified() {
    let grown = Grown::of(600, 900);
    let state = grown.saved();
    let pruned = |first: u64, name: &str| {
        let mut log = WrittenLog::of(900);
        log.first = first;
        log.write(&grown.own.path().join(name));
        grown.verify(name, &["--from", &state])
    };
    let (code, printed, _) = pruned(512, "within");
    assert_eq!(code, 0, "{printed}");
    assert!(printed.contains("resumed  from entry 600"), "{printed}");
    // What was deleted unseen is a finding, or leaves nothing to compare with.
    let (code, printed, _) = pruned(768, "beyond");
    assert_eq!(code, 2, "{printed}");
    assert!(printed.contains("which is not there"), "{printed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_of_a_database_is_gone_on_with_too() {
    let own = tempfile::tempdir().unwrap();
    let (dir, state) = (own.path().join("data"), own.path().join("state"));
    let (data, state) = (dir.to_str().unwrap(), state.to_str().unwrap());
    let live = async |source: &str| {
        let server = serve(&dir, 3_600);
        server.register_tablet(source).await;
        stop(server);
    };
    live("a").await;
    let (code, printed, why) = audit(&["verify", "--data", data, "--save", state]);
    assert_eq!(code, 0, "{printed}{why}");
    let kept = own.path().join("kept");
    fs::copy(dir.join("modegate.db"), &kept).unwrap();
    live("b").await;
    let (code, printed, _) = audit(&["verify", "--data", data, "--from", state, "--save", state]);
    assert!(code == 0 && printed.contains("resumed"), "{printed}");
    // The database is put back, and what was published of it too.
    fs::copy(&kept, dir.join("modegate.db")).unwrap();
    put(Path::new(data), "audit/last-checkpoint", b"{}");
    live("c").await;
    let (code, printed, _) = audit(&["verify", "--data", data, "--from", state]);
    assert!(
        code == 1 && printed.contains("forked at state"),
        "{printed}"
    );
}
