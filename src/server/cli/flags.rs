//! The flags that set settings, the same for every command that reads them.
//! Their values are text here: [`crate::config`] reads them together with the
//! file and the environment, so that all faults are reported at once.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use serde_json::Value;

use crate::config::{Flags, KEYS, Loaded, environment};
use crate::serve::preflight::examine;

/// The flags of these arguments that were given. The name of an argument is the
/// key that it sets, with `_` for the dot after its section.
pub(super) fn given<A: Args + Serialize>(arguments: &A) -> Flags {
    let mut flags = Flags::default();
    let values = serde_json::to_value(arguments).unwrap_or_default();
    for argument in A::augment_args(clap::Command::new("")).get_arguments() {
        let name = argument.get_id().as_str();
        let key = KEYS.iter().find(|key| key.replace('.', "_") == name);
        let text = match &values[name] {
            Value::String(text) => text.clone(),
            Value::Array(texts) if !texts.is_empty() => {
                let texts: Vec<&str> = texts.iter().filter_map(Value::as_str).collect();
                texts.join(",")
            }
            _ => continue,
        };
        if let (Some(key), Some(flag)) = (key, argument.get_long()) {
            flags.set(key, &format!("--{flag}"), text);
        }
    }
    flags
}

/// Where settings come from.
#[derive(Debug, Args)]
pub(super) struct Sources {
    /// The configuration file (TOML)
    #[arg(long, value_name = "FILE", env = "MODEGATE_CONFIG")]
    config: Option<PathBuf>,
    #[command(flatten)]
    flags: SettingFlags,
}

impl Sources {
    /// What they say together; the files that they name are checked too.
    pub(super) fn read(&self) -> Loaded {
        self.flags.read(self.config.as_deref())
    }
}

/// A flag for each setting that has one, named by [`given`].
#[derive(Debug, Args, Serialize)]
pub(super) struct SettingFlags {
    /// The data directory: database, key, certificates, admin token. Created if
    /// it does not exist [default: ./data]
    #[arg(long, value_name = "DIR")]
    data: Option<String>,
    /// Where to listen for HTTPS; port 0 picks a free one [default: 127.0.0.1:8443]
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// Also listen for plain HTTP, on a loopback address
    #[arg(long, value_name = "ADDR")]
    insecure_http: Option<String>,
    /// Where to serve pages and API without asking for a client certificate
    /// [default: the host of --listen, its port + 1]
    #[arg(long, value_name = "ADDR")]
    web_listen: Option<String>,
    /// Another name for the server's certificate, when it is created; may be repeated
    #[arg(long = "name", value_name = "HOST")]
    names: Vec<String>,
    /// Accept an RSA server key, with which Windows 8.1 cannot connect
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    allow_rsa: Option<String>,
    /// Issuers (PEM) whose client certificates are accepted. A certificate bound to
    /// its device by SHA-256 needs none
    #[arg(long, value_name = "FILE")]
    client_ca: Option<String>,
    /// Register an unknown device at its first message, and accept it by its Source
    /// alone. For tests: every listener must be on loopback
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    accept_unknown_devices: Option<String>,
    /// A directory of policy files instead of the shipped ones
    #[arg(long, value_name = "DIR")]
    policies: Option<String>,
    /// Where the database is: sqlite:PATH [default: modegate.db in the data directory]
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// The path of the device endpoint [default: /sync]
    #[arg(long, value_name = "PATH")]
    sync_path: Option<String>,
    /// A file with the main key, 64 hexadecimal digits, instead of 'key' in the data
    /// directory
    #[arg(long, value_name = "FILE")]
    key_file: Option<String>,
    /// The token service in place of Microsoft's, for a mock or a proxy
    #[arg(long, value_name = "URL")]
    wns_token_url: Option<String>,
    /// A host that notifications may be sent to besides notify.windows.com, for a
    /// mock or a proxy
    #[arg(long, value_name = "HOST[:PORT]")]
    wns_host_suffix: Option<String>,
    /// The format of log lines: text or json [default: text]
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<String>,
    /// What is logged, e.g. info,modegate=debug [default: RUST_LOG, else info]
    #[arg(long, value_name = "FILTER")]
    log_filter: Option<String>,
}

impl SettingFlags {
    /// What these flags, the environment and this file say together; the files
    /// that they name are checked too.
    pub(super) fn read(&self, file: Option<&Path>) -> Loaded {
        let loaded = Loaded::read(file, &environment(), &given(self));
        let now = crate::clock::Clock::default().now();
        loaded.with_files(|loaded| examine(loaded, now))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use clap::{CommandFactory, FromArgMatches, Parser};

    use super::*;

    #[derive(Parser)]
    struct Only {
        #[command(flatten)]
        flags: SettingFlags,
    }

    #[test]
    fn every_flag_sets_its_key() {
        let command = Only::command();
        for argument in command.get_arguments() {
            let flag = format!("--{}", argument.get_long().unwrap());
            let matches = command
                .clone()
                .try_get_matches_from(["x".to_owned(), format!("{flag}=true")])
                .unwrap();
            let flags = given(&Only::from_arg_matches(&matches).unwrap().flags);
            let loaded = Loaded::read(None, &[], &flags);
            let name = argument.get_id().as_str();
            let key = KEYS.iter().find(|key| key.replace('.', "_") == name);
            assert_eq!(loaded.origin(key.unwrap()).to_string(), flag);
        }
    }
}
