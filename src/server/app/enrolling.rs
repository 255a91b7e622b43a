//! What a device that enrolls asks for: where to go, whether its token is good, its first
//! certificate with an account, and later the next certificate.

use modegate_core::context::Family;
use modegate_core::device::CertificateDigest;
use modegate_core::enrollment::DeviceClaims;
use modegate_core::secret::Secret;
use modegate_mde::csr::CertificateRequest;
use modegate_mde::provisioning::ProvisioningDocument;
use modegate_mde::service_url::ServiceUrl;

use super::App;
use crate::enrollment::provisioning::{Provisioning, Unprovisionable, draw_secrets};
use crate::enrollment::{EnrollmentError, EnrollmentService, RenewalAsked, SignedRequest};

/// What use cases of enrollment work with.
pub(crate) struct Enrolling {
    /// Checks tokens and has certificates signed.
    pub service: EnrollmentService,
    /// What accounts have in common.
    pub provisioning: Provisioning,
    /// Where devices reach the server, without a slash at the end, if that is set.
    pub url: Option<String>,
    /// Whether only programs on this machine reach the server.
    pub is_local: bool,
}

/// Why a device gets no document.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoDocument {
    /// It is not enrolled, or its certificate is not renewed.
    #[error(transparent)]
    Refused(#[from] EnrollmentError),
    /// There is no document to make of the record.
    #[error(transparent)]
    Unprovisionable(#[from] Unprovisionable),
}

/// A request for a first certificate, whose proof of possession was checked.
pub(crate) struct FirstRequest {
    /// The token.
    pub token: Secret,
    /// The family that discovery found.
    pub family: Family,
    /// The request.
    pub csr: CertificateRequest,
    /// What the device says of itself.
    pub claims: DeviceClaims,
    /// Where its account is.
    pub address: ServiceUrl,
}

/// Whether a token lets a device of that family ask for more. Nothing is used up.
pub(crate) async fn check_token(
    app: &App,
    token: &Secret,
    family: Family,
) -> Result<(), EnrollmentError> {
    app.enrolling.service.check_token(token, family).await?;
    Ok(())
}

/// Enrolls a device.
pub(crate) async fn issue(
    app: &App,
    asked: FirstRequest,
) -> Result<ProvisioningDocument, NoDocument> {
    let (secrets, answered) = draw_secrets();
    let request = SignedRequest {
        token: asked.token,
        family: asked.family,
        spki_der: asked.csr.spki().to_vec(),
        csr_der: asked.csr.der().to_vec(),
        claims: asked.claims,
        secrets,
        answered_secrets: Some(answered),
    };
    let issued = app.enrolling.service.issue(request).await?;
    let made = app
        .enrolling
        .provisioning
        .enrollment(&issued, asked.address);
    Ok(made?)
}

/// Renews the certificate that a device presented and signed with.
pub(crate) async fn renew(
    app: &App,
    presented: CertificateDigest,
    family: Family,
    csr: CertificateRequest,
) -> Result<ProvisioningDocument, NoDocument> {
    let asked = RenewalAsked {
        presented,
        spki_der: csr.spki().to_vec(),
        csr_der: csr.der().to_vec(),
    };
    let answer = app.enrolling.service.renew(asked).await?;
    Ok(app.enrolling.provisioning.renewal(family, &answer)?)
}
