//! Certificates and keys in PEM (RFC 7468), as programs write it: with a byte order mark
//! or in UTF-16, with text around the sections ("Bag Attributes"), with any white space
//! in them, on one line in a header.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

const BEGIN: &str = "-----BEGIN ";
/// What ends the line of a mark.
const DASHES: &str = "-----";

/// Why text is not read. It contains nothing of what the sections hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PemFault {
    /// There is no certificate.
    #[error("expected a certificate in PEM, found none")]
    NoCertificate,
    /// There is no private key.
    #[error("expected a private key in PEM, found none")]
    NoKey,
    /// The key is encrypted.
    #[error(
        "expected a private key without a passphrase, found an encrypted one: decrypt it (openssl pkey -in FILE)"
    )]
    Encrypted,
    /// DER instead of PEM.
    #[error(
        "expected PEM, found binary data: convert a DER file (openssl x509 -inform der -in FILE)"
    )]
    Binary,
    /// A certificate in OpenSSL's own form.
    #[error("expected CERTIFICATE, found TRUSTED CERTIFICATE: convert it (openssl x509 -in FILE)")]
    Trusted,
    /// A section without an end.
    #[error("expected an END line for each BEGIN line")]
    NoEnd,
    /// A section of something else than base64.
    #[error("expected base64 between BEGIN and END")]
    NotBase64,
}

/// The certificates in the text; at least one.
pub(crate) fn certificates(text: &[u8]) -> Result<Vec<CertificateDer<'static>>, PemFault> {
    let text = decoded(text)?;
    let mut found = Vec::new();
    for (label, body) in sections(&text)? {
        match label {
            "CERTIFICATE" | "X509 CERTIFICATE" => found.push(bytes(body)?.into()),
            "TRUSTED CERTIFICATE" => return Err(PemFault::Trusted),
            // A key or parameters beside them.
            _ => {}
        }
    }
    if found.is_empty() {
        return Err(PemFault::NoCertificate);
    }
    Ok(found)
}

/// The first private key in the text.
pub(crate) fn private_key(text: &[u8]) -> Result<PrivateKeyDer<'static>, PemFault> {
    let text = decoded(text)?;
    for (label, body) in sections(&text)? {
        let is_encrypted = label == "ENCRYPTED PRIVATE KEY" || body.contains("ENCRYPTED");
        if label.ends_with("PRIVATE KEY") && is_encrypted {
            return Err(PemFault::Encrypted);
        }
        match label {
            "PRIVATE KEY" => return Ok(PrivateKeyDer::Pkcs8(bytes(body)?.into())),
            "EC PRIVATE KEY" => return Ok(PrivateKeyDer::Sec1(bytes(body)?.into())),
            "RSA PRIVATE KEY" => return Ok(PrivateKeyDer::Pkcs1(bytes(body)?.into())),
            _ => {}
        }
    }
    Err(PemFault::NoKey)
}

/// The text as a text, whatever Unicode form it was saved in. What is in another
/// encoding can only stand around the sections.
fn decoded(text: &[u8]) -> Result<Cow<'_, str>, PemFault> {
    let utf_16 = |of: fn([u8; 2]) -> u16, text: &[u8]| {
        let units: Vec<u16> = text
            .chunks_exact(2)
            .map(|pair| of([pair[0], pair[1]]))
            .collect();
        Cow::Owned(String::from_utf16_lossy(&units))
    };
    match text {
        [0xff, 0xfe, text @ ..] => Ok(utf_16(u16::from_le_bytes, text)),
        [0xfe, 0xff, text @ ..] => Ok(utf_16(u16::from_be_bytes, text)),
        // A DER SEQUENCE of more than 127 bytes.
        [0x30, 0x81..=0x84, ..] => Err(PemFault::Binary),
        text => Ok(String::from_utf8_lossy(text)),
    }
}

/// The sections, each as its label and what stands in it.
fn sections(text: &str) -> Result<Vec<(&str, &str)>, PemFault> {
    let (mut found, mut rest) = (Vec::new(), text);
    while let Some((_, begun)) = rest.split_once(BEGIN) {
        let (label, inside) = begun.split_once(DASHES).ok_or(PemFault::NoEnd)?;
        let end = format!("-----END {label}-----");
        let (body, after) = inside.split_once(&end).ok_or(PemFault::NoEnd)?;
        found.push((label, body));
        rest = after;
    }
    Ok(found)
}

fn bytes(body: &str) -> Result<Vec<u8>, PemFault> {
    let digits: String = body.split_ascii_whitespace().collect();
    STANDARD.decode(digits).map_err(|_| PemFault::NotBase64)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn written(label: &str, der: &[u8]) -> String {
        let digits = STANDARD.encode(der);
        let (one, other) = digits.split_at(digits.len() / 2);
        format!("-----BEGIN {label}-----\n{one}\n{other}\n-----END {label}-----\n")
    }

    #[test]
    fn a_certificate_is_read_however_it_was_saved() {
        let der: Vec<u8> = (0..=255).collect();
        let plain = written("CERTIFICATE", &der);
        let utf_16: Vec<u16> = plain.encode_utf16().collect();
        let bytes_of = |of: fn(u16) -> [u8; 2], mark: [u8; 2]| {
            let units = utf_16.iter().flat_map(|unit| of(*unit));
            mark.into_iter().chain(units).collect::<Vec<u8>>()
        };
        for text in [
            plain.clone().into_bytes(),
            format!("\u{feff}{plain}").into_bytes(),
            bytes_of(u16::to_le_bytes, [0xff, 0xfe]),
            bytes_of(u16::to_be_bytes, [0xfe, 0xff]),
            plain.replace('\n', "\r\n").into_bytes(),
            plain.replace('\n', "\r").into_bytes(),
            plain.replace('\n', " ").into_bytes(),
            plain.replace('\n', "\n\t").into_bytes(),
            format!("Bag Attributes\n    localKeyID: 01 00\nsubject=CN = a\n\n{plain}")
                .into_bytes(),
            [b"    friendlyName: M\xfcller\n", plain.as_bytes()].concat(),
            format!("{}{plain}", written("PRIVATE KEY", b"other")).into_bytes(),
            written("X509 CERTIFICATE", &der).into_bytes(),
        ] {
            let shown = String::from_utf8_lossy(&text);
            assert_eq!(
                certificates(&text).unwrap(),
                [der.clone().into()],
                "{shown}"
            );
        }
        let two = format!("\u{feff}Bag\n{plain}Bag\n{plain}");
        assert_eq!(certificates(two.as_bytes()).unwrap().len(), 2);
    }

    #[test]
    fn what_is_not_whole_is_a_fault_and_no_certificate_is_passed_over() {
        let plain = written("CERTIFICATE", b"der");
        for (text, fault) in [
            (String::new(), PemFault::NoCertificate),
            ("some text".to_owned(), PemFault::NoCertificate),
            (written("PRIVATE KEY", b"der"), PemFault::NoCertificate),
            (
                format!("{plain}-----BEGIN CERTIFICATE-----\nAAAA"),
                PemFault::NoEnd,
            ),
            (format!("{plain}-----BEGIN CERT"), PemFault::NoEnd),
            (
                plain.replace("-----END CERTIFICATE-----\n", "") + &plain,
                PemFault::NotBase64,
            ),
            (plain.replace('\n', "\n*"), PemFault::NotBase64),
            (written("TRUSTED CERTIFICATE", b"der"), PemFault::Trusted),
        ] {
            assert_eq!(certificates(text.as_bytes()), Err(fault), "{text}");
        }
        assert_eq!(certificates(&[0x30, 0x82, 1, 2]), Err(PemFault::Binary));
    }

    #[test]
    fn a_key_is_read_by_its_label_and_an_encrypted_one_is_named() {
        for (label, text) in [
            ("PRIVATE KEY", "\u{feff}Bag Attributes\n"),
            (
                "EC PRIVATE KEY",
                "-----BEGIN EC PARAMETERS-----\nBggq\n-----END EC PARAMETERS-----\n",
            ),
            ("RSA PRIVATE KEY", ""),
        ] {
            let key = private_key(format!("{text}{}", written(label, b"der")).as_bytes());
            assert_eq!(key.unwrap().secret_der(), b"der", "{label}");
        }
        let legacy = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----\n";
        for text in [legacy.to_owned(), written("ENCRYPTED PRIVATE KEY", b"der")] {
            assert_eq!(private_key(text.as_bytes()), Err(PemFault::Encrypted));
        }
        let none = written("CERTIFICATE", b"der");
        assert_eq!(private_key(none.as_bytes()), Err(PemFault::NoKey));
    }
}
