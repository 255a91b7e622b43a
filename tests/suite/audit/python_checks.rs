//! The checks of the Python file that goes with every export, each by an input that only it
//! refuses; and that each is missed where it is taken out.

use std::process::Command;

const DIR: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/suite/audit");
const VERIFIER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/server/audit/verify.py");

/// Runs a script; without `assert`s (-O), and without files beside it (-B).
fn run(arguments: &[&str]) {
    let output = Command::new("python3")
        .args(["-O", "-B"])
        .args(arguments)
        .current_dir(DIR)
        .output()
        .expect("python3 is needed to test the verifier that goes with every export");
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

#[test]
fn each_check_refuses_what_no_other_does() {
    run(&["verifier_checks.py", VERIFIER]);
}

#[test]
fn a_check_that_is_taken_out_is_missed() {
    run(&["verifier_mutants.py", VERIFIER, "verifier_checks.py"]);
}
