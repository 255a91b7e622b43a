//! What `serve` would refuse in the files that it finds, and what an operator should
//! know of them: looked at before it starts, and by `config check`. Nothing is written.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use rustls::client::verify_server_name;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::server::ParsedCertificate;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::certificates::{self, Issuers};
use super::data_dir::{KEY_FILE, TOKEN, TOKEN_FILE, admin_token_of, foreign};
use super::permissions::{Writers, everybody_replaces, others_can_read};
use super::{KeySource, ServeError};
use crate::audit::AUDIT_KEY_FILE;
use crate::config::{Loaded, Settings};
use crate::http::tls::Validity;
use crate::key_file::{KEY, is_there, key_of};
use modegate_core::secret::Secret;
use modegate_core::time::Timestamp;
use modegate_store::private_file::directory;
use modegate_store::seal::Keys;
use modegate_store::sqlite::files::DatabaseFiles;
use modegate_store::sqlite::inspect::inspect;

/// Files of the data directory that contain secrets.
const SECRETS: [&str; 6] = [
    KEY_FILE,
    "key.next",
    AUDIT_KEY_FILE,
    "audit-key.old",
    TOKEN_FILE,
    "server-key.pem",
];

/// Adds to the faults and warnings of the configuration those of the files that the data
/// directory and the settings name.
pub(crate) fn examine(loaded: &mut Loaded, now: Timestamp) {
    let settings = loaded.settings.clone();
    if let Some(error) = foreign_secrets(&settings.data) {
        loaded.wrong("data", "a data directory of this user", error.to_string());
        return;
    }
    permissions(loaded, &settings);
    token(loaded, &settings.data);
    let keys = main_key(loaded, &settings);
    let database = settings.database_path();
    if let Err(error) = inspect(&database, keys) {
        loaded.wrong(
            "data",
            "a database that this server can open",
            error.to_string(),
        );
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    server_certificate(loaded, &settings, &provider, now);
    if let Some(path) = &settings.client_ca
        && !loaded.has_fault("client_ca")
    {
        match certificates::issuers(path, provider) {
            Ok(issuers) => {
                for remark in remarks_on_issuers(path, &issuers, now) {
                    loaded.warn("client_ca", remark);
                }
            }
            Err(error) => loaded.wrong("client_ca", "issuers that TLS accepts", error.to_string()),
        }
    }
}

/// Why nothing can be told of a data directory: its secrets are for another user.
fn foreign_secrets(data: &Path) -> Option<ServeError> {
    SECRETS.into_iter().find_map(|name| {
        let error = fs::File::open(data.join(name)).err()?;
        foreign(data, &error)
    })
}

/// Who else can read secrets, or put other files in the place of these.
fn permissions(loaded: &mut Loaded, settings: &Settings) {
    let data = &settings.data;
    if Writers::of(data) == Some(Writers::Everybody) {
        let error = ServeError::OpenDirectory(data.clone());
        loaded.wrong(
            "data",
            "a directory that only its owner writes to",
            error.to_string(),
        );
    }
    let warning = |path: &Path| {
        let path = path.display();
        format!(
            "users other than its owner can write to the directory {path}, and so put other files there: run chmod \
             go-w on it"
        )
    };
    if Writers::of(data) == Some(Writers::Group) {
        loaded.warn("data", warning(data));
    }
    for (key, path) in [
        ("database", settings.database.as_deref().map(directory)),
        ("policies", settings.policies.as_deref()),
        ("key_file", settings.key_file.as_deref().map(directory)),
        (
            "audit.key_file",
            settings.audit.key_file.as_deref().map(directory),
        ),
        ("client_ca", settings.client_ca.as_deref().map(directory)),
    ] {
        if let Some(path) = path.filter(|path| everybody_replaces(path)) {
            loaded.warn(key, warning(path));
        }
    }
    let database = settings.database_path();
    let secrets = SECRETS.into_iter().map(|name| data.join(name));
    for path in secrets
        .chain([database])
        .filter(|path| others_can_read(path))
    {
        let path = path.display();
        let warning =
            format!("other users can read {path}, which contains secrets: run chmod 600 on it");
        loaded.warn("data", warning);
    }
}

fn token(loaded: &mut Loaded, data: &Path) {
    let path = data.join(TOKEN_FILE);
    if !is_there(&path) {
        return;
    }
    let found = match fs::read_to_string(&path).map(Secret::new) {
        Ok(text) if admin_token_of(&text).is_some() => return,
        Ok(_) => "an empty file".to_owned(),
        Err(error) => error.to_string(),
    };
    loaded.wrong_file("data", TOKEN, &path, Some(found));
}

/// The keys, where they can be read. A file that `key_file` names was looked at already.
fn main_key(loaded: &mut Loaded, settings: &Settings) -> Option<Keys> {
    let source = KeySource::from_settings(settings);
    if matches!(source, KeySource::DataDir) {
        let (path, database) = (settings.data.join(KEY_FILE), settings.database_path());
        if !is_there(&path) {
            if DatabaseFiles::new(&database).exists() {
                let error = ServeError::MissingKey(path, database);
                loaded.wrong("data", "the main key of the database", error.to_string());
            }
            return None;
        }
        let found = match fs::read_to_string(&path).map(Secret::new) {
            Ok(text) if key_of(text.reveal()).is_some() => None,
            Ok(_) => Some("something else".to_owned()),
            Err(error) => Some(error.to_string()),
        };
        loaded.wrong_file("data", KEY, &path, found);
    }
    source.existing(&settings.data).ok()
}

fn server_certificate(
    loaded: &mut Loaded,
    settings: &Settings,
    provider: &CryptoProvider,
    now: Timestamp,
) {
    match certificates::read(&settings.data, settings, provider) {
        Ok(Some(certified)) => {
            for remark in remarks_on_server(&certified.cert, settings, now) {
                loaded.warn("data", remark);
            }
        }
        Ok(None) => {}
        Err(error) => {
            loaded.wrong(
                "data",
                "a server certificate that can be used",
                error.to_string(),
            );
        }
    }
}

/// What an operator should know of the server's certificate.
pub(super) fn remarks_on_server(
    chain: &[CertificateDer<'_>],
    settings: &Settings,
    now: Timestamp,
) -> Vec<String> {
    let mut remarks = Vec::new();
    for (nth, certificate) in chain.iter().enumerate() {
        let who = if nth == 0 {
            "certificate"
        } else {
            "issuer's certificate"
        };
        let remark = Validity::of(certificate).and_then(|validity| validity.remark(now));
        remarks.extend(remark.map(|remark| format!("the server's {who} in server.pem {remark}")));
    }
    let Some(leaf) = chain.first() else {
        return remarks;
    };
    if is_authority(leaf) {
        let remark = "the first certificate in server.pem is a CA's: many clients reject a server that presents it. \
                      Put the server's own certificate first";
        remarks.push(remark.to_owned());
    }
    for name in settings.names.iter().filter(|name| !has_name(leaf, name)) {
        remarks.push(format!(
            "the server's certificate is not for the name {name}, which the setting 'names' contains: clients that \
             connect by it reject the server"
        ));
    }
    remarks
}

/// What an operator should know of the issuers of client certificates.
fn remarks_on_issuers(path: &Path, issuers: &Issuers, now: Timestamp) -> Vec<String> {
    let mut remarks = Vec::new();
    for (number, certificate) in (1..).zip(&issuers.certificates) {
        let who = format!("certificate {number} in {}", path.display());
        if !is_authority(certificate) {
            remarks.push(format!(
                "{who} is not a CA's: no client certificate leads to it. Put its issuer there, or bind it to its device"
            ));
        }
        let remark = Validity::of(certificate).and_then(|validity| validity.remark(now));
        remarks.extend(remark.map(|remark| format!("{who} {remark}")));
    }
    remarks
}

/// Whether the certificate may issue others. One of version 1 does not say: it may.
fn is_authority(certificate: &CertificateDer<'_>) -> bool {
    let Ok((_, certificate)) = X509Certificate::from_der(certificate) else {
        return false;
    };
    match certificate.basic_constraints() {
        Ok(Some(constraints)) => constraints.value.ca,
        Ok(None) => certificate.version().0 == 0,
        Err(_) => false,
    }
}

/// Whether clients that connect by this name accept the certificate.
fn has_name(certificate: &CertificateDer<'_>, name: &str) -> bool {
    // A wildcard is for any name in its place.
    let name = name.replacen('*', "any", 1);
    let (parsed, name) = (
        ParsedCertificate::try_from(certificate),
        ServerName::try_from(name),
    );
    match (parsed, name) {
        (Ok(parsed), Ok(name)) => verify_server_name(&parsed, &name).is_ok(),
        _ => false,
    }
}
