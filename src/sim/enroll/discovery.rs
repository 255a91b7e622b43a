//! Discovery: where the services are, and how the user proves who they are.

use roxmltree::Node;

use super::envelope::{ENROLLMENT, HeaderToken, Message, NIL, body, child, parse, text};
use super::error::{EnrollError, Step};
use super::family::Family;
use crate::message::escape;

/// How a user proves who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthPolicy {
    /// User name and password in each message.
    OnPremise,
    /// Sign-in pages that give out a token.
    Federated,
}

impl AuthPolicy {
    pub(super) fn name(self) -> &'static str {
        match self {
            AuthPolicy::OnPremise => "OnPremise",
            AuthPolicy::Federated => "Federated",
        }
    }
}

/// What discovery found.
#[derive(Debug, Clone)]
pub struct Discovered {
    /// AuthPolicy.
    pub auth_policy: AuthPolicy,
    /// EnrollmentVersion.
    pub enrollment_version: Option<String>,
    /// AuthenticationServiceUrl.
    pub authentication_url: Option<String>,
    /// EnrollmentPolicyServiceUrl.
    pub policy_url: Option<String>,
    /// EnrollmentServiceUrl.
    pub enrollment_url: String,
}

/// What a device says of itself in Discover.
pub(super) struct Asking<'a> {
    pub(super) family: Family,
    pub(super) user: &'a str,
    pub(super) request_version: Option<&'a str>,
    pub(super) auth_policies: &'a [AuthPolicy],
    pub(super) application_version: &'a str,
    pub(super) url: &'a str,
}

/// The body of Discover.
pub(super) fn request(asking: &Asking<'_>) -> String {
    let version = match asking.request_version {
        None => format!("<RequestVersion {NIL}/>"),
        Some(version) => format!("<RequestVersion>{}</RequestVersion>", escape(version)),
    };
    let mut more = String::new();
    if asking.family == Family::Windows10 {
        let policies: String = asking
            .auth_policies
            .iter()
            .map(|policy| format!("<AuthPolicy>{}</AuthPolicy>", policy.name()))
            .collect();
        more = format!(
            "<DeviceType>{}</DeviceType><ApplicationVersion>{}</ApplicationVersion>\
             <OSEdition>48</OSEdition><AuthPolicies>{policies}</AuthPolicies>",
            asking.family.device_type(),
            escape(asking.application_version)
        );
    }
    format!(
        "<Discover xmlns=\"{ENROLLMENT}\"><request><EmailAddress>{}</EmailAddress>{version}{more}\
         </request></Discover>",
        escape(asking.user)
    )
}

pub(super) fn message<'a>(asking: &'a Asking<'_>, body: &'a str) -> Message<'a> {
    Message {
        action: "http://schemas.microsoft.com/windows/management/2012/01/enrollment/IDiscoveryService/Discover",
        to: asking.url,
        token: &HeaderToken::None,
        body,
    }
}

const ANSWERED: &str = "http://schemas.microsoft.com/windows/management/2012/01/enrollment/IDiscoveryService/DiscoverResponse";

/// Reads the answer, as strictly as the family does.
pub(super) fn read(
    asking: &Asking<'_>,
    sent: &Message<'_>,
    answer: &str,
) -> Result<Discovered, EnrollError> {
    let document = parse(Step::Discovery, answer)?;
    let names = (ANSWERED, "DiscoverResponse");
    let response = body(Step::Discovery, &document, sent, names)?;
    let refused = |what: &str| EnrollError::Discovery(what.to_owned());
    let result = child(response, "DiscoverResult").ok_or_else(|| refused("no DiscoverResult"))?;
    check_order(asking, result)?;
    let policy = child(result, "AuthPolicy").map(text).unwrap_or_default();
    let policy = [AuthPolicy::OnPremise, AuthPolicy::Federated]
        .into_iter()
        .find(|known| known.name() == policy && asking.takes(*known))
        .ok_or_else(|| EnrollError::Discovery(format!("AuthPolicy {policy:?}")))?;
    let found = Discovered {
        auth_policy: policy,
        enrollment_version: child(result, "EnrollmentVersion").map(text),
        authentication_url: address(asking, result, "AuthenticationServiceUrl")?,
        policy_url: address(asking, result, "EnrollmentPolicyServiceUrl")?,
        enrollment_url: address(asking, result, "EnrollmentServiceUrl")?
            .ok_or_else(|| refused("no EnrollmentServiceUrl"))?,
    };
    if policy == AuthPolicy::Federated && found.authentication_url.is_none() {
        return Err(refused("Federated without AuthenticationServiceUrl"));
    }
    found.check(asking)?;
    Ok(found)
}

impl Asking<'_> {
    fn takes(&self, policy: AuthPolicy) -> bool {
        match self.family {
            Family::Windows81 => policy == AuthPolicy::Federated,
            Family::WindowsPhone81 => true,
            Family::Windows10 if self.auth_policies.is_empty() => policy == AuthPolicy::Federated,
            Family::Windows10 => self.auth_policies.contains(&policy),
        }
    }

    /// Whether its version has EnrollmentVersion in the answer: 3.0 and later.
    fn is_versioned(&self) -> bool {
        let major = self
            .request_version
            .and_then(|version| version.split('.').next());
        major.and_then(|major| major.parse::<u32>().ok()) >= Some(3)
    }
}

impl Discovered {
    fn check(&self, asking: &Asking<'_>) -> Result<(), EnrollError> {
        let refused = |what: &str| Err(EnrollError::Discovery(what.to_owned()));
        match (&self.enrollment_version, asking.is_versioned()) {
            (None, true) => return refused("no EnrollmentVersion"),
            (Some(_), false) => return refused("EnrollmentVersion for a client without versions"),
            _ => {}
        }
        let url = self.authentication_url.as_deref().unwrap_or_default();
        if url.contains('?') {
            return refused("AuthenticationServiceUrl with a query");
        }
        match (&self.policy_url, asking.family) {
            (None, Family::Windows81) => return refused("no EnrollmentPolicyServiceUrl"),
            (Some(policy), Family::Windows10) => {
                if host(policy) != host(&self.enrollment_url) {
                    return refused("policies and enrollment on different hosts");
                }
                let services = [policy, &self.enrollment_url];
                if !services
                    .iter()
                    .all(|url| url.to_ascii_lowercase().ends_with(".svc"))
                {
                    return refused("a service whose path does not end in .svc");
                }
            }
            _ => {}
        }
        Ok(())
    }
}

fn host(url: &str) -> Option<String> {
    reqwest::Url::parse(url).ok()?.host_str().map(str::to_owned)
}

/// The elements are a sequence, in an order that differs by family.
fn check_order(asking: &Asking<'_>, result: Node<'_, '_>) -> Result<(), EnrollError> {
    let order: &[&str] = match asking.family {
        Family::Windows81 | Family::WindowsPhone81 => &[
            "AuthPolicy",
            "AuthenticationServiceUrl",
            "EnrollmentPolicyServiceUrl",
            "EnrollmentServiceUrl",
        ],
        Family::Windows10 => &[
            "AuthPolicy",
            "EnrollmentVersion",
            "EnrollmentPolicyServiceUrl",
            "EnrollmentServiceUrl",
            "AuthenticationServiceUrl",
        ],
    };
    let names = result.children().filter(Node::is_element);
    let mut last = None;
    for name in names.map(|node| node.tag_name().name()) {
        let at = order.iter().position(|known| *known == name);
        // Another phone's order is not published.
        let free = asking.family == Family::WindowsPhone81;
        if at.is_none() && name != "EnrollmentVersion" || at <= last && at.is_some() && !free {
            return Err(EnrollError::Discovery(format!("{name} out of order")));
        }
        last = at.max(last);
    }
    Ok(())
}

/// An address without blanks, over HTTPS; plain HTTP only where discovery itself was.
fn address(
    asking: &Asking<'_>,
    result: Node<'_, '_>,
    name: &str,
) -> Result<Option<String>, EnrollError> {
    let refused = |what: &str| EnrollError::Discovery(format!("{name}: {what}"));
    let Some(raw) = child(result, name).and_then(|node| node.text()) else {
        return Ok(None);
    };
    if raw.contains(char::is_whitespace) {
        return Err(refused("white space in the address"));
    }
    let url = reqwest::Url::parse(raw).map_err(|_| refused("expected an address"))?;
    let plain = url.scheme() == "http" && asking.url.starts_with("http://");
    if url.scheme() != "https" && !plain {
        return Err(refused("expected https"));
    }
    Ok(Some(raw.to_owned()))
}
