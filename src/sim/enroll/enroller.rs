//! A device that enrolls: every step by itself, or all in turn.

use reqwest::Url;

use super::clock::now;
use super::discovery::{self, Asking, AuthPolicy, Discovered};
use super::document;
use super::enrolled::{Enrolled, Held};
use super::envelope::{HeaderToken, Message};
use super::error::{EnrollError, Step};
use super::http::{Call, Http, RawResponse, message};
use super::key::DeviceKey;
use super::options::{EnrollOptions, ServerAddress, SignIn};
use super::policies::{self, Policies};
use super::requests::certificate_request;
use super::sign_in::{SigningIn, sign_in};
use super::token::{self, Enclosed};
use crate::secret::Secret;
use crate::transport::SimError;

const MEDIA_TYPE: &str = "application/soap+xml; charset=utf-8";

/// A device on its way to an enrollment.
pub struct Enroller {
    options: EnrollOptions,
    http: Http,
    discovery_url: String,
}

impl Enroller {
    /// Sets it up; nothing is sent.
    ///
    /// # Errors
    /// The address is none, or TLS cannot be set up.
    pub fn new(options: EnrollOptions) -> Result<Self, EnrollError> {
        let discovery_url = discovery_url(&options.server)?;
        let agent = options.family.user_agent();
        let http =
            Http::new(options.ca.as_deref(), None, options.connect(), agent).map_err(|error| {
                EnrollError::Transport {
                    step: Step::Probe,
                    error,
                }
            })?;
        Ok(Enroller {
            options,
            http,
            discovery_url,
        })
    }

    /// What it was set up with.
    pub fn options(&self) -> &EnrollOptions {
        &self.options
    }

    /// The address that it asks first.
    pub fn discovery_url(&self) -> &str {
        &self.discovery_url
    }

    /// GET of the discovery address: 200 and nothing in it.
    ///
    /// # Errors
    /// It is answered otherwise.
    pub async fn probe(&self) -> Result<(), EnrollError> {
        let response = self.get(Step::Probe, &self.discovery_url).await?;
        match response.status {
            200 if response.body.is_empty() && response.has_length => Ok(()),
            200 => Err(EnrollError::Malformed(
                Step::Probe,
                "expected Content-Length 0".to_owned(),
            )),
            status @ 300..400 => Err(EnrollError::Redirected(Step::Probe, status)),
            status => Err(EnrollError::Status(Step::Probe, status)),
        }
    }

    /// Discover.
    ///
    /// # Errors
    /// It is refused, or the answer is not one that the family accepts.
    pub async fn discover(&self) -> Result<Discovered, EnrollError> {
        let asking = Asking {
            family: self.options.family,
            user: &self.options.user,
            request_version: self.options.version(),
            auth_policies: &self.options.auth_policies,
            application_version: self.options.application_version(),
            url: &self.discovery_url,
        };
        let body = discovery::request(&asking);
        let sent = discovery::message(&asking, &body);
        let answer = self.ask(Step::Discovery, &sent).await?;
        discovery::read(&asking, &sent, &answer)
    }

    /// Gets what proves the user: by the sign-in pages where discovery says so.
    ///
    /// # Errors
    /// The pages do not give out a token.
    pub async fn sign_in(&self, found: &Discovered) -> Result<HeaderToken, EnrollError> {
        match (&self.options.sign_in, found.auth_policy) {
            (SignIn::Token(token), _) => Ok(HeaderToken::Binary(token.clone())),
            (SignIn::Password(password), AuthPolicy::OnPremise) => Ok(HeaderToken::UserName(
                self.options.user.clone(),
                password.clone(),
            )),
            (SignIn::Password(password), AuthPolicy::Federated) => {
                let url = found.authentication_url.as_deref().unwrap_or_default();
                let signing_in = SigningIn {
                    http: &self.http,
                    url,
                    return_address: &self.options.return_address,
                    user: &self.options.user,
                    password,
                };
                sign_in(&signing_in).await.map(HeaderToken::Binary)
            }
        }
    }

    /// GetPolicies; the default where there is no policy service.
    ///
    /// # Errors
    /// It is refused, or the answer is not one that the family accepts.
    pub async fn policies(
        &self,
        found: &Discovered,
        token: &HeaderToken,
    ) -> Result<Policies, EnrollError> {
        let Some(url) = &found.policy_url else {
            return Ok(Policies::default());
        };
        let body = policies::request();
        let sent = policies::message(url, token, &body);
        let answer = self.ask(Step::Policies, &sent).await?;
        policies::read(self.options.family, &sent, &answer)
    }

    /// The certificate request that this device would send for a key.
    pub fn certificate_request(&self, key: &DeviceKey, policies: &Policies) -> Vec<u8> {
        let (family, source) = (self.options.family, &self.options.source);
        certificate_request(family, source, key, policies.hash)
    }

    /// RequestSecurityToken with that certificate request; returns the provisioning document.
    ///
    /// # Errors
    /// It is refused, or the answer holds no document for this family.
    pub async fn request_token(
        &self,
        found: &Discovered,
        token: &HeaderToken,
        request: &[u8],
    ) -> Result<String, EnrollError> {
        let items = self.options.context_items();
        self.request_with(found, token, request, &items).await
    }

    /// The same with other items of AdditionalContext.
    ///
    /// # Errors
    /// As [`Enroller::request_token`].
    pub async fn request_with(
        &self,
        found: &Discovered,
        token: &HeaderToken,
        request: &[u8],
        items: &[(&str, String)],
    ) -> Result<String, EnrollError> {
        let family = self.options.family;
        let body = token::request(family, &Enclosed::Request(request), items);
        let sent = token::message(&found.enrollment_url, token, &body);
        let answer = self.ask(Step::Issue, &sent).await?;
        token::read(family, Step::Issue, &sent, &answer)
    }

    /// Checks a provisioning document as the family would, and installs it.
    ///
    /// # Errors
    /// The family would not install it.
    pub fn install(
        &self,
        text: &str,
        key: &DeviceKey,
        found: &Discovered,
        policies: &Policies,
    ) -> Result<Enrolled, EnrollError> {
        let family = self.options.family;
        let installed = document::install(family, text, key, now())
            .map_err(|fault| EnrollError::Document { family, fault })?;
        Ok(Enrolled {
            family,
            source: self.options.source.clone(),
            user: self.options.user.clone(),
            held: Held {
                key: key.clone(),
                certificate: installed.certificate,
            },
            previous: None,
            roots: vec![installed.root],
            intermediate: installed.intermediate,
            account: installed.account,
            enrollment_url: found.enrollment_url.clone(),
            hash: policies.hash,
        })
    }

    /// The certificate request with what was asked to go wrong; returns the key and the document.
    async fn request_faultily(
        &self,
        found: &Discovered,
        token: &HeaderToken,
        policies: &Policies,
    ) -> Result<(DeviceKey, String), EnrollError> {
        let faults = self.options.faults;
        let mut key = DeviceKey::generate(policies.key_bits)?;
        let mut request = self.certificate_request(&key, policies);
        for _ in 0..faults.chopped {
            self.send_chopped(found, token, &request).await?;
        }
        for _ in 0..faults.lost_answers {
            let lost = self.request_token(found, token, &request).await;
            drop(lost);
        }
        if faults.other_request {
            if faults.lost_answers == 0 {
                drop(self.request_token(found, token, &request).await);
            }
            key = DeviceKey::generate(policies.key_bits)?;
            request = self.certificate_request(&key, policies);
        }
        let document = self.request_token(found, token, &request).await?;
        Ok((key, document))
    }

    /// Half of a certificate request: the server may answer anything but success.
    async fn send_chopped(
        &self,
        found: &Discovered,
        token: &HeaderToken,
        request: &[u8],
    ) -> Result<(), EnrollError> {
        let enclosed = Enclosed::Request(request);
        let body = token::request(
            self.options.family,
            &enclosed,
            &self.options.context_items(),
        );
        let mut text = token::message(&found.enrollment_url, token, &body).text();
        // The envelope is ASCII but for what a user's name brings; half of it lies before that.
        let mut half = text.len() / 2;
        while !text.is_char_boundary(half) {
            half -= 1;
        }
        text.truncate(half);
        let response = self.post_raw(&found.enrollment_url, text).await?;
        if response.status == 200 {
            let what = "half a message was answered with HTTP 200".to_owned();
            return Err(EnrollError::Malformed(Step::Issue, what));
        }
        Ok(())
    }

    /// Posts any text as a SOAP message, for a client that is not as it should be.
    ///
    /// # Errors
    /// It did not get through.
    pub async fn post_raw(&self, url: &str, text: String) -> Result<RawResponse, EnrollError> {
        let call = Call {
            step: Step::Issue,
            url,
            body: Some((MEDIA_TYPE, text.into_bytes())),
            cookies: None,
        };
        self.http.call(call).await
    }

    /// The text that RequestSecurityToken would send, to be changed and posted by
    /// [`Enroller::post_raw`].
    pub fn request_text(&self, found: &Discovered, token: &HeaderToken, request: &[u8]) -> String {
        let enclosed = Enclosed::Request(request);
        let items = self.options.context_items();
        let body = token::request(self.options.family, &enclosed, &items);
        token::message(&found.enrollment_url, token, &body).text()
    }

    async fn get(&self, step: Step, url: &str) -> Result<RawResponse, EnrollError> {
        let call = Call {
            step,
            url,
            body: None,
            cookies: None,
        };
        self.http.call(call).await
    }

    async fn ask(&self, step: Step, sent: &Message<'_>) -> Result<String, EnrollError> {
        ask(&self.http, step, sent, self.options.faults.retries).await
    }
}

/// Sends a message, again where nothing came back; returns the text of the answer.
pub(super) async fn ask(
    http: &Http,
    step: Step,
    sent: &Message<'_>,
    retries: u32,
) -> Result<String, EnrollError> {
    let mut left = retries;
    loop {
        let call = Call {
            step,
            url: sent.to,
            body: Some((MEDIA_TYPE, sent.text().into_bytes())),
            cookies: None,
        };
        let answer = http.call(call).await;
        let answer = answer.and_then(|response| message(step, &response));
        let may_pass = matches!(
            answer,
            Err(
                EnrollError::Transport {
                    error: SimError::Http(_),
                    ..
                }
                | EnrollError::Status(_, 500.. | 429),
            )
        );
        if !may_pass || left == 0 {
            return answer;
        }
        left -= 1;
    }
}

fn discovery_url(server: &ServerAddress) -> Result<String, EnrollError> {
    const PATH: &str = "/EnrollmentServer/Discovery.svc";
    match server {
        ServerAddress::Domain { domain, .. } => {
            Ok(format!("https://EnterpriseEnrollment.{domain}{PATH}"))
        }
        ServerAddress::Url(text) => {
            let url = Url::parse(text).ok().filter(Url::has_host);
            let url = url.ok_or_else(|| {
                EnrollError::Input(format!("expected the URL of a server, found {text:?}"))
            })?;
            Ok(format!("{}{PATH}", url.origin().ascii_serialization()))
        }
    }
}

/// Enrolls a device: every step in turn.
///
/// # Errors
/// The first step that failed.
pub async fn enroll(options: EnrollOptions) -> Result<Enrolled, EnrollError> {
    let enroller = Enroller::new(options)?;
    enroller.probe().await?;
    let found = enroller.discover().await?;
    let token = enroller.sign_in(&found).await?;
    let policies = enroller.policies(&found, &token).await?;
    let (key, document) = enroller.request_faultily(&found, &token, &policies).await?;
    enroller.install(&document, &key, &found, &policies)
}

/// A user name with an empty password, as Windows 10 puts it into a renewal's header.
pub(super) fn empty_password(user: &str) -> HeaderToken {
    HeaderToken::UserName(user.to_owned(), Secret::new(""))
}
