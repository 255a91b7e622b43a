//! What the program exits with (docs/operations.md, "Exit codes").

use crate::cli::configuration::err;
use crate::harness::Server;
use crate::program::program;

/// The table of docs/operations.md, "Exit codes", by cases.
#[tokio::test]
async fn exit_codes_are_as_documented() {
    let server = Server::start_with(&[]);
    let own = tempfile::tempdir().unwrap();
    let (data, backup) = (server.dir.to_str().unwrap(), own.path().join("b"));
    let (backup, url) = (backup.to_str().unwrap(), format!("{}/healthz", server.http));
    let missing = own.path().join("missing");
    let missing = missing.to_str().unwrap();
    let cases: [(&[&str], i32); 20] = [
        (&["--version"], 0),
        (&["serve", "--help"], 0),
        (&[], 2),
        (&["nonsense"], 2),
        (&["serve", "--nonsense"], 2),
        (
            &[
                "policy",
                "explain",
                "--mode",
                "Nonsense",
                "--kind",
                "inventory",
            ],
            2,
        ),
        (&["serve", "--data", data], 1),
        (&["serve", "--sync-path", "x"], 1),
        (&["config", "check", "--data", data], 0),
        (&["config", "check", "--sync-path", "x"], 1),
        (&["config", "show", "--sync-path", "x"], 1),
        (&["policy", "check"], 0),
        (&["policy", "check", missing], 1),
        (
            &[
                "policy",
                "explain",
                "--mode",
                "Machine",
                "--kind",
                "inventory",
            ],
            0,
        ),
        (&["backup", backup, "--data", data], 0),
        (&["backup", backup, "--data", data], 1),
        (&["restore", backup, "--data", data], 1),
        (&["key", "rotate", "--data", missing], 1),
        (&["health", &url], 0),
        (&["health", "http://127.0.0.1:1/"], 1),
    ];
    for (arguments, expected) in cases {
        let output = program()
            .args(arguments)
            .current_dir(own.path())
            .output()
            .unwrap();
        assert_eq!(
            output.status.code(),
            Some(expected),
            "{arguments:?}: {}",
            err(&output)
        );
        // Who is told that something went wrong is told what.
        assert!(expected == 0 || !(output.stderr.is_empty() && output.stdout.is_empty()));
    }
}
