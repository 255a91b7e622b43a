//! What an enrollment is made with.

use std::net::SocketAddr;

use super::discovery::AuthPolicy;
use super::family::Family;
use crate::secret::Secret;

/// Where the enrollment server is.
#[derive(Debug, Clone)]
pub enum ServerAddress {
    /// A server that the user named: only the origin of the URL counts.
    Url(String),
    /// `EnterpriseEnrollment.` and the domain of an e-mail address.
    Domain {
        /// The domain.
        domain: String,
        /// Where to connect instead of asking DNS; the name in TLS stays.
        connect: Option<SocketAddr>,
    },
}

/// How the user is proved to the server.
#[derive(Debug, Clone)]
pub enum SignIn {
    /// A token that was given out: sent as it is, without sign-in pages.
    Token(Secret),
    /// A password: for the sign-in pages, or in the messages under OnPremise.
    Password(Secret),
}

/// What goes wrong on the device's side, on request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EnrollFaults {
    /// So many answers to the certificate request are lost; the same request is sent again.
    pub lost_answers: u32,
    /// After a lost answer another request, for another key, is sent with the same token.
    pub other_request: bool,
    /// So many certificate requests are cut in half before the whole one is sent.
    pub chopped: u32,
    /// How often a request that got no answer, or one of 5xx without a fault, is sent again.
    pub retries: u32,
}

/// One device's enrollment.
#[derive(Debug, Clone)]
pub struct EnrollOptions {
    /// The device's family.
    pub family: Family,
    /// The server.
    pub server: ServerAddress,
    /// The user's e-mail address (UPN).
    pub user: String,
    /// How the user is proved.
    pub sign_in: SignIn,
    /// CAs that are on the device before (PEM).
    pub ca: Option<Vec<u8>>,
    /// What the device calls itself in sessions, and Windows 10 as DeviceID in the request.
    pub source: String,
    /// The RequestVersion of Discover, if not the family's own. 8.1 sends none.
    pub request_version: Option<String>,
    /// The AuthPolicies that a Windows 10 lists.
    pub auth_policies: Vec<AuthPolicy>,
    /// `appru` of the sign-in pages.
    pub return_address: String,
    /// What goes wrong.
    pub faults: EnrollFaults,
}

impl EnrollOptions {
    /// The usual for a device of this family.
    pub fn new(family: Family, server: ServerAddress, user: &str, sign_in: SignIn) -> Self {
        EnrollOptions {
            family,
            server,
            user: user.to_owned(),
            sign_in,
            ca: None,
            source: uuid::Uuid::new_v4().simple().to_string().to_uppercase(),
            request_version: None,
            auth_policies: vec![AuthPolicy::OnPremise, AuthPolicy::Federated],
            return_address: "ms-app://windows.immersivecontrolpanel".to_owned(),
            faults: EnrollFaults::default(),
        }
    }

    /// The host that is connected to elsewhere than DNS says.
    pub(super) fn connect(&self) -> Option<(String, SocketAddr)> {
        match &self.server {
            ServerAddress::Domain {
                domain,
                connect: Some(connect),
            } => {
                let name = format!("enterpriseenrollment.{}", domain.to_lowercase());
                Some((name, *connect))
            }
            _ => None,
        }
    }

    /// The version that its Discover names.
    pub(super) fn version(&self) -> Option<&str> {
        let own = self.family.request_version();
        own.map(|own| self.request_version.as_deref().unwrap_or(own))
    }

    /// The version of the enrollment client, which newer ones send.
    pub(super) fn application_version(&self) -> &'static str {
        match self.family {
            Family::Windows81 => "6.3.9600.17415",
            Family::WindowsPhone81 => "8.10.14234.375",
            Family::Windows10 => "10.0.19045.2965",
        }
    }

    /// The items of the token request's context. 8.1 says what it is and nothing else.
    pub(super) fn context_items(&self) -> Vec<(&'static str, String)> {
        let mut items = vec![("DeviceType", self.family.device_type().to_owned())];
        if self.family == Family::Windows81 {
            return items;
        }
        let version = self.application_version().to_owned();
        let name = format!("SIM-{}", self.source.get(..8).unwrap_or(&self.source));
        items.extend([
            ("ApplicationVersion", version.clone()),
            ("OSVersion", version),
            ("DeviceID", self.source.clone()),
            ("DeviceName", name),
        ]);
        if self.family == Family::WindowsPhone81 {
            return items;
        }
        let hardware = format!("{:0>64}", self.source);
        items.extend([
            (
                "HWDevID",
                hardware.get(..64).unwrap_or(&hardware).to_owned(),
            ),
            ("MAC", "02-00-00-00-00-01".to_owned()),
            ("MAC", "02-00-00-00-00-02".to_owned()),
            ("OSEdition", "48".to_owned()),
            ("EnrollmentType", "Full".to_owned()),
            ("UXInitiated", "True".to_owned()),
            ("Locale", "en-US".to_owned()),
            ("TargetedUserLoggedIn", "true".to_owned()),
            ("NotInOobe", "True".to_owned()),
            (
                "RequestVersion",
                self.version().unwrap_or_default().to_owned(),
            ),
            ("EnrollmentData", String::new()),
        ]);
        items
    }
}
