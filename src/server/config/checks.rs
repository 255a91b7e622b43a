//! What is wrong with settings taken together, and with the files that they name.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::{fs, io};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::fault::{Fault, Warning};
use super::settings::Settings;
use super::values::hex_key;
use super::{Loaded, Place};
use modegate_core::secret::Secret;

/// Largest file with a secret, bytes.
const SECRET_BYTES: u64 = 4 * 1024;

/// A key, what should stand there, and what does.
type Conflict = (&'static str, &'static str, String);

/// The text of a small file, without white space around it.
///
/// # Errors
/// It cannot be read as text, or is larger than 4 KiB.
pub fn secret_file(path: &Path) -> io::Result<Secret> {
    if fs::metadata(path)?.len() > SECRET_BYTES {
        return Err(io::Error::other(format!("more than {SECRET_BYTES} bytes")));
    }
    Ok(Secret::new(fs::read_to_string(path)?.trim()))
}

/// Settings that contradict each other.
pub(super) fn together(loaded: &mut Loaded) {
    let settings = &loaded.settings;
    let mut conflicts = addresses(settings);
    conflicts.extend(pairs(settings));
    for (key, expected, found) in conflicts {
        let place = loaded.origin(key);
        loaded.faults.push(Fault::new(place, expected, found));
    }
    halves(loaded);
    for network in &loaded.settings.trusted_proxies {
        if network.is_everyone() {
            loaded.warnings.push(Warning {
                place: loaded.origin("trusted_proxies"),
                warning: format!("{network} trusts everyone to name a client certificate"),
            });
        }
    }
}

/// Settings that mean nothing without another one. Where the other one was
/// given, but is wrong, that is reported already.
fn halves(loaded: &mut Loaded) {
    let (auth, proxy_header) = (
        &loaded.settings.server_auth,
        loaded.settings.proxy_header.is_some(),
    );
    let (name, password_file) = (auth.name.is_some(), auth.password_file.is_some());
    let proxies = !loaded.settings.trusted_proxies.is_empty();
    for (key, is_set, other, other_is_set) in [
        (
            "server_auth.name",
            name,
            "server_auth.password_file",
            password_file,
        ),
        (
            "server_auth.password_file",
            password_file,
            "server_auth.name",
            name,
        ),
        ("proxy_header", proxy_header, "trusted_proxies", proxies),
    ] {
        let is_reported = loaded.origins.contains_key(other) && !loaded.faults.is_empty();
        if is_set && !other_is_set && !is_reported {
            let expected = format!("{other} beside {key}");
            let fault = Fault::new(loaded.origin(key), expected, "none");
            loaded.faults.push(fault);
        }
    }
}

fn addresses(settings: &Settings) -> Vec<Conflict> {
    let mut conflicts = Vec::new();
    let listen = settings.listen;
    if let Some(http) = settings.insecure_http {
        if !http.ip().is_loopback() {
            let expected =
                "a loopback address such as 127.0.0.1:8080, since plain HTTP hides nothing";
            conflicts.push(("insecure_http", expected, format!("'{http}'")));
        }
        if http == listen && listen.port() != 0 {
            let expected = "another address than 'listen' has";
            conflicts.push(("insecure_http", expected, format!("'{listen}' in both")));
        }
    }
    if settings.accept_unknown_devices && !listen.ip().is_loopback() {
        let expected =
            "false, or a loopback address in 'listen': it takes any device by its name alone";
        let found = format!("true with listen = '{listen}'");
        conflicts.push(("accept_unknown_devices", expected, found));
    }
    conflicts
}

fn pairs(settings: &Settings) -> Vec<Conflict> {
    let mut conflicts = Vec::new();
    if settings.key.is_some() && settings.key_file.is_some() {
        let expected = "either key_file or MODEGATE_KEY";
        conflicts.push(("key_file", expected, "both".to_owned()));
    }
    if settings.otlp.endpoint.is_some() && cfg!(not(feature = "otlp")) {
        let expected = "no endpoint, or a program built with `--features otlp`";
        let found = "a program built without".to_owned();
        conflicts.push(("otlp.endpoint", expected, found));
    }
    conflicts
}

/// Files and folders that are not there, or hold something else.
pub(super) fn files(loaded: &mut Loaded) {
    let settings = loaded.settings.clone();
    if let Some(path) = &settings.client_ca {
        let expected = "certificates of issuers in PEM";
        match certificates(path) {
            Ok(0) => loaded.wrong_file("client_ca", expected, path, "none"),
            Ok(_) => {}
            Err(error) => loaded.wrong_file("client_ca", expected, path, &error),
        }
    }
    if let Some(path) = &settings.key_file {
        let expected = "a readable file with 64 hexadecimal digits";
        loaded.secret("key_file", expected, path, |text| hex_key(text).is_some());
    }
    if let Some(path) = &settings.server_auth.password_file {
        let expected = "a readable file with a password";
        let key = "server_auth.password_file";
        loaded.secret(key, expected, path, |text| !text.is_empty());
    }
    if let Some(folder) = &settings.policies {
        loaded.policies(folder);
    }
    if let Some(error) = unusable_folder(&settings.data) {
        let expected = "a folder, or a name for a new one";
        loaded.wrong_file("data", expected, &settings.data, &error);
    }
    if let Some(path) = &settings.database
        && let Some(error) = unusable_database(path, &settings.data)
    {
        let expected = "a file, or a name for a new one, in a folder that is there";
        loaded.wrong_file("database", expected, path, &error);
    }
}

impl Loaded {
    fn wrong_file(&mut self, key: &str, expected: &str, path: &Path, found: &str) {
        let found = format!("{}: {found}", path.display());
        let fault = Fault::new(self.origin(key), expected, found);
        self.faults.push(fault);
    }

    /// Looks at a file with a secret; white space around it does not count.
    fn secret(&mut self, key: &str, expected: &str, path: &Path, good: fn(&str) -> bool) {
        match secret_file(path) {
            Ok(text) if good(text.reveal()) => self.look_who_reads(key, path),
            Ok(_) => self.wrong_file(key, expected, path, "something else"),
            Err(error) => self.wrong_file(key, expected, path, &error.to_string()),
        }
    }

    /// The faults of policy files are faults of the configuration too.
    fn policies(&mut self, folder: &Path) {
        for fault in crate::policy_files::load(folder).err().unwrap_or_default() {
            let mut fault = Fault::from(fault);
            if let Place::File { file, .. } = &mut fault.place
                && !file.contains('/')
            {
                *file = format!("{}/{file}", folder.display());
            }
            self.faults.push(fault);
        }
    }

    /// A secret that every user of the machine can read is none.
    fn look_who_reads(&mut self, key: &str, path: &Path) {
        let mode = fs::metadata(path).map_or(0, |about| about.permissions().mode());
        if mode & 0o007 != 0 {
            self.warnings.push(Warning {
                place: self.origin(key),
                warning: format!("every user may read {}: chmod 600 it", path.display()),
            });
        }
    }
}

fn certificates(path: &Path) -> Result<usize, String> {
    // A PEM error does not name what the system said: ask for that first.
    fs::metadata(path).map_err(|error| error.to_string())?;
    let certificates: Result<Vec<CertificateDer<'static>>, _> =
        CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    certificates
        .map(|list| list.len())
        .map_err(|error| error.to_string())
}

/// Why the path can be no folder. One that is not there is made at start.
fn unusable_folder(path: &Path) -> Option<String> {
    match fs::metadata(path) {
        Ok(about) if about.is_dir() => None,
        Ok(_) => Some("a file".to_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => Some(error.to_string()),
    }
}

/// Why the path can be no database. Of folders only the data folder is made.
fn unusable_database(path: &Path, data: &Path) -> Option<String> {
    if path.is_dir() {
        return Some("a folder".to_owned());
    }
    let folder = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => return None,
    };
    match fs::metadata(folder) {
        Ok(about) if about.is_dir() => None,
        Ok(_) => Some("its folder is a file".to_owned()),
        Err(_) if folder == data => None,
        Err(error) => Some(error.to_string()),
    }
}
