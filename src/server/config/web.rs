//! The section `web`.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::oidc::OidcSettings;
use super::values::{self, AccentColour, Address, BaseUrl, BrandName, File, HeaderName, HostName};
use super::values::{UserIndexWord, list, number, optional, required};
use modegate_store::fleet::UserIndex;

/// The pages: the console and the portal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebSettings {
    /// Where pages and API are served without asking for a client certificate. Default: the
    /// host of `listen` and its port plus 1; port 0 where that is 0.
    #[serde(deserialize_with = "optional::<Address, _>")]
    pub listen: Option<SocketAddr>,
    /// Where people reach the pages: what links begin with. Default: the listener's address.
    #[serde(deserialize_with = "optional::<BaseUrl, _>")]
    pub url: Option<String>,
    /// The host names that pages are served under; any other gets 421. Default: any.
    #[serde(deserialize_with = "list::<HostName, _>")]
    pub names: Vec<String>,
    /// Whether browsers are told to use HTTPS only for this host, on every port, for a year.
    /// Default false.
    pub hsts: bool,
    /// The header by which a trusted proxy names the user whom it has signed in to the
    /// portal. From any other peer it is ignored.
    #[serde(deserialize_with = "optional::<HeaderName, _>")]
    pub user_header: Option<String>,
    /// The name at the top of each page. Default "modegate".
    #[serde(deserialize_with = "required::<BrandName, _>")]
    pub brand_name: String,
    /// A PNG or JPEG of at most 64 KiB beside it.
    #[serde(deserialize_with = "optional::<File, _>")]
    pub brand_logo: Option<PathBuf>,
    /// The colour of links and buttons, `#rrggbb`; white text on it must have a contrast of
    /// 4.5:1. Default `#0b5cad`.
    #[serde(deserialize_with = "required::<AccentColour, _>")]
    pub brand_accent: String,
    /// How devices are found by their users: `sealed` by the whole name, of which the database
    /// has a keyed digest; `prefix` by how the name begins, too, for which it has the names in
    /// clear. Default `sealed`.
    #[serde(deserialize_with = "required::<UserIndexWord, _>")]
    pub user_index: UserIndex,
    /// After how many minutes without a request a session of the console ends. Default 30.
    #[serde(deserialize_with = "number::<_, 1, 1_440>")]
    pub console_idle_minutes: u32,
    /// After how many hours it ends in any case. Default 8.
    #[serde(deserialize_with = "number::<_, 1, 168>")]
    pub console_hours: u32,
    /// After how many hours without a request a session of the portal ends. Default 12.
    #[serde(deserialize_with = "number::<_, 1, 168>")]
    pub portal_idle_hours: u32,
    /// After how many days it ends in any case. Default 7.
    #[serde(deserialize_with = "number::<_, 1, 90>")]
    pub portal_days: u32,
    /// Sign-in by an identity provider.
    pub oidc: OidcSettings,
}

impl Default for WebSettings {
    fn default() -> Self {
        WebSettings {
            listen: None,
            url: None,
            names: Vec::new(),
            hsts: false,
            user_header: None,
            brand_name: "modegate".to_owned(),
            brand_logo: None,
            brand_accent: values::DEFAULT_ACCENT.to_owned(),
            user_index: UserIndex::Sealed,
            console_idle_minutes: 30,
            console_hours: 8,
            portal_idle_hours: 12,
            portal_days: 7,
            oidc: OidcSettings::default(),
        }
    }
}
