//! Programs of others read openapi.json: validators, and generators of clients, whose
//! clients compile and work. What is installed is pinned in tests/clients.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Output};

use crate::harness::Server;
use crate::tools::{has_tool, skip};

const CLIENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients");
const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/openapi.json");

/// A new directory with the document, the packages' pinned versions, and the clients.
fn scratch() -> tempfile::TempDir {
    let scratch = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(CLIENTS).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, scratch.path().join(path.file_name().unwrap())).unwrap();
    }
    std::fs::copy(DOCUMENT, scratch.path().join("openapi.json")).unwrap();
    scratch
}

fn run(dir: &Path, program: impl AsRef<OsStr>, arguments: &[&str]) -> Output {
    let mut command = Command::new(program.as_ref());
    command.args(arguments).current_dir(dir);
    command.output().unwrap()
}

/// Runs a program that must succeed; what it printed.
fn must(dir: &Path, program: impl AsRef<OsStr>, arguments: &[&str]) -> String {
    let output = run(dir, program.as_ref(), arguments);
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    let program = program.as_ref().display();
    assert!(output.status.success(), "{program} {arguments:?}: {text}");
    text
}

/// Installs packages. Without a network the test is skipped.
fn install(dir: &Path, program: impl AsRef<OsStr>, arguments: &[&str]) -> bool {
    let output = run(dir, program, arguments);
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr);
        skip(&format!("packages could not be installed: {why}"));
    }
    output.status.success()
}

#[test]
fn a_client_in_typescript_compiles_and_works() {
    if !has_tool("node", "nodejs") || !has_tool("npm", "npm") {
        return;
    }
    let scratch = scratch();
    let dir = scratch.path();
    let quiet = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
    if !install(dir, "npm", &quiet) {
        return;
    }
    must(dir, "node", &["validate.mjs"]);
    let tool = |name: &str| dir.join("node_modules/.bin").join(name);
    must(
        dir,
        tool("openapi-typescript"),
        &[
            "openapi.json",
            "--default-non-nullable",
            "false",
            "-o",
            "api.d.ts",
        ],
    );
    let strict = [
        "--strict",
        "--target",
        "es2022",
        "--module",
        "nodenext",
        "--lib",
        "es2023,dom,dom.iterable",
        "client.ts",
    ];
    // Of Node it uses the arguments only.
    std::fs::write(
        dir.join("node.d.ts"),
        "declare const process: { argv: string[] };\n",
    )
    .unwrap();
    must(dir, tool("tsc"), &[&strict[..], &["node.d.ts"]].concat());
    let server = Server::start();
    let base = format!("{}/api/v1", server.http);
    let said = must(dir, "node", &["client.js", &base, &server.token]);
    assert_eq!(said.trim(), "works");
}

#[test]
fn a_client_in_python_compiles_and_works() {
    if !has_tool("python3", "python3-venv") {
        return;
    }
    let scratch = scratch();
    let dir = scratch.path();
    let bin = dir.join("venv/bin");
    let packages = [
        "install",
        "--quiet",
        "--no-deps",
        "--requirement",
        "requirements.txt",
    ];
    if !install(dir, "python3", &["-m", "venv", "venv"])
        || !install(dir, bin.join("pip"), &packages)
    {
        return;
    }
    must(dir, bin.join("openapi-spec-validator"), &["openapi.json"]);
    std::fs::write(dir.join("generator.yaml"), "post_hooks: []\n").unwrap();
    let generate = [
        "generate",
        "--path",
        "openapi.json",
        "--output-path",
        "generated",
        "--meta",
        "none",
        "--config",
        "generator.yaml",
        "--fail-on-warning",
    ];
    must(dir, bin.join("openapi-python-client"), &generate);
    let python = bin.join("python");
    must(dir, &python, &["-m", "compileall", "-q", "generated"]);
    let server = Server::start();
    let base = format!("{}/api/v1", server.http);
    let said = must(dir, &python, &["client.py", &base, &server.token]);
    assert_eq!(said.trim(), "works");
}
