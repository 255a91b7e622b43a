//! A device's RSA key. It signs by arithmetic of its own: PROV_RSA_FULL of
//! 8.1 signs with SHA-1, which the TLS library only verifies.

use std::fmt;
use std::sync::Arc;

use num_bigint::BigUint;
use rcgen::{KeyPair, RsaKeySize};
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::der;
use super::error::EnrollError;

/// The hash of a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hash {
    /// SHA-1: no hash named in the policy.
    Sha1,
    /// SHA-256.
    Sha256,
}

impl Hash {
    pub(super) fn digest(self, message: &[u8]) -> Vec<u8> {
        match self {
            Hash::Sha1 => Sha1::digest(message).to_vec(),
            Hash::Sha256 => Sha256::digest(message).to_vec(),
        }
    }

    /// The AlgorithmIdentifier of the hash alone.
    pub(super) fn identifier(self) -> Vec<u8> {
        let name = match self {
            Hash::Sha1 => der::oid(&[1, 3, 14, 3, 2, 26]),
            Hash::Sha256 => der::oid(&[2, 16, 840, 1, 101, 3, 4, 2, 1]),
        };
        der::sequence(&[&name, der::NULL])
    }
}

/// An RSA key.
#[derive(Clone)]
pub struct DeviceKey {
    pkcs8: Arc<Vec<u8>>,
    modulus: BigUint,
    private_exponent: BigUint,
    public_key_info: Vec<u8>,
}

impl fmt::Debug for DeviceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DeviceKey({} bits)", self.modulus.bits())
    }
}

impl DeviceKey {
    /// A new key of 2048, 3072 or 4096 bits.
    ///
    /// # Errors
    /// Another length.
    pub fn generate(bits: u32) -> Result<Self, EnrollError> {
        let size = match bits {
            2048 => RsaKeySize::_2048,
            3072 => RsaKeySize::_3072,
            4096 => RsaKeySize::_4096,
            _ => {
                let what = format!("expected a key length of 2048, 3072 or 4096, found {bits}");
                return Err(EnrollError::Policies(what));
            }
        };
        let pair = KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, size)
            .map_err(|error| EnrollError::Input(format!("could not make a key: {error}")))?;
        DeviceKey::from_pkcs8(&pair.serialize_der())
            .ok_or_else(|| EnrollError::Input("could not read the new key".to_owned()))
    }

    /// A key from PKCS #8, DER; `None` where it is none.
    pub fn from_pkcs8(pkcs8: &[u8]) -> Option<Self> {
        let outer = der::inside(pkcs8)?;
        let numbers = der::inside(outer.get(2)?.content)?;
        let [_, modulus, exponent, private_exponent, ..] = numbers[..] else {
            return None;
        };
        let rsa = [1, 2, 840, 113_549, 1, 1, 1];
        let public_key_info = der::sequence(&[
            &der::sequence(&[&der::oid(&rsa), der::NULL]),
            &der::bits(&der::sequence(&[modulus.whole, exponent.whole])),
        ]);
        Some(DeviceKey {
            pkcs8: Arc::new(pkcs8.to_vec()),
            modulus: BigUint::from_bytes_be(modulus.content),
            private_exponent: BigUint::from_bytes_be(private_exponent.content),
            public_key_info,
        })
    }

    pub(super) fn pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }

    /// The SubjectPublicKeyInfo, DER.
    pub fn public_key_info(&self) -> &[u8] {
        &self.public_key_info
    }

    /// Signs by RSASSA-PKCS1-v1_5.
    pub fn sign(&self, hash: Hash, message: &[u8]) -> Vec<u8> {
        let length = self.modulus.bits().div_ceil(8) as usize;
        let digest = hash.digest(message);
        let info = der::sequence(&[&hash.identifier(), &der::value(der::OCTETS, &digest)]);
        // 2048 bits and more always have room for the padding.
        let padding = length.saturating_sub(info.len() + 3);
        let mut block = vec![0x00, 0x01];
        block.resize(2 + padding, 0xff);
        block.push(0x00);
        block.extend(info);
        let signature = BigUint::from_bytes_be(&block)
            .modpow(&self.private_exponent, &self.modulus)
            .to_bytes_be();
        let mut out = vec![0; length.saturating_sub(signature.len())];
        out.extend(signature);
        out
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use rcgen::SigningKey;

    use super::*;

    #[test]
    fn a_signature_is_the_one_that_another_library_makes() {
        let key = DeviceKey::generate(2048).unwrap();
        let pkcs8 = rustls::pki_types::PrivatePkcs8KeyDer::from(key.pkcs8());
        let other = KeyPair::from_pkcs8_der_and_sign_algo(&pkcs8, &rcgen::PKCS_RSA_SHA256).unwrap();
        assert_eq!(
            key.sign(Hash::Sha256, b"message"),
            other.sign(b"message").unwrap()
        );
        assert_eq!(
            rcgen::PublicKeyData::subject_public_key_info(&other),
            key.public_key_info()
        );
        assert_eq!(key.sign(Hash::Sha1, b"message").len(), 256);
        assert_eq!(format!("{key:?}"), "DeviceKey(2048 bits)");
        assert!(DeviceKey::generate(1024).is_err());
        assert!(DeviceKey::from_pkcs8(b"none").is_none());
    }
}
