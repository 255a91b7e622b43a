//! What all pages of one server have in common.

use modegate_pages::assets::Assets;
use modegate_pages::brand::Brand;

use crate::config::WebSettings;
use crate::logo::Logo;

/// How a listener is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// Over TLS.
    Tls,
    /// As plain HTTP, on loopback.
    Plain,
}

/// What all pages of one server have in common.
pub struct WebSite {
    /// The style sheets and the script.
    pub assets: Assets,
    /// Whose pages they are.
    pub brand: Brand,
    /// The logo, if there is one.
    pub logo: Option<Logo>,
    /// Where people reach the pages, without a slash at the end, if that is set.
    pub url: Option<String>,
    /// The header by which a trusted proxy names the user whom it has signed in.
    pub user_header: Option<String>,
    /// What the identity provider is called by which people sign in, if there is one.
    pub provider: Option<String>,
    /// The host names that pages are served under; empty: any.
    pub names: Vec<String>,
    /// Whether browsers are told to use HTTPS only.
    pub hsts: bool,
}

impl WebSite {
    /// The site with these settings.
    ///
    /// # Errors
    /// The logo cannot be read.
    pub fn new(settings: &WebSettings) -> Result<Self, String> {
        let logo = settings.brand_logo.as_deref().map(Logo::read).transpose()?;
        let brand = Brand {
            name: settings.brand_name.clone(),
            logo: None,
            // The settings were checked.
            accent: settings.brand_accent.parse().unwrap_or_default(),
        };
        let assets = Assets::new(&brand);
        let address = format!("/assets/{}/logo", assets.digest());
        Ok(WebSite {
            brand: Brand {
                logo: logo.is_some().then_some(address),
                ..brand
            },
            assets,
            logo,
            url: settings.url.clone(),
            user_header: settings.user_header.clone(),
            provider: settings.oidc.name(),
            names: settings.names.clone(),
            hsts: settings.hsts,
        })
    }

    /// Whether cookies may only travel over TLS.
    pub(crate) fn is_secure(&self, transport: Transport) -> bool {
        let behind_proxy = self
            .url
            .as_deref()
            .is_some_and(|url| url.starts_with("https:"));
        transport == Transport::Tls || behind_proxy
    }
}
