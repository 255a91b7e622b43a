//! Values of all sources to settings: the first source that names a key decides.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;

use super::fault::{Fault, Place};
use super::key::{self, TEMPLATES};
use super::layer::{Layer, Value, found};
use super::settings::{
    AddressHeader, Limits, Log, LogFormat, ProxyHeader, Retention, ServerAuth, Settings, Wns,
    hex_key,
};
use crate::wns::client;
use modegate_core::installs::JobRules;
use modegate_core::operations::Templates;
use modegate_core::push::address::HostPolicy;
use modegate_core::secret::Secret;

/// Takes keys out of the layers, the strongest first.
pub(super) struct Reader {
    layers: Vec<Layer>,
    origins: BTreeMap<&'static str, Place>,
    faults: Vec<Fault>,
}

impl Reader {
    pub(super) fn new(layers: Vec<Layer>, faults: Vec<Fault>) -> Self {
        Reader {
            layers,
            origins: BTreeMap::new(),
            faults,
        }
    }

    pub(super) fn into_parts(self) -> (BTreeMap<&'static str, Place>, Vec<Fault>) {
        (self.origins, self.faults)
    }

    pub(super) fn settings(&mut self) -> Settings {
        let usual = Settings::default();
        Settings {
            data: self.need("data", usual.data, path),
            listen: self.need("listen", usual.listen, |text| text.parse().ok()),
            insecure_http: self.may("insecure_http", |text| text.parse().ok()),
            names: self.list("names", host),
            allow_rsa: self.flag("allow_rsa"),
            client_ca: self.may("client_ca", path),
            accept_unknown_devices: self.flag("accept_unknown_devices"),
            policies: self.may("policies", path),
            database: self.may("database", |url| path(url.strip_prefix("sqlite:")?)),
            sync_path: self.need("sync_path", usual.sync_path, sync_path),
            key_file: self.may("key_file", path),
            key: self.may("key", |text| {
                hex_key(text.trim()).map(|_| Secret::new(text.trim()))
            }),
            trusted_proxies: self.list("trusted_proxies", |text| text.parse().ok()),
            proxy_header: self.may("proxy_header", ProxyHeader::from_name),
            proxy_address_header: self.need(
                "proxy_address_header",
                AddressHeader::default(),
                AddressHeader::from_name,
            ),
            server_auth: self.server_auth(),
            limits: self.limits(),
            wns: self.wns(),
            retention: Retention {
                events_days: self.number("retention.events_days", 0),
                results_days: self.number("retention.results_days", 0),
            },
            jobs: self.jobs(),
            private_webhooks: self.flag("webhooks.allow_private"),
            log: Log {
                format: self.need("log.format", LogFormat::default(), LogFormat::from_name),
                filter: self.may("log.filter", |text| {
                    tracing_subscriber::EnvFilter::try_new(text)
                        .is_ok()
                        .then(|| text.to_owned())
                }),
            },
            otlp_endpoint: self.may("otlp.endpoint", endpoint),
            templates: self.templates(),
        }
    }

    fn jobs(&mut self) -> JobRules {
        let usual = JobRules::default();
        JobRules {
            done: self.list("jobs.done", |text| text.trim().parse().ok()),
            failed: self.list("jobs.failed", |text| text.trim().parse().ok()),
            reads: self.number("jobs.readings", usual.reads),
            days: self.number("jobs.days", usual.days),
        }
    }

    fn limits(&mut self) -> Limits {
        let usual = Limits::default();
        Limits {
            requests_per_device_per_minute: self.number(
                "limits.requests_per_device_per_minute",
                usual.requests_per_device_per_minute,
            ),
            requests_per_address_per_minute: self.number(
                "limits.requests_per_address_per_minute",
                usual.requests_per_address_per_minute,
            ),
            connections: self.number("limits.connections", usual.connections),
            api_requests_per_token_per_minute: self.number(
                "limits.api_requests_per_token_per_minute",
                usual.api_requests_per_token_per_minute,
            ),
        }
    }

    fn wns(&mut self) -> Wns {
        let usual = Wns::default();
        Wns {
            token_url: self.may("wns.token_url", |text| {
                client::token_url(text).is_ok().then(|| text.to_owned())
            }),
            host_suffix: self.may("wns.host_suffix", |text| {
                let usable = HostPolicy::with_suffix(text).is_ok();
                usable.then(|| text.to_owned())
            }),
            workers: self.number("wns.workers", usual.workers),
            per_second: self.number("wns.per_second", usual.per_second),
        }
    }

    fn server_auth(&mut self) -> Option<ServerAuth> {
        let name = self.may("server_auth.name", |text| {
            (text.chars().count() <= 256).then(|| text.to_owned())
        });
        let password_file = self.may("server_auth.password_file", path);
        match (name, password_file) {
            (Some(name), Some(password_file)) => Some(ServerAuth {
                name,
                password_file,
            }),
            (Some(_), None) => {
                self.half("server_auth.name", "server_auth.password_file");
                None
            }
            (None, Some(_)) => {
                self.half("server_auth.password_file", "server_auth.name");
                None
            }
            (None, None) => None,
        }
    }

    /// One of two keys that go together is missing. Where the other was given
    /// and is wrong, that is told already.
    fn half(&mut self, given: &'static str, missing: &str) {
        let told = self.origins.contains_key(missing);
        if let (Some(place), false) = (self.origins.get(given), told) {
            let expected = format!("{missing} beside {given}");
            self.faults
                .push(Fault::new(place.clone(), expected, "none"));
        }
    }

    /// The strongest value of the key; its origin is written down.
    fn given(&mut self, name: &'static str) -> Option<(Value, Place)> {
        let given = self.layers.iter().find_map(|layer| layer.get(name))?;
        let (value, place) = (given.value.clone(), given.place.clone());
        self.origins.insert(name, place.clone());
        Some((value, place))
    }

    fn text<T>(
        &mut self,
        name: &'static str,
        empty_is_none: bool,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let (Value::Text(text), place) = self.given(name)? else {
            return None;
        };
        if text.is_empty() && empty_is_none {
            return None;
        }
        let parsed = parse(&text);
        if parsed.is_none() {
            self.wrong(name, place, &text);
        }
        parsed
    }

    fn wrong(&mut self, name: &str, place: Place, text: &str) {
        if let Some(key) = key::find(name) {
            self.faults
                .push(Fault::new(place, key.expected, found(key, text)));
        }
    }

    /// A text that always has a value.
    fn need<T>(
        &mut self,
        name: &'static str,
        usual: T,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> T {
        self.text(name, false, parse).unwrap_or(usual)
    }

    /// A text that may be nothing; empty is nothing.
    fn may<T>(&mut self, name: &'static str, parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        self.text(name, true, parse)
    }

    fn flag(&mut self, name: &'static str) -> bool {
        matches!(self.given(name), Some((Value::Boolean(true), _)))
    }

    fn number(&mut self, name: &'static str, usual: u32) -> u32 {
        match self.given(name) {
            Some((Value::Integer(number), _)) => number,
            _ => usual,
        }
    }

    fn list<T>(&mut self, name: &'static str, parse: impl Fn(&str) -> Option<T>) -> Vec<T> {
        let Some((Value::List(entries), _)) = self.given(name) else {
            return Vec::new();
        };
        let mut list = Vec::new();
        for (text, place) in entries {
            match parse(&text) {
                Some(entry) => list.push(entry),
                None => self.wrong(name, place, &text),
            }
        }
        list
    }

    fn templates(&mut self) -> Templates {
        let Some((Value::Texts(texts), _)) = self.given(TEMPLATES.name) else {
            return Templates::default();
        };
        let mut own = BTreeMap::new();
        for (name, text, place) in texts {
            match Templates::check(&name, &text) {
                Ok(()) => drop(own.insert(name, text)),
                Err(fault) => {
                    let (expected, found) = (fault.expected, fault.found);
                    self.faults.push(Fault::new(place, expected, found));
                }
            }
        }
        // Each was checked by itself.
        Templates::new(own).unwrap_or_default()
    }
}

fn path(text: &str) -> Option<PathBuf> {
    (!text.is_empty() && !text.contains('\0')).then(|| PathBuf::from(text))
}

/// A name or address as it can stand in a certificate.
fn host(text: &str) -> Option<String> {
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let name = text.strip_prefix("*.").unwrap_or(text);
    let good = text.parse::<IpAddr>().is_ok() || (name.len() <= 253 && name.split('.').all(label));
    good.then(|| text.to_owned())
}

/// Paths that are the server's own, with what is below them.
const OWN_PATHS: [&str; 4] = ["/api", "/healthz", "/readyz", "/metrics"];

fn sync_path(text: &str) -> Option<String> {
    let own = OWN_PATHS.iter().any(|own| {
        text.strip_prefix(own)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    });
    let plain = text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte));
    (text.starts_with('/') && plain && !own).then(|| text.to_owned())
}

/// A base URL as settings may show it: credentials in it would be shown too.
fn endpoint(text: &str) -> Option<String> {
    let url = reqwest::Url::parse(text).ok()?;
    let good = matches!(url.scheme(), "http" | "https")
        && url.host().is_some()
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    good.then(|| text.trim_end_matches('/').to_owned())
}
