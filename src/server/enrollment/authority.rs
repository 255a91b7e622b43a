//! A CA of this server's own, for certificates of devices and nothing else.
//!
//! Its root lies in the trust store of every device, so it can do no more than its task: it
//! has no CA below it, and says that it is for client authentication only.

use std::time::Duration;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, PublicKeyData, RsaKeySize, SerialNumber, SignatureAlgorithm, date_time_ymd,
};
use serde::{Deserialize, Serialize};
use x509_parser::prelude::{FromDer, SubjectPublicKeyInfo, X509Certificate};

use super::issuer::{CertificateRequest, IssueError, IssuedCertificate};
use modegate_core::secret::Secret;
use modegate_core::time::Timestamp;

/// How long a CA is valid: ten years. Devices keep its root for as long as they are enrolled.
const CA_DAYS: i64 = 3_650;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// A clock that is behind by less than this takes a new certificate.
const BACKDATED_MS: i64 = 10 * 60 * 1000;

/// The kind of a CA's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyKind {
    /// RSA with 3,072 bits, the cautious choice for Windows 8.1.
    #[default]
    Rsa,
    /// ECDSA with P-256. Not tried on a Windows 8.1 device.
    Ecdsa,
}

/// The CA cannot be made or used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the enrollment CA cannot be used: {0}")]
pub struct AuthorityError(String);

impl From<rcgen::Error> for AuthorityError {
    fn from(error: rcgen::Error) -> Self {
        AuthorityError(error.to_string())
    }
}

/// What is kept of a CA.
#[derive(Debug, Clone)]
pub struct AuthorityFiles {
    /// Its certificate, DER.
    pub certificate: Vec<u8>,
    /// Its private key, PKCS#8 in PEM.
    pub key: Secret,
}

/// A CA that can sign.
pub struct Authority {
    certificate: Vec<u8>,
    valid_until: Timestamp,
    issuer: rcgen::Issuer<'static, KeyPair>,
}

/// The key of a device, as it is certified.
struct DeviceKey<'a> {
    bytes: &'a [u8],
    algorithm: &'static SignatureAlgorithm,
}

impl PublicKeyData for DeviceKey<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.bytes
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.algorithm
    }
}

impl AuthorityFiles {
    /// Makes a CA. RSA takes a second or two.
    ///
    /// # Errors
    /// There is no randomness, or the key cannot be made.
    pub fn make(kind: KeyKind, now: Timestamp) -> Result<AuthorityFiles, AuthorityError> {
        let key = match kind {
            KeyKind::Rsa => KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, RsaKeySize::_3072)?,
            KeyKind::Ecdsa => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)?,
        };
        let mut ca = params("modegate enrollment CA")?;
        let until = now.plus_ms(CA_DAYS * DAY_MS);
        set_validity(&mut ca, now.plus_ms(-BACKDATED_MS), until);
        ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = ca.self_signed(&key)?;
        Ok(AuthorityFiles {
            certificate: certificate.der().to_vec(),
            key: Secret::new(key.serialize_pem()),
        })
    }
}

impl Authority {
    /// Opens a CA with its key.
    ///
    /// # Errors
    /// The certificate is none of a CA, or the key is not its key.
    pub fn open(files: &AuthorityFiles) -> Result<Authority, AuthorityError> {
        let unusable = |why: &str| AuthorityError(why.to_owned());
        let key = KeyPair::from_pem(files.key.reveal())?;
        let (_, parsed) = X509Certificate::from_der(&files.certificate)
            .map_err(|_| unusable("its certificate is none"))?;
        if !parsed.is_ca() {
            return Err(unusable("its certificate is not that of a CA"));
        }
        if parsed.public_key().subject_public_key.data.as_ref() != key.public_key_raw() {
            return Err(unusable("its key is not that of its certificate"));
        }
        let valid_until = Timestamp(parsed.validity().not_after.timestamp().saturating_mul(1000));
        let issuer = rcgen::Issuer::from_ca_cert_der(&files.certificate.as_slice().into(), key)?;
        Ok(Authority {
            certificate: files.certificate.clone(),
            valid_until,
            issuer,
        })
    }

    /// Its certificate, DER.
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// Until when it is valid.
    pub fn valid_until(&self) -> Timestamp {
        self.valid_until
    }

    /// Signs the certificate of a device: for clients only, with a random number, by SHA-256.
    ///
    /// # Errors
    /// The CA ends before the certificate would; or it cannot sign.
    pub fn sign(&self, request: &CertificateRequest) -> Result<IssuedCertificate, IssueError> {
        if self.valid_until < request.not_after {
            return Err(IssueError::Ending(self.valid_until));
        }
        let unavailable = |error: AuthorityError| IssueError::Unavailable(error.to_string());
        let mut params = params(&request.subject_cn).map_err(unavailable)?;
        set_validity(&mut params, request.not_before, request.not_after);
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![
            KeyUsagePurpose::DigitalSignature,
            KeyUsagePurpose::KeyEncipherment,
        ];
        params.use_authority_key_identifier_extension = true;
        let (_, key) = SubjectPublicKeyInfo::from_der(&request.spki_der)
            .map_err(|_| IssueError::Rejected("the key is none".to_owned()))?;
        let key = device_key(&key)?;
        let signed = params.signed_by(&key, &self.issuer);
        let leaf = signed.map_err(|error| unavailable(error.into()))?;
        Ok(IssuedCertificate {
            leaf_der: leaf.der().to_vec(),
            chain_der: vec![self.certificate.clone()],
        })
    }
}

/// A device's key for the certificate: its algorithm is named there by that of signatures.
fn device_key<'a>(key: &'a SubjectPublicKeyInfo<'a>) -> Result<DeviceKey<'a>, IssueError> {
    use x509_parser::public_key::PublicKey;
    let algorithm = match key.parsed() {
        Ok(PublicKey::RSA(_)) => &rcgen::PKCS_RSA_SHA256,
        Ok(PublicKey::EC(point)) if point.key_size() == 256 => &rcgen::PKCS_ECDSA_P256_SHA256,
        _ => {
            return Err(IssueError::Rejected(
                "the key is neither RSA nor P-256".to_owned(),
            ));
        }
    };
    Ok(DeviceKey {
        bytes: key.subject_public_key.data.as_ref(),
        algorithm,
    })
}

/// What the certificates of a CA and of a device have in common.
fn params(name: &str) -> Result<CertificateParams, AuthorityError> {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params.serial_number = Some(SerialNumber::from_slice(&serial()?));
    Ok(params)
}

/// A random number of 127 bits: positive in its 16 bytes, and never 0.
fn serial() -> Result<[u8; 16], AuthorityError> {
    let mut bytes = [0; 16];
    let filled = SystemRandom::new().fill(&mut bytes);
    filled.map_err(|_| AuthorityError("there is no randomness".to_owned()))?;
    bytes[0] = bytes[0] & 0x7f | 0x40;
    Ok(bytes)
}

/// Sets from when until when a certificate is valid, to the second.
fn set_validity(params: &mut CertificateParams, from: Timestamp, until: Timestamp) {
    let instant = |at: Timestamp| {
        date_time_ymd(1970, 1, 1) + Duration::from_secs(at.0.max(0).unsigned_abs() / 1000)
    };
    params.not_before = instant(from);
    params.not_after = instant(until);
}

#[cfg(test)]
#[path = "authority_tests.rs"]
mod tests;
