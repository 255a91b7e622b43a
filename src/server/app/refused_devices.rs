//! Who asked for a session lately and was not let in.

use std::net::IpAddr;

use super::{App, AppError, Principal};
use crate::sync::Refused;
use modegate_core::device::{AuthFailure, CertificateDigest};

/// Which entries to list; `None` does not filter.
#[derive(Debug, Default)]
pub(crate) struct RefusedFilter {
    /// Those that called themselves so.
    pub(crate) source: Option<String>,
    /// Those from there.
    pub(crate) address: Option<IpAddr>,
    /// Those that showed it.
    pub(crate) certificate: Option<CertificateDigest>,
    /// Those refused for it.
    pub(crate) reason: Option<AuthFailure>,
}

impl RefusedFilter {
    fn takes(&self, refused: &Refused) -> bool {
        let address = refused.address.map(|address| address.to_canonical());
        self.source
            .as_ref()
            .is_none_or(|source| refused.source.0 == *source)
            && self
                .address
                .is_none_or(|wanted| address == Some(wanted.to_canonical()))
            && (self.certificate.is_none() || refused.certificate == self.certificate)
            && self.reason.is_none_or(|reason| refused.reason == reason)
    }
}

/// The latest refused requests, the latest first. They are of nobody's devices: only who
/// sees all devices sees them.
pub(crate) fn list(
    app: &App,
    by: &Principal,
    filter: &RefusedFilter,
) -> Result<Vec<Refused>, AppError> {
    by.unbound()?;
    let mut all = app.sync.refusals().list();
    all.retain(|refused| filter.takes(refused));
    Ok(all)
}
