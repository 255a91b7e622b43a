//! RSA public keys and their signatures.

use aws_lc_rs::digest;
use aws_lc_rs::signature::{
    RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey,
};

use crate::der::{DerError, Reader, Value, tag};

/// Why a public key is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not a public key of the expected structure.
    #[error("expected an RSA public key in DER")]
    Structure,
    /// Another algorithm.
    #[error("expected an RSA key")]
    Algorithm,
    /// Too short, too long, or no modulus.
    #[error("expected an RSA key of 2048 to 4096 bits")]
    Length,
    /// Too small an exponent, or one that no key has.
    #[error("expected an odd public exponent from 65537 to 2^33")]
    Exponent,
}

impl From<DerError> for KeyError {
    fn from(_: DerError) -> Self {
        KeyError::Structure
    }
}

/// rsaEncryption, 1.2.840.113549.1.1.1.
pub(crate) const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
/// sha1WithRSAEncryption, 1.2.840.113549.1.1.5.
const SHA1_WITH_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5];
/// sha256WithRSAEncryption, 1.2.840.113549.1.1.11.
const SHA256_WITH_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11];
/// sha1WithRSASignature of the OIW, 1.3.14.3.2.29, which Windows writes.
const OIW_SHA1_WITH_RSA: &[u8] = &[0x2b, 0x0e, 3, 2, 29];
/// sha1, 1.3.14.3.2.26.
const SHA1: &[u8] = &[0x2b, 0x0e, 3, 2, 26];
/// sha256, 2.16.840.1.101.3.4.2.1.
const SHA256: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];

/// The hash of a signature. SHA-1 proves possession of a key and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureHash {
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
}

impl SignatureHash {
    /// By the object identifier of a signature algorithm with RSA.
    pub(crate) fn from_signature_oid(oid: &[u8]) -> Option<Self> {
        match oid {
            SHA1_WITH_RSA | OIW_SHA1_WITH_RSA => Some(SignatureHash::Sha1),
            SHA256_WITH_RSA => Some(SignatureHash::Sha256),
            _ => None,
        }
    }

    /// By the object identifier of a digest algorithm.
    pub(crate) fn from_digest_oid(oid: &[u8]) -> Option<Self> {
        match oid {
            SHA1 => Some(SignatureHash::Sha1),
            SHA256 => Some(SignatureHash::Sha256),
            _ => None,
        }
    }

    /// The digest of `bytes`.
    pub(crate) fn digest(self, bytes: &[u8]) -> digest::Digest {
        let algorithm = match self {
            SignatureHash::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            SignatureHash::Sha256 => &digest::SHA256,
        };
        digest::digest(algorithm, bytes)
    }
}

/// The object identifier of an AlgorithmIdentifier whose parameters are absent or NULL.
pub(crate) fn algorithm_oid<'a>(algorithm: &Value<'a>) -> Result<&'a [u8], DerError> {
    let mut reader = algorithm.reader();
    let oid = reader.expect(tag::OID)?;
    if let Some(null) = reader.optional(tag::NULL)?
        && !null.content.is_empty()
    {
        return Err(DerError);
    }
    reader.end()?;
    Ok(oid.content)
}

/// A public key of an acceptable size.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RsaKey<'a> {
    /// SubjectPublicKeyInfo. A key has only one that is accepted, so that equal keys have
    /// equal bytes.
    pub(crate) spki: &'a [u8],
    /// RSAPublicKey (PKCS#1).
    key: &'a [u8],
}

impl<'a> RsaKey<'a> {
    /// Takes a SubjectPublicKeyInfo.
    pub(crate) fn from_spki(spki: Value<'a>) -> Result<Self, KeyError> {
        let mut reader = spki.reader();
        let algorithm = reader.expect(tag::SEQUENCE)?;
        let key = reader.expect(tag::BIT_STRING)?;
        reader.end()?;
        let mut algorithm = algorithm.reader();
        if algorithm.expect(tag::OID)?.content != RSA_ENCRYPTION {
            return Err(KeyError::Algorithm);
        }
        // RFC 3279, 2.3.1: the parameters are NULL.
        if !algorithm.expect(tag::NULL)?.content.is_empty() {
            return Err(KeyError::Structure);
        }
        algorithm.end()?;
        let key = key.bits()?;
        check_numbers(key)?;
        let spki = spki.whole;
        Ok(RsaKey { spki, key })
    }

    /// Whether `signature` is this key's over `message`.
    pub(crate) fn verify(&self, hash: SignatureHash, message: &[u8], signature: &[u8]) -> bool {
        let algorithm = match hash {
            SignatureHash::Sha1 => &RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
            SignatureHash::Sha256 => &RSA_PKCS1_2048_8192_SHA256,
        };
        let key = UnparsedPublicKey::new(algorithm, self.key);
        key.verify(message, signature).is_ok()
    }
}

fn check_numbers(key: &[u8]) -> Result<(), KeyError> {
    let mut numbers = Reader::only(key, tag::SEQUENCE)?.reader();
    let modulus = numbers.expect(tag::INTEGER)?.magnitude()?;
    let exponent = numbers.expect(tag::INTEGER)?.magnitude()?;
    numbers.end()?;
    // `magnitude` returns at least one byte, the first of which is not 0.
    let leading = modulus
        .first()
        .map_or(8, |byte| byte.leading_zeros() as usize);
    let bits = modulus.len() * 8 - leading;
    let is_odd = |number: &[u8]| number.last().is_some_and(|byte| byte % 2 == 1);
    if !(2048..=4096).contains(&bits) || !is_odd(modulus) {
        return Err(KeyError::Length);
    }
    if exponent.len() > 5 || !is_odd(exponent) {
        return Err(KeyError::Exponent);
    }
    let fold = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
    let exponent = exponent.iter().fold(0, fold);
    if !(65537..1 << 33).contains(&exponent) {
        return Err(KeyError::Exponent);
    }
    Ok(())
}
