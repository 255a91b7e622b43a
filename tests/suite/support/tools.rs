//! Programs that only some tests use and that not every machine has.

use std::io::Write as _;
use std::process::{Command, Stdio};

/// Variables by which a missing program fails the test, as in CI. The second is the
/// older name, from when only the WBXML tools were optional.
const REQUIRE: [&str; 2] = ["MODEGATE_REQUIRE_TOOLS", "MODEGATE_REQUIRE_WBXML_TOOLS"];

/// Whether a program can be started. Where it cannot, the test that asks is skipped.
pub fn has_tool(name: &str, package: &str) -> bool {
    let started = Command::new(name)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if started.is_err() {
        skip(&format!("{name} was not found (Debian: {package})"));
    }
    started.is_ok()
}

/// Reports that a test checks nothing; where tools are required, it fails.
pub fn skip(reason: &str) {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| value == "1");
    assert!(!REQUIRE.into_iter().any(is_set), "{reason}");
    say(&format!("skipped: {reason}"));
}

/// Prints a line even where the test passes: the output of macros is kept back then.
pub fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
