//! Issue and renewal: decide, have a certificate signed, and decide once more as it is written.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::certificate::on_record;
use super::issuer::{CertificateRequest, IssueError, Issuer};
use crate::clock::Clock;
use crate::current::Current;
use modegate_core::context::Family;
use modegate_core::device::CertificateDigest;
use modegate_core::enrollment::rules::EnrollmentRules;
use modegate_core::enrollment::{
    DeviceClaims, DeviceEnrollment, DeviceSecrets, DrawnToken, EnrollmentToken, EnrollmentTokenId,
    IssueFault, IssueRequest, IssueStep, IssuedAnswer, KeyDigest, RenewalFault, RenewalRequest,
    RenewalStep, RequestDigest, TokenDigest, TokenFault, TokenOrigin, TokenRequest, issue, renew,
};
use modegate_core::fields::FieldError;
use modegate_core::ids::{DeviceId, EnrollmentId};
use modegate_core::secret::Secret;
use modegate_store::api::Keep;
use modegate_store::enrollment::EnrollmentKey;
use modegate_store::{Store, StoreError};

/// How long before its issue a certificate is valid, milliseconds: clocks of devices are late.
const BACK_DATED_MS: i64 = 10 * 60 * 1000;
/// A day, milliseconds.
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Why a device is not enrolled, or its certificate is not renewed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum EnrollmentError {
    /// A field of a token is not what it should be.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// The token does not let the device enroll.
    #[error("{}", .0.words())]
    Token(TokenFault),
    /// It is not issued.
    #[error("{}", .0.words())]
    Issue(IssueFault),
    /// It is not renewed.
    #[error("{}", .0.words())]
    Renewal(RenewalFault),
    /// The same token or certificate is in use by another request.
    #[error("another request with this token or certificate is being answered: repeat it later")]
    Busy,
    /// The issuer did not sign.
    #[error(transparent)]
    Issuer(#[from] IssueError),
    /// The store cannot do it now.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A token that is wanted.
#[derive(Debug, Clone)]
pub struct WantedToken {
    /// Whose device it enrolls.
    pub user: String,
    /// The family of the device; `None` for any.
    pub family: Option<Family>,
    /// Groups that the device gets.
    pub groups: Vec<String>,
    /// How somebody comes by it.
    pub origin: TokenOrigin,
    /// Who makes it, as the log names them.
    pub made_by: String,
    /// How long it is valid, milliseconds.
    pub valid_ms: i64,
}

/// A token and its text, which is shown once and kept nowhere.
#[derive(Debug, Clone)]
pub struct MadeToken {
    /// The token.
    pub token: EnrollmentToken,
    /// Its text.
    pub text: Secret,
}

/// A certificate request whose proof of possession was checked, and the token with it.
#[derive(Debug, Clone)]
pub struct SignedRequest {
    /// The token.
    pub token: Secret,
    /// The family of the device, as discovery found it.
    pub family: Family,
    /// The public key: SubjectPublicKeyInfo, DER.
    pub spki_der: Vec<u8>,
    /// The request: PKCS#10, DER.
    pub csr_der: Vec<u8>,
    /// What the device says of itself.
    pub claims: DeviceClaims,
    /// What is made for the device alone.
    pub secrets: DeviceSecrets,
    /// The same as it stands in the answer, so that the same request gets the same answer.
    pub answered_secrets: Option<Secret>,
}

/// A certificate request for a renewal, signed by the present key and the new one.
#[derive(Debug, Clone)]
pub struct RenewalAsked {
    /// The certificate that the device presented in TLS.
    pub presented: CertificateDigest,
    /// The new public key: SubjectPublicKeyInfo, DER.
    pub spki_der: Vec<u8>,
    /// The request: PKCS#10, DER.
    pub csr_der: Vec<u8>,
}

/// A device that was enrolled.
#[derive(Debug, Clone)]
pub struct Issued {
    /// The enrollment.
    pub enrollment: DeviceEnrollment,
    /// The certificate and what else is answered.
    pub answer: IssuedAnswer,
}

/// Enrolls devices.
pub struct EnrollmentService {
    store: Arc<dyn Store>,
    clock: Clock,
    rules: Current<EnrollmentRules>,
    issuer: Arc<dyn Issuer>,
    /// The tokens and certificates with which something is being signed.
    under_way: Mutex<HashSet<[u8; 32]>>,
}

/// Something is being signed with this token or certificate, until this is dropped.
struct Signing<'a>(&'a EnrollmentService, [u8; 32]);

impl Drop for Signing<'_> {
    fn drop(&mut self) {
        self.0.under_way().remove(&self.1);
    }
}

impl EnrollmentService {
    /// Works on `store`, with these rules in force until [`EnrollmentService::enforce`].
    pub fn new(
        store: Arc<dyn Store>,
        clock: Clock,
        rules: Arc<EnrollmentRules>,
        issuer: Arc<dyn Issuer>,
    ) -> Self {
        EnrollmentService {
            store,
            clock,
            rules: Current::new(rules),
            issuer,
            under_way: Mutex::default(),
        }
    }

    /// The rules in force.
    pub fn rules(&self) -> Arc<EnrollmentRules> {
        self.rules.get()
    }

    /// Puts other rules in force.
    pub fn enforce(&self, rules: Arc<EnrollmentRules>) {
        self.rules.replace(rules);
    }

    fn under_way(&self) -> std::sync::MutexGuard<'_, HashSet<[u8; 32]>> {
        // One insertion or removal is all that happens under the lock.
        self.under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, with: [u8; 32]) -> Result<Signing<'_>, EnrollmentError> {
        match self.under_way().insert(with) {
            true => Ok(Signing(self, with)),
            false => Err(EnrollmentError::Busy),
        }
    }

    /// Makes a one-time token.
    ///
    /// # Errors
    /// A field is not what it should be, or there are too many tokens.
    pub async fn make_token(
        &self,
        wanted: WantedToken,
        keep: Option<Keep<MadeToken>>,
    ) -> Result<MadeToken, EnrollmentError> {
        let mut bytes = [0_u8; 32];
        // The system's generator does not fail once the machine is up.
        aws_lc_rs::rand::fill(&mut bytes).expect("the system's random numbers");
        let text = Secret::new(data_encoding::HEXLOWER.encode(&bytes));
        let drawn = DrawnToken {
            id: EnrollmentTokenId(Uuid::now_v7()),
            digest: TokenDigest::from_text(text.reveal()),
        };
        let token = EnrollmentToken::new(
            drawn,
            (wanted.user, wanted.family, wanted.groups),
            (wanted.origin, wanted.made_by),
            (self.clock.now(), wanted.valid_ms),
        )?;
        let made = {
            let text = text.clone();
            move |token: &EnrollmentToken| MadeToken {
                token: token.clone(),
                text: text.clone(),
            }
        };
        let keep = keep.map(|keep| keep.from_written(made));
        let token = self.store.create_enrollment_token(token, keep).await?;
        Ok(MadeToken { token, text })
    }

    /// Whether a device of that family may ask for policies with a token: nothing is used up.
    ///
    /// # Errors
    /// Why not.
    pub async fn check_token(
        &self,
        text: &Secret,
        family: Family,
    ) -> Result<EnrollmentToken, EnrollmentError> {
        let digest = TokenDigest::from_text(text.reveal());
        let token = self.store.enrollment_token(digest).await?;
        let token = token.ok_or(EnrollmentError::Token(TokenFault::Unknown))?;
        token
            .check(family, self.clock.now())
            .map_err(EnrollmentError::Token)?;
        Ok(token)
    }

    /// Enrolls a device: its certificate is issued, and the device is on record under the
    /// certificate's common name until it says its own.
    ///
    /// # Errors
    /// Why not; what the token was refused for is on record.
    pub async fn issue(&self, request: SignedRequest) -> Result<Issued, EnrollmentError> {
        let token = TokenDigest::from_text(request.token.reveal());
        let _signing = self.begin(token.0)?;
        let key = KeyDigest(Sha256::digest(&request.spki_der).into());
        let digest = RequestDigest(Sha256::digest(&request.csr_der).into());
        let asked = IssueRequest {
            presented: TokenRequest {
                family: request.family,
                key,
                request: digest,
            },
            claims: request.claims.clone(),
            enrollment: EnrollmentId(Uuid::now_v7()),
            device: DeviceId(Uuid::now_v7()),
            common_name: Uuid::new_v4().to_string(),
            secrets: request.secrets.clone(),
        };
        let (now, rules) = (self.clock.now(), self.rules.get());
        let view = self.store.issue_view(token, key, now).await?;
        // What is refused is refused in the transaction, where it is put on record.
        let signed = match issue(&view, &rules, &asked, None, now) {
            IssueStep::Sign(grant) => {
                let user = view.token.as_ref().map(|token| token.user.clone());
                let wanted = CertificateRequest {
                    csr_der: request.csr_der.clone(),
                    spki_der: request.spki_der.clone(),
                    subject_cn: asked.common_name.clone(),
                    not_before: now.plus_ms(-BACK_DATED_MS),
                    not_after: now.plus_ms(i64::from(grant.certificate_days) * DAY_MS),
                    user: user.unwrap_or_default(),
                    family: request.family,
                    claims: asked.claims.clone(),
                    follows: None,
                };
                let issued = self.issuer.issue(wanted.clone()).await?;
                Some((issued, wanted))
            }
            _ => None,
        };
        let kept = (digest, request.answered_secrets.clone());
        let signed = signed.map(|(issued, wanted)| on_record(issued, &wanted, kept, now));
        let signed = signed.transpose()?;
        let decide = move |view: &_| issue(view, &rules, &asked, signed, now);
        let decided = self
            .store
            .issue_enrollment(token, key, now, Box::new(decide));
        match decided.await? {
            IssueStep::Repeat(made) => issued(*made),
            IssueStep::Write(new) => issued(new.enrollment),
            IssueStep::Refuse(IssueFault::Token(fault), _) => Err(EnrollmentError::Token(fault)),
            IssueStep::Refuse(fault, _) => Err(EnrollmentError::Issue(fault)),
            // The rules or the token were others in between.
            IssueStep::Sign(_) => Err(EnrollmentError::Busy),
        }
    }

    /// Renews the certificate that a device presented.
    ///
    /// # Errors
    /// Why not.
    pub async fn renew(&self, request: RenewalAsked) -> Result<IssuedAnswer, EnrollmentError> {
        let _signing = self.begin(request.presented.0)?;
        let now = self.clock.now();
        let key = KeyDigest(Sha256::digest(&request.spki_der).into());
        let digest = RequestDigest(Sha256::digest(&request.csr_der).into());
        let asked = RenewalRequest {
            presented: request.presented,
            key,
            request: digest,
        };
        let presented = EnrollmentKey::Certificate(request.presented);
        let view = self.store.enrollment_view(presented, None).await?;
        let view = view.ok_or(EnrollmentError::Renewal(RenewalFault::NotBound))?;
        let of_key = self.store.enrollment_of_key(key).await?;
        match renew(&view, of_key, &asked, None, now) {
            RenewalStep::Sign => {}
            RenewalStep::Repeat(answer) => return Ok(answer),
            RenewalStep::Refuse(fault) => return Err(EnrollmentError::Renewal(fault)),
            RenewalStep::Write(_) => return Err(EnrollmentError::Busy),
        }
        let of_before = view.enrollment.certificate(request.presented);
        let days = of_before.map_or(1, |one| one.not_after.ms_since(one.not_before) / DAY_MS);
        let wanted = CertificateRequest {
            csr_der: request.csr_der,
            spki_der: request.spki_der,
            subject_cn: view.enrollment.provisional.0.clone(),
            not_before: now.plus_ms(-BACK_DATED_MS),
            not_after: now.plus_ms(days.max(1) * DAY_MS),
            user: view.enrollment.user.clone(),
            family: view.enrollment.family,
            claims: view.enrollment.claims.clone(),
            follows: of_before.map(|one| one.issuer),
        };
        let signed = self.issuer.issue(wanted.clone()).await?;
        let signed = on_record(signed, &wanted, (digest, None), now)?;
        let decide = move |view: &_, of_key| renew(view, of_key, &asked, Some(signed), now);
        let renewed = self
            .store
            .renew_enrollment(request.presented, key, Box::new(decide));
        match renewed.await? {
            RenewalStep::Repeat(answer) => Ok(answer),
            RenewalStep::Refuse(fault) => Err(EnrollmentError::Renewal(fault)),
            RenewalStep::Sign | RenewalStep::Write(_) => Err(EnrollmentError::Busy),
        }
    }
}

fn issued(enrollment: DeviceEnrollment) -> Result<Issued, EnrollmentError> {
    let answer = enrollment.answer.clone();
    let answer = answer.ok_or(EnrollmentError::Token(TokenFault::Used))?;
    Ok(Issued { enrollment, answer })
}
