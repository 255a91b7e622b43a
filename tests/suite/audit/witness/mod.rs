//! `audit witness` as a program: what it cosigns, what it refuses, what it never forgets.

mod memory;
mod requests;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use modegate_core::tlog::note::SignatureType;
use modegate_core::tlog::witness::cosignature;
use modegate_core::tlog::{Hash, Note, VerifierKey};
use serde_json::Value;

use super::{is_signed_by, root};
use crate::program::program;
use crate::wait::DEADLINE;

/// A running witness.
pub struct Witness {
    child: Child,
    pub url: String,
    pub vkey: VerifierKey,
    pub dir: PathBuf,
    /// The line that it printed.
    pub line: Value,
}

/// The command of a witness in that directory, for the logs with these keys.
pub fn command(dir: &Path, listen: &str, logs: &[String]) -> Command {
    let mut command = program();
    command
        .args(["audit", "witness", "--listen", listen, "--data"])
        .arg(dir);
    for log in logs {
        command.args(["--log", log]);
    }
    command
}

impl Witness {
    /// One on a free port of loopback.
    pub fn start(dir: &Path, logs: &[String]) -> Witness {
        Witness::by(command(dir, "127.0.0.1:0", logs), dir)
    }

    /// One by that command.
    pub fn by(mut command: Command, dir: &Path) -> Witness {
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(dir.with_extension("log"));
        command.stdout(Stdio::piped()).stderr(log.unwrap());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        let stdout = child.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        assert!(!line.is_empty(), "the witness ended: {}", log_of(dir));
        let line: Value = serde_json::from_str(&line).unwrap();
        Witness {
            child,
            url: line["url"].as_str().unwrap().to_owned(),
            vkey: line["vkey"].as_str().unwrap().parse().unwrap(),
            dir: dir.to_owned(),
            line,
        }
    }

    /// Where it listens.
    pub fn address(&self) -> &str {
        self.url.trim_start_matches("http://").trim_end_matches('/')
    }

    /// Ends it as a power cut would.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks for a cosignature: the status, the media type and the body.
    pub async fn add(&self, body: impl Into<Vec<u8>>) -> (u16, String, String) {
        add_to(&self.url, body.into()).await.unwrap()
    }

    /// What it says that it is.
    pub async fn about(&self) -> String {
        let answer = client().get(&self.url).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 200);
        answer.text().await.unwrap()
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        log_of(&self.dir)
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn log_of(dir: &Path) -> String {
    std::fs::read_to_string(dir.with_extension("log")).unwrap_or_default()
}

/// A witness that does not start: its exit code and what it says.
pub fn refused(mut command: Command) -> (Option<i32>, String) {
    let Output { status, stderr, .. } = command.output().unwrap();
    (status.code(), String::from_utf8(stderr).unwrap())
}

pub fn client() -> reqwest::Client {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let client = reqwest::Client::builder().timeout(DEADLINE).no_proxy();
    client.build().unwrap()
}

pub async fn add_to(url: &str, body: Vec<u8>) -> Result<(u16, String, String), reqwest::Error> {
    let post = client().post(format!("{url}add-checkpoint")).body(body);
    let answer = post.send().await?;
    let status = answer.status().as_u16();
    let kind = answer.headers()["content-type"]
        .to_str()
        .unwrap()
        .to_owned();
    Ok((status, kind, answer.text().await?))
}

/// A log that was made up, as its operator has it: it signs whatever it likes.
pub struct MadeUpLog {
    key: Ed25519KeyPair,
    pub verifier: VerifierKey,
    leaves: Vec<[u8; 32]>,
}

impl MadeUpLog {
    /// Of a hundred entries, the last of which are of this kind.
    pub fn new(origin: &str, seed: u8, last: u8) -> MadeUpLog {
        let key = Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap();
        let public = key.public_key().as_ref().try_into().unwrap();
        let leaf = |n: u8| super::leaf(&[n, if n < 10 { 0 } else { last }]);
        MadeUpLog {
            key,
            verifier: VerifierKey::new(origin, SignatureType::Ed25519, public).unwrap(),
            leaves: (0..100).map(leaf).collect(),
        }
    }

    pub fn vkey(&self) -> String {
        self.verifier.to_string()
    }

    /// The text of the checkpoint of that size.
    pub fn text(&self, size: usize) -> String {
        let root = Hash(root(&self.leaves[..size])).base64();
        format!("{}\n{size}\n{root}\n", self.verifier.name())
    }

    /// The checkpoint of that size, signed.
    pub fn note(&self, size: usize) -> String {
        self.signed(&self.text(size))
    }

    /// A note with this text, signed.
    pub fn signed(&self, text: &str) -> String {
        let line = self.verifier.sign(text, |message| {
            self.key.sign(message).as_ref().try_into().unwrap()
        });
        Note::new(text, vec![line]).unwrap().to_string()
    }

    /// The request that hands a checkpoint to a witness, right in every respect.
    pub fn request(&self, old: usize, size: usize) -> String {
        let proof = match old {
            0 => Vec::new(),
            old => consistency(old, &self.leaves[..size], true),
        };
        request(old, &proof, &self.note(size))
    }
}

/// The request with these parts.
pub fn request(old: usize, proof: &[[u8; 32]], note: &str) -> String {
    let line = |hash: &[u8; 32]| Hash(*hash).base64() + "\n";
    let proof: String = proof.iter().map(line).collect();
    format!("old {old}\n{proof}\n{note}")
}

/// A consistency proof, as RFC 6962, section 2.1.2, defines it.
fn consistency(old: usize, leaves: &[[u8; 32]], is_whole: bool) -> Vec<[u8; 32]> {
    if old == leaves.len() {
        return match is_whole {
            true => Vec::new(),
            false => vec![root(leaves)],
        };
    }
    let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
    let (mut proof, beside) = match old.checked_sub(left.len()) {
        None | Some(0) => (consistency(old, left, is_whole), root(right)),
        Some(old) => (consistency(old, right, false), root(left)),
    };
    proof.push(beside);
    proof
}

/// The time of an answer's cosignature, which must be right.
pub fn cosigned_at(witness: &VerifierKey, text: &str, answer: &str) -> u64 {
    let found = cosignature(text, answer.as_bytes(), witness, &is_signed_by);
    found.unwrap_or_else(|fault| panic!("{fault}: {answer}")).1
}
