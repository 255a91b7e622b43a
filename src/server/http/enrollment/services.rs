//! Discover, GetPolicies and RequestSecurityToken.

use std::sync::Arc;

use actix_web::http::header::HOST;
use actix_web::{HttpRequest, HttpResponse, web};
use modegate_mde::csr::CertificateRequest;
use modegate_mde::discovery::{AuthPolicy, DiscoverRequest, DiscoverResponse, Version};
use modegate_mde::envelope::{Envelope, Security};
use modegate_mde::family::Family;
use modegate_mde::fault::{Fault, FaultCode, FaultDetail};
use modegate_mde::pkcs7::RenewalRequest;
use modegate_mde::policies::{self, CertificatePolicy};
use modegate_mde::provisioning::ProvisioningDocument;
use modegate_mde::reply::Reply;
use modegate_mde::service_url::ServiceUrl;
use modegate_mde::token_request::{TokenRequest, TokenRequestKind};
use modegate_mde::token_response;
use sha2::{Digest as _, Sha256};

use super::faults::{of_error, of_no_document, of_work};
use super::soap::exchange;
use crate::app::enrolling::{self, FirstRequest};
use crate::http::Shared;
use crate::http::problem::Problem;
use crate::http::site::Transport;
use modegate_core::context::Family as DeviceFamily;
use modegate_core::device::CertificateDigest;
use modegate_core::enrollment::DeviceClaims;
use modegate_core::secret::Secret;

/// What a handler answers.
type Handled = Result<HttpResponse, Problem>;

/// `POST /EnrollmentServer/Discovery.svc`.
pub(super) async fn discover(
    request: HttpRequest,
    body: web::Payload,
    shared: web::Data<Shared>,
) -> Handled {
    exchange(&request, body, async |envelope| {
        let asked = DiscoverRequest::from_envelope(envelope)?;
        discovered(&asked, &base(&request, &shared)?, &shared)
    })
    .await
}

/// `POST /EnrollmentServer/{family}/Policy.svc`.
pub(super) async fn policies(
    request: HttpRequest,
    body: web::Payload,
    path: web::Path<(String, String, String)>,
    shared: web::Data<Shared>,
) -> Handled {
    let family = family(&path)?;
    exchange(&request, body, async |envelope| {
        policies::check_request(envelope)?;
        let (token, app) = (token(envelope)?, Arc::clone(&shared.app));
        let check =
            move || async move { enrolling::check_token(&app, &token, of_device(family)).await };
        let checked = shared.app.work.run_enrollment(check).await;
        checked
            .map_err(of_work)?
            .map_err(|error| of_error(&error))?;
        Ok(CertificatePolicy::for_family(family).reply())
    })
    .await
}

/// `POST /EnrollmentServer/{family}/Enrollment.svc`.
pub(super) async fn request_token(
    request: HttpRequest,
    body: web::Payload,
    path: web::Path<(String, String, String)>,
    shared: web::Data<Shared>,
) -> Handled {
    let family = family(&path)?;
    exchange(&request, body, async |envelope| {
        let asked = TokenRequest::from_envelope(envelope)?;
        let document = match &asked.kind {
            TokenRequestKind::Issue(csr) => {
                let address = address(&base(&request, &shared)?, &shared.sync_path)?;
                let first = first_request(envelope, &asked, csr, (family, address))?;
                issue(&shared, first).await?
            }
            TokenRequestKind::Renew(pkcs7) => renew(&request, &shared, family, pkcs7).await?,
        };
        Ok(token_response::reply(family, &document))
    })
    .await
}

fn family(path: &(String, String, String)) -> Result<Family, Problem> {
    Family::from_code(&path.1).ok_or_else(|| Problem::missing("page"))
}

fn of_device(family: Family) -> DeviceFamily {
    match family {
        Family::Windows81 => DeviceFamily::Windows81,
        Family::WindowsPhone81 => DeviceFamily::WindowsPhone81,
        Family::Windows10 => DeviceFamily::Windows10,
    }
}

/// Where devices reach the server.
fn base(request: &HttpRequest, shared: &Shared) -> Result<String, Fault> {
    let enrolling = &shared.app.enrolling;
    if let Some(url) = &enrolling.url {
        return Ok(url.clone());
    }
    let host = request.headers().get(HOST);
    let host = host.and_then(|host| host.to_str().ok());
    let host = host.or_else(|| request.uri().authority().map(|host| host.as_str()));
    match host.filter(|_| enrolling.is_local) {
        Some(host) => {
            let is_plain = request.app_data::<Transport>() == Some(&Transport::Plain);
            let scheme = if is_plain { "http" } else { "https" };
            Ok(format!("{scheme}://{host}"))
        }
        None => {
            let why = "the server does not know its address: enrollment.url is not set";
            let fault = Fault::new(FaultCode::EnrollmentServer, why);
            Err(fault.with_detail(FaultDetail::CustomServerError))
        }
    }
}

fn address(base: &str, path: &str) -> Result<ServiceUrl, Fault> {
    let url = ServiceUrl::parse(&format!("{base}{path}"));
    url.map_err(|error| Fault::new(FaultCode::EnrollmentServer, error.to_string()))
}

fn discovered(asked: &DiscoverRequest, base: &str, shared: &Shared) -> Result<Reply, Fault> {
    let family = asked.family();
    // Those who can send a password send the token as one. Windows 8.1 cannot.
    let offered: &[AuthPolicy] = match family {
        Family::Windows81 => &[AuthPolicy::Federated],
        _ => &[AuthPolicy::OnPremise, AuthPolicy::Federated],
    };
    let auth_policy = asked.choose_policy(offered).ok_or_else(|| {
        let why = "expected one of the authentication policies Federated and OnPremise";
        Fault::new(FaultCode::Authentication, why).with_detail(FaultDetail::NotSupported)
    })?;
    let service = |name: &str| {
        let path = format!("/EnrollmentServer/{}/{name}", family.code());
        address(base, &path)
    };
    let pages = shared.app.web_url.get().map_or(base, String::as_str);
    let sign_in = format!("/EnrollmentServer/{}/sign-in", family.code());
    let response = DiscoverResponse {
        family,
        auth_policy,
        request_version: asked.request_version,
        enrollment_version: Version::V4,
        policy_url: service("Policy.svc")?,
        enrollment_url: service("Enrollment.svc")?,
        authentication_url: Some(address(pages, &sign_in)?),
    };
    Ok(response.reply())
}

/// The token: as such, or as the password of a client that knows no other way to send it.
fn token(envelope: &Envelope) -> Result<Secret, Fault> {
    let sent = match envelope.security() {
        Security::Token(token) => token.value.reveal_text(),
        Security::Username(name) => name.password.reveal_text(),
        Security::None => None,
    };
    let sent = sent.map(|text| Secret::new(text.trim()));
    sent.ok_or_else(|| Fault::new(FaultCode::Authentication, "expected an enrollment token"))
}

fn first_request(
    envelope: &Envelope,
    asked: &TokenRequest,
    csr: &[u8],
    (family, address): (Family, ServiceUrl),
) -> Result<FirstRequest, Fault> {
    let claims = asked.context.iter();
    let claims = claims.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Ok(FirstRequest {
        token: token(envelope)?,
        family: of_device(family),
        csr: CertificateRequest::read(csr)?,
        claims: DeviceClaims::new(claims),
        address,
    })
}

async fn issue(shared: &Shared, first: FirstRequest) -> Result<ProvisioningDocument, Fault> {
    let app = Arc::clone(&shared.app);
    let issue = move || async move { enrolling::issue(&app, first).await };
    let issued = shared.app.work.run_enrollment(issue).await;
    issued
        .map_err(of_work)?
        .map_err(|error| of_no_document(&error))
}

/// The certificate in TLS, that in the message and the key that signed it are one.
async fn renew(
    request: &HttpRequest,
    shared: &Shared,
    family: Family,
    pkcs7: &[u8],
) -> Result<ProvisioningDocument, Fault> {
    let other = |why: &str| Fault::new(FaultCode::Authentication, why);
    let presented = shared.identifier.evidence_of(request).certificate;
    let presented =
        presented.ok_or_else(|| other("expected the certificate that is to be renewed in TLS"))?;
    let signed = RenewalRequest::read(pkcs7, None)?;
    let signer = CertificateDigest(Sha256::digest(signed.signer_certificate()).into());
    if signer != presented {
        return Err(other("expected the signature of the certificate in TLS"));
    }
    let csr = signed.request().clone();
    let (app, family) = (Arc::clone(&shared.app), of_device(family));
    let renew = move || async move { enrolling::renew(&app, presented, family, csr).await };
    let renewed = shared.app.work.run_enrollment(renew).await;
    renewed
        .map_err(of_work)?
        .map_err(|error| of_no_document(&error))
}
