//! Discovery: what a client says of itself first, and where it is sent.

use std::fmt;

use crate::envelope::{Envelope, EnvelopeError};
use crate::family::Family;
use crate::namespace::DISCOVERY;
use crate::reply::Reply;
use crate::service_url::ServiceUrl;
use crate::xml::{Element, clean_uri};

/// Most authentication policies of a request that are read.
const MAX_POLICIES: usize = 16;

/// How a user proves who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AuthPolicy {
    /// A sign-in page returns a token. The only one that Windows 8.1 knows.
    Federated,
    /// User name and password in the messages.
    OnPremise,
    /// A certificate signs the messages.
    Certificate,
}

impl AuthPolicy {
    /// The name in the protocol.
    pub const fn name(self) -> &'static str {
        match self {
            AuthPolicy::Federated => "Federated",
            AuthPolicy::OnPremise => "OnPremise",
            AuthPolicy::Certificate => "Certificate",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        let all = [
            AuthPolicy::Federated,
            AuthPolicy::OnPremise,
            AuthPolicy::Certificate,
        ];
        let mut all = all.into_iter();
        all.find(|policy| policy.name().eq_ignore_ascii_case(name))
    }
}

/// A version of the protocol. Versions are compared as numbers: a newer one than any known
/// is treated as the newest known, never refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// Before the dot.
    pub major: u32,
    /// Behind the dot.
    pub minor: u32,
}

impl Version {
    /// The first version whose clients expect EnrollmentVersion in the answer.
    pub const V3: Version = Version { major: 3, minor: 0 };
    /// What the server answers unless it is configured otherwise.
    pub const V4: Version = Version { major: 4, minor: 0 };
    /// Lets Windows 11 add claims of attestation.
    pub const V5: Version = Version { major: 5, minor: 0 };

    /// Reads `major` or `major.minor`; what stands behind a second dot is ignored, and too
    /// large numbers count as the largest one.
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.').map(|part| {
            let is_number = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            is_number.then(|| part.parse().unwrap_or(u32::MAX))
        });
        let major = parts.next()??;
        let minor = parts.next().unwrap_or(Some(0))?;
        Some(Version { major, minor })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// What a client says of itself. Nothing of it is proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiscoverRequest {
    /// The user's address, `domain\user`, or nothing.
    pub email_address: Option<String>,
    /// The newest version that the client speaks; nothing for Windows 8.1. Text that is no
    /// version counts as 4.0: who sends one speaks MS-MDE2.
    pub request_version: Option<Version>,
    /// `CIMClient_Windows` or `WindowsPhone`.
    pub device_type: Option<String>,
    /// The version of the operating system.
    pub application_version: Option<String>,
    /// The number of the edition.
    pub os_edition: Option<String>,
    /// What the client can do, in its order. Unknown ones are left out.
    pub auth_policies: Vec<AuthPolicy>,
}

impl DiscoverRequest {
    /// Takes the request from an envelope.
    ///
    /// # Errors
    /// The envelope contains another operation.
    pub fn from_envelope(envelope: &Envelope) -> Result<Self, EnvelopeError> {
        let body = envelope.operation(&["Discover"], "Discover")?;
        let request = body.first("request").unwrap_or(body);
        let text = |name| request.value(name).map(str::to_owned);
        let policies = request.first("AuthPolicies");
        let policies = policies.into_iter().flat_map(|list| list.all("AuthPolicy"));
        let version = request.value("RequestVersion").map(clean_uri);
        Ok(DiscoverRequest {
            email_address: text("EmailAddress"),
            request_version: version
                .filter(|version| !version.is_empty())
                .map(|version| Version::parse(&version).unwrap_or(Version::V4)),
            device_type: text("DeviceType"),
            application_version: text("ApplicationVersion"),
            os_edition: text("OSEdition"),
            auth_policies: policies
                .take(MAX_POLICIES)
                .filter_map(|policy| AuthPolicy::from_name(&clean_uri(policy.text())))
                .collect(),
        })
    }

    /// Which family the client is of. Windows 8.1 sends no version. Versions before 3 are the
    /// phone's, unless the client names a PC.
    pub fn family(&self) -> Family {
        let device_type = self.device_type.as_deref().unwrap_or_default();
        let is_phone = device_type.eq_ignore_ascii_case("WindowsPhone");
        match self.request_version {
            Some(version) if version >= Version::V3 => Family::Windows10,
            _ if is_phone => Family::WindowsPhone81,
            Some(_) if device_type.is_empty() => Family::WindowsPhone81,
            Some(_) | None => Family::Windows81,
        }
    }

    /// The policy to answer with: the first of the server's that the client lists. A client
    /// that lists none knows Federated only.
    ///
    /// `None` if the client lists some, but none of the server's.
    pub fn choose_policy(&self, offered: &[AuthPolicy]) -> Option<AuthPolicy> {
        let federated = [AuthPolicy::Federated];
        let known = match self.auth_policies.as_slice() {
            [] => &federated[..],
            list => list,
        };
        let mut offered = offered.iter().copied();
        offered.find(|policy| known.contains(policy))
    }
}

/// Where a client is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiscoverResponse {
    /// Decides the order of the elements.
    pub family: Family,
    /// How the user signs in.
    pub auth_policy: AuthPolicy,
    /// The version that the client asked with. Without one, or with one before 3.0, the
    /// answer contains no version.
    pub request_version: Option<Version>,
    /// The newest version that the server lets the client use: 4.0, or 5.0 to see claims of
    /// attestation.
    pub enrollment_version: Version,
    /// Where GetPolicies goes. On the same host as the next one.
    pub policy_url: ServiceUrl,
    /// Where the certificate is requested.
    pub enrollment_url: ServiceUrl,
    /// The sign-in page; only sent for [`AuthPolicy::Federated`].
    pub authentication_url: Option<ServiceUrl>,
}

impl DiscoverResponse {
    /// The answer.
    pub fn reply(&self) -> Reply {
        let url = |name: &str, url: &ServiceUrl| Element::with_text(name, url.as_str());
        let is_federated = self.auth_policy == AuthPolicy::Federated;
        let authentication = self.authentication_url.as_ref().filter(|_| is_federated);
        let authentication = authentication.map(|it| url("AuthenticationServiceUrl", it));
        let mut result = Element::new("DiscoverResult")
            .child(Element::with_text("AuthPolicy", self.auth_policy.name()))
            .with_children(self.version());
        let services = [
            url("EnrollmentPolicyServiceUrl", &self.policy_url),
            url("EnrollmentServiceUrl", &self.enrollment_url),
        ];
        result = if self.family == Family::Windows81 {
            result.with_children(authentication).with_children(services)
        } else {
            result.with_children(services).with_children(authentication)
        };
        let response = Element::new("DiscoverResponse").namespace(DISCOVERY);
        let action = format!("{DISCOVERY}/IDiscoveryService/DiscoverResponse");
        Reply::new(action, response.child(result))
    }

    fn version(&self) -> Option<Element> {
        let is_expected = self.request_version.is_some_and(|it| it >= Version::V3);
        let version = self.enrollment_version.to_string();
        is_expected.then(|| Element::with_text("EnrollmentVersion", &version))
    }
}
