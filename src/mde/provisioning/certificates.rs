//! The certificates that a device installs, each under its thumbprint.

use aws_lc_rs::digest;
use data_encoding::HEXUPPER;

use super::document::Characteristic;
use crate::base64;

/// The upper-case hexadecimal SHA-1 of a certificate, by which Windows names it.
pub fn thumbprint(der: &[u8]) -> String {
    HEXUPPER.encode(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, der).as_ref())
}

/// The certificates of an enrollment, as DER. A device takes at most one root and one
/// intermediate certificate, and trusts the root for everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Certificates<'a> {
    /// The root that issued the intermediate or the device's certificate.
    pub root: &'a [u8],
    /// The issuer of the device's certificate, if it is not the root.
    pub intermediate: Option<&'a [u8]>,
    /// The device's own certificate.
    pub leaf: &'a [u8],
}

/// Whose store a certificate is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreScope {
    /// The enrolling user's.
    User,
    /// The computer's.
    System,
}

impl StoreScope {
    /// The name in paths.
    pub const fn name(self) -> &'static str {
        match self {
            StoreScope::User => "User",
            StoreScope::System => "System",
        }
    }
}

impl Certificates<'_> {
    /// The stores of the issuers.
    pub(super) fn issuers(&self) -> impl Iterator<Item = Characteristic> {
        let intermediate = self.intermediate;
        let intermediate = intermediate.map(|der| store("CA", StoreScope::System, installed(der)));
        let root = store("Root", StoreScope::System, installed(self.root));
        std::iter::once(root).chain(intermediate)
    }
}

/// A certificate under its thumbprint.
pub(super) fn installed(der: &[u8]) -> Characteristic {
    let characteristic = Characteristic::new(&thumbprint(der));
    characteristic.parm("EncodedCertificate", &base64::encode(der))
}

/// A store with what is in it.
pub(super) fn store(name: &str, scope: StoreScope, content: Characteristic) -> Characteristic {
    Characteristic::new(name).child(Characteristic::new(scope.name()).child(content))
}
