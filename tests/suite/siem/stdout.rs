//! Standard output: one line, and more only for who asks.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::Value;

use super::{event, place};
use crate::harness::serve_command;

#[test]
fn events_follow_the_line_that_says_where_the_server_listens() {
    let own = tempfile::tempdir().unwrap();
    let mut command = serve_command(&own.path().join("data"), &[]);
    command
        .env("MODEGATE_AUDIT_SEAL_SECONDS", "1")
        .env("MODEGATE_SIEM_SINKS", "out jsonl stdout:")
        .stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = || serde_json::from_str::<Value>(&out.next().unwrap().unwrap()).unwrap();
    assert!(next()["listening"]["https"].is_string());
    for number in 0..2 {
        let line = next();
        assert_eq!(place(&line).0, number);
        assert!(event(&line)["type"].is_string());
    }
    child.kill().unwrap();
    child.wait().unwrap();
}
