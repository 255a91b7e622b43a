//! The fields of an X.509 certificate by which a signer is recognised and verified.

use crate::der::{DerError, Reader, Value, tag};

/// subjectKeyIdentifier, 2.5.29.14.
const SUBJECT_KEY_ID: &[u8] = &[0x55, 0x1d, 14];

/// A certificate, as far as it is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Certificate<'a> {
    /// All of it.
    pub(super) der: &'a [u8],
    /// The issuer's name, with tag and length.
    pub(super) issuer: &'a [u8],
    /// The content of the serial number.
    pub(super) serial: &'a [u8],
    /// SubjectPublicKeyInfo.
    pub(super) spki: Value<'a>,
    /// The subject key identifier, if there is one.
    pub(super) key_id: Option<&'a [u8]>,
}

impl<'a> Certificate<'a> {
    /// Takes the only certificate in `der`. Its own signature is not looked at.
    pub(super) fn read(der: &'a [u8]) -> Result<Self, DerError> {
        let mut outer = Reader::only(der, tag::SEQUENCE)?.reader();
        let mut fields = outer.expect(tag::SEQUENCE)?.reader();
        outer.expect(tag::SEQUENCE)?;
        outer.expect(tag::BIT_STRING)?;
        outer.end()?;
        // Version.
        fields.optional(tag::CONTEXT_0)?;
        let serial = fields.expect(tag::INTEGER)?;
        // Signature algorithm.
        fields.expect(tag::SEQUENCE)?;
        let issuer = fields.expect(tag::SEQUENCE)?;
        // Validity and subject.
        fields.expect(tag::SEQUENCE)?;
        fields.expect(tag::SEQUENCE)?;
        let spki = fields.expect(tag::SEQUENCE)?;
        let mut key_id = None;
        while let Some(value) = fields.next()? {
            if value.tag == tag::CONTEXT_3 {
                key_id = subject_key_id(&value)?;
            }
        }
        Ok(Certificate {
            der,
            issuer: issuer.whole,
            serial: serial.content,
            spki,
            key_id,
        })
    }
}

fn subject_key_id<'a>(extensions: &Value<'a>) -> Result<Option<&'a [u8]>, DerError> {
    let mut all = Reader::only(extensions.content, tag::SEQUENCE)?.reader();
    while let Some(extension) = all.next()? {
        let mut fields = extension.reader();
        if fields.expect(tag::OID)?.content != SUBJECT_KEY_ID {
            continue;
        }
        let octets = fields.expect(tag::OCTET_STRING)?;
        let id = Reader::only(octets.content, tag::OCTET_STRING)?;
        return Ok(Some(id.content));
    }
    Ok(None)
}
