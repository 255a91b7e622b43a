//! Under which key of the registry Windows 8.1 has the account of a PROVIDER-ID.

use data_encoding::HEXUPPER;
use md5::{Digest, Md5};

use super::{ProviderId, ProvisioningError};

/// The key: MD5 of the PROVIDER-ID in UTF-16LE, as upper-case hexadecimal digits. This is
/// inferred: the key in MS-MDE is that of `MS DM Server`.
pub fn account_key(provider_id: &ProviderId) -> String {
    let text = provider_id.as_str();
    let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    HEXUPPER.encode(&Md5::digest(bytes))
}

/// Which key the document of Windows 8.1 names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum AccountKey {
    /// The one that follows from the PROVIDER-ID.
    #[default]
    Derived,
    /// This one, should a tablet show that the derivation is another.
    Fixed(String),
}

impl AccountKey {
    /// A key of 32 hexadecimal digits.
    ///
    /// # Errors
    /// The text is something else.
    pub fn fixed(key: &str) -> Result<Self, ProvisioningError> {
        if key.len() == 32 && key.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            Ok(AccountKey::Fixed(key.to_ascii_uppercase()))
        } else {
            Err(ProvisioningError::AccountKey)
        }
    }

    pub(super) fn resolve(&self, provider_id: &ProviderId) -> String {
        match self {
            AccountKey::Derived => account_key(provider_id),
            AccountKey::Fixed(key) => key.clone(),
        }
    }
}
