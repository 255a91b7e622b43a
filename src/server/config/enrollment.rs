//! The section `enrollment`.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::values::{
    BaseUrl, BrandName, CaKey, Endpoint, File, ProviderName, TokenUrl, optional, required,
};
use crate::enrollment::authority::KeyKind;

/// How devices enroll, and who signs their certificates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EnrollmentSettings {
    /// Where devices reach the server (https, without a path). Where only this machine reaches
    /// it, the address that a device came by; elsewhere nothing is issued without it.
    #[serde(deserialize_with = "optional::<BaseUrl, _>")]
    pub url: Option<String>,
    /// The server's name in the devices' trees: never change it once a device has enrolled.
    /// Default `modegate`.
    #[serde(deserialize_with = "required::<ProviderName, _>")]
    pub provider_id: String,
    /// The name that people see in the settings of their device. Default `modegate`.
    #[serde(deserialize_with = "required::<BrandName, _>")]
    pub name: String,
    /// The link that PC settings of Windows 8.1 show.
    #[serde(deserialize_with = "optional::<Endpoint, _>")]
    pub portal_url: Option<String>,
    /// The key of the server's own CA, `rsa` or `ecdsa`. Default `rsa`.
    #[serde(deserialize_with = "required::<CaKey, _>")]
    pub ca_key: KeyKind,
    /// A program that signs instead of the server's own CA.
    #[serde(deserialize_with = "optional::<File, _>")]
    pub issuer_command: Option<PathBuf>,
    /// A service that signs instead of the server's own CA.
    #[serde(deserialize_with = "optional::<TokenUrl, _>")]
    pub issuer_url: Option<String>,
}

impl Default for EnrollmentSettings {
    fn default() -> Self {
        EnrollmentSettings {
            url: None,
            provider_id: "modegate".to_owned(),
            name: "modegate".to_owned(),
            portal_url: None,
            ca_key: KeyKind::default(),
            issuer_command: None,
            issuer_url: None,
        }
    }
}
