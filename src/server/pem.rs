//! Certificates and keys in PEM (RFC 7468), as programs write it: with a byte order mark
//! or in UTF-16, with text around the sections ("Bag Attributes"), with any white space
//! in them, on one line in a header.

use std::borrow::Cow;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

const BEGIN: &str = "-----BEGIN ";
/// What ends the line of a mark.
const DASHES: &str = "-----";

/// The labels that are shown: another one may be anything.
const LABELS: [&str; 15] = [
    "CERTIFICATE",
    "X509 CERTIFICATE",
    "TRUSTED CERTIFICATE",
    "CERTIFICATE REQUEST",
    "NEW CERTIFICATE REQUEST",
    "X509 CRL",
    "PKCS7",
    "PUBLIC KEY",
    "RSA PUBLIC KEY",
    "PRIVATE KEY",
    "ENCRYPTED PRIVATE KEY",
    "EC PRIVATE KEY",
    "RSA PRIVATE KEY",
    "OPENSSH PRIVATE KEY",
    "EC PARAMETERS",
];

/// Where something stands in the text. It shows nothing of what stands there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PemLocation {
    /// The label of the section.
    label: &'static str,
    /// The line, from 1.
    line: usize,
}

impl fmt::Display for PemLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in line {}", self.label, self.line)
    }
}

/// Why text is not read. It contains nothing of what the sections hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PemFault {
    /// There is no certificate; what the text begins with instead.
    NoCertificate(Option<PemLocation>),
    /// There is no private key; the same.
    NoKey(Option<PemLocation>),
    /// The key is encrypted.
    Encrypted,
    /// DER instead of PEM.
    Binary,
    /// A certificate in OpenSSL's own form.
    Trusted,
    /// A section without an end.
    NoEnd(PemLocation),
    /// A section of something else than base64, at the first such character.
    NotBase64(PemLocation),
}

impl PemFault {
    /// What should stand there.
    pub fn expected(self) -> &'static str {
        match self {
            PemFault::NoCertificate(_) => "a certificate in PEM",
            PemFault::NoKey(_) => "a private key in PEM",
            PemFault::Encrypted => "a private key without a passphrase",
            PemFault::Binary => "PEM",
            PemFault::Trusted => "CERTIFICATE",
            PemFault::NoEnd(_) => "an END line for each BEGIN line",
            PemFault::NotBase64(_) => "base64 between BEGIN and END",
        }
    }

    /// What does.
    pub fn found(self) -> String {
        match self {
            PemFault::NoCertificate(None) | PemFault::NoKey(None) => "none".to_owned(),
            PemFault::NoCertificate(Some(location)) | PemFault::NoKey(Some(location)) => {
                format!("{location}")
            }
            PemFault::Encrypted => {
                "an encrypted one: decrypt it (openssl pkey -in FILE)".to_owned()
            }
            PemFault::Binary => {
                "binary data: convert a DER file (openssl x509 -inform der -in FILE)".to_owned()
            }
            PemFault::Trusted => {
                "TRUSTED CERTIFICATE: convert it (openssl x509 -in FILE)".to_owned()
            }
            PemFault::NoEnd(location) => format!("none for {location}"),
            PemFault::NotBase64(location) => format!("something else in {location}"),
        }
    }
}

impl fmt::Display for PemFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}, found {}", self.expected(), self.found())
    }
}

impl std::error::Error for PemFault {}

/// The certificates in the text; at least one.
pub(crate) fn certificates(text: &[u8]) -> Result<Vec<CertificateDer<'static>>, PemFault> {
    let text = decoded(text)?;
    let (mut found, sections) = (Vec::new(), sections(&text)?);
    for section in &sections {
        match section.label {
            "CERTIFICATE" | "X509 CERTIFICATE" => found.push(section.bytes(&text)?.into()),
            "TRUSTED CERTIFICATE" => return Err(PemFault::Trusted),
            // A key or parameters beside them.
            _ => {}
        }
    }
    if found.is_empty() {
        let first = sections.first().map(|section| section.location(&text));
        return Err(PemFault::NoCertificate(first));
    }
    Ok(found)
}

/// The first private key in the text.
pub(crate) fn private_key(text: &[u8]) -> Result<PrivateKeyDer<'static>, PemFault> {
    let text = decoded(text)?;
    let sections = sections(&text)?;
    for section in &sections {
        let label = section.label;
        let is_encrypted = label == "ENCRYPTED PRIVATE KEY" || section.body.contains("ENCRYPTED");
        if label.ends_with("PRIVATE KEY") && is_encrypted {
            return Err(PemFault::Encrypted);
        }
        match label {
            "PRIVATE KEY" => return Ok(PrivateKeyDer::Pkcs8(section.bytes(&text)?.into())),
            "EC PRIVATE KEY" => return Ok(PrivateKeyDer::Sec1(section.bytes(&text)?.into())),
            "RSA PRIVATE KEY" => return Ok(PrivateKeyDer::Pkcs1(section.bytes(&text)?.into())),
            _ => {}
        }
    }
    let first = sections.first().map(|section| section.location(&text));
    Err(PemFault::NoKey(first))
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

/// What stands between a BEGIN line and its END line.
struct Section<'a> {
    label: &'a str,
    body: &'a str,
    /// Where the body begins in the text, bytes.
    at: usize,
}

impl Section<'_> {
    fn location(&self, text: &str) -> PemLocation {
        location(self.label, text, self.at)
    }

    fn bytes(&self, text: &str) -> Result<Vec<u8>, PemFault> {
        let digits: String = self.body.split_ascii_whitespace().collect();
        STANDARD.decode(digits).map_err(|_| {
            let is_digit = |one: char| one.is_ascii_alphanumeric() || "+/=".contains(one);
            let wrong = |one: char| !one.is_ascii_whitespace() && !is_digit(one);
            let at = self.at + self.body.find(wrong).unwrap_or_default();
            PemFault::NotBase64(location(self.label, text, at))
        })
    }
}

fn location(label: &str, text: &str, at: usize) -> PemLocation {
    let known = LABELS.iter().find(|known| **known == label);
    let before = text.get(..at).unwrap_or(text);
    // A line ends with one of them, or with both.
    let ends = before
        .matches('\n')
        .count()
        .max(before.matches('\r').count());
    PemLocation {
        label: known.copied().unwrap_or("a section of another kind"),
        line: ends + 1,
    }
}

fn sections(text: &str) -> Result<Vec<Section<'_>>, PemFault> {
    let (mut found, mut rest) = (Vec::new(), text);
    while let Some((_, begun)) = rest.split_once(BEGIN) {
        let at = text.len() - begun.len();
        let (label, inside) = begun
            .split_once(DASHES)
            .ok_or_else(|| PemFault::NoEnd(location("", text, at)))?;
        let end = format!("-----END {label}-----");
        let (body, after) = inside
            .split_once(&end)
            .ok_or_else(|| PemFault::NoEnd(location(label, text, at)))?;
        let at = text.len() - inside.len();
        found.push(Section { label, body, at });
        rest = after;
    }
    Ok(found)
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
        let at = |label, line| PemLocation { label, line };
        let other = "a section of another kind";
        for (text, fault) in [
            (String::new(), PemFault::NoCertificate(None)),
            ("some text".to_owned(), PemFault::NoCertificate(None)),
            (
                format!("\n{}", written("PRIVATE KEY", b"der")),
                PemFault::NoCertificate(Some(at("PRIVATE KEY", 2))),
            ),
            (
                written("S3CRET", b"der"),
                PemFault::NoCertificate(Some(at(other, 1))),
            ),
            (
                format!("{plain}-----BEGIN CERTIFICATE-----\nAAAA"),
                PemFault::NoEnd(at("CERTIFICATE", 5)),
            ),
            (
                format!("{plain}-----BEGIN CERT"),
                PemFault::NoEnd(at(other, 5)),
            ),
            (
                plain.replace("-----END CERTIFICATE-----\n", "") + &plain,
                PemFault::NotBase64(at("CERTIFICATE", 4)),
            ),
            (
                plain.replace('\n', "\r\n*"),
                PemFault::NotBase64(at("CERTIFICATE", 2)),
            ),
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
        let location = PemLocation {
            label: "CERTIFICATE",
            line: 1,
        };
        let fault = PemFault::NoKey(Some(location));
        assert_eq!(private_key(none.as_bytes()), Err(fault));
        assert_eq!(
            fault.to_string(),
            "expected a private key in PEM, found CERTIFICATE in line 1"
        );
    }
}
