//! What the server keeps is its owner's alone, whatever the umask, and a missing key is
//! an error where a database waits for it.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::harness::{Server, serve_command};
use crate::program::program;

/// The same command with this umask.
fn with_umask(command: &Command, umask: &str) -> Command {
    let mut with = Command::new("sh");
    let script = format!("umask {umask}; exec \"$@\"");
    with.args(["-c", &script, "sh"]).arg(command.get_program());
    with.args(command.get_args());
    with
}

fn modes(dir: &Path) -> Vec<(String, u32)> {
    let mut all: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            (name, entry.metadata().unwrap().permissions().mode() & 0o777)
        })
        .collect();
    all.sort();
    all
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Runs the program; its exit code and what it wrote.
fn run(arguments: &[&str]) -> (Option<i32>, String) {
    let output = program().args(arguments).output().unwrap();
    let both = [output.stdout, output.stderr].concat();
    (
        output.status.code(),
        String::from_utf8_lossy(&both).into_owned(),
    )
}

/// `serve` and `config check` must both refuse, and say why.
fn both_refuse(dir: &Path, why: &str) {
    let data = ["--data", text(dir)];
    for command in [
        &["serve", "--listen", "127.0.0.1:0"][..],
        &["config", "check"],
    ] {
        let (code, said) = run(&[command, &data].concat());
        assert_eq!(code, Some(1), "{command:?}: {said}");
        assert!(said.contains(why), "{command:?}: {said}");
    }
}

#[tokio::test]
async fn every_file_is_for_its_owner_alone_whatever_the_umask() {
    for umask in ["000", "022", "077"] {
        let own = tempfile::tempdir().unwrap();
        let dir = own.path().join("data");
        let mut command = with_umask(&serve_command(&dir, &[]), umask);
        command
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::null());
        let mut server = Server::by(command, &dir, Vec::new());
        server.register(json!({"source": "d"})).await;
        let mode = fs::metadata(&dir).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "umask {umask}");
        let mut found = modes(&dir);
        for name in [
            "modegate.db",
            "modegate.db-wal",
            "modegate.db-shm",
            "key",
            "audit-key",
            "server.pem",
        ] {
            assert!(found.iter().any(|(other, _)| other == name), "{found:?}");
        }
        let published = fs::metadata(dir.join("audit")).unwrap().permissions();
        assert_eq!(published.mode() & 0o777, 0o700, "umask {umask}");
        found.retain(|(name, _)| name != "audit");
        // The lists of devices may be there by now.
        let (lists, mut published) = (dir.join("audit/snapshots"), modes(&dir.join("audit")));
        if lists.exists() {
            found.extend(modes(&lists));
            published.retain(|file| *file != ("snapshots".to_owned(), 0o700));
        }
        assert_eq!(published, [("last-checkpoint".to_owned(), 0o600)]);
        let wide: Vec<_> = found.iter().filter(|(_, mode)| *mode != 0o600).collect();
        assert!(wide.is_empty(), "umask {umask}: {wide:?}");

        let file = own.path().join("backup");
        let mut backup = program();
        backup.args(["backup", text(&file), "--data", text(&dir)]);
        assert!(
            with_umask(&backup, umask)
                .output()
                .unwrap()
                .status
                .success()
        );
        assert_eq!(
            fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o600
        );
        server.signal("TERM");
        server.wait();
        // A backup that somebody made readable does not make the database so.
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        for arguments in [
            &["restore", text(&file), "--data", text(&dir)][..],
            &["key", "rotate", "--data", text(&dir)],
        ] {
            let mut command = program();
            command.args(arguments);
            assert!(
                with_umask(&command, umask)
                    .output()
                    .unwrap()
                    .status
                    .success()
            );
        }
        let wide: Vec<_> = modes(&dir)
            .into_iter()
            .filter(|(name, mode)| name != "audit" && *mode != 0o600)
            .collect();
        assert!(wide.is_empty(), "umask {umask}: {wide:?}");
    }
}

#[tokio::test]
async fn no_file_is_made_through_a_link() {
    let own = tempfile::tempdir().unwrap();
    let (dir, victim) = (own.path().join("data"), own.path().join("victim"));
    fs::create_dir(&dir).unwrap();
    fs::write(&victim, "precious").unwrap();
    for name in [
        "key.new",
        "admin-token.new",
        "server-key.pem.new",
        "server.pem.new",
        "ca.pem.new",
    ] {
        symlink(&victim, dir.join(name)).unwrap();
    }
    drop(Server::in_dir(&dir, &[]));
    assert_eq!(fs::read(&victim).unwrap(), b"precious");
    assert!(dir.join("key").is_file());

    // A lock through a link would lock, or make, somebody else's file.
    for name in ["lock", "modegate.db-lock"] {
        fs::remove_file(dir.join(name)).unwrap();
        symlink(own.path().join("made"), dir.join(name)).unwrap();
        let (code, said) = run(&["serve", "--listen", "127.0.0.1:0", "--data", text(&dir)]);
        assert_eq!(code, Some(1), "{said}");
        assert!(!own.path().join("made").exists());
        fs::remove_file(dir.join(name)).unwrap();
    }
    // So would a new key in place of a link to one that is not mounted yet.
    let fresh = own.path().join("fresh");
    fs::create_dir(&fresh).unwrap();
    symlink(own.path().join("not-mounted/key"), fresh.join("key")).unwrap();
    both_refuse(&fresh, "key");
    assert!(
        fs::symlink_metadata(fresh.join("key"))
            .unwrap()
            .is_symlink()
    );
}

#[tokio::test]
async fn beside_a_database_a_missing_key_is_an_error() {
    let own = tempfile::tempdir().unwrap();
    let dir = own.path().join("data");
    let mut server = Server::in_dir(&dir, &[]);
    let device = server.register(json!({"source": "d"})).await;
    server.signal("KILL");
    server.wait();
    fs::rename(dir.join("key"), own.path().join("key")).unwrap();
    both_refuse(&dir, "no other key opens it");
    assert!(!dir.join("key").exists(), "a new key was made");

    // The database may be elsewhere, or only its log may have anything yet.
    let elsewhere = own.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    let url = format!("sqlite:{}", text(&dir.join("modegate.db")));
    let data = ["--data", text(&elsewhere), "--database", &url];
    let serve = ["serve", "--listen", "127.0.0.1:0"];
    let (code, said) = run(&[&serve[..], &data].concat());
    assert_eq!(code, Some(1), "{said}");
    assert!(!elsewhere.join("key").exists(), "a new key was made");

    // Another key is not taken for the missing one.
    fs::write(dir.join("key"), "00".repeat(32)).unwrap();
    both_refuse(&dir, "is not the one that this database was created with");

    fs::rename(own.path().join("key"), dir.join("key")).unwrap();
    let again = Server::in_dir(&dir, &[]);
    again.get(&format!("/devices/{device}")).await;
}

#[test]
fn an_empty_token_file_is_no_token() {
    let own = tempfile::tempdir().unwrap();
    fs::write(own.path().join("admin-token"), "\n").unwrap();
    both_refuse(own.path(), "expected a token");
}

#[tokio::test]
async fn a_directory_that_others_write_to_is_refused_or_warned_of() {
    let own = tempfile::tempdir().unwrap();
    let dir = own.path().join("data");
    fs::create_dir(&dir).unwrap();
    let set = |dir: &Path, mode| {
        fs::set_permissions(dir, fs::Permissions::from_mode(mode)).unwrap();
    };
    for mode in [0o777, 0o1777, 0o702] {
        set(&dir, mode);
        both_refuse(
            &dir,
            "every user of this machine can write to the data directory",
        );
        assert!(!dir.join("key").exists());
    }
    for mode in [0o770, 0o720] {
        set(&dir, mode);
        let server = Server::in_dir(&dir, &[]);
        server.logged("users other than its owner can write to the directory");
        let (code, said) = run(&["config", "check", "--data", text(&dir)]);
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains("users other than its owner"), "{said}");
        fs::remove_file(dir.with_extension("log")).unwrap();
    }
    set(&dir, 0o700);
    let server = Server::in_dir(&dir, &[]);
    server.logged("the admin token is in");
    assert!(
        !server.log().contains("users other than"),
        "{}",
        server.log()
    );
    drop(server);

    let policies = own.path().join("policies");
    fs::create_dir(&policies).unwrap();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
    for entry in fs::read_dir(shipped).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            fs::copy(&path, policies.join(path.file_name().unwrap())).unwrap();
        }
    }
    set(&policies, 0o777);
    let arguments = [
        "config",
        "check",
        "--data",
        text(&dir),
        "--policies",
        text(&policies),
    ];
    let (code, said) = run(&arguments);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains(text(&policies)), "{said}");
}

#[tokio::test]
async fn rotation_replaces_the_key_and_not_a_link_to_it() {
    let own = tempfile::tempdir().unwrap();
    let (dir, vault) = (own.path().join("data"), own.path().join("vault"));
    fs::create_dir(&vault).unwrap();
    let (real, link) = (vault.join("main-key"), own.path().join("link"));
    fs::write(&real, "0123456789abcdef".repeat(4)).unwrap();
    symlink(&real, &link).unwrap();
    let arguments = ["--key-file", text(&link)];
    let mut server = Server::in_dir(&dir, &arguments);
    server.register(json!({"source": "d"})).await;
    server.signal("TERM");
    server.wait();
    let rotate = ["key", "rotate", "--data", text(&dir)];
    let (code, said) = run(&[&rotate[..], &arguments].concat());
    assert_eq!(code, Some(0), "{said}");
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_ne!(
        fs::read_to_string(&real).unwrap(),
        "0123456789abcdef".repeat(4)
    );
    let again = Server::in_dir(&dir, &["--key-file", text(&real)]);
    assert_eq!(again.get("/devices").await["items"][0]["source"], "d");
}
