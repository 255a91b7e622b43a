//! The README's walk-through, run as printed.

use crate::harness::Server;

#[test]
fn the_readme_walk_through_works_as_printed() {
    let server = Server::start();
    let readme = include_str!("../../README.md");
    let blocks: Vec<&str> = readme
        .split("<!-- walkthrough -->\n```sh\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .collect();
    assert_eq!(blocks.len(), 5);
    let token_file = server.dir.join("admin-token");
    let script = blocks
        .join("echo ---\n")
        .replace("http://127.0.0.1:8080", &server.http)
        .replace("./data/admin-token", token_file.to_str().unwrap());
    let output = std::process::Command::new("bash")
        .args(["-euo", "pipefail", "-c", &script])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let parts: Vec<&str> = text.split("---\n").collect();
    assert!(parts[0].contains("\"kind\":\"app_install\""), "{text}");
    assert!(parts[1].contains("floor.machine"), "{text}");
    assert!(
        parts[2].contains("Win32_OperatingSystem") && !parts[2].contains("Exec="),
        "{text}"
    );
    assert!(
        parts[3].contains("UpdateConfiguration") && parts[3].contains("CreateJob"),
        "{text}"
    );
    assert!(parts[4].contains("\"withheld\":[{"), "{text}");
}
