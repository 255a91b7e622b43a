//! A data directory that 0.1.0 wrote opens, says what 0.1.0 said of it, and plays on.
//!
//! The directory and how it was made: `tests/fixtures/data-0.1.0/README.md`. It is
//! looked at over HTTP only, so that these tests stay as they are while what is inside
//! changes. `recorded.json` beside it holds what 0.1.0 answered; it is never made anew.

mod commands;
mod contents;
mod decisions;
mod enrollments;
mod installs;
mod log;
mod outside;
mod sessions;

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::harness::{Reply, Sent, Server, answers, message, package1, silent_tokens};
use crate::wait::{DEADLINE, eventually, seen};

/// A copy of the directory, and what was recorded of it.
struct Old {
    own: tempfile::TempDir,
    recorded: Value,
    /// A token service that never answers: nothing is sent to anybody.
    silent: (TcpListener, [String; 3]),
}

impl Old {
    fn copied() -> Old {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/data-0.1.0");
        let own = tempfile::tempdir().unwrap();
        let dir = own.path().join("data");
        std::fs::create_dir(&dir).unwrap();
        mode(&dir, 0o700);
        for entry in std::fs::read_dir(from.join("data")).unwrap() {
            let entry = entry.unwrap();
            let to = dir.join(entry.file_name());
            std::fs::copy(entry.path(), &to).unwrap();
            // Git keeps no modes but the right to execute.
            mode(&to, 0o600);
        }
        let mut text = std::fs::read_to_string(from.join("recorded.json")).unwrap();
        let ids = serde_json::from_str::<Value>(&text).unwrap()["devices"].clone();
        for (source, id) in ids.as_object().unwrap() {
            text = text.replace(&format!("@{source}@"), id.as_str().unwrap());
        }
        Old {
            own,
            recorded: serde_json::from_str(&text).unwrap(),
            silent: silent_tokens(),
        }
    }

    fn dir(&self) -> PathBuf {
        self.own.path().join("data")
    }

    /// A server on it that takes devices by name and pushes nothing.
    fn serve(&self) -> Server {
        let arguments: Vec<&str> = self.silent.1.iter().map(String::as_str).collect();
        Server::in_dir(&self.dir(), &arguments)
    }

    /// The id of a device.
    fn id(&self, source: &str) -> &str {
        let id = self.recorded["devices"][source].as_str();
        id.unwrap_or_else(|| panic!("{source}"))
    }

    /// The id of a device's command.
    fn command(&self, source: &str, seq: u32) -> String {
        format!("{}-{seq}", self.id(source))
    }

    /// The path of the only install of a device whose name ends so.
    fn install(&self, name: &str) -> String {
        format!("/installs/{}-i1", self.id(&format!("install-{name}")))
    }

    fn token(&self, name: &str) -> &str {
        self.recorded["tokens"][name].as_str().unwrap()
    }

    /// How many rows a table had.
    fn rows(&self, table: &str) -> usize {
        let rows = self.recorded["rows"][table].as_u64().unwrap();
        usize::try_from(rows).unwrap()
    }
}

fn mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// Everything of a list, page by page.
async fn all(server: &Server, path: &str) -> Vec<Value> {
    let (mut items, mut from) = (Vec::new(), String::new());
    loop {
        let page = server.get(&format!("{path}?limit=200{from}")).await;
        items.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["next"].as_str() {
            Some(next) => from = format!("&after={next}"),
            None => return items,
        }
    }
}

/// Waits until what a path shows is as asked for.
async fn until(server: &Server, path: &str, is: impl Fn(&Value) -> bool) -> Value {
    eventually(DEADLINE, async || seen(server.get(path).await, &is)).await
}

/// Everything recorded must be there and equal; more may be.
fn compare(at: &str, recorded: &Value, now: &Value, differences: &mut Vec<String>) {
    match (recorded, now) {
        (Value::Object(recorded), Value::Object(now)) => {
            for (name, value) in recorded {
                let found = now.get(name).unwrap_or(&Value::Null);
                compare(&format!("{at}.{name}"), value, found, differences);
            }
        }
        (Value::Array(recorded), Value::Array(now)) if recorded.len() == now.len() => {
            for (nth, (value, found)) in recorded.iter().zip(now).enumerate() {
                compare(&format!("{at}[{nth}]"), value, found, differences);
            }
        }
        _ if recorded == now => {}
        _ => differences.push(format!("{at}: {recorded} was recorded, {now} is told")),
    }
}

/// What 0.1.0 answered is what this server answers.
async fn says_the_same(old: &Old, server: &Server) {
    let mut differences = Vec::new();
    for (path, recorded) in old.recorded["answers"].as_object().unwrap() {
        let items = recorded["items"].as_array();
        let is_long = items.is_some_and(|items| items.len() > 50);
        let limit = if is_long { "?limit=200" } else { "" };
        let now = server.get(&format!("{path}{limit}")).await;
        compare(path, recorded, &now, &mut differences);
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// A message of the device.
async fn say(
    server: &Server,
    mode: &str,
    source: &str,
    session: &str,
    at: u32,
    body: &str,
) -> Reply {
    server.sync(mode, &message(source, session, at, body)).await
}

/// A whole session of a device that answers every command with this code; what it was sent.
async fn session(server: &Server, mode: &str, source: &str, session: &str, code: u16) -> Vec<Sent> {
    let login = if mode == "Machine" { "none" } else { "user" };
    let mut reply = server
        .sync(mode, &package1(source, session, 1, login))
        .await;
    let mut sent = Vec::new();
    for number in 2..20 {
        if reply.commands.is_empty() {
            return sent;
        }
        sent.extend(reply.commands.clone());
        reply = say(
            server,
            mode,
            source,
            session,
            number,
            &answers(&reply, code),
        )
        .await;
    }
    panic!("a session without end: {sent:?}");
}

/// The last parts of the LocURIs.
fn ends(sent: &[Sent]) -> Vec<&str> {
    sent.iter()
        .map(|command| command.loc_uri.rsplit('/').next().unwrap())
        .collect()
}

/// The Data of the one command whose LocURI ends so.
fn data_of<'a>(sent: &'a [Sent], end: &str) -> &'a str {
    let mut of_it = sent.iter().filter(|command| command.loc_uri.ends_with(end));
    let (Some(command), None) = (of_it.next(), of_it.next()) else {
        panic!("one {end} in {sent:?}");
    };
    command.data.as_deref().unwrap_or_default()
}
