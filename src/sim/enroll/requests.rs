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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use aws_lc_rs::signature::{
        RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey,
    };
    use rcgen::{CertificateParams, DnType, KeyPair};

    use super::*;

    fn certified() -> (DeviceKey, Vec<u8>) {
        let pair = KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "device");
        let certificate = params.self_signed(&pair).unwrap().der().to_vec();
        let key = DeviceKey::from_pkcs8(&pair.serialize_der()).unwrap();
        (key, certificate)
    }

    #[test]
    fn signed_data_is_verified_by_another_library() {
        let (key, certificate) = certified();
        let spki = der::inside(key.public_key_info()).unwrap();
        let public_key = spki[1].content[1..].to_vec();
        for (hash, algorithm) in [
            (Hash::Sha1, &RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY),
            (Hash::Sha256, &RSA_PKCS1_2048_8192_SHA256),
        ] {
            for over in [SignedOver::Attributes, SignedOver::Content] {
                let content = vec![5; 700];
                let message = signed_data(&content, &certificate, &key, hash, over).unwrap();
                let outer = der::inside(&message).unwrap();
                let signed = der::inside(outer[1].content).unwrap();
                let [_, _, data, certificates, signers] = signed[..] else {
                    panic!("five parts: {signed:?}")
                };
                assert_eq!(certificates.content, certificate);
                let data = der::all(data.content).unwrap();
                let enclosed = der::first(data[1].content).unwrap().0.content;
                assert_eq!(enclosed, content);
                let info = der::inside(signers.content).unwrap();
                let signature = info.last().unwrap().content;
                let covered = match over {
                    SignedOver::Content => content.clone(),
                    SignedOver::Attributes => {
                        let digest = hash.digest(&content);
                        let shown = info[3].content;
                        assert!(shown.windows(digest.len()).any(|bytes| bytes == digest));
                        der::value(der::SET, shown)
                    }
                };
                UnparsedPublicKey::new(algorithm, &public_key)
                    .verify(&covered, signature)
                    .unwrap();
            }
        }
    }

    #[test]
    fn names_of_windows_10_are_cut_and_end_with_nul() {
        let (key, _) = certified();
        let device_id = "A".repeat(40);
        let request = certificate_request(Family::Windows10, &device_id, &key, Hash::Sha256);
        let outer = der::inside(&request).unwrap();
        let subject = der::all(outer[0].content).unwrap()[1];
        let pair = der::inside(der::inside(subject.content).unwrap()[0].whole).unwrap();
        let (name, text) = (pair[0], pair[1]);
        assert_eq!(
            (name.content, text.tag),
            (&[0x55, 4, 3][..], der::PRINTABLE)
        );
        assert_eq!(text.content.len(), NAME_LENGTH + 1);
        assert_eq!((text.content[36], text.content[64]), (b'!', 0));
    }
}
