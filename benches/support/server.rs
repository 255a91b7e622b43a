//! The real program in a process of its own, so that CPU time, bytes written and
//! memory are read from the system for it alone.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::client::{connect, request};
use super::machine::quietly;

/// A running server.
pub(crate) struct Server {
    child: Child,
    /// Its process.
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
    pub(crate) fn start(dir: &Path) -> Server {
        Server::start_with(dir, &["--accept-unknown-devices"])
    }

    /// Starts it with these arguments besides the listeners.
    pub(crate) fn start_with(dir: &Path, arguments: &[&str]) -> Server {
        Server::start_program(env!("CARGO_BIN_EXE_modegate"), dir, arguments)
    }

    /// The same by another program.
    pub(crate) fn start_program(program: &str, dir: &Path, arguments: &[&str]) -> Server {
        let mut child = Command::new(program)
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(["--insecure-http", "127.0.0.1:0"])
            .args(arguments)
            .arg("--data")
            .arg(dir)
            // It would stand in the first session of each device.
            .env("MODEGATE_INVENTORY_SCHEDULE_HOURS", "0")
            .env("MODEGATE_COMPLIANCE_READ_HOURS", "0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the server starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("its output"))
            .read_line(&mut line)
            .expect("a line");
        let ready: serde_json::Value = serde_json::from_str(&line).expect("one line of JSON");
        let token = std::fs::read_to_string(dir.join("admin-token")).expect("a token");
        let address = |which: &str| {
            let address = ready["listening"][which].as_str();
            address.expect("an address").to_owned()
        };
        Server {
            pid: child.id(),
            child,
            http: address("http"),
            https: address("https"),
            token: token.trim().to_owned(),
            dir: dir.to_owned(),
        }
    }

    /// How often it synced the disk so far, as it counts itself.
    pub(crate) fn syncs(&self) -> f64 {
        let head = format!(
            "GET /metrics HTTP/1.1\r\nAuthorization: Bearer {}\r\n",
            self.token
        );
        let text = request(&mut connect(&self.http), &head, "");
        text.lines()
            .filter(|line| line.starts_with("modegate_store_syncs_total"))
            .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
            .sum()
    }

    /// Ends it in order: the log is copied back.
    pub(crate) fn stop(mut self) {
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
