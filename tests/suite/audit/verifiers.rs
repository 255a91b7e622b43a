//! The two verifiers of an export: the program's, and the Python file that goes with every
//! export. Both are asked by each test, and agree.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use modegate_core::audit::verify::{Accepted, FindingKind, Question, Report, verify};
use modegate_core::tlog::{TrustPolicy, VerifierKey};
use modegate_server::audit::folder::ExportFolder;

use super::is_signed_by;

/// The Python file.
const PYTHON: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/server/audit/verify.py");

/// What the verifiers are asked, beside the directory.
#[derive(Debug, Default)]
pub struct Asked {
    pub keys: Vec<VerifierKey>,
    pub policy: Option<String>,
    pub older: Vec<String>,
    pub accepted: Accepted,
}

impl Asked {
    pub fn by(key: VerifierKey) -> Self {
        Asked {
            keys: vec![key],
            ..Asked::default()
        }
    }

    pub fn older(mut self, note: String) -> Self {
        self.older.push(note);
        self
    }
}

/// The program's answer.
pub fn report(directory: &Path, asked: &Asked) -> Report {
    let policy = asked.policy.as_ref();
    let question = Question {
        checkpoint: None,
        keys: asked.keys.clone(),
        policy: policy.map(|text| TrustPolicy::parse(text.as_bytes()).unwrap()),
        older: asked
            .older
            .iter()
            .map(|note| note.clone().into_bytes())
            .collect(),
        accepted: asked.accepted,
        ed25519: &is_signed_by,
    };
    let mut done = 0;
    let report = verify(
        &mut ExportFolder::new(directory),
        &question,
        &mut |progress| {
            assert!(progress.done > done && progress.done <= progress.size);
            done = progress.done;
        },
    );
    // Each finding names its place and has words of its own.
    for finding in &report.findings {
        assert!(
            !finding.place.is_empty() && !finding.what.is_empty(),
            "{finding:?}"
        );
    }
    report
}

/// The kinds of what the program finds, the worst first.
pub fn kinds(report: &Report) -> Vec<FindingKind> {
    report.findings.iter().map(|finding| finding.kind).collect()
}

/// One Python that verifies directory after directory.
pub struct Python {
    child: Child,
    asks: ChildStdin,
    answers: BufReader<ChildStdout>,
}

const LOOP: &str = "
import contextlib, io, json, os, sys
sys.path.insert(0, os.path.dirname(sys.argv[1]))
import verify
for line in sys.stdin:
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        code = verify.main(json.loads(line))
    print(code, said.getvalue().replace(chr(10), ' '), flush=True)
";

impl Python {
    pub fn start() -> Self {
        // Without `assert`s (-O), so that no check is one; no files beside the script (-B).
        let mut child = Command::new("python3")
            .args(["-O", "-B", "-c", LOOP, PYTHON])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 is needed to test the verifier that goes with every export");
        let asks = child.stdin.take().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        Python {
            child,
            asks,
            answers,
        }
    }

    /// Its exit code, and what it prints.
    pub fn verify(&mut self, directory: &Path, asked: &Asked) -> (u8, String) {
        let dir = tempfile::tempdir().unwrap();
        let key = asked.keys[0].to_string();
        let mut arguments = vec![directory.to_str().unwrap().to_owned(), key];
        for (number, note) in asked.older.iter().enumerate() {
            let path = dir.path().join(format!("older-{number}"));
            std::fs::write(&path, note).unwrap();
            arguments.push(path.to_str().unwrap().to_owned());
        }
        let line = serde_json::to_string(&arguments).unwrap();
        writeln!(self.asks, "{line}").unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        let (code, said) = answer.trim_end().split_once(' ').unwrap();
        (code.parse().unwrap(), said.to_owned())
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Both, and whether they agree.
pub struct Both(Python);

impl Both {
    pub fn start() -> Self {
        Both(Python::start())
    }

    /// The program's answer; the Python file's exit code is the same.
    pub fn verify(&mut self, directory: &Path, asked: &Asked) -> Report {
        let report = report(directory, asked);
        let (code, said) = self.0.verify(directory, asked);
        assert_eq!(
            code,
            report.outcome.exit_code(),
            "{said}\n{:#?}",
            report.findings
        );
        report
    }

    /// Both refuse it, by exit code 1 or 2.
    pub fn refuse(&mut self, directory: &Path, asked: &Asked, what: &str) -> Report {
        let report = report(directory, asked);
        let (code, said) = self.0.verify(directory, asked);
        assert!(
            [1, 2].contains(&code),
            "{what}: verify.py exits with {code}: {said}"
        );
        let own = report.outcome.exit_code();
        assert!([1, 2].contains(&own), "{what}: {:#?}", report.findings);
        report
    }
}
