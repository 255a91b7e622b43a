//! Node and its packages: installed once, beside what Cargo builds, and run with a deadline.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use crate::files::files;
use crate::tools::{has_tool, say, skip};
use crate::wait::eventually_blocking;

/// The server that a file of tests is run against.
pub(super) struct Target {
    /// What the file is told, as JSON.
    pub(super) file: PathBuf,
    /// The certificate that the server's is signed by.
    pub(super) ca: PathBuf,
}

/// The tests in JavaScript.
pub(super) const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/browser");
/// What they need, each with Debian's package of it.
const TOOLS: [(&str, &str); 4] = [
    ("node", "nodejs"),
    ("npm", "npm"),
    ("chromium", "chromium"),
    ("java", "default-jre-headless"),
];
/// How long one file may take, on a machine that runs others beside it.
const DEADLINE: Duration = Duration::from_secs(600);

/// Whether what the tests need is there and wanted. Says what is missing, once.
pub(super) fn are_tools_there() -> bool {
    static THERE: OnceLock<bool> = OnceLock::new();
    *THERE.get_or_init(|| {
        match std::env::var("MODEGATE_TEST_BROWSER").as_deref() {
            Err(_) | Ok("auto" | "require") => {}
            Ok("off") => {
                say("skipped: the browser tests are off (MODEGATE_TEST_BROWSER)");
                return false;
            }
            Ok(other) => {
                panic!("MODEGATE_TEST_BROWSER: expected auto, require or off, found '{other}'")
            }
        }
        let missing = TOOLS
            .iter()
            .filter(|(name, package)| !has_tool(name, package));
        if missing.count() == 0 {
            return true;
        }
        leave_out("the browser tests need the programs above");
        false
    })
}

/// Leaves the browser tests out, which fails where they are required.
fn leave_out(why: &str) {
    let is_required = std::env::var("MODEGATE_TEST_BROWSER").is_ok_and(|value| value == "require");
    assert!(!is_required, "MODEGATE_TEST_BROWSER=require: {why}");
    skip(why);
}

/// Beside the directory that Cargo keeps for tests: where packages, logs and pictures go.
pub(super) fn directory() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("browser")
}

/// The directory with the tests and their packages; `None` where those cannot be installed.
fn installed() -> Option<&'static Path> {
    static INSTALLED: OnceLock<Option<PathBuf>> = OnceLock::new();
    INSTALLED.get_or_init(install).as_deref()
}

/// Copies the tests, and installs what `package-lock.json` pins unless that was done before.
fn install() -> Option<PathBuf> {
    let dir = directory();
    fs::create_dir_all(&dir).unwrap();
    // Another run of the tests in the same checkout waits.
    let lock = File::create(dir.join("lock")).unwrap();
    lock.lock().unwrap();
    let tests = dir.join("tests");
    let _ = fs::remove_dir_all(&tests);
    for from in files(Path::new(SOURCES)) {
        let to = tests.join(from.strip_prefix(SOURCES).unwrap());
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(&from, to).unwrap();
    }
    // Node looks for packages in the directories above a file.
    let (pins, done) = ("package-lock.json", dir.join("node_modules/.installed"));
    let wanted = fs::read(tests.join(pins)).unwrap();
    if fs::read(&done).is_ok_and(|found| found == wanted) {
        return Some(dir);
    }
    for name in ["package.json", pins] {
        fs::copy(tests.join(name), dir.join(name)).unwrap();
    }
    let npm = Command::new("npm")
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        .current_dir(&dir)
        .output()
        .unwrap();
    if !npm.status.success() {
        let why = String::from_utf8_lossy(&npm.stderr);
        leave_out(&format!(
            "npm could not install the packages of the browser tests: {why}"
        ));
        return None;
    }
    fs::write(done, wanted).unwrap();
    Some(dir)
}

/// Runs one file of the tests, against a server if it needs one.
///
/// # Panics
/// A test of it failed, none ran, or the deadline has passed; says what Node printed.
pub(super) fn run(file: &str, target: Option<&Target>) {
    if !are_tools_there() {
        return;
    }
    let Some(dir) = installed() else { return };
    let log_path = dir.join(file.replace('/', "-")).with_extension("log");
    let log = File::create(&log_path).unwrap();
    let mut command = Command::new("node");
    command
        .args(["--test", "--test-reporter=tap"])
        .arg(dir.join("tests").join(file))
        .env("MODEGATE_BROWSER_ROOT", env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::null())
        .stderr(log.try_clone().unwrap())
        .stdout(log);
    if let Some(target) = target {
        command.env("MODEGATE_BROWSER_SITE", &target.file);
        command.env("NODE_EXTRA_CA_CERTS", &target.ca);
    }
    let mut child = command.spawn().unwrap();
    let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        eventually_blocking(DEADLINE, || child.try_wait().unwrap().ok_or("it runs"))
    }));
    let _ = child.kill();
    let said = fs::read_to_string(&log_path).unwrap();
    let tests: Vec<&str> = said
        .lines()
        .filter(|line| line.trim_start().starts_with("ok "))
        .map(str::trim)
        .collect();
    match ended {
        Ok(status) if status.success() && !tests.is_empty() => println!("{file}: {tests:#?}"),
        Ok(status) => panic!("{file}: {status}\n{said}"),
        Err(_) => panic!("{file}: not within {DEADLINE:?}\n{said}"),
    }
}
