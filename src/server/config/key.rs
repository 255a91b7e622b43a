//! Every key that there is: its name, its shape, its flag. The file, the
//! environment and the command line are all read by this one table.

/// What a key's value looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Text. Where nothing is the default, empty text means nothing.
    Text,
    /// `true` or `false`.
    Boolean,
    /// A whole number within these bounds, both included.
    Integer(u32, u32),
    /// A list of texts; in the environment with commas between them.
    List,
    /// A table of names and texts; in the file only.
    Texts,
}

/// One key.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Its name, after its section and a dot if it is in one.
    pub name: &'static str,
    /// What its value looks like.
    pub shape: Shape,
    /// What a value should be, for faults.
    pub expected: &'static str,
    /// Its flag of `serve`, if it has one.
    pub flag: Option<&'static str>,
    /// Whether it may stand in the file. What is a secret itself may not.
    pub in_file: bool,
    /// Whether what was found is kept out of faults: it may hold a secret.
    pub hidden: bool,
}

impl Key {
    /// Its environment variable.
    pub fn variable(&self) -> String {
        format!("MODEGATE_{}", self.name.to_uppercase().replace('.', "_"))
    }

    /// Its section, empty at the top, and its name within it.
    pub fn parts(&self) -> (&'static str, &'static str) {
        self.name.split_once('.').unwrap_or(("", self.name))
    }

    const fn flag(mut self, flag: &'static str) -> Self {
        self.flag = Some(flag);
        self
    }

    const fn hidden(mut self) -> Self {
        self.hidden = true;
        self
    }

    const fn not_in_file(mut self) -> Self {
        self.in_file = false;
        self
    }
}

const fn key(name: &'static str, shape: Shape, expected: &'static str) -> Key {
    Key {
        name,
        shape,
        expected,
        flag: None,
        in_file: true,
        hidden: false,
    }
}

const FOLDER: &str = "a folder";
const FILE: &str = "a file";
const ADDRESS: &str = "an IP address with a port, such as 127.0.0.1:8443";
const YES_NO: &str = "true or false";
const RATE: &str = "a number from 0 (no limit) to 1000000";
/// What a list of numbers expects.
pub(super) const NUMBERS: &str = "numbers from 0 to 4294967295";
const DAYS: &str = "a number of days from 0 (for ever) to 36500";

/// All keys, in the order in which they are shown. A new one needs a field of
/// [`Settings`](super::Settings), a line where those are read and one where they
/// are shown, and its place in `packaging/modegate.toml`; if it has a flag, that too.
/// Tests tell which is missing.
pub const KEYS: [Key; 35] = [
    key("data", Shape::Text, FOLDER).flag("--data"),
    key("listen", Shape::Text, ADDRESS).flag("--listen"),
    key("insecure_http", Shape::Text, ADDRESS).flag("--insecure-http"),
    key(
        "names",
        Shape::List,
        "host names or IP addresses of this server",
    )
    .flag("--name"),
    key("allow_rsa", Shape::Boolean, YES_NO).flag("--allow-rsa"),
    key("client_ca", Shape::Text, FILE).flag("--client-ca"),
    key("accept_unknown_devices", Shape::Boolean, YES_NO).flag("--accept-unknown-devices"),
    key("policies", Shape::Text, FOLDER).flag("--policies"),
    key("database", Shape::Text, "sqlite:PATH")
        .flag("--database")
        .hidden(),
    key(
        "sync_path",
        Shape::Text,
        "a path that begins with '/', of letters, digits and '-._~/', other than /api, /healthz, /readyz, \
         /metrics and what is below them",
    )
    .flag("--sync-path"),
    key("key_file", Shape::Text, FILE).flag("--key-file"),
    key("key", Shape::Text, "64 hexadecimal digits")
        .not_in_file()
        .hidden(),
    key(
        "trusted_proxies",
        Shape::List,
        "IP addresses and networks such as 10.0.0.0/8, with no bits set after the prefix",
    ),
    key(
        "proxy_header",
        Shape::Text,
        "Client-Cert, X-Forwarded-Client-Cert, X-SSL-Client-Cert or X-ARR-ClientCert",
    ),
    key(
        "proxy_address_header",
        Shape::Text,
        "X-Forwarded-For or Forwarded",
    ),
    key("server_auth.name", Shape::Text, "1 to 256 characters"),
    key("server_auth.password_file", Shape::Text, FILE),
    key(
        "limits.requests_per_device_per_minute",
        Shape::Integer(0, 1_000_000),
        RATE,
    ),
    key(
        "limits.requests_per_address_per_minute",
        Shape::Integer(0, 1_000_000),
        RATE,
    ),
    key(
        "limits.connections",
        Shape::Integer(1, 1_000_000),
        "a number from 1 to 1000000",
    ),
    key(
        "limits.api_requests_per_token_per_minute",
        Shape::Integer(0, 1_000_000),
        RATE,
    ),
    key(
        "wns.token_url",
        Shape::Text,
        "https, or plain http to a loopback address, without user information",
    )
    .flag("--wns-token-url")
    .hidden(),
    key(
        "wns.host_suffix",
        Shape::Text,
        "HOST or HOST:PORT, a DNS name or an IP address",
    )
    .flag("--wns-host-suffix"),
    key(
        "wns.workers",
        Shape::Integer(1, 1_024),
        "a number from 1 to 1024",
    ),
    key("wns.per_second", Shape::Integer(0, 1_000_000), RATE),
    key("retention.events_days", Shape::Integer(0, 36_500), DAYS),
    key("retention.results_days", Shape::Integer(0, 36_500), DAYS),
    key("jobs.done", Shape::List, NUMBERS),
    key("jobs.failed", Shape::List, NUMBERS),
    key(
        "jobs.readings",
        Shape::Integer(1, 10_000),
        "a number from 1 to 10000",
    ),
    key(
        "jobs.days",
        Shape::Integer(1, 3_650),
        "a number of days from 1 to 3650",
    ),
    key("webhooks.allow_private", Shape::Boolean, YES_NO),
    key("log.format", Shape::Text, "text or json").flag("--log-format"),
    key(
        "log.filter",
        Shape::Text,
        "a filter such as info,modegate=debug",
    )
    .flag("--log-filter"),
    key(
        "otlp.endpoint",
        Shape::Text,
        "an http:// or https:// URL without user, password, query and fragment",
    )
    .hidden(),
];

/// The table of text templates. It has no variable and no flag, since it has
/// no fixed names.
pub const TEMPLATES: Key = key(
    "templates",
    Shape::Texts,
    "a name of lower-case letters, digits and '_', and its text",
);

/// The key of that name.
pub fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}
