//! Provisioning documents: certificates and the OMA DM account, as the client installs them.
//!
//! [`windows81`] and [`windows10`] each write the document of an enrollment and the shorter
//! one of a renewal. What no public document settles about tablets is a field of their
//! options, with the documented value as the default.

mod account;
mod account_key;
mod certificates;
mod document;
mod schedule;
pub mod windows10;
pub mod windows81;

pub use account::{Account, ClientCredentials, CommonName, ProviderId, ServerCredentials};
pub use account_key::{AccountKey, account_key};
pub use certificates::{Certificates, StoreScope, thumbprint};
pub use document::ProvisioningDocument;
pub use schedule::{Renewal, RetrySchedule, RetrySet};

/// Why a value cannot be part of a provisioning document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProvisioningError {
    /// PROVIDER-ID is a node of the device's tree.
    #[error(
        "expected a PROVIDER-ID of 1 to 64 ASCII letters, digits, blanks, '.', '-' and '_', without blanks around it"
    )]
    ProviderId,
    /// The common name goes into criteria and the registry as it is.
    #[error("expected a common name of 1 to 64 ASCII letters, digits and '-'")]
    CommonName,
    /// The device would not poll.
    #[error("expected polling that begins with at least one retry and has an interval for each")]
    Polling,
    /// Out of bounds.
    #[error("expected a renewal period from 1 to 1000 days")]
    RenewalPeriod,
    /// Out of bounds.
    #[error("expected a retry interval from 1 day to the renewal period")]
    RetryInterval,
    /// No key of an account.
    #[error("expected an account key of 32 hexadecimal digits")]
    AccountKey,
}

/// The format of the device's messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DefaultEncoding {
    /// XML.
    Xml,
    /// WBXML.
    Wbxml,
}

impl DefaultEncoding {
    const fn media_type(self) -> &'static str {
        match self {
            DefaultEncoding::Xml => "application/vnd.syncml.dm+xml",
            DefaultEncoding::Wbxml => "application/vnd.syncml.dm+wbxml",
        }
    }
}

/// How a device repeats a connection that fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionRetries {
    /// CONNRETRYFREQ: how many tries.
    pub tries: u32,
    /// INITIALBACKOFFTIME: the first wait in milliseconds.
    pub initial_backoff_ms: u32,
    /// MAXBACKOFFTIME: the longest wait in milliseconds.
    pub max_backoff_ms: u32,
}
