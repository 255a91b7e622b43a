//! An enrolled device: its key, certificate, roots and account.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::certificate::Certificate;
use super::document::Account;
use super::error::EnrollError;
use super::family::Family;
use super::key::{DeviceKey, Hash};
use crate::proof::{Credentials, ServerCredentials};
use crate::tablet::Tablet;
use crate::transport::{ClientIdentity, SimError, Transport};

/// A certificate and its key.
#[derive(Debug, Clone)]
pub struct Held {
    /// The key.
    pub key: DeviceKey,
    /// The certificate, DER.
    pub certificate: Vec<u8>,
}

/// An enrolled device.
#[derive(Debug, Clone)]
pub struct Enrolled {
    /// Its family.
    pub family: Family,
    /// What it calls itself in sessions.
    pub source: String,
    /// Its user.
    pub user: String,
    /// Its certificate.
    pub held: Held,
    /// The certificate before a renewal, until the new one was used.
    pub previous: Option<Held>,
    /// Roots that enrollment made it trust, DER.
    pub roots: Vec<Vec<u8>>,
    /// The intermediate certificate, DER.
    pub intermediate: Option<Vec<u8>>,
    /// The DM account.
    pub account: Account,
    /// EnrollmentServiceUrl, for a renewal.
    pub enrollment_url: String,
    /// The hash that the policies named.
    pub hash: Hash,
}

impl Held {
    pub(super) fn identity(&self) -> ClientIdentity {
        ClientIdentity::from_der(self.certificate.clone(), self.key.pkcs8().to_vec())
    }

    pub(super) fn dates(&self) -> Option<(Timestamp, Timestamp)> {
        let read = Certificate::read(&self.certificate)?;
        Some((read.not_before, read.not_after))
    }
}

impl Enrolled {
    /// The client identity that it shows in TLS.
    pub fn identity(&self) -> ClientIdentity {
        self.held.identity()
    }

    /// The new certificate was used: the old one is removed.
    pub fn forget_previous(&mut self) {
        self.previous = None;
    }

    /// The CAs that it trusts: those of before (PEM), and the provisioned root.
    pub fn trusted(&self, ca: Option<&[u8]>) -> Vec<u8> {
        let mut pem = ca.unwrap_or_default().to_vec();
        for root in &self.roots {
            pem.extend(b"\n-----BEGIN CERTIFICATE-----\n");
            for line in STANDARD.encode(root).as_bytes().chunks(64) {
                pem.extend(line);
                pem.push(b'\n');
            }
            pem.extend(b"-----END CERTIFICATE-----\n");
        }
        pem
    }

    /// The device that syncs by this account. `ca`: CAs of before.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub fn tablet(&self, ca: Option<&[u8]>) -> Result<Tablet, SimError> {
        let identity = self.identity();
        let trusted = self.trusted(ca);
        let transport = Transport::new(&self.account.address, Some(&trusted), Some(&identity))?;
        let (source, provider) = (self.source.as_str(), self.account.provider_id.as_str());
        let mut tablet = match self.family {
            Family::Windows81 => Tablet::new(source, transport),
            Family::WindowsPhone81 => Tablet::phone(source, provider, transport),
            Family::Windows10 => Tablet::windows10(source, provider, transport),
        };
        let device = &self.account.device;
        tablet = tablet.with_credentials(Credentials {
            username: device.name.clone(),
            password: device.secret.reveal().to_owned(),
            md5: device.digest,
        });
        tablet.nonce.clone_from(&device.nonce);
        tablet.server_nonce.clone_from(&self.account.server.nonce);
        tablet.speaks_wbxml(self.account.wbxml);
        self.provision_nodes(&mut tablet);
        Ok(tablet)
    }

    /// What the server has to prove itself with, for a device that asks for it.
    pub fn server_credentials(&self, strict: bool) -> ServerCredentials {
        ServerCredentials {
            name: self.account.server.name.clone(),
            password: self.account.server.secret.clone(),
            strict,
        }
    }

    /// What the document set below DMClient shows in sessions.
    fn provision_nodes(&self, tablet: &mut Tablet) {
        const POLL: [(&str, &str); 3] = [
            ("NumberOfFirstRetries", "IntervalForFirstSetOfRetries"),
            ("NumberOfSecondRetries", "IntervalForSecondSetOfRetries"),
            (
                "NumberOfRemainingScheduledRetries",
                "IntervalForRemainingScheduledRetries",
            ),
        ];
        let provider = format!(
            "./Vendor/MSFT/DMClient/Provider/{}",
            self.account.provider_id
        );
        for (name, value) in &self.account.dm_client {
            tablet.set_node(&format!("{provider}/{name}"), value);
        }
        let sets = self.account.polling.iter().flat_map(|polling| polling.sets);
        for ((count, interval), (set, each)) in POLL.into_iter().zip(sets) {
            tablet.set_node(&format!("{provider}/Poll/{count}"), &set.to_string());
            tablet.set_node(&format!("{provider}/Poll/{interval}"), &each.to_string());
        }
    }
}

/// An enrollment as it is kept between two runs. It holds the private key.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptEnrollment {
    family: Family,
    source: String,
    user: String,
    key: String,
    certificate: String,
    previous: Option<(String, String)>,
    roots: Vec<String>,
    intermediate: Option<String>,
    account: Account,
    enrollment_url: String,
    hash: Hash,
}

impl Enrolled {
    /// JSON to keep; it holds the private key and the secrets.
    ///
    /// # Errors
    /// It cannot be written as JSON.
    pub fn to_kept(&self) -> Result<Vec<u8>, EnrollError> {
        let text = |bytes: &[u8]| STANDARD.encode(bytes);
        let pair = |held: &Held| (text(held.key.pkcs8()), text(&held.certificate));
        let (key, certificate) = pair(&self.held);
        let kept = KeptEnrollment {
            family: self.family,
            source: self.source.clone(),
            user: self.user.clone(),
            key,
            certificate,
            previous: self.previous.as_ref().map(pair),
            roots: self.roots.iter().map(|root| text(root)).collect(),
            intermediate: self.intermediate.as_deref().map(text),
            account: self.account.clone(),
            enrollment_url: self.enrollment_url.clone(),
            hash: self.hash,
        };
        serde_json::to_vec(&kept).map_err(|error| EnrollError::Input(error.to_string()))
    }

    /// What was kept.
    ///
    /// # Errors
    /// It is not what [`Enrolled::to_kept`] wrote.
    pub fn from_kept(json: &[u8]) -> Result<Self, EnrollError> {
        let failed = |what: String| EnrollError::Input(format!("a kept enrollment: {what}"));
        let kept: KeptEnrollment =
            serde_json::from_slice(json).map_err(|error| failed(error.to_string()))?;
        let bytes = |text: &str| {
            STANDARD
                .decode(text)
                .map_err(|error| failed(error.to_string()))
        };
        let held = |key: &str, certificate: &str| {
            Ok::<_, EnrollError>(Held {
                key: DeviceKey::from_pkcs8(&bytes(key)?)
                    .ok_or_else(|| failed("expected an RSA key".to_owned()))?,
                certificate: bytes(certificate)?,
            })
        };
        Ok(Enrolled {
            family: kept.family,
            source: kept.source,
            user: kept.user,
            held: held(&kept.key, &kept.certificate)?,
            previous: kept
                .previous
                .map(|(key, certificate)| held(&key, &certificate))
                .transpose()?,
            roots: kept
                .roots
                .iter()
                .map(|root| bytes(root))
                .collect::<Result<_, _>>()?,
            intermediate: kept.intermediate.as_deref().map(bytes).transpose()?,
            account: kept.account,
            enrollment_url: kept.enrollment_url,
            hash: kept.hash,
        })
    }
}
