//! The real program in a process of its own, so that CPU time, bytes written and
//! memory are read from the system for it alone.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::machine::quietly;

/// A running server.
pub struct Server {
    child: Child,
    traced: Option<PathBuf>,
    /// The server's own process, also under a tracer.
    pub pid: u32,
    /// Where it listens.
    pub http: String,
    /// Where it listens for TLS.
    pub https: String,
    /// The admin token.
    pub token: String,
    /// Its data folder.
    pub dir: PathBuf,
}

impl Server {
    /// Starts it for devices that nobody registered, without rates.
    pub fn start(dir: &Path) -> Server {
        Server::start_with(dir, &["--accept-unknown-devices"])
    }

    /// Starts it with these arguments besides the listeners.
    pub fn start_with(dir: &Path, arguments: &[&str]) -> Server {
        let command = Command::new(env!("CARGO_BIN_EXE_modegate"));
        Server::spawn(command, dir, arguments, None)
    }

    /// Starts it under strace, which writes down each sync of the disk.
    pub fn traced(dir: &Path) -> Option<Server> {
        if !quietly(Command::new("strace").arg("-V")) {
            return None;
        }
        let log = dir.join("syncs");
        let mut command = Command::new("strace");
        command.args(["-f", "--seccomp-bpf", "-qq", "-e", "trace=fsync,fdatasync"]);
        command.arg("-o").arg(&log);
        command.arg(env!("CARGO_BIN_EXE_modegate"));
        let arguments = ["--accept-unknown-devices"];
        Some(Server::spawn(command, dir, &arguments, Some(log)))
    }

    fn spawn(
        mut command: Command,
        dir: &Path,
        arguments: &[&str],
        traced: Option<PathBuf>,
    ) -> Server {
        let mut child = command
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(["--insecure-http", "127.0.0.1:0"])
            .args(arguments)
            .arg("--data")
            .arg(dir)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the server starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("its output"))
            .read_line(&mut line)
            .expect("a line");
        let told: serde_json::Value = serde_json::from_str(&line).expect("one line of JSON");
        let token = std::fs::read_to_string(dir.join("admin-token")).expect("a token");
        let address = |which: &str| {
            let address = told["listening"][which].as_str();
            address.expect("an address").to_owned()
        };
        let pid = match &traced {
            Some(_) => only_child(child.id()),
            None => child.id(),
        };
        Server {
            pid,
            traced,
            child,
            http: address("http"),
            https: address("https"),
            token: token.trim().to_owned(),
            dir: dir.to_owned(),
        }
    }

    /// How often it synced the disk so far; only where it is traced.
    pub fn syncs(&self) -> usize {
        let log = self.traced.as_ref().map(std::fs::read_to_string);
        log.and_then(Result::ok).map_or(0, |text| {
            let begun = |line: &&str| line.contains("sync(");
            text.lines().filter(begun).count()
        })
    }

    /// Ends it in order: the log is copied back.
    pub fn stop(mut self) {
        quietly(Command::new("kill").arg("-TERM").arg(self.pid.to_string()));
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn only_child(pid: u32) -> u32 {
    let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
    let children = children.unwrap_or_default();
    let first = children.split_whitespace().next();
    first.and_then(|pid| pid.parse().ok()).unwrap_or(pid)
}
