//! Renewal: a new key, certified on the word of the old one.

use jiff::{SignedDuration, Timestamp};

use super::clock::now;
use super::document;
use super::enrolled::{Enrolled, Held};
use super::enroller::{Enroller, ask, empty_password};
use super::envelope::HeaderToken;
use super::error::{EnrollError, Step};
use super::family::Family;
use super::http::Http;
use super::key::DeviceKey;
use super::options::EnrollOptions;
use super::requests::{SignedOver, certificate_request, signed_data};
use super::token::{self, Enclosed};

/// Whether a renewal is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Not yet, or the account has none.
    No,
    /// Now.
    Yes,
    /// Never again: the certificate has expired.
    Expired,
}

/// Whether it is time for a renewal.
pub fn renewal_due(enrolled: &Enrolled) -> Due {
    due_at(enrolled, now())
}

fn due_at(enrolled: &Enrolled, now: Timestamp) -> Due {
    let (Some((_, ends)), Some(renewal)) = (enrolled.held.dates(), &enrolled.account.renewal)
    else {
        return Due::No;
    };
    let days = SignedDuration::from_hours(24 * i64::from(renewal.period_days));
    match (now > ends, now + days >= ends) {
        (true, _) => Due::Expired,
        (false, true) => Due::Yes,
        (false, false) => Due::No,
    }
}

/// A renewal on its way.
pub struct Renewing {
    /// The new key.
    pub key: DeviceKey,
    /// The PKCS #7 around the request for it.
    pub message: Vec<u8>,
}

impl Renewing {
    /// A new key of 2048 bits, and the request for it signed by the old one.
    ///
    /// # Errors
    /// The old certificate cannot be read.
    pub fn begin(enrolled: &Enrolled, over: SignedOver) -> Result<Self, EnrollError> {
        let key = DeviceKey::generate(2048)?;
        let (family, hash) = (enrolled.family, enrolled.hash);
        let request = certificate_request(family, &enrolled.source, &key, hash);
        let held = &enrolled.held;
        let message = signed_data(&request, &held.certificate, &held.key, hash, over);
        let message = message.ok_or(EnrollError::NotRenewed("the certificate is unreadable"))?;
        Ok(Renewing { key, message })
    }
}

/// Sends a renewal over TLS with the certificate of `shown`; returns the document.
/// `options` has the CAs, and the address where to start.
///
/// # Errors
/// It is refused, or the answer holds no document for this family.
pub async fn request_renewal(
    options: &EnrollOptions,
    enrolled: &Enrolled,
    shown: Option<&Held>,
    pkcs7: &[u8],
) -> Result<String, EnrollError> {
    let family = enrolled.family;
    let url = renewal_url(options, enrolled).await?;
    let identity = shown.map(Held::identity);
    let trusted = enrolled.trusted(options.ca.as_deref());
    let http = Http::new(
        Some(&trusted),
        identity.as_ref(),
        options.connect(),
        family.user_agent(),
    )
    .map_err(|error| EnrollError::Transport {
        step: Step::Renewal,
        error,
    })?;
    let (header, items) = match family {
        Family::Windows10 => (empty_password(&enrolled.user), options.context_items()),
        _ => (HeaderToken::None, options.context_items()),
    };
    let enclosed = Enclosed::Renewal(pkcs7);
    let body = token::request(family, &enclosed, &items);
    let sent = token::message(&url, &header, &body);
    let answer = ask(&http, enclosed.step(), &sent, options.faults.retries).await?;
    token::read(family, Step::Renewal, &sent, &answer)
}

/// 8.1 goes to the address of its enrollment; the others to ServerURL, or begin at discovery.
async fn renewal_url(options: &EnrollOptions, enrolled: &Enrolled) -> Result<String, EnrollError> {
    let given = enrolled.account.renewal.as_ref();
    let given = given.and_then(|renewal| renewal.server_url.clone());
    match (enrolled.family, given) {
        (Family::Windows81, _) => Ok(enrolled.enrollment_url.clone()),
        (_, Some(url)) => Ok(url),
        _ => {
            let enroller = Enroller::new(options.clone())?;
            Ok(enroller.discover().await?.enrollment_url)
        }
    }
}

/// Installs a renewal's document. The old certificate stays until
/// [`Enrolled::forget_previous`].
///
/// # Errors
/// The family would not install it; the old certificate stays as it was.
pub fn install_renewal(
    enrolled: &mut Enrolled,
    document: &str,
    key: DeviceKey,
) -> Result<(), EnrollError> {
    let family = enrolled.family;
    let account = (
        enrolled.account.provider_id.as_str(),
        enrolled.roots.as_slice(),
    );
    let replaced = document::replace(family, document, &key, now(), account)
        .map_err(|fault| EnrollError::Document { family, fault })?;
    if let Some(root) = replaced.root.filter(|root| !enrolled.roots.contains(root)) {
        enrolled.roots.push(root);
    }
    let held = Held {
        key,
        certificate: replaced.certificate,
    };
    enrolled.previous = Some(std::mem::replace(&mut enrolled.held, held));
    Ok(())
}

/// Renews the certificate: request and installation. With `lost_answers` of the options
/// the answer is lost and the device stays with its old certificate.
///
/// # Errors
/// The certificate has expired, or a step failed.
pub async fn renew(options: &EnrollOptions, enrolled: &mut Enrolled) -> Result<(), EnrollError> {
    if renewal_due(enrolled) == Due::Expired {
        return Err(EnrollError::NotRenewed("the certificate has expired"));
    }
    let renewing = Renewing::begin(enrolled, SignedOver::Attributes)?;
    let shown = Some(&enrolled.held);
    let document = request_renewal(options, enrolled, shown, &renewing.message).await?;
    if options.faults.lost_answers > 0 {
        return Err(EnrollError::NotRenewed("the answer was lost"));
    }
    install_renewal(enrolled, &document, renewing.key)
}
