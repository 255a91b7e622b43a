//! The provisioning document, checked and installed as each family would.

mod account;
mod modern;
mod registry;
mod stores;
mod wap;

use jiff::Timestamp;

use super::document_fault::DocumentFault;
use super::family::Family;
use super::key::DeviceKey;
pub use account::{Account, AccountCredentials, Polling, Renewal};
use stores::Stores;
use wap::Characteristic;

/// What a document installed.
#[derive(Debug, Clone)]
pub(super) struct Installed {
    /// DER.
    pub(super) root: Vec<u8>,
    pub(super) intermediate: Option<Vec<u8>>,
    pub(super) certificate: Vec<u8>,
    pub(super) account: Account,
}

/// What of a renewal's document is installed: certificate, and root if there is one.
#[derive(Debug, Clone)]
pub(super) struct Replaced {
    pub(super) root: Option<Vec<u8>>,
    pub(super) certificate: Vec<u8>,
}

/// Installs the document of a first enrollment.
pub(super) fn install(
    family: Family,
    text: &str,
    key: &DeviceKey,
    now: Timestamp,
) -> Result<Installed, DocumentFault> {
    let document = wap::read(text, family == Family::Windows81)?;
    check_order(family, &document)?;
    let stores = Stores::read(family, &document, key, now)?;
    let root = stores.root.clone().ok_or(DocumentFault::NoRoot)?;
    stores.check_issuer(&[])?;
    let mut account = account::read(family, &document, &stores.leaf)?;
    match family {
        Family::Windows81 => {
            let thumbprints = (stores.root_thumbprint(), stores.leaf_thumbprint());
            registry::install(&document, thumbprints, &stores.leaf, &mut account)?;
        }
        Family::WindowsPhone81 => {
            registry::install_schedule(&document, &mut account)?;
            modern::install(&document, &mut account)?;
            let polls = account.polling.is_some();
            polls.then_some(()).ok_or_else(|| missing("polling"))?;
        }
        Family::Windows10 => {
            modern::install(&document, &mut account)?;
            let polls = account.polling.is_some();
            polls.then_some(()).ok_or_else(|| missing("Poll"))?;
        }
    }
    Ok(Installed {
        root,
        intermediate: stores.intermediate,
        certificate: stores.certificate,
        account,
    })
}

/// Installs the document of a renewal: the certificate, and little else.
pub(super) fn replace(
    family: Family,
    text: &str,
    key: &DeviceKey,
    now: Timestamp,
    (provider_id, known_roots): (&str, &[Vec<u8>]),
) -> Result<Replaced, DocumentFault> {
    let document = wap::read(text, family == Family::Windows81)?;
    for part in &document.children {
        let is_account = part.kind == "APPLICATION";
        let fits = part.kind == "CertificateStore" || is_account && family != Family::Windows81;
        if !fits {
            return Err(DocumentFault::Characteristic(part.kind.clone()));
        }
        if is_account && part.need("PROVIDER-ID")? != provider_id {
            return Err(DocumentFault::Provider("APPLICATION"));
        }
    }
    let stores = Stores::read_renewed(family, &document, key, now)?;
    stores.check_issuer(known_roots)?;
    Ok(Replaced {
        root: stores.root,
        certificate: stores.certificate,
    })
}

/// CertificateStore, APPLICATION, then what sets polling and renewal.
fn check_order(family: Family, document: &Characteristic) -> Result<(), DocumentFault> {
    let rank = |kind: &str| match (kind, family) {
        ("CertificateStore", _) => Some(0),
        ("APPLICATION", _) => Some(1),
        ("Registry", Family::Windows81 | Family::WindowsPhone81)
        | ("DMClient" | "EnterpriseAppManagement", Family::Windows10 | Family::WindowsPhone81) => {
            Some(2)
        }
        _ => None,
    };
    let mut last = 0;
    for part in &document.children {
        let kind = part.kind.clone();
        let rank = rank(&kind).ok_or_else(|| DocumentFault::Characteristic(kind.clone()))?;
        if rank < last {
            return Err(DocumentFault::Order(kind));
        }
        last = rank;
    }
    Ok(())
}

fn missing(what: &str) -> DocumentFault {
    DocumentFault::Missing(what.to_owned())
}
