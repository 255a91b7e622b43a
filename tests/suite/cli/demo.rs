//! `modegate demo`: what it prints; and that no command minds a reader that leaves.

use std::io::{BufRead, BufReader};
use std::process::{Command, Output, Stdio};

use crate::harness::Server;
use crate::program::program;

fn demo(arguments: &[&str]) -> (tempfile::TempDir, Command) {
    let dir = tempfile::tempdir().unwrap();
    let mut command = program();
    command
        .args(["demo", "--exit", "--data"])
        .arg(dir.path().join("data"))
        .args(arguments)
        .env_remove("NO_COLOR")
        .env_remove("CLICOLOR_FORCE");
    (dir, command)
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn the_demo_fits_on_a_screen_and_every_step_goes_well() {
    let (_dir, mut command) = demo(&[]);
    let output = command.output().unwrap();
    let text = text(&output);
    assert!(output.status.success(), "{text}");
    assert!(text.lines().count() <= 50, "{text}");
    assert!(!text.contains("FAILED") && !text.contains('\x1b'), "{text}");
    for begin in ["  sent ", "  withheld ", "  ok "] {
        let count = text.lines().filter(|line| line.starts_with(begin)).count();
        assert_eq!(count, 6, "{begin}: {text}");
    }
    assert!(
        text.contains("wns_configuration until Maintenance (floor.machine)"),
        "{text}"
    );
    let row = |kind: &str| {
        let cells = text.lines().find_map(|line| line.trim().strip_prefix(kind));
        cells
            .unwrap()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(row("inventory  "), "sent 1 - -");
    assert_eq!(row("wns_configuration  "), "withheld 1 sent 2 withheld 1");
    assert_eq!(row("app_install  "), "withheld 2 sent 2 sent 2");
}

#[tokio::test]
async fn its_directory_can_be_served_and_no_password_was_printed() {
    let (dir, mut command) = demo(&["--verbose"]);
    let output = command.output().unwrap();
    assert!(!text(&output).contains("N3w-Passw0rd"));
    let server = Server::in_dir(&dir.path().join("data"), &[]);
    let devices = server.get("/devices").await;
    assert_eq!(devices["items"].as_array().unwrap().len(), 1);
}

#[test]
fn verbose_shows_every_command_and_check() {
    let (_dir, mut command) = demo(&["--verbose"]);
    let text = text(&command.output().unwrap());
    assert!(
        text.contains("Get ./cimv2/Win32_OperatingSystem -> 200"),
        "{text}"
    );
    assert!(text.contains("[ok] the password was reset once"), "{text}");
}

#[test]
fn colour_is_for_terminals_and_can_be_switched_off() {
    let (_dir, mut command) = demo(&[]);
    let forced = command.env("CLICOLOR_FORCE", "1").output().unwrap();
    assert!(text(&forced).contains("\x1b["));
    let (_dir, mut command) = demo(&[]);
    let switched_off = command.env("NO_COLOR", "1").output().unwrap();
    assert!(!text(&switched_off).contains('\x1b'));
}

#[test]
fn a_reader_that_leaves_ends_the_demo_quietly() {
    let (_dir, mut command) = demo(&[]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    lines.read_line(&mut String::new()).unwrap();
    drop(lines);
    let output = child.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && errors.is_empty(), "{errors}");
}

#[test]
fn no_command_minds_a_reader_that_leaves() {
    for arguments in [
        ["completions", "bash"].as_slice(),
        &["config", "show"],
        &["policy", "check"],
        &[
            "simulate",
            "--url",
            "http://127.0.0.1:1/sync",
            "--devices",
            "1",
        ],
        &["--help"],
    ] {
        let mut child = program()
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(
            !errors.contains("panicked") && !errors.contains("pipe"),
            "{arguments:?}: {errors}"
        );
    }
}
