//! The OMA DM account: where the device connects, and who proves what to whom.

use super::document::Characteristic;
use super::{ConnectionRetries, DefaultEncoding, ProvisioningError};
use crate::base64;
use crate::secret::SecretText;
use crate::service_url::ServiceUrl;

/// The name of the server in the device's tree. It never changes: devices recognise their
/// account by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderId(String);

impl ProviderId {
    /// Takes 1 to 64 ASCII letters, digits, blanks, dots, hyphens and underscores.
    ///
    /// # Errors
    /// The text has something else.
    pub fn new(text: &str) -> Result<Self, ProvisioningError> {
        let is_good = |byte: u8| byte.is_ascii_alphanumeric() || b" .-_".contains(&byte);
        let is_trimmed = text.trim() == text;
        if (1..=64).contains(&text.len()) && is_trimmed && text.bytes().all(is_good) {
            Ok(ProviderId(text.to_owned()))
        } else {
            Err(ProvisioningError::ProviderId)
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The common name of the device's certificate, by which the device finds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommonName(String);

impl CommonName {
    /// Takes 1 to 64 ASCII letters, digits and hyphens: a GUID or a DeviceID. They are the
    /// same in a distinguished name, in a URL and in the registry.
    ///
    /// # Errors
    /// The text has something else.
    pub fn new(text: &str) -> Result<Self, ProvisioningError> {
        let is_good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if (1..=64).contains(&text.len()) && text.bytes().all(is_good) {
            Ok(CommonName(text.to_owned()))
        } else {
            Err(ProvisioningError::CommonName)
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What the server proves to the device with (AAUTHLEVEL `CLIENT`).
#[derive(Debug, Clone)]
pub struct ServerCredentials {
    /// The secret.
    pub secret: SecretText,
    /// The first nonce.
    pub nonce: [u8; 16],
}

/// What the device proves to the server with (AAUTHLEVEL `APPSRV`).
#[derive(Debug, Clone)]
pub struct ClientCredentials {
    /// The user name.
    pub username: String,
    /// The secret.
    pub secret: SecretText,
    /// The first nonce.
    pub nonce: [u8; 16],
}

/// The account. Its secrets are random, and another device has others.
#[derive(Debug, Clone)]
pub struct Account {
    /// Which server it is of.
    pub provider_id: ProviderId,
    /// The name that people see.
    pub name: String,
    /// Where the device synchronizes. The client appends a query.
    pub address: ServiceUrl,
    /// The common name of the device's certificate.
    pub common_name: CommonName,
    /// The server's credentials towards the device.
    pub server: ServerCredentials,
    /// The device's credentials towards the server.
    pub client: ClientCredentials,
}

impl Account {
    /// The two characteristics APPAUTH, in the order of MS-MDE. Both authenticate by digest.
    pub(super) fn credentials(&self) -> [Characteristic; 2] {
        let digest = |level: &str| {
            let auth = Characteristic::new("APPAUTH");
            auth.parm("AAUTHLEVEL", level).parm("AAUTHTYPE", "DIGEST")
        };
        let server = digest("CLIENT")
            .parm("AAUTHSECRET", self.server.secret.reveal())
            .parm("AAUTHDATA", &base64::encode(&self.server.nonce));
        let client = digest("APPSRV")
            .parm("AAUTHNAME", &self.client.username)
            .parm("AAUTHSECRET", self.client.secret.reveal())
            .parm("AAUTHDATA", &base64::encode(&self.client.nonce));
        [server, client]
    }
}

impl ConnectionRetries {
    /// Appends the parameters of connecting that both families have in this order.
    pub(super) fn append(self, application: Characteristic) -> Characteristic {
        application
            .parm("CONNRETRYFREQ", &self.tries.to_string())
            .parm("INITIALBACKOFFTIME", &self.initial_backoff_ms.to_string())
            .parm("MAXBACKOFFTIME", &self.max_backoff_ms.to_string())
            .present("BACKCOMPATRETRYDISABLED")
    }
}

impl DefaultEncoding {
    pub(super) fn append(self, application: Characteristic) -> Characteristic {
        application.parm("DEFAULTENCODING", self.media_type())
    }
}
