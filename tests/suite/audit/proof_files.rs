//! Proofs of single entries and the part of one device, verified by the command line; and readers
//! of what the audit commands print that leave early.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::exports::{audit, vkey};
use super::sealing::{serve, stop};
use super::written_log::{files, put};
use crate::program::program;

/// The part of one device of a served log, and the proofs of one of its commands.
struct Proved {
    _own: tempfile::TempDir,
    data: PathBuf,
    part: PathBuf,
    proofs: PathBuf,
    key: String,
    events: u64,
}

async fn proved() -> Proved {
    let own = tempfile::tempdir().unwrap();
    let data = own.path().join("data");
    let server = serve(&data, 3600);
    server.register_tablet("t0").await;
    let device = server.register_tablet("t1").await;
    let command = server.queue_read(&device, "Win32_OperatingSystem").await;
    server.begin("Machine", "t1", "1").await;
    let (part, proofs) = (own.path().join("part"), own.path().join("proofs"));
    let at = |path: &Path| path.to_str().unwrap().to_owned();
    for arguments in [
        [
            "export",
            &at(&part),
            "--device",
            &device,
            "--data",
            &at(&data),
        ],
        [
            "prove",
            "--command",
            &command,
            "--out",
            &at(&proofs),
            &at(&data),
        ],
    ] {
        let (code, _, why) = audit(&arguments);
        assert_eq!(code, 0, "{why}");
    }
    let events = server.get(&format!("/devices/{device}/events")).await;
    let events = events["items"].as_array().unwrap().len() as u64;
    stop(server);
    Proved {
        key: vkey(&data),
        _own: own,
        data,
        part,
        proofs,
        events,
    }
}

impl Proved {
    /// The exit code and what is printed for these proofs.
    fn verify(&self, path: &Path, more: &[&str]) -> (i32, String) {
        let arguments = [
            "verify",
            "--proof",
            path.to_str().unwrap(),
            "--key",
            &self.key,
        ];
        let (code, printed, why) = audit(&[&arguments[..], more].concat());
        (code, printed + &why)
    }

    /// Damaged in one way the part is refused, and says where.
    fn refuse(&self, place: &str) {
        let (code, said) = self.verify(&self.part, &[]);
        assert_eq!(code, 1, "{place}: {said}");
        assert!(said.contains(place), "{place}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn proofs_are_verified_by_the_key_alone_and_print_their_events() {
    let proved = proved().await;
    let (code, said) = proved.verify(&proved.proofs, &[]);
    assert_eq!(code, 0, "{said}");
    let lines: Vec<&str> = said
        .lines()
        .filter(|line| line.starts_with("proved "))
        .collect();
    assert_eq!(lines.len(), 2, "{said}");
    assert!(lines[0].contains(r#""type":"command.queued""#), "{said}");
    assert!(lines[1].contains(r#""delivered":[{"command":1,"#), "{said}");
    let mut names: Vec<PathBuf> = fs::read_dir(&proved.proofs)
        .unwrap()
        .map(|found| found.unwrap().path())
        .collect();
    names.sort();
    for path in &names {
        let (code, said) = proved.verify(path, &["--json"]);
        assert_eq!(code, 0, "{said}");
        let lines: Vec<Value> = said
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines.len(), 2, "{said}");
        assert!(lines[0]["event"]["seq"].is_u64(), "{said}");
        assert_eq!(
            (&lines[1]["outcome"], &lines[1]["checked"]),
            (&"good".into(), &1.into())
        );
    }
    // The hashes of one prove nothing of the other, and no key but the log's counts.
    let text = fs::read_to_string(&names[0]).unwrap();
    let other = fs::read_to_string(&names[1]).unwrap();
    let entry = |text: &str| text.lines().nth(1).unwrap().to_owned();
    fs::write(&names[0], text.replace(&entry(&text), &entry(&other))).unwrap();
    let (code, said) = proved.verify(&proved.proofs, &[]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("finding  proof at "), "{said}");
    let key = "example.com/0e4e7a50-5f4c-4ac3-8a52-2a6e0f9c1b7d/1+";
    let stranger = modegate_core::tlog::Origin::new(
        "example.com",
        "0e4e7a50-5f4c-4ac3-8a52-2a6e0f9c1b7d".parse().unwrap(),
        1,
    );
    let stranger = stranger.unwrap().key([7; 32]).unwrap().to_string();
    assert!(stranger.starts_with(key), "{stranger}");
    let path = names[1].to_str().unwrap();
    for keys in [&[][..], &["--key", &stranger][..]] {
        let (code, said, _) = audit(&[&["verify", "--proof", path][..], keys].concat());
        assert_eq!(code, 2, "{said}");
        assert!(said.contains("checkpoint.unsigned"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_part_of_a_device_is_verified_whole() {
    let proved = proved().await;
    let (code, said) = proved.verify(&proved.part, &[]);
    assert_eq!(code, 0, "{said}");
    let count = said
        .lines()
        .filter(|line| line.starts_with("proved "))
        .count();
    assert_eq!(count as u64, proved.events, "{said}");
    // It is no log, and is not taken for a damaged one.
    let part = proved.part.to_str().unwrap();
    let (code, _, why) = audit(&["verify", part, "--key", &proved.key]);
    assert_eq!(code, 2, "{why}");
    assert!(why.contains("--proof"), "{why}");
    let older = proved.part.join("checkpoint");
    let (code, said) = proved.verify(&proved.part, &["--against", older.to_str().unwrap()]);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("older.not_checked"), "{said}");

    for path in files(&proved.part) {
        let good = fs::read(proved.part.join(&path)).unwrap();
        for at in [0, good.len() / 2, good.len() - 2] {
            let mut bad = good.clone();
            bad[at] ^= 1;
            put(&proved.part, &path, &bad);
            let (code, said) = proved.verify(&proved.part, &[]);
            assert!([1, 2].contains(&code), "byte {at} of {path}: {said}");
        }
        put(&proved.part, &path, &good);
    }
    let name = |seq: u64| format!("proofs/{seq:010}.tlog-proof");
    let path = |seq| proved.part.join(name(seq));
    let (one, two) = (fs::read(path(1)).unwrap(), fs::read(path(2)).unwrap());
    put(&proved.part, &name(1), &two);
    proved.refuse("number 2");
    put(&proved.part, &name(1), &one);
    fs::remove_file(path(2)).unwrap();
    proved.refuse(&name(2));
    put(&proved.part, &name(2), &two);
    put(&proved.part, "letter", b"dear");
    proved.refuse("device.json");
    fs::remove_file(proved.part.join("letter")).unwrap();
    assert_eq!(proved.verify(&proved.part, &[]).0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_leaves_changes_no_exit_code_and_a_full_disk_does() {
    let proved = proved().await;
    let data = proved.data.to_str().unwrap();
    for arguments in [
        &["verify", data][..],
        &["replay", data],
        &["checkpoint", data],
        &["key", "--data", data],
        &["prove", data, "--event", "0"],
    ] {
        let run = |stdout: std::process::Stdio| {
            let mut command = program();
            command.arg("audit").args(arguments).stdout(stdout);
            command.output().unwrap()
        };
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let left = run(writer.into());
        let why = String::from_utf8_lossy(&left.stderr);
        assert_eq!((left.status.code(), &*why), (Some(0), ""), "{arguments:?}");
        let full = fs::File::options().write(true).open("/dev/full").unwrap();
        let full = run(full.into());
        assert_ne!(full.status.code(), Some(0), "{arguments:?}");
        assert!(!full.stderr.is_empty(), "{arguments:?}");
    }
}
