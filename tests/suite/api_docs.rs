//! The examples of docs/api.md, run as printed.

use serde_json::Value;

use crate::harness::Server;

#[test]
fn the_examples_of_the_api_page_work_as_printed() {
    let server = Server::start();
    let blocks: Vec<&str> = include_str!("../../docs/api.md")
        .split("<!-- run -->\n```sh\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .collect();
    assert_eq!(blocks.len(), 7);
    let token_file = server.dir.join("admin-token");
    let script = blocks
        .concat()
        .replace("http://127.0.0.1:8080", &server.http)
        .replace("./data/admin-token", token_file.to_str().unwrap());
    let output = std::process::Command::new("bash")
        .args(["-euo", "pipefail", "-c", &script])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}{errors}");
    let answers: Vec<Value> = text
        .lines()
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let [
        made,
        tokens,
        first,
        again,
        changed,
        stale,
        imported,
        faults,
        listed,
    ] = &answers[..]
    else {
        panic!("{text}");
    };
    assert!(made["token"].is_string());
    assert_eq!(tokens["items"].as_array().unwrap().len(), 1, "{tokens}");
    assert_eq!(first, again);
    assert_eq!(changed["user"], "ann@example.test");
    assert_eq!(stale["status"], 412);
    assert_eq!(imported["updated"], 1);
    assert_eq!(faults["errors"].as_array().unwrap().len(), 2, "{faults}");
    assert_eq!(listed["items"].as_array().unwrap().len(), 2, "{listed}");
}
