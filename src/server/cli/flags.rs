//! The flags that set settings, the same for every command that reads them.
//! Their values are text here: [`crate::config`] understands them together with
//! the file and the environment, so that all faults are told at once.

use std::path::PathBuf;

use clap::Args;

use crate::config::{Flags, Loaded, environment};

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

/// A flag for each setting that has one.
#[derive(Debug, Args)]
pub(super) struct SettingFlags {
    /// The data folder: database, key, certificates, admin token. Made when it is
    /// not there [default: ./data]
    #[arg(long, value_name = "DIR")]
    data: Option<String>,
    /// Where to listen for HTTPS; port 0 takes a free one [default: 127.0.0.1:8443]
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// Also listen for plain HTTP, on a loopback address
    #[arg(long, value_name = "ADDR")]
    insecure_http: Option<String>,
    /// Another name for the server's certificate, when it is made; may be repeated
    #[arg(long, value_name = "HOST")]
    name: Vec<String>,
    /// Take an RSA server key, with which Windows 8.1 cannot connect
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    allow_rsa: Option<String>,
    /// Issuers (PEM) whose client certificates are accepted. A certificate bound to
    /// its device by SHA-256 needs none
    #[arg(long, value_name = "FILE")]
    client_ca: Option<String>,
    /// Register a device without a record at its first message, and take it by its
    /// Source alone. For tests: every listener must be on loopback
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    accept_unknown_devices: Option<String>,
    /// A folder of policy files instead of the shipped ones
    #[arg(long, value_name = "DIR")]
    policies: Option<String>,
    /// Where the database is: sqlite:PATH [default: modegate.db in the data folder]
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// The path of the device endpoint [default: /sync]
    #[arg(long, value_name = "PATH")]
    sync_path: Option<String>,
    /// A file with the main key, 64 hexadecimal digits, instead of 'key' in the data
    /// folder
    #[arg(long, value_name = "FILE")]
    key_file: Option<String>,
    /// The token service in place of Microsoft's, for a mock or a proxy
    #[arg(long, value_name = "URL")]
    wns_token_url: Option<String>,
    /// A host that notifications may be sent to besides notify.windows.com, for a
    /// mock or a proxy
    #[arg(long, value_name = "HOST[:PORT]")]
    wns_host_suffix: Option<String>,
    /// How log lines look: text or json [default: text]
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<String>,
    /// What is logged, e.g. info,modegate=debug [default: RUST_LOG, else info]
    #[arg(long, value_name = "FILTER")]
    log_filter: Option<String>,
}

impl SettingFlags {
    /// What these flags, the environment and this file say together; the files
    /// that they name are checked too.
    pub(super) fn read(&self, file: Option<&std::path::Path>) -> Loaded {
        Loaded::read(file, &environment(), &self.given()).with_files()
    }

    fn given(&self) -> Flags {
        let mut flags = Flags::default();
        for (key, value) in [
            ("data", &self.data),
            ("listen", &self.listen),
            ("insecure_http", &self.insecure_http),
            ("allow_rsa", &self.allow_rsa),
            ("client_ca", &self.client_ca),
            ("accept_unknown_devices", &self.accept_unknown_devices),
            ("policies", &self.policies),
            ("database", &self.database),
            ("sync_path", &self.sync_path),
            ("key_file", &self.key_file),
            ("wns.token_url", &self.wns_token_url),
            ("wns.host_suffix", &self.wns_host_suffix),
            ("log.format", &self.log_format),
            ("log.filter", &self.log_filter),
        ] {
            flags.set(key, value.clone());
        }
        flags.set("names", self.name.iter().cloned());
        flags
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use clap::{CommandFactory, FromArgMatches, Parser};

    use super::*;
    use crate::config::KEYS;

    #[derive(Parser)]
    struct Only {
        #[command(flatten)]
        flags: SettingFlags,
    }

    #[test]
    fn every_key_with_a_flag_has_one_and_it_arrives() {
        let command = Only::command();
        let flags = KEYS.iter().filter(|key| key.flag.is_some()).count();
        assert_eq!(command.get_arguments().count(), flags);
        for key in &KEYS {
            let Some(flag) = key.flag else { continue };
            let matches = command
                .clone()
                .try_get_matches_from(["x".to_owned(), format!("{flag}=true")])
                .unwrap();
            let flags = Only::from_arg_matches(&matches).unwrap().flags.given();
            let loaded = Loaded::read(None, &[], &flags);
            assert_eq!(loaded.origin(key.name).to_string(), flag);
        }
    }
}
