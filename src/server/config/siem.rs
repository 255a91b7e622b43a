//! The section `siem`: where events are sent.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize, Serializer};
use url::Url;

use super::values::{File, Rule, list, number, optional};
use crate::egress::EgressPolicy;
use modegate_core::siem::LineFormat;

/// Longest name of a sink, bytes.
const NAME: usize = 32;

/// Where events are sent, and when that takes too long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SiemSettings {
    /// The systems that events are sent to, at most [`SiemSettings::SINKS`], each as
    /// `NAME FORMAT TARGET`.
    #[serde(deserialize_with = "list::<SinkLine, _>")]
    pub sinks: Vec<SinkAddress>,
    /// After so many seconds in which a system has not taken an event, an alert is raised.
    /// Default 300.
    #[serde(deserialize_with = "number::<_, 1, 86_400>")]
    pub behind_seconds: u32,
    /// Further CAs (PEM) that those systems may have their certificates from.
    #[serde(deserialize_with = "optional::<File, _>")]
    pub ca: Option<PathBuf>,
}

impl SiemSettings {
    /// Most sinks.
    pub const SINKS: usize = 8;

    /// The files with a header's value.
    pub(super) fn authorizations(&self) -> impl Iterator<Item = &Path> {
        let files = self.sinks.iter();
        files.filter_map(|sink| sink.authorization.as_deref())
    }
}

impl Default for SiemSettings {
    fn default() -> Self {
        SiemSettings {
            sinks: Vec::new(),
            behind_seconds: 300,
            ca: None,
        }
    }
}

/// A system that events are sent to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SinkAddress {
    /// Its name: what it has taken is kept under this.
    pub name: String,
    /// In which form it takes events.
    pub format: LineFormat,
    /// Where it is.
    pub target: SinkTarget,
    /// A file with the value of the header `Authorization`, for HTTP alone.
    pub authorization: Option<PathBuf>,
}

/// Where a sink is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SinkTarget {
    /// A file that lines are added to.
    File(PathBuf),
    /// The standard output of the server, behind its first line.
    Stdout,
    /// A receiver of NDJSON. May hold a capability in its path: never logged.
    Http(Url),
    /// A receiver of syslog over TLS.
    Syslog {
        /// Its name or address, which its certificate is for.
        host: String,
        /// Its port.
        port: u16,
    },
}

impl SinkTarget {
    /// Reads it.
    fn parse(text: &str) -> Option<Self> {
        /// What IANA assigned to syslog over TLS.
        const SYSLOG_TLS: u16 = 6514;
        if let Some(path) = text.strip_prefix("file:") {
            let is_path = path.starts_with('/') && !path.contains('\0');
            return is_path.then(|| SinkTarget::File(path.into()));
        }
        if text == "stdout:" {
            return Some(SinkTarget::Stdout);
        }
        if text.starts_with("syslog+tls://") {
            let url = Url::parse(text).ok()?;
            let is_bare = matches!(url.path(), "" | "/")
                && url.query().is_none()
                && url.fragment().is_none()
                && url.username().is_empty()
                && url.password().is_none();
            let host = url.host_str().filter(|host| is_bare && !host.is_empty())?;
            return Some(SinkTarget::Syslog {
                host: host.trim_matches(['[', ']']).to_owned(),
                port: url.port().unwrap_or(SYSLOG_TLS),
            });
        }
        EgressPolicy::OPERATOR
            .check(text)
            .ok()
            .map(SinkTarget::Http)
    }
}

impl fmt::Display for SinkTarget {
    /// Without what may be a capability.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SinkTarget::File(path) => write!(f, "file:{}", path.display()),
            SinkTarget::Stdout => f.write_str("stdout:"),
            SinkTarget::Http(url) => {
                let is_bare = url.path() == "/" && url.query().is_none();
                let rest = if is_bare { "" } else { "***" };
                write!(f, "{}/{rest}", url.origin().ascii_serialization())
            }
            SinkTarget::Syslog { host, port } => write!(f, "syslog+tls://{host}:{port}"),
        }
    }
}

/// How a sink is written.
struct SinkLine;

impl Rule for SinkLine {
    type Value = SinkAddress;
    const EXPECTED: &'static str = "NAME FORMAT TARGET [authorization=FILE]: a name of 1 to 32 lower-case letters, \
                                    digits and '-'; ocsf or jsonl; file:/PATH, stdout:, https://… (plain http only \
                                    to this machine) or syslog+tls://HOST[:PORT]; the file for https alone";
    const IS_SECRET: bool = true;

    fn parse(text: &str) -> Option<SinkAddress> {
        let mut words = text.split_ascii_whitespace();
        let (name, format, target) = (words.next()?, words.next()?, words.next()?);
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let is_name = name.len() <= NAME && name.bytes().all(allowed);
        let target = SinkTarget::parse(target)?;
        let authorization = match words.next() {
            None => None,
            Some(word) => Some(PathBuf::from(word.strip_prefix("authorization=")?)),
        };
        let is_http = matches!(target, SinkTarget::Http(_));
        let is_whole = words.next().is_none() && (authorization.is_none() || is_http);
        (is_name && is_whole).then_some(SinkAddress {
            name: name.to_owned(),
            format: LineFormat::from_name(format)?,
            target,
            authorization,
        })
    }
}

impl Serialize for SinkAddress {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let SinkAddress {
            name,
            format,
            target,
            authorization,
        } = self;
        let file = authorization.as_ref().map(|file| file.display());
        let file = file.map_or(String::new(), |file| format!(" authorization={file}"));
        to.collect_str(&format_args!("{name} {} {target}{file}", format.name()))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_sink_is_read_and_shown_without_what_may_be_a_secret() {
        for (line, shown) in [
            (
                "f ocsf file:/var/log/e.jsonl",
                "f ocsf file:/var/log/e.jsonl",
            ),
            ("out jsonl stdout:", "out jsonl stdout:"),
            ("s-1 ocsf https://s.test", "s-1 ocsf https://s.test/"),
            (
                "s ocsf https://s.test:8088/t0ken?k=v authorization=/etc/t",
                "s ocsf https://s.test:8088/*** authorization=/etc/t",
            ),
            ("s ocsf https://10.0.0.8/", "s ocsf https://10.0.0.8/"),
            ("s jsonl http://127.0.0.1:1/", "s jsonl http://127.0.0.1:1/"),
            (
                "l ocsf syslog+tls://l.test",
                "l ocsf syslog+tls://l.test:6514",
            ),
            ("l ocsf syslog+tls://[::1]:9", "l ocsf syslog+tls://::1:9"),
        ] {
            let sink = SinkLine::parse(line).unwrap_or_else(|| panic!("{line}"));
            assert_eq!(serde_json::to_value(&sink).unwrap(), shown);
        }
        for wrong in [
            "",
            "f ocsf",
            "F ocsf stdout:",
            "f cef stdout:",
            "f ocsf stdout",
            "f ocsf file:relative",
            "f ocsf http://s.test/",
            "f ocsf https://u:p@s.test/",
            "f ocsf https://0.0.0.0/",
            "f ocsf udp://s.test",
            "f ocsf syslog+tls://s.test/path",
            "f ocsf syslog+tls://",
            "f ocsf stdout: authorization=/etc/t",
            "f ocsf https://s.test/ token=/etc/t",
            "f ocsf https://s.test/ authorization=/etc/t more",
        ] {
            assert!(SinkLine::parse(wrong).is_none(), "{wrong}");
        }
        assert!(SinkLine::parse(&format!("{} ocsf stdout:", "x".repeat(33))).is_none());
    }
}
