//! Certificate requests (PKCS #10), and a renewal's around them (PKCS #7).

use super::certificate::Certificate;
use super::der;
use super::family::Family;
use super::key::{DeviceKey, Hash};

/// `szOID_...` of Windows 10's private extension; its value is text, not DER.
const PRIVATE_EXTENSION: [u32; 10] = [1, 3, 6, 1, 4, 1, 311, 66, 1, 0];
const CLIENT_AUTH: [u32; 9] = [1, 3, 6, 1, 5, 5, 7, 3, 2];
/// Most characters of a common name (X.520).
const NAME_LENGTH: usize = 64;

/// A certificate request as the family writes it.
pub(super) fn certificate_request(
    family: Family,
    device_id: &str,
    key: &DeviceKey,
    hash: Hash,
) -> Vec<u8> {
    let fresh = uuid::Uuid::new_v4().to_string();
    let (name, attributes) = match family {
        // What 8.1 and the phone put in is unknown; a fresh name says nothing of the device.
        Family::Windows81 | Family::WindowsPhone81 => {
            (der::value(der::PRINTABLE, fresh.as_bytes()), Vec::new())
        }
        Family::Windows10 => {
            let mut name = format!("{}!{device_id}", fresh.to_uppercase());
            name.truncate(NAME_LENGTH);
            // `!` and NUL are not of PrintableString; Windows 10 writes them all the same.
            let name = der::value(der::PRINTABLE, format!("{name}\0").as_bytes());
            (name, extension_request(device_id))
        }
    };
    let information = der::sequence(&[
        &der::small(0),
        &common_name(&name),
        key.public_key_info(),
        &der::value(der::CONTEXT_0, &attributes),
    ]);
    let signature = key.sign(hash, &information);
    let algorithm = signature_algorithm(family, hash);
    der::sequence(&[&information, &algorithm, &der::bits(&signature)])
}

fn common_name(text: &[u8]) -> Vec<u8> {
    let pair = der::sequence(&[&der::oid(&[2, 5, 4, 3]), text]);
    der::sequence(&[&der::set(&[&pair])])
}

/// The attribute extensionRequest.
fn extension_request(device_id: &str) -> Vec<u8> {
    let raw = format!("{device_id}\0");
    let usage = der::sequence(&[&der::oid(&CLIENT_AUTH)]);
    let extensions = der::sequence(&[
        &der::sequence(&[
            &der::oid(&PRIVATE_EXTENSION),
            &der::value(der::OCTETS, raw.as_bytes()),
        ]),
        &der::sequence(&[&der::oid(&[2, 5, 29, 37]), &der::value(der::OCTETS, &usage)]),
    ]);
    der::sequence(&[
        &der::oid(&[1, 2, 840, 113_549, 1, 9, 14]),
        &der::set(&[&extensions]),
    ])
}

fn signature_algorithm(family: Family, hash: Hash) -> Vec<u8> {
    let numbers: &[u32] = match (hash, family) {
        (Hash::Sha256, _) => &[1, 2, 840, 113_549, 1, 1, 11],
        // The OIW name, where others take that of PKCS #1.
        (Hash::Sha1, Family::Windows10) => &[1, 3, 14, 3, 2, 29],
        (Hash::Sha1, _) => &[1, 2, 840, 113_549, 1, 1, 5],
    };
    der::sequence(&[&der::oid(numbers), der::NULL])
}

/// What a signature of PKCS #7 covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignedOver {
    /// Attributes with the content's digest.
    Attributes,
    /// The content itself.
    Content,
}

/// PKCS #7 SignedData: `content` signed by `key`, whose certificate is enclosed.
pub fn signed_data(
    content: &[u8],
    certificate: &[u8],
    key: &DeviceKey,
    hash: Hash,
    over: SignedOver,
) -> Option<Vec<u8>> {
    let signer = Certificate::read(certificate)?;
    let data = der::oid(&[1, 2, 840, 113_549, 1, 7, 1]);
    let attribute = |number: u32, value: &[u8]| {
        let name = der::oid(&[1, 2, 840, 113_549, 1, 9, number]);
        der::sequence(&[&name, &der::set(&[value])])
    };
    let digest = der::value(der::OCTETS, &hash.digest(content));
    let attributes = der::set(&[&attribute(3, &data), &attribute(4, &digest)]);
    let (shown, signature) = match over {
        SignedOver::Content => (Vec::new(), key.sign(hash, content)),
        // Signed as a SET, shown as [0].
        SignedOver::Attributes => {
            let (set, _) = der::first(&attributes)?;
            (
                der::value(der::CONTEXT_0, set.content),
                key.sign(hash, &attributes),
            )
        }
    };
    let rsa = der::sequence(&[&der::oid(&[1, 2, 840, 113_549, 1, 1, 1]), der::NULL]);
    let info = der::sequence(&[
        &der::small(1),
        &der::sequence(&[&signer.issuer, &signer.serial]),
        &hash.identifier(),
        &shown,
        &rsa,
        &der::value(der::OCTETS, &signature),
    ]);
    let enclosed = der::value(der::CONTEXT_0, &der::value(der::OCTETS, content));
    let signed = der::sequence(&[
        &der::small(1),
        &der::set(&[&hash.identifier()]),
        &der::sequence(&[&data, &enclosed]),
        &der::value(der::CONTEXT_0, certificate),
        &der::set(&[&info]),
    ]);
    Some(der::sequence(&[
        &der::oid(&[1, 2, 840, 113_549, 1, 7, 2]),
        &der::value(der::CONTEXT_0, &signed),
    ]))
}
