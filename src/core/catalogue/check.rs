//! What the parts of an app may be.

use url::Url;

use super::Version;
use crate::package::Pfn;
use modegate_wire::document::{DocumentFault, check_document};

/// The options that have names (WinRT `DeploymentOptions`), with their bits.
pub const OPTIONS: [(&str, u32); 3] = [
    ("force_application_shutdown", 1),
    ("development_mode", 2),
    ("install_all_resources", 32),
];

/// Whether text may be the id of an app: ids stand in URLs as they are.
pub fn is_id(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
        && text.starts_with(|first: char| first.is_ascii_alphanumeric())
}

/// Whether text may be where a package is downloaded from: an https URL without
/// user, password and fragment, in which everything special is percent-encoded.
pub fn is_download(text: &str) -> bool {
    let plain = text
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && !b";\"'<>`\\{}|^".contains(&byte));
    plain
        && Url::parse(text).is_ok_and(|url| {
            url.scheme() == "https"
                && url.host().is_some()
                && url.username().is_empty()
                && url.password().is_none()
                && url.fragment().is_none()
        })
}

/// Checks that text may be a licence: a well-formed XML document without a DTD.
///
/// # Errors
/// What is wrong with it, without what stands in it.
pub fn check_licence(text: &str) -> Result<(), DocumentFault> {
    check_document(text)
}

/// The version that a package full name says; `None` where it is none.
pub fn version_of_package(name: &str) -> Option<Version> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    Pfn::from_full_name(name).ok()?;
    name.bytes().all(plain).then_some(())?;
    Version::parse(name.split('_').nth(1)?)
}
