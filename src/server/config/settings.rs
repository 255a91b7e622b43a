//! The settings as values.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::Cidr;
use modegate_core::installs::JobRules;
use modegate_core::operations::Templates;
use modegate_core::secret::Secret;

/// Everything that can be set, with nothing left to parse. Relative paths are
/// relative to the working folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The data folder. Default `./data`.
    pub data: PathBuf,
    /// Where HTTPS listens; port 0 takes a free one. Default 127.0.0.1:8443.
    pub listen: SocketAddr,
    /// Where plain HTTP listens too: a loopback address.
    pub insecure_http: Option<SocketAddr>,
    /// More names for the server's certificate, when it is made.
    pub names: Vec<String>,
    /// Whether an RSA server key is taken, with which Windows 8.1 cannot connect.
    pub allow_rsa: bool,
    /// Issuers (PEM) whose client certificates are accepted.
    pub client_ca: Option<PathBuf>,
    /// Whether devices without a record are taken by their Source; only where
    /// every listener is on loopback.
    pub accept_unknown_devices: bool,
    /// A folder of policy files instead of the shipped ones.
    pub policies: Option<PathBuf>,
    /// The SQLite file, if it is not in the data folder.
    pub database: Option<PathBuf>,
    /// The path of the device endpoint. Default `/sync`.
    pub sync_path: String,
    /// A file with the main key, 64 hexadecimal digits, instead of the data
    /// folder's `key`.
    pub key_file: Option<PathBuf>,
    /// The main key itself, 64 hexadecimal digits: from the environment only.
    pub key: Option<Secret>,
    /// Who may speak for a client: what else names a client certificate or an
    /// address in a header is not believed.
    pub trusted_proxies: Vec<Cidr>,
    /// The header in which trusted proxies hand on the client certificate.
    pub proxy_header: Option<ProxyHeader>,
    /// The header in which trusted proxies hand on the client's address.
    pub proxy_address_header: AddressHeader,
    /// What the server answers a device's challenge with.
    pub server_auth: Option<ServerAuth>,
    /// How much one client may ask for.
    pub limits: Limits,
    /// Where WNS is and how it is used.
    pub wns: Wns,
    /// How long things are kept.
    pub retention: Retention,
    /// How jobs of installs are read.
    pub jobs: JobRules,
    /// Whether webhooks may point to private addresses.
    pub private_webhooks: bool,
    /// What is logged, and how.
    pub log: Log,
    /// Where spans are sent by OTLP over HTTP: the base URL of a collector,
    /// such as `http://127.0.0.1:4318`.
    pub otlp_endpoint: Option<String>,
    /// Texts of commands whose grammar is not known for sure.
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
            server_auth: None,
            limits: Limits::default(),
            wns: Wns::default(),
            retention: Retention::default(),
            jobs: JobRules::default(),
            private_webhooks: false,
            log: Log::default(),
            otlp_endpoint: None,
            templates: Templates::default(),
        }
    }
}

/// How a reverse proxy hands on the client certificate that it saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyHeader {
    /// `Client-Cert`: DER in base64 between colons (RFC 9440).
    ClientCert,
    /// `X-Forwarded-Client-Cert`: Envoy's list of elements, the certificate in `Cert`.
    XForwardedClientCert,
    /// `X-SSL-Client-Cert`: PEM, URL-encoded, as nginx's `$ssl_client_escaped_cert`.
    XSslClientCert,
    /// `X-ARR-ClientCert`: DER in base64, from IIS with Application Request Routing.
    XArrClientCert,
}

impl ProxyHeader {
    /// All of them.
    pub const ALL: [ProxyHeader; 4] = [
        ProxyHeader::ClientCert,
        ProxyHeader::XForwardedClientCert,
        ProxyHeader::XSslClientCert,
        ProxyHeader::XArrClientCert,
    ];

    /// The header's name.
    pub fn name(self) -> &'static str {
        match self {
            ProxyHeader::ClientCert => "Client-Cert",
            ProxyHeader::XForwardedClientCert => "X-Forwarded-Client-Cert",
            ProxyHeader::XSslClientCert => "X-SSL-Client-Cert",
            ProxyHeader::XArrClientCert => "X-ARR-ClientCert",
        }
    }

    /// The header of that name; case does not matter.
    pub fn from_name(name: &str) -> Option<Self> {
        ProxyHeader::ALL
            .into_iter()
            .find(|header| header.name().eq_ignore_ascii_case(name))
    }
}

/// How a reverse proxy hands on the address that it saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AddressHeader {
    /// `X-Forwarded-For`.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

impl AddressHeader {
    /// The header's name.
    pub fn name(self) -> &'static str {
        match self {
            AddressHeader::XForwardedFor => "X-Forwarded-For",
            AddressHeader::Forwarded => "Forwarded",
        }
    }

    /// The header of that name; case does not matter.
    pub fn from_name(name: &str) -> Option<Self> {
        [AddressHeader::XForwardedFor, AddressHeader::Forwarded]
            .into_iter()
            .find(|header| header.name().eq_ignore_ascii_case(name))
    }
}

/// Credentials with which the server answers a device that challenges it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerAuth {
    /// The name, 1 to 256 characters.
    pub name: String,
    /// A file with the password; white space around it does not count.
    pub password_file: PathBuf,
}

/// How much one client may ask for. A rate of 0 is no limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Sync requests of one device in a minute. Default 600: a session with a
    /// full queue has up to 200 messages and may take seconds.
    pub requests_per_device_per_minute: u32,
    /// Sync requests from one address in a minute. Default 6,000: a school's
    /// tablets come through one address, all of them after the same bell.
    pub requests_per_address_per_minute: u32,
    /// Open connections, all together. Default 10,000.
    pub connections: u32,
    /// API requests of one token in a minute. Default 6,000.
    pub api_requests_per_token_per_minute: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            requests_per_device_per_minute: 600,
            requests_per_address_per_minute: 6_000,
            connections: 10_000,
            api_requests_per_token_per_minute: 6_000,
        }
    }
}

/// Where WNS is and how it is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wns {
    /// The token service in place of Microsoft's: for a mock or a proxy.
    pub token_url: Option<String>,
    /// `HOST[:PORT]` that may be sent to besides `notify.windows.com`.
    pub host_suffix: Option<String>,
    /// Notifications under way at once. Default 8.
    pub workers: u32,
    /// Notifications of one push profile per second, 0 for no limit. Default
    /// 100: WNS publishes no limit, and each brings a session.
    pub per_second: u32,
}

impl Default for Wns {
    fn default() -> Self {
        Wns {
            token_url: None,
            host_suffix: None,
            workers: 8,
            per_second: 100,
        }
    }
}

/// How long things are kept, in days; 0, the default, is for ever.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Retention {
    /// Events of the log.
    pub events_days: u32,
    /// Results of final commands.
    pub results_days: u32,
}

/// What is logged, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Log {
    /// As lines for readers, or as JSON.
    pub format: LogFormat,
    /// What is logged, such as `info,modegate=debug`. Without it `RUST_LOG`
    /// says, and without that `info` holds.
    pub filter: Option<String>,
}

/// How a log line looks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// Text for readers.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

impl LogFormat {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            LogFormat::Text => "text",
            LogFormat::Json => "json",
        }
    }

    /// The format of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [LogFormat::Text, LogFormat::Json]
            .into_iter()
            .find(|format| format.name() == name)
    }
}

/// The main key from its 64 hexadecimal digits; `None` for anything else.
pub fn hex_key(digits: &str) -> Option<[u8; 32]> {
    if digits.len() != 64 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut key = [0; 32];
    for (at, byte) in key.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).ok()?;
    }
    Some(key)
}
