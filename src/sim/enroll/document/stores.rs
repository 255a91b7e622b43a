//! CertificateStore: the root, an intermediate, the device's own certificate.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use super::super::certificate::{Certificate, thumbprint};
use super::super::document_fault::DocumentFault;
use super::super::family::Family;
use super::super::key::DeviceKey;
use super::wap::Characteristic;

/// What 8.1 asked for with its key, and gets back (MS-MDE 3.6).
const CONTAINER: [(&str, &str); 3] = [
    ("KeySpec", "2"),
    ("ContainerName", "ConfigMgrEnrollment"),
    ("ProviderType", "1"),
];

/// The certificates of a document, DER.
#[derive(Debug)]
pub(super) struct Stores {
    pub(super) root: Option<Vec<u8>>,
    pub(super) intermediate: Option<Vec<u8>>,
    pub(super) certificate: Vec<u8>,
    pub(super) leaf: Certificate,
}

impl Stores {
    /// Reads the stores of a first enrollment.
    pub(super) fn read(
        family: Family,
        document: &Characteristic,
        key: &DeviceKey,
        now: Timestamp,
    ) -> Result<Self, DocumentFault> {
        let stores: Vec<&Characteristic> = document.of("CertificateStore").collect();
        let certificate = own(family, &stores)?;
        check_container(family, &stores)?;
        Stores::checked(&stores, certificate, key, now)
    }

    /// Reads the stores of a renewal. 8.1's document is the certificate only.
    pub(super) fn read_renewed(
        family: Family,
        document: &Characteristic,
        key: &DeviceKey,
        now: Timestamp,
    ) -> Result<Self, DocumentFault> {
        let stores: Vec<&Characteristic> = document.of("CertificateStore").collect();
        let certificate = own(family, &stores)?;
        if family == Family::Windows81 {
            for part in stores.iter().flat_map(|store| &store.children) {
                if part.kind != "My" {
                    return Err(DocumentFault::Characteristic(part.kind.clone()));
                }
            }
            let inner = below(&stores, "My", "User");
            if inner.iter().any(|node| !node.children.is_empty()) {
                return Err(DocumentFault::Container("not in a renewal"));
            }
        } else {
            check_container(family, &stores)?;
        }
        Stores::checked(&stores, certificate, key, now)
    }

    fn checked(
        stores: &[&Characteristic],
        certificate: Vec<u8>,
        key: &DeviceKey,
        now: Timestamp,
    ) -> Result<Self, DocumentFault> {
        let leaf = Certificate::read(&certificate)
            .ok_or_else(|| DocumentFault::Certificate("My".to_owned()))?;
        if leaf.public_key_info != key.public_key_info() {
            return Err(DocumentFault::NotOfKey);
        }
        if !leaf.is_valid_at(now) {
            return Err(DocumentFault::Dates);
        }
        Ok(Stores {
            root: single(stores, "Root")?,
            intermediate: single(stores, "CA")?,
            certificate,
            leaf,
        })
    }

    /// The certificate chains to the document's root, or to one that is known.
    pub(super) fn check_issuer(&self, known: &[Vec<u8>]) -> Result<(), DocumentFault> {
        let roots: Vec<Certificate> = self
            .root
            .iter()
            .chain(known)
            .filter_map(|root| Certificate::read(root))
            .collect();
        let by_root = |one: &Certificate| roots.iter().any(|root| one.is_issued_by(root));
        let middle = self.intermediate.as_deref().and_then(Certificate::read);
        let chains = by_root(&self.leaf)
            || middle.is_some_and(|middle| self.leaf.is_issued_by(&middle) && by_root(&middle));
        chains.then_some(()).ok_or(DocumentFault::NotIssued)
    }

    pub(super) fn root_thumbprint(&self) -> String {
        thumbprint(self.root.as_deref().unwrap_or_default())
    }

    pub(super) fn leaf_thumbprint(&self) -> String {
        thumbprint(&self.certificate)
    }
}

/// What is in `CertificateStore/{store}/{place}`.
fn below<'a>(stores: &[&'a Characteristic], store: &str, place: &str) -> Vec<&'a Characteristic> {
    stores
        .iter()
        .flat_map(|part| part.of(store))
        .flat_map(|part| part.of(place))
        .flat_map(|part| &part.children)
        .collect()
}

/// The one certificate of a system store, if there is one.
fn single(
    stores: &[&Characteristic],
    store: &'static str,
) -> Result<Option<Vec<u8>>, DocumentFault> {
    let found = below(stores, store, "System");
    match found[..] {
        [] => Ok(None),
        [node] => {
            let der = encoded(node, store)?;
            Certificate::read(&der).ok_or_else(|| DocumentFault::Certificate(store.to_owned()))?;
            Ok(Some(der))
        }
        _ => Err(DocumentFault::TooMany(found.len(), store)),
    }
}

/// The device's own certificate: 8.1 looks into the user's store only.
fn own(family: Family, stores: &[&Characteristic]) -> Result<Vec<u8>, DocumentFault> {
    let mut found = below(stores, "My", "User");
    let of_system = below(stores, "My", "System");
    if family == Family::Windows81 && !of_system.is_empty() {
        return Err(DocumentFault::Store("My/System".to_owned()));
    }
    found.extend(of_system);
    found.retain(|node| node.kind != "PrivateKeyContainer");
    match found[..] {
        [] => Err(DocumentFault::Missing("My certificate".to_owned())),
        [node] => encoded(node, "My"),
        _ => Err(DocumentFault::TooMany(found.len(), "My")),
    }
}

fn encoded(node: &Characteristic, store: &str) -> Result<Vec<u8>, DocumentFault> {
    let text = node.need("EncodedCertificate")?;
    let der = STANDARD
        .decode(text)
        .map_err(|_| DocumentFault::Certificate(store.to_owned()))?;
    if thumbprint(&der) != node.kind {
        return Err(DocumentFault::Thumbprint(store.to_owned()));
    }
    Ok(der)
}

/// 8.1 has the container, with its parms, inside the thumbprint's node; the others have it
/// empty beside the node.
fn check_container(family: Family, stores: &[&Characteristic]) -> Result<(), DocumentFault> {
    let mut nodes = below(stores, "My", "User");
    nodes.extend(below(stores, "My", "System"));
    let is_container = |node: &Characteristic| node.kind == "PrivateKeyContainer";
    let beside = nodes.iter().find(|node| is_container(node));
    let within = nodes.iter().find_map(|node| {
        let mut children = node.children.iter();
        children.find(|child| is_container(child))
    });
    match (family, within, beside) {
        (Family::Windows81, Some(container), None) => {
            for (name, value) in CONTAINER {
                if container.value(name) != Some(value) {
                    return Err(DocumentFault::Container(name));
                }
            }
            Ok(())
        }
        (Family::Windows81, ..) => Err(DocumentFault::Container(
            "expected inside the node of the thumbprint",
        )),
        (_, None, Some(container)) if container.parms.is_empty() => Ok(()),
        _ => Err(DocumentFault::Container(
            "expected empty beside the node of the thumbprint",
        )),
    }
}
