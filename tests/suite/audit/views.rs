//! The views of an export are compared with its entries, one by one.

use std::fs;
use std::path::{Path, PathBuf};

use modegate_core::audit::verify::{FindingKind, Outcome};

use super::exports::audit;
use super::sealing::{serve, stop};
use super::verifiers::{Asked, kinds, report};
use super::written_log::files;
use modegate_core::audit::manifest::{self, Manifest};
use modegate_core::tlog::Checkpoint;

/// The manifest of what is there, as whoever changes the export makes it again.
fn write_manifest(directory: &Path) {
    let listed = |path: &String| {
        !path.starts_with("tile/") && path != "checkpoint" && path != "manifest.json"
    };
    let digests = files(directory).into_iter().filter(listed).map(|path| {
        let contents = fs::read(directory.join(&path)).unwrap();
        (path, manifest::digest(&contents))
    });
    let note = fs::read(directory.join("checkpoint")).unwrap();
    let (checkpoint, _) = Checkpoint::from_note(&note).unwrap();
    let text = Manifest::new(&checkpoint, 0, digests.collect()).text();
    fs::write(directory.join("manifest.json"), text).unwrap();
}

fn view(directory: &Path, name: &str) -> PathBuf {
    let of_view = |path: &String| path.starts_with(&format!("{name}/"));
    let mut found = files(directory).into_iter().filter(of_view);
    directory.join(found.next().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_that_says_something_else_than_the_log_is_found() {
    let own = tempfile::tempdir().unwrap();
    let (dir, out) = (own.path().join("data"), own.path().join("out"));
    let server = serve(&dir, 3_600);
    // A line end within a cell, and what a spreadsheet would take for a formula.
    let device = server.register_tablet("t1").await;
    server.queue_read(&device, "Win32_OperatingSystem").await;
    server.begin("Machine", "t1", "1").await;
    stop(server);
    let (data, target) = (dir.to_str().unwrap(), out.to_str().unwrap());
    let export = ["export", target, "--data", data, "--jsonl", "--csv"];
    assert_eq!(audit(&export).0, 0);
    let state = own.path().join("state");
    let saved = ["verify", target, "--key"];
    let key = super::exports::vkey(&dir);
    let saved = audit(&[&saved[..], &[&key, "--save", state.to_str().unwrap()]].concat());
    assert_eq!(saved.0, 0, "{}", saved.1);

    // More of the log, in files of their own.
    let server = serve(&dir, 3_600);
    server.register_tablet("t2").await;
    stop(server);
    assert_eq!(audit(&export).0, 0);
    let asked = || Asked::by(key.parse().unwrap());
    let good = report(&out, &asked());
    assert_eq!(good.outcome, Outcome::Good, "{:#?}", good.findings);
    // Goes on in the middle of the views.
    let from = [
        "verify",
        target,
        "--key",
        &key,
        "--from",
        state.to_str().unwrap(),
    ];
    let (code, printed, _) = audit(&from);
    assert!(code == 0 && printed.contains("resumed"), "{printed}");

    for name in ["jsonl", "csv"] {
        let path = view(&out, name);
        let text = fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let first = usize::from(name == "csv");
        let changes = [
            (
                "a value",
                text.replacen("device.registered", "device.retired", 1),
            ),
            (
                "a line is gone",
                [&lines[..=first], &lines[first + 2..]].concat().concat(),
            ),
            ("two lines change places", {
                let mut lines = lines.clone();
                lines.swap(first, first + 1);
                lines.concat()
            }),
            ("the last line is gone", lines[..lines.len() - 1].concat()),
            ("a line more", format!("{text}{}", lines[first])),
            ("no line end", text.trim_end().to_owned()),
        ];
        for (what, changed) in changes {
            assert_ne!(changed, text, "{what}");
            fs::write(&path, changed).unwrap();
            write_manifest(&out);
            let report = report(&out, &asked());
            assert_eq!(kinds(&report), [FindingKind::View], "{name}: {what}");
            assert_eq!(report.outcome, Outcome::Tampered);
        }
        fs::write(&path, &text).unwrap();
        // A file that is of no entries.
        let foreign = path.with_file_name(format!("000000900000-000000900001.{name}"));
        fs::write(&foreign, "x\n").unwrap();
        write_manifest(&out);
        assert_eq!(kinds(&report(&out, &asked())), [FindingKind::FileForeign]);
        fs::remove_file(foreign).unwrap();
    }
    write_manifest(&out);
    assert_eq!(report(&out, &asked()).outcome, Outcome::Good);
}

/// An entry of a view that was written before its redaction is gone from the view, too, whether
/// the next export asks for views or not.
#[tokio::test(flavor = "multi_thread")]
async fn views_are_written_anew_when_an_entry_was_redacted() {
    let own = tempfile::tempdir().unwrap();
    let (dir, out) = (own.path().join("data"), own.path().join("out"));
    let server = serve(&dir, 3_600);
    let device = server.register_tablet("t1").await;
    server.queue_read(&device, "Win32_OperatingSystem").await;
    let (data, target) = (dir.to_str().unwrap(), out.to_str().unwrap());
    let export = ["export", target, "--data", data];
    assert_eq!(audit(&[&export[..], &["--jsonl", "--csv"]].concat()).0, 0);
    let text = |name: &str| fs::read_to_string(view(&out, name)).unwrap();
    let queued = text("jsonl")
        .lines()
        .position(|line| line.contains("command.queued"));
    let entry = queued.unwrap().to_string();
    let redact = ["redact", "--event", &entry, "--reason", "x", "--data", data];
    assert_eq!(audit(&redact).0, 0);
    assert_eq!(audit(&export).0, 0);
    stop(server);
    for name in ["jsonl", "csv"] {
        let files = files(&out);
        let of_view = files
            .iter()
            .filter(|path| path.starts_with(&format!("{name}/")));
        assert_eq!(of_view.count(), 1, "{files:?}");
        assert!(!text(name).contains("command.queued"), "{}", text(name));
    }
    let key = super::exports::vkey(&dir);
    let verify = ["verify", target, "--key", &key, "--accept-redacted", "1"];
    let (code, said, why) = audit(&verify);
    assert_eq!(code, 0, "{said}{why}");
}
