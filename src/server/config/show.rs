//! The effective settings, one entry per key, with secrets left out.

use serde::Serialize;
use serde_json::{Value, json};

use super::fault::Place;
use super::key::{KEYS, TEMPLATES};
use super::{Loaded, Settings};

/// One key as it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// The key's name, after its section and a dot.
    pub key: &'static str,
    /// Its value: null where nothing is set, `***` for a secret.
    pub value: Value,
    /// Where the value was given.
    pub origin: Place,
}

impl Loaded {
    /// Every key with its value and where that comes from, in the order of
    /// the documentation.
    pub fn entries(&self) -> Vec<Entry> {
        KEYS.iter()
            .chain([&TEMPLATES])
            .map(|key| Entry {
                key: key.name,
                value: value(&self.settings, key.name),
                origin: self.origin(key.name),
            })
            .collect()
    }
}

impl Entry {
    /// The entry as a line of the file, with its origin as a comment. Where
    /// nothing is set it is empty text, which means the same.
    pub fn line(&self) -> String {
        let value = match &self.value {
            Value::Null => toml::Value::from(""),
            value => toml::Value::try_from(value).unwrap_or_else(|_| toml::Value::from("")),
        };
        let line = format!("{} = {value}  # {}", self.key, self.origin);
        // What may not stand in a file is no line of one.
        let in_file = super::key::find(self.key).is_none_or(|key| key.in_file);
        if in_file { line } else { format!("# {line}") }
    }
}

fn value(settings: &Settings, key: &str) -> Value {
    let auth = settings.server_auth.as_ref();
    let limits = &settings.limits;
    match key {
        "data" => json!(settings.data),
        "listen" => json!(settings.listen),
        "insecure_http" => json!(settings.insecure_http),
        "names" => json!(settings.names),
        "allow_rsa" => json!(settings.allow_rsa),
        "client_ca" => json!(settings.client_ca),
        "accept_unknown_devices" => json!(settings.accept_unknown_devices),
        "policies" => json!(settings.policies),
        "database" => match &settings.database {
            Some(path) => json!(format!("sqlite:{}", path.display())),
            None => Value::Null,
        },
        "sync_path" => json!(settings.sync_path),
        "key_file" => json!(settings.key_file),
        "key" => json!(settings.key.as_ref().map(ToString::to_string)),
        "trusted_proxies" => {
            let networks = settings.trusted_proxies.iter();
            networks.map(|network| network.to_string()).collect()
        }
        "proxy_header" => json!(settings.proxy_header.map(|header| header.name())),
        "proxy_address_header" => json!(settings.proxy_address_header.name()),
        "server_auth.name" => json!(auth.map(|auth| &auth.name)),
        "server_auth.password_file" => json!(auth.map(|auth| &auth.password_file)),
        "limits.requests_per_device_per_minute" => json!(limits.requests_per_device_per_minute),
        "limits.requests_per_address_per_minute" => json!(limits.requests_per_address_per_minute),
        "limits.connections" => json!(limits.connections),
        "limits.api_requests_per_token_per_minute" => {
            json!(limits.api_requests_per_token_per_minute)
        }
        "wns.token_url" => json!(settings.wns.token_url),
        "wns.host_suffix" => json!(settings.wns.host_suffix),
        "wns.workers" => json!(settings.wns.workers),
        "wns.per_second" => json!(settings.wns.per_second),
        "retention.events_days" => json!(settings.retention.events_days),
        "retention.results_days" => json!(settings.retention.results_days),
        "jobs.done" => json!(settings.jobs.done),
        "jobs.failed" => json!(settings.jobs.failed),
        "jobs.readings" => json!(settings.jobs.reads),
        "jobs.days" => json!(settings.jobs.days),
        "webhooks.allow_private" => json!(settings.private_webhooks),
        "log.format" => json!(settings.log.format.name()),
        "log.filter" => json!(settings.log.filter),
        "otlp.endpoint" => json!(settings.otlp_endpoint),
        "templates" => json!(settings.templates.own()),
        // A test shows that no key comes here.
        _ => Value::Null,
    }
}
