//! What is wrong with settings taken together, and with the files that they name.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::{fs, io};

use super::fault::{Fault, SourceLocation, Warning};
use super::values::hex_key;
use super::{AuditSettings, Limits, Loaded, OidcSettings, Settings, SiemSettings, WitnessAddress};
use crate::logo::Logo;
use crate::pem;
use modegate_core::secret::Secret;

/// Largest file with a secret, bytes.
const SECRET_BYTES: u64 = 4 * 1024;

/// The text of a small file, without white space around it.
///
/// # Errors
/// It cannot be read as text, or is larger than 4 KiB.
pub(crate) fn secret_file(path: &Path) -> io::Result<Secret> {
    if fs::metadata(path)?.len() > SECRET_BYTES {
        return Err(io::Error::other(format!("more than {SECRET_BYTES} bytes")));
    }
    Ok(Secret::new(fs::read_to_string(path)?.trim()))
}

/// Settings that contradict each other, or mean nothing without another one.
pub(super) fn together(loaded: &mut Loaded) {
    let settings = loaded.settings.clone();
    loaded.addresses(&settings);
    if settings.key.is_some() && settings.key_file.is_some() {
        loaded.wrong("key_file", "either key_file or MODEGATE_KEY", "both");
    }
    if settings.otlp.endpoint.is_some() && cfg!(not(feature = "otlp")) {
        let expected = "no endpoint, or a program built with `--features otlp`";
        loaded.wrong("otlp.endpoint", expected, "a program built without");
    }
    loaded.provider(&settings.web.oidc);
    let enrollment = &settings.enrollment;
    if enrollment.issuer_command.is_some() && enrollment.issuer_url.is_some() {
        let expected = "either enrollment.issuer_command or enrollment.issuer_url";
        loaded.wrong("enrollment.issuer_url", expected, "both");
    }
    let name = ("server_auth.name", settings.server_auth.name.is_some());
    let password_file = settings.server_auth.password_file.is_some();
    let password_file = ("server_auth.password_file", password_file);
    loaded.needs(password_file, name);
    loaded.needs(("server_auth.basic", settings.server_auth.basic), name);
    loaded.bodies(&settings.limits);
    loaded.witnesses(&settings.audit);
    loaded.sinks(&settings.siem);
    let proxies = ("trusted_proxies", !settings.trusted_proxies.is_empty());
    loaded.needs(("proxy_header", settings.proxy_header.is_some()), proxies);
    loaded.needs(
        ("web.user_header", settings.web.user_header.is_some()),
        proxies,
    );
    let everyone = |network: &&super::Network| network.is_everyone();
    for network in settings.trusted_proxies.iter().filter(everyone) {
        let warning = format!("{network} trusts everyone to name a client certificate");
        loaded.warn("trusted_proxies", warning);
    }
}

/// Files and directories that do not exist, or contain something else.
pub(super) fn files(loaded: &mut Loaded) {
    let settings = loaded.settings.clone();
    for (key, path, whose) in [
        ("client_ca", &settings.client_ca, "issuers"),
        ("audit.witness_ca", &settings.audit.witness_ca, "CAs"),
        ("siem.ca", &settings.siem.ca, "CAs"),
        ("web.oidc.ca", &settings.web.oidc.ca, "CAs"),
    ] {
        if let Some(path) = path {
            let expected = format!("certificates of {whose} in PEM");
            loaded.wrong_file(key, &expected, path, not_certificates(path));
        }
    }
    if let Some(path) = &settings.web.brand_logo {
        let expected = "a PNG or JPEG of at most 64 KiB";
        let found = Logo::read(path).err();
        loaded.wrong_file("web.brand_logo", expected, path, found);
    }
    for path in settings.siem.authorizations() {
        let expected = "a readable file with the value of a header, one line of ASCII";
        loaded.secret("siem.sinks", expected, path, is_header_value);
    }
    if let Some(path) = &settings.web.oidc.client_secret_file {
        let expected = "a readable file with the secret of a client";
        let key = "web.oidc.client_secret_file";
        loaded.secret(key, expected, path, |text| !text.is_empty());
    }
    if let Some(path) = &settings.key_file {
        let expected = "a readable file with 64 hexadecimal digits";
        loaded.secret("key_file", expected, path, |text| hex_key(text).is_some());
    }
    if let Some(path) = &settings.server_auth.password_file {
        let warning = "a device that knows a common password can act as the server to others: make \
                       each device one of its own (POST /devices/{device}/server-password), then \
                       remove this setting";
        loaded.warn("server_auth.password_file", warning.to_owned());
        let (key, expected) = (
            "server_auth.password_file",
            "a readable file with a password",
        );
        loaded.secret(key, expected, path, |text| !text.is_empty());
    }
    if let Some(directory) = &settings.policies {
        loaded.policies(directory);
    }
    let expected = "a directory, or a path where one can be created";
    loaded.wrong_file(
        "data",
        expected,
        &settings.data,
        unusable_directory(&settings.data),
    );
    if let Some(path) = &settings.database {
        let expected = "a file, or a path for a new one in an existing directory";
        loaded.wrong_file(
            "database",
            expected,
            path,
            unusable_database(path, &settings.data),
        );
    }
}

impl Loaded {
    /// Adds a fault of the setting `key`.
    pub(crate) fn wrong(
        &mut self,
        key: &str,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) {
        let fault = Fault::new(self.origin(key), expected, found);
        self.faults.push(fault);
    }

    /// Adds a warning about the setting `key`.
    pub(crate) fn warn(&mut self, key: &str, warning: String) {
        let place = self.origin(key);
        self.warnings.push(Warning { place, warning });
    }

    /// Adds a fault of a file that the setting `key` names, if there is one.
    pub(crate) fn wrong_file(
        &mut self,
        key: &str,
        expected: &str,
        path: &Path,
        found: Option<String>,
    ) {
        if let Some(found) = found {
            self.wrong(key, expected, format!("{}: {found}", path.display()));
        }
    }

    /// Whether a fault of that setting was found.
    pub(crate) fn has_fault(&self, key: &str) -> bool {
        let place = self.origin(key);
        self.faults.iter().any(|fault| fault.place == place)
    }

    /// A body that is allowed must be able to be read.
    fn bodies(&mut self, limits: &Limits) {
        let body = limits.sync_body;
        let per_address = limits.sync_bodies_per_address();
        let (key, has) = if limits.sync_bodies < body || limits.sync_bodies_per_address == 0 {
            ("limits.sync_bodies", per_address.min(limits.sync_bodies))
        } else {
            ("limits.sync_bodies_per_address", per_address)
        };
        if has < body {
            let expected = format!(
                "room for one body per address: limits.sync_body is {body}, and an address has limits.sync_bodies_per_address or a quarter of limits.sync_bodies"
            );
            self.wrong(key, expected, format!("room for {has} bytes"));
        }
    }

    fn sinks(&mut self, siem: &SiemSettings) {
        let (all, most) = (siem.sinks.len(), SiemSettings::SINKS);
        if all > most {
            let expected = format!("at most {most} sinks");
            self.wrong("siem.sinks", expected, all.to_string());
        }
        for (number, sink) in siem.sinks.iter().enumerate() {
            let before = siem.sinks.get(..number).unwrap_or_default();
            if before.iter().any(|other| other.name == sink.name) {
                let found = format!("{} twice", sink.name);
                self.wrong("siem.sinks", "another name for each sink", found);
            } else if before.iter().any(|other| other.target == sink.target) {
                let found = format!("that of {} twice", sink.name);
                self.wrong("siem.sinks", "another target for each sink", found);
            }
        }
    }

    /// Sign-in by an identity provider: what it needs, and a program that has it.
    fn provider(&mut self, oidc: &OidcSettings) {
        let issuer = ("web.oidc.issuer", oidc.issuer.is_some());
        if issuer.1 && cfg!(not(feature = "oidc")) {
            let expected = "no issuer, or a program built with `--features oidc`";
            self.wrong(issuer.0, expected, "a program built without");
        }
        let client = ("web.oidc.client_id", oidc.client_id.is_some());
        self.needs(issuer, client);
        for (key, is_set) in [
            client,
            (
                "web.oidc.client_secret_file",
                oidc.client_secret_file.is_some(),
            ),
            ("web.oidc.role", !oidc.role.is_empty()),
        ] {
            self.needs((key, is_set), issuer);
        }
        if oidc.role.len() > OidcSettings::ROLES {
            let expected = format!("at most {} roles", OidcSettings::ROLES);
            self.wrong("web.oidc.role", expected, oidc.role.len().to_string());
        }
        if !oidc.scopes.iter().any(|scope| scope == "openid") {
            let found = oidc.scopes.join(", ");
            self.wrong("web.oidc.scopes", "openid among the scopes", found);
        }
    }

    fn witnesses(&mut self, audit: &AuditSettings) {
        let (all, most) = (audit.witnesses.len(), AuditSettings::WITNESSES);
        if all > most {
            let expected = format!("at most {most} witnesses");
            self.wrong("audit.witnesses", expected, all.to_string());
        }
        for (number, witness) in audit.witnesses.iter().enumerate() {
            let same = |other: &&WitnessAddress| other.vkey.public() == witness.vkey.public();
            if audit
                .witnesses
                .iter()
                .take(number)
                .any(|other| same(&other))
            {
                let found = format!("the key of {} twice", witness.vkey.name());
                self.wrong("audit.witnesses", "another key for each witness", found);
            }
        }
        if audit.quorum() > all {
            let expected = format!("at most as many as there are audit.witnesses: {all}");
            self.wrong(
                "audit.witness_quorum",
                expected,
                audit.witness_quorum.to_string(),
            );
        }
    }

    fn addresses(&mut self, settings: &Settings) {
        let listen = settings.listen;
        if let Some(http) = settings.insecure_http {
            if !http.ip().is_loopback() {
                let expected =
                    "a loopback address such as 127.0.0.1:8080, since plain HTTP is not encrypted";
                self.wrong("insecure_http", expected, format!("'{http}'"));
            }
            if http == listen && listen.port() != 0 {
                let expected = "another address than 'listen' has";
                self.wrong("insecure_http", expected, format!("'{listen}' in both"));
            }
        }
        if settings.accept_unknown_devices && !listen.ip().is_loopback() {
            let expected = "false, or a loopback address in 'listen': any device is accepted by its name alone";
            let found = format!("true with listen = '{listen}'");
            self.wrong("accept_unknown_devices", expected, found);
        }
        if settings.accept_unknown_devices && !settings.trusted_proxies.is_empty() {
            let expected = "false, or no trusted_proxies, which pass on requests from elsewhere: any device is accepted by its name alone";
            self.wrong(
                "accept_unknown_devices",
                expected,
                "true with trusted_proxies",
            );
        }
    }

    /// `key` means nothing without `other`; each comes with whether it is set.
    /// Where `other` was given, but is wrong, that is reported already.
    fn needs(&mut self, (key, is_set): (&str, bool), (other, other_is_set): (&str, bool)) {
        let is_reported = self.origins.contains_key(other) && !self.faults.is_empty();
        if is_set && !other_is_set && !is_reported {
            self.wrong(key, format!("{other} beside {key}"), "none");
        }
    }

    /// Looks at a file with a secret; white space around it does not count.
    fn secret(&mut self, key: &str, expected: &str, path: &Path, good: fn(&str) -> bool) {
        let found = match secret_file(path) {
            Ok(text) if good(text.reveal()) => None,
            Ok(_) => Some("something else".to_owned()),
            Err(error) => Some(error.to_string()),
        };
        // A secret that every user of the machine can read is not a secret.
        let mode = fs::metadata(path).map_or(0, |about| about.permissions().mode());
        if found.is_none() && mode & 0o007 != 0 {
            let warning = format!(
                "every user can read {}: run chmod 600 on it",
                path.display()
            );
            self.warn(key, warning);
        }
        self.wrong_file(key, expected, path, found);
    }

    /// The faults of policy files are faults of the configuration too.
    fn policies(&mut self, directory: &Path) {
        for fault in crate::policy_files::load(directory)
            .err()
            .unwrap_or_default()
        {
            let mut fault = Fault::from(fault);
            if let SourceLocation::File { file, .. } = &mut fault.place
                && !file.contains('/')
            {
                *file = format!("{}/{file}", directory.display());
            }
            self.faults.push(fault);
        }
    }
}

/// Whether text can be the value of an HTTP header.
fn is_header_value(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| (0x20..0x7F).contains(&byte))
}

/// Why there are no certificates in a file.
fn not_certificates(path: &Path) -> Option<String> {
    match fs::read(path).map(|text| pem::certificates(&text)) {
        Ok(Ok(_)) => None,
        Ok(Err(fault)) => Some(fault.to_string()),
        Err(error) => Some(error.to_string()),
    }
}

/// Why the path can be no directory. One that does not exist is made at start.
fn unusable_directory(path: &Path) -> Option<String> {
    match fs::metadata(path) {
        Ok(about) if about.is_dir() => None,
        Ok(_) => Some("a file".to_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => Some(error.to_string()),
    }
}

/// Why the path can be no database. Only the data directory is made at start.
fn unusable_database(path: &Path, data: &Path) -> Option<String> {
    if path.is_dir() {
        return Some("a directory".to_owned());
    }
    let parent = path.parent().filter(|parent| *parent != Path::new(""))?;
    match fs::metadata(parent) {
        Ok(about) if about.is_dir() => None,
        Ok(_) => Some("its parent directory is a file".to_owned()),
        Err(_) if parent == data => None,
        Err(error) => Some(error.to_string()),
    }
}
