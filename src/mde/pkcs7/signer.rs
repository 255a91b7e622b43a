//! SignerInfo (RFC 5652, 5.3): who signed, what, and whether it is so.

use super::{Certificate, Pkcs7Error, SignedData};
use crate::der::{Reader, Value, tag};
use crate::rsa_key::{RSA_ENCRYPTION, RsaKey, SignatureHash, algorithm_oid};

/// data, 1.2.840.113549.1.7.1.
const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1];
/// contentType, 1.2.840.113549.1.9.3.
const CONTENT_TYPE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 3];
/// messageDigest, 1.2.840.113549.1.9.4.
const MESSAGE_DIGEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 4];

/// How a signer names its certificate.
enum SignerId<'a> {
    IssuerAndSerial { issuer: &'a [u8], serial: &'a [u8] },
    KeyId(&'a [u8]),
}

/// The one signer of a message.
pub(super) struct Signer<'a> {
    id: SignerId<'a>,
    digest_oid: &'a [u8],
    signature_oid: &'a [u8],
    attributes: Option<Value<'a>>,
    signature: &'a [u8],
}

impl<'a> Signer<'a> {
    /// Takes a SignerInfo.
    pub(super) fn read(info: &Value<'a>) -> Result<Self, Pkcs7Error> {
        let mut fields = info.reader();
        fields.expect(tag::INTEGER)?;
        let id = fields.next()?.ok_or(Pkcs7Error::Structure)?;
        let digest = fields.expect(tag::SEQUENCE)?;
        let attributes = fields.optional(tag::CONTEXT_0)?;
        let algorithm = fields.expect(tag::SEQUENCE)?;
        let signature = fields.expect(tag::OCTET_STRING)?.content;
        fields.optional(tag::CONTEXT_1)?;
        fields.end()?;
        Ok(Signer {
            id: SignerId::read(&id)?,
            digest_oid: algorithm_oid(&digest)?,
            signature_oid: algorithm_oid(&algorithm)?,
            attributes,
            signature,
        })
    }

    /// Whether the signer names this certificate.
    pub(super) fn is(&self, certificate: &Certificate<'_>) -> bool {
        match self.id {
            SignerId::IssuerAndSerial { issuer, serial } => {
                certificate.issuer == issuer && certificate.serial == serial
            }
            SignerId::KeyId(id) => certificate.key_id == Some(id),
        }
    }

    /// The hash of the signature. The algorithm of the signature is that of keys, or names
    /// the same hash.
    fn hash(&self) -> Option<SignatureHash> {
        let hash = SignatureHash::from_digest_oid(self.digest_oid)?;
        let is_same = self.signature_oid == RSA_ENCRYPTION
            || SignatureHash::from_signature_oid(self.signature_oid) == Some(hash);
        is_same.then_some(hash)
    }

    /// Verifies the signature over the content with the certificate's key.
    pub(super) fn verify(
        &self,
        certificate: &Certificate<'_>,
        signed: &SignedData<'_>,
    ) -> Result<SignatureHash, Pkcs7Error> {
        let hash = self.hash().ok_or(Pkcs7Error::Algorithm)?;
        let key = RsaKey::from_spki(certificate.spki).map_err(Pkcs7Error::SignerKey)?;
        let is_good = match &self.attributes {
            Some(attributes) => {
                check_attributes(attributes, hash, signed)?;
                // What is signed has the tag of a set instead of the one in the message.
                let mut set = attributes.whole.to_vec();
                set[0] = tag::SET;
                key.verify(hash, &set, self.signature)
            }
            // Only data may be signed without attributes.
            None if signed.content_type != DATA => return Err(Pkcs7Error::Attributes),
            None => key.verify(hash, signed.content, self.signature),
        };
        if is_good {
            Ok(hash)
        } else {
            Err(Pkcs7Error::Signature)
        }
    }
}

impl<'a> SignerId<'a> {
    fn read(id: &Value<'a>) -> Result<Self, Pkcs7Error> {
        match id.tag {
            tag::SEQUENCE => {
                let mut fields = id.reader();
                let issuer = fields.expect(tag::SEQUENCE)?.whole;
                let serial = fields.expect(tag::INTEGER)?.content;
                fields.end()?;
                Ok(SignerId::IssuerAndSerial { issuer, serial })
            }
            tag::CONTEXT_0_PRIMITIVE => Ok(SignerId::KeyId(id.content)),
            _ => Err(Pkcs7Error::Structure),
        }
    }
}

/// The attributes contain the content's type and digest, each once.
fn check_attributes(
    attributes: &Value<'_>,
    hash: SignatureHash,
    signed: &SignedData<'_>,
) -> Result<(), Pkcs7Error> {
    let digest = hash.digest(signed.content);
    let (mut types, mut digests) = (0, 0);
    let mut reader = attributes.reader();
    while let Some(attribute) = reader.next()? {
        let mut fields = attribute.reader();
        let kind = fields.expect(tag::OID)?.content;
        let values = fields.expect(tag::SET)?.content;
        fields.end()?;
        let is_good = match kind {
            CONTENT_TYPE => {
                types += 1;
                Reader::only(values, tag::OID)?.content == signed.content_type
            }
            MESSAGE_DIGEST => {
                digests += 1;
                Reader::only(values, tag::OCTET_STRING)?.content == digest.as_ref()
            }
            _ => true,
        };
        if !is_good {
            return Err(Pkcs7Error::Attributes);
        }
    }
    if (types, digests) == (1, 1) {
        Ok(())
    } else {
        Err(Pkcs7Error::Attributes)
    }
}
