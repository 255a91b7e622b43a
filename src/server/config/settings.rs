//! The settings. A setting is one field here: its name is the key of the file
//! and, in capitals after `MODEGATE_`, the environment variable; its default
//! stands in `Default`, its rule is named by `deserialize_with`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::alerts::AlertSettings;
use super::choices::{AddressHeader, LogFormat, ProxyHeader};
use super::retention::Retention;
use super::values::{
    self, Address, CertificateHeader, Database, Directory, Endpoint, File, ForwardedHeader,
    HostName, HostSuffix, LogFilter, LogLines, MainKey, Network, Networks, ServerName, SyncPath,
    TokenUrl, list, number, optional, required,
};
use super::web::WebSettings;
use super::{AuditSettings, ComplianceSettings, EnrollmentSettings, SiemSettings};
use modegate_core::installs::JobRules;
use modegate_core::limits::DeviceBounds;
use modegate_core::operations::Templates;
use modegate_core::secret::Secret;

/// Everything that can be set, with nothing left to parse. Relative paths are
/// relative to the working directory. Serialised, it shows no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The data directory. Default `./data`.
    #[serde(deserialize_with = "required::<Directory, _>")]
    pub data: PathBuf,
    /// Where HTTPS listens; port 0 takes a free one. Default 127.0.0.1:8443.
    #[serde(deserialize_with = "required::<Address, _>")]
    pub listen: SocketAddr,
    /// Where plain HTTP listens too: a loopback address.
    #[serde(deserialize_with = "optional::<Address, _>")]
    pub insecure_http: Option<SocketAddr>,
    /// More names for the server's certificate, when it is made.
    #[serde(deserialize_with = "list::<HostName, _>")]
    pub names: Vec<String>,
    /// Whether an RSA server key is accepted, with which Windows 8.1 cannot connect.
    pub allow_rsa: bool,
    /// Issuers (PEM) whose client certificates are accepted.
    #[serde(deserialize_with = "optional::<File, _>")]
    pub client_ca: Option<PathBuf>,
    /// Whether devices without a record are accepted by their Source; only where
    /// every listener is on loopback.
    pub accept_unknown_devices: bool,
    /// A directory of policy files instead of the shipped ones.
    #[serde(deserialize_with = "optional::<Directory, _>")]
    pub policies: Option<PathBuf>,
    /// The SQLite file, if it is not in the data directory.
    #[serde(deserialize_with = "optional::<Database, _>")]
    #[serde(serialize_with = "values::database_url")]
    pub database: Option<PathBuf>,
    /// The path of the device endpoint. Default `/sync`.
    #[serde(deserialize_with = "required::<SyncPath, _>")]
    pub sync_path: String,
    /// A file with the main key, 64 hexadecimal digits, instead of the data
    /// directory's `key`.
    #[serde(deserialize_with = "optional::<File, _>")]
    pub key_file: Option<PathBuf>,
    /// The main key itself, 64 hexadecimal digits: from the environment only.
    #[serde(deserialize_with = "optional::<MainKey, _>")]
    #[serde(serialize_with = "values::masked")]
    pub key: Option<Secret>,
    /// Proxies that may speak for a client. From any other peer, a header that
    /// names a client certificate or an address is ignored.
    #[serde(deserialize_with = "list::<Networks, _>")]
    pub trusted_proxies: Vec<Network>,
    /// The header in which trusted proxies pass on the client certificate.
    #[serde(deserialize_with = "optional::<CertificateHeader, _>")]
    pub proxy_header: Option<ProxyHeader>,
    /// The header in which trusted proxies pass on the client's address.
    #[serde(deserialize_with = "required::<ForwardedHeader, _>")]
    pub proxy_address_header: AddressHeader,
    /// What the server answers a device's challenge with.
    pub server_auth: ServerAuth,
    /// How much one client may ask for.
    pub limits: Limits,
    /// Where WNS is and how it is used.
    pub wns: Wns,
    /// How the audit log is signed.
    pub audit: AuditSettings,
    /// When alerts are raised.
    pub alerts: AlertSettings,
    /// How long things are kept.
    pub retention: Retention,
    /// What the server reads of devices of its own accord.
    pub inventory: InventorySettings,
    /// How devices are judged by baselines of compliance.
    pub compliance: ComplianceSettings,
    /// How devices enroll.
    pub enrollment: EnrollmentSettings,
    /// How jobs of installs are read.
    #[serde(with = "JobSettings")]
    pub jobs: JobRules,
    /// What webhooks may reach.
    pub webhooks: Webhooks,
    /// Where events are sent.
    pub siem: SiemSettings,
    /// The pages: the console and the portal.
    pub web: WebSettings,
    /// What is logged, and how.
    pub log: Log,
    /// Where spans are sent.
    pub otlp: Otlp,
    /// Texts of commands whose grammar is not known for sure.
    #[serde(deserialize_with = "values::templates")]
    pub templates: Templates,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            data: PathBuf::from("./data"),
            listen: SocketAddr::from(([127, 0, 0, 1], 8443)),
            insecure_http: None,
            names: Vec::new(),
            allow_rsa: false,
            client_ca: None,
            accept_unknown_devices: false,
            policies: None,
            database: None,
            sync_path: "/sync".to_owned(),
            key_file: None,
            key: None,
            trusted_proxies: Vec::new(),
            proxy_header: None,
            proxy_address_header: AddressHeader::default(),
            server_auth: ServerAuth::default(),
            limits: Limits::default(),
            wns: Wns::default(),
            audit: AuditSettings::default(),
            alerts: AlertSettings::default(),
            retention: Retention::default(),
            inventory: InventorySettings::default(),
            compliance: ComplianceSettings::default(),
            enrollment: EnrollmentSettings::default(),
            jobs: JobRules::default(),
            webhooks: Webhooks::default(),
            siem: SiemSettings::default(),
            web: WebSettings::default(),
            log: Log::default(),
            otlp: Otlp::default(),
            templates: Templates::default(),
        }
    }
}

impl Settings {
    /// Where the database is.
    pub fn database_path(&self) -> PathBuf {
        let usual = || self.data.join("modegate.db");
        self.database.clone().unwrap_or_else(usual)
    }

    /// Whether only programs on this machine reach the server: it listens on loopback, and
    /// no proxy passes on what comes from elsewhere.
    pub fn is_local(&self) -> bool {
        let plain = self
            .insecure_http
            .is_none_or(|http| http.ip().is_loopback());
        let web = self.web_listen().ip().is_loopback();
        self.listen.ip().is_loopback() && web && plain && self.trusted_proxies.is_empty()
    }

    /// Where pages and API are served without asking for a client certificate.
    pub fn web_listen(&self) -> SocketAddr {
        let beside = || {
            let mut address = self.listen;
            // Port 0 takes a free one, and so does what would follow the last port.
            let port = match self.listen.port() {
                0 => 0,
                port => port.checked_add(1).unwrap_or(0),
            };
            address.set_port(port);
            address
        };
        self.web.listen.unwrap_or_else(beside)
    }

    /// How long a connection is kept open between requests.
    pub fn keep_alive(&self) -> Duration {
        let seconds = match self.limits.keep_alive_seconds {
            0 if self.trusted_proxies.is_empty() => 30,
            0 => 75,
            seconds => seconds,
        };
        Duration::from_secs(seconds.into())
    }
}

/// What the server answers a device with that challenges it. Each device may have a password
/// of its own for that (`POST /devices/{device}/server-password`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServerAuth {
    /// The name, 1 to 256 characters.
    #[serde(deserialize_with = "optional::<ServerName, _>")]
    pub name: Option<String>,
    /// A file with the password for devices that have none of their own; white space around
    /// it does not count.
    #[serde(deserialize_with = "optional::<File, _>")]
    pub password_file: Option<PathBuf>,
    /// Whether a device that asks for Basic is sent its own password as it is; the common
    /// one never is. Default false.
    pub basic: bool,
}

/// How much clients may ask for, alone and together. A rate of 0 is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Sync requests of one device per minute. Default 600: a session with a full
    /// queue has up to [`SESSION_MESSAGES`](modegate_core::limits::SESSION_MESSAGES)
    /// messages and may take seconds.
    #[serde(rename = "requests_per_device_per_minute")]
    #[serde(deserialize_with = "values::rate")]
    pub device_per_minute: u32,
    /// How many of them may come at once: such a session's worth.
    #[serde(skip)]
    pub device_burst: u32,
    /// Requests from one client address per minute. Default 6,000: a school's
    /// tablets share one address and all start after the same bell.
    #[serde(rename = "requests_per_address_per_minute")]
    #[serde(deserialize_with = "values::rate")]
    pub address_per_minute: u32,
    /// Connections open at once: each costs at most some tens of kilobytes.
    /// Default 10,000.
    #[serde(deserialize_with = "number::<_, 1, 1_000_000>")]
    pub connections: u32,
    /// Connections open at once from one client address, other than a trusted proxy's.
    /// Default 0: a quarter of `connections`.
    #[serde(deserialize_with = "number::<_, 0, 1_000_000>")]
    pub connections_per_address: u32,
    /// How long a connection is kept open between requests, seconds. Default 0: 30, or 75
    /// where there are trusted proxies, most of which keep theirs for 60.
    #[serde(deserialize_with = "number::<_, 0, 3_600>")]
    pub keep_alive_seconds: u32,
    /// How long `body_progress_bytes` of a request's body may take to arrive, seconds.
    /// Default 10.
    #[serde(deserialize_with = "number::<_, 1, 600>")]
    pub body_stall_seconds: u32,
    /// What counts as progress of a body, bytes. Default 4,096: 400 bytes a second.
    #[serde(deserialize_with = "number::<_, 1, 1_048_576>")]
    pub body_progress_bytes: u32,
    /// How long the body of a request may take in all, seconds. Default 300: for 4 MiB,
    /// 14 KB a second.
    #[serde(deserialize_with = "number::<_, 1, 3_600>")]
    pub body_seconds: u32,
    /// API requests with one token per minute. Default 6,000.
    #[serde(rename = "api_requests_per_token_per_minute")]
    #[serde(deserialize_with = "values::rate")]
    pub token_per_minute: u32,
    /// Longest body of a sync request, bytes. Default 4 MiB. Of a longer one the
    /// beginning is read.
    #[serde(deserialize_with = "number::<_, 65_536, 67_108_864>")]
    pub sync_body: u32,
    /// Bodies of sync requests in memory at once, bytes. Default 128 MiB. A message
    /// that is being answered takes about three times its body.
    #[serde(deserialize_with = "number::<_, 65_536, { u32::MAX }>")]
    pub sync_bodies: u32,
    /// The same of one client address; 0, the default, is a quarter of
    /// `sync_bodies`. Trusted proxies are exempt.
    #[serde(deserialize_with = "number::<_, 0, { u32::MAX }>")]
    pub sync_bodies_per_address: u32,
    /// Bytes kept of a device's answers to one command; what brings more ends the
    /// command. Default 4 MiB.
    #[serde(deserialize_with = "number::<_, 65_536, 1_073_741_824>")]
    pub answer_bytes_per_command: u32,
    /// Bytes kept of all answers of a device; beyond, the oldest are deleted. Default
    /// 64 MiB.
    #[serde(deserialize_with = "number::<_, 65_536, 4_294_967_295>")]
    pub answer_bytes_per_device: u32,
    /// Bytes of a device's inventory. Default 2 MiB.
    #[serde(deserialize_with = "number::<_, 65_536, 67_108_864>")]
    pub inventory_bytes_per_device: u32,
    /// Bytes that a device's exchanges log within an hour; 0 is no limit. A device that
    /// has reached it gets 429. Default 4 MiB.
    #[serde(deserialize_with = "number::<_, 0, 4_294_967_295>")]
    pub log_bytes_per_device_per_hour: u32,
    /// Bytes that a device's exchanges write in all within an hour; 0 is no limit. A
    /// device that has reached it gets 429. Default 256 MiB.
    #[serde(deserialize_with = "number::<_, 0, 4_294_967_295>")]
    pub written_bytes_per_device_per_hour: u32,
    /// Bytes of the entries of one page of an API list: the page ends with the entry that
    /// reaches it. Default 4 MiB.
    #[serde(deserialize_with = "number::<_, 65_536, 1_073_741_824>")]
    pub api_page_bytes: u32,
    /// Sync requests in progress at once; more get 503 without waiting.
    #[serde(skip)]
    pub sync_under_way: usize,
    /// Event streams open at once.
    #[serde(skip)]
    pub event_streams: usize,
    /// Event streams open at once with one token. Default 64, a quarter of all.
    #[serde(deserialize_with = "number::<_, 1, 256>")]
    pub event_streams_per_token: u32,
    /// Installs under way that one token asked for. Default 10,000; a token that acts for
    /// one person may have 20.
    #[serde(deserialize_with = "number::<_, 1, 10_000_000>")]
    pub open_installs_per_token: u32,
}

const MIB: u32 = 1024 * 1024;

impl Default for Limits {
    fn default() -> Self {
        Limits {
            device_per_minute: 600,
            device_burst: modegate_core::limits::SESSION_MESSAGES,
            address_per_minute: 6_000,
            connections: 10_000,
            connections_per_address: 0,
            keep_alive_seconds: 0,
            body_stall_seconds: 10,
            body_progress_bytes: 4_096,
            body_seconds: 300,
            token_per_minute: 6_000,
            sync_body: 4 * 1024 * 1024,
            sync_bodies: 128 * 1024 * 1024,
            sync_bodies_per_address: 0,
            answer_bytes_per_command: 4 * MIB,
            answer_bytes_per_device: 64 * MIB,
            inventory_bytes_per_device: 2 * MIB,
            log_bytes_per_device_per_hour: 4 * MIB,
            written_bytes_per_device_per_hour: 256 * MIB,
            api_page_bytes: 4 * MIB,
            sync_under_way: 4_096,
            event_streams: 256,
            event_streams_per_token: 64,
            open_installs_per_token: 10_000,
        }
    }
}

impl Limits {
    /// Connections that one client address may have open, of so many in all.
    pub fn per_address(&self, connections: usize) -> usize {
        match self.connections_per_address as usize {
            0 => connections.div_ceil(4),
            set => set,
        }
    }

    /// Bodies of sync requests of one client address in memory at once, bytes.
    pub fn sync_bodies_per_address(&self) -> u32 {
        match self.sync_bodies_per_address {
            0 => self.sync_bodies / 4,
            set => set,
        }
    }

    /// The same without rates, for `--accept-unknown-devices`: simulated fleets
    /// come from one address.
    #[must_use]
    pub fn without_rates(self) -> Self {
        Limits {
            device_per_minute: 0,
            device_burst: 0,
            address_per_minute: 0,
            token_per_minute: 0,
            log_bytes_per_device_per_hour: 0,
            written_bytes_per_device_per_hour: 0,
            ..self
        }
    }

    /// What one device may make the server keep and write.
    pub fn device_bounds(&self) -> DeviceBounds {
        DeviceBounds {
            command_answers: self.answer_bytes_per_command.into(),
            device_answers: self.answer_bytes_per_device.into(),
            inventory: self.inventory_bytes_per_device.into(),
            logged_per_hour: self.log_bytes_per_device_per_hour.into(),
            written_per_hour: self.written_bytes_per_device_per_hour.into(),
        }
    }
}

/// What the server reads of devices of its own accord.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct InventorySettings {
    /// After how many hours a Windows 8.1 device's time zone, its maintenance hour and when
    /// it started are read anew; 0: never, and no polling schedule either. Default 20.
    #[serde(deserialize_with = "number::<_, 0, 8_760>")]
    pub schedule_hours: u32,
    /// Whether the server sets the recommended polling schedule where a phone or a
    /// Windows 10 has none in force. Default true.
    pub repair_polling: bool,
}

impl Default for InventorySettings {
    fn default() -> Self {
        InventorySettings {
            schedule_hours: 20,
            repair_polling: true,
        }
    }
}

impl InventorySettings {
    /// The same in milliseconds; `None` for never.
    pub fn schedule_age_ms(&self) -> Option<i64> {
        const HOUR_MS: i64 = 60 * 60 * 1000;
        (self.schedule_hours > 0).then(|| i64::from(self.schedule_hours) * HOUR_MS)
    }
}

/// Where WNS is and how it is used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Wns {
    /// The token service in place of Microsoft's, for a mock or a proxy.
    #[serde(deserialize_with = "optional::<TokenUrl, _>")]
    pub token_url: Option<String>,
    /// `HOST[:PORT]` that may be sent to besides `notify.windows.com`.
    #[serde(deserialize_with = "optional::<HostSuffix, _>")]
    pub host_suffix: Option<String>,
    /// Notifications in progress at once. Default 8.
    #[serde(deserialize_with = "number::<_, 1, 1_024>")]
    pub workers: u32,
    /// Notifications of one push profile per second, 0 for no limit. Default
    /// 100: WNS publishes no limit, and each brings a session.
    #[serde(deserialize_with = "values::rate")]
    pub per_second: u32,
    /// Further CAs that are trusted, PEM.
    #[serde(skip)]
    pub ca: Option<Vec<u8>>,
    /// How long one request may take.
    #[serde(skip)]
    pub timeout: Duration,
}

impl Default for Wns {
    fn default() -> Self {
        Wns {
            token_url: None,
            host_suffix: None,
            workers: 8,
            per_second: 100,
            ca: None,
            timeout: Duration::from_secs(30),
        }
    }
}

/// The section `jobs`: the fields of [`JobRules`].
#[derive(Serialize, Deserialize)]
#[serde(
    remote = "JobRules",
    deny_unknown_fields,
    default = "JobRules::default"
)]
struct JobSettings {
    #[serde(deserialize_with = "values::numbers")]
    done: Vec<u32>,
    #[serde(deserialize_with = "values::numbers")]
    failed: Vec<u32>,
    #[serde(rename = "readings")]
    #[serde(deserialize_with = "number::<_, 1, 10_000>")]
    reads: u32,
    #[serde(deserialize_with = "number::<_, 1, 3_650>")]
    days: u32,
}

/// What webhooks may reach.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Webhooks {
    /// Whether they may point to private addresses.
    pub allow_private: bool,
}

/// What is logged, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// As lines for readers, or as JSON.
    #[serde(deserialize_with = "required::<LogLines, _>")]
    pub format: LogFormat,
    /// What is logged, such as `info,modegate=debug`. Without it `RUST_LOG`
    /// applies, and without that `info`.
    #[serde(deserialize_with = "optional::<LogFilter, _>")]
    pub filter: Option<String>,
}

/// Where spans are sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Otlp {
    /// The base URL of a collector that takes OTLP over HTTP, such as
    /// `http://127.0.0.1:4318`.
    #[serde(deserialize_with = "optional::<Endpoint, _>")]
    pub endpoint: Option<String>,
}
