//! Why a provisioning document is not accepted.

/// What is wrong with a provisioning document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentFault {
    /// White space between tags, or a comment: 8.1's parser stops there.
    #[error("white space between tags")]
    NotOneLine,
    /// Not XML.
    #[error("not well-formed: {0}")]
    Malformed(String),
    /// An element of another name than `characteristic` and `parm`.
    #[error("unexpected element {0}")]
    Element(String),
    /// A characteristic that this family does not take here.
    #[error("unexpected characteristic {0}")]
    Characteristic(String),
    /// The stores, the account and the rest are not in this order.
    #[error("characteristics out of order at {0}")]
    Order(String),
    /// More than one root, or more than one intermediate certificate.
    #[error("{0} certificates in store {1}, expected one")]
    TooMany(usize, &'static str),
    /// No root.
    #[error("no root certificate")]
    NoRoot,
    /// Something that must be there is not.
    #[error("{0} is missing")]
    Missing(String),
    /// A value that is none.
    #[error("wrong value: {0}")]
    Value(String),
    /// A certificate that cannot be read.
    #[error("unreadable certificate in store {0}")]
    Certificate(String),
    /// A certificate below a thumbprint that is not its own.
    #[error("wrong thumbprint in store {0}")]
    Thumbprint(String),
    /// The certificate is in no store that is looked at.
    #[error("certificate in store {0}")]
    Store(String),
    /// The certificate is not one for the device's key.
    #[error("the certificate is not for the requested key")]
    NotOfKey,
    /// The certificate does not chain to the root of the document.
    #[error("the certificate was not issued by the root")]
    NotIssued,
    /// The certificate is not valid now.
    #[error("the certificate is not valid at this time")]
    Dates,
    /// PrivateKeyContainer is not where, or not what, it must be.
    #[error("private key container: {0}")]
    Container(&'static str),
    /// The address of the account.
    #[error("address of the account: {0}")]
    Address(&'static str),
    /// SSLCLIENTCERTSEARCHCRITERIA finds no certificate.
    #[error("the search criteria find no certificate")]
    Criteria,
    /// The registry's account key is not MD5 of the PROVIDER-ID.
    #[error("wrong account key {0}")]
    AccountKey(String),
    /// A registry value that must repeat another does not.
    #[error("registry value {0} does not fit")]
    Registry(&'static str),
    /// PROVIDER-ID is not the same everywhere.
    #[error("another PROVIDER-ID in {0}")]
    Provider(&'static str),
}

impl DocumentFault {
    /// The number of the code that a phone or a Windows 10 shows.
    pub(super) fn number(&self) -> u32 {
        match self {
            DocumentFault::NoRoot
            | DocumentFault::TooMany(..)
            | DocumentFault::Certificate(_)
            | DocumentFault::NotIssued => 0x1e,
            DocumentFault::Dates => 0x0d,
            DocumentFault::Thumbprint(_) | DocumentFault::Store(_) | DocumentFault::NotOfKey => {
                0x24
            }
            DocumentFault::Container(_) => 0x27,
            DocumentFault::Address(_) | DocumentFault::Criteria => 0x1f,
            DocumentFault::Provider("DMClient") => 0x20,
            DocumentFault::Characteristic(_) => 0x22,
            _ => 0x23,
        }
    }
}
