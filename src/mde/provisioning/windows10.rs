//! Windows Phone 8.1 and Windows 10 (MS-MDE2): the private key is named beside the
//! certificate, renewal is set up in the certificate store and polling in DMClient.

use super::certificates::installed;
use super::document::Characteristic;
use super::{
    Account, Certificates, CommonName, ConnectionRetries, DefaultEncoding, ProviderId,
    ProvisioningDocument, Renewal, RetrySchedule, StoreScope,
};
use crate::discovery::Version;
use crate::service_url::{LinkUrl, ServiceUrl};

/// Whom people ask for help.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Help {
    /// A telephone number.
    pub phone: Option<String>,
    /// A page.
    pub website: Option<LinkUrl>,
    /// An address.
    pub email: Option<String>,
}

/// What can be configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Where the device's certificate is: the user's store for an enrollment of type Full,
    /// the computer's for one of type Device.
    pub leaf_store: StoreScope,
    /// The format of messages.
    pub encoding: DefaultEncoding,
    /// ROLE, if it is sent.
    pub role: Option<u32>,
    /// How a connection is repeated.
    pub connection: ConnectionRetries,
    /// Whether the document says which certificate the client presents. Without it some
    /// builds present none.
    pub has_search_criteria: bool,
    /// When the certificate is renewed by itself.
    pub renewal: Renewal,
    /// Where, if not at the server of discovery.
    pub renewal_url: Option<ServiceUrl>,
    /// When the device polls.
    pub schedule: RetrySchedule,
    /// Whether each sign-in is followed by a session.
    pub poll_on_login: Option<bool>,
    /// Whether the first sign-in of each user is followed by a session.
    pub all_users_poll_on_first_login: Option<bool>,
    /// UPN: the enrolled user.
    pub upn: Option<String>,
    /// EntDeviceName: the device's name in the server's pages.
    pub device_name: Option<String>,
    /// EntDMID: the server's identifier of the device. Renewal needs it.
    pub device_id: Option<String>,
    /// SyncApplicationVersion. The client cannot go back from 2.0.
    pub sync_version: Option<Version>,
    /// EnableOmaDmKeepAliveMessage: whether long sessions say that they go on.
    pub has_keep_alive: Option<bool>,
    /// Whom people ask for help.
    pub help: Help,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            leaf_store: StoreScope::User,
            encoding: DefaultEncoding::Xml,
            role: Some(u32::MAX),
            connection: ConnectionRetries {
                tries: 3,
                initial_backoff_ms: 16_000,
                max_backoff_ms: 86_400_000,
            },
            has_search_criteria: true,
            renewal: Renewal::DEFAULT,
            renewal_url: None,
            schedule: RetrySchedule::WINDOWS10,
            poll_on_login: None,
            all_users_poll_on_first_login: None,
            upn: None,
            device_name: None,
            device_id: None,
            sync_version: None,
            has_keep_alive: None,
            help: Help::default(),
        }
    }
}

/// The document of an enrollment.
pub fn enrollment(
    certificates: &Certificates<'_>,
    account: &Account,
    options: &Options,
) -> ProvisioningDocument {
    let mut stores = Characteristic::new("CertificateStore");
    for issuer in certificates.issuers() {
        stores = stores.child(issuer);
    }
    let my = Characteristic::new("My").child(own_store(certificates.leaf, options));
    let my = my.child(Characteristic::new("WSTEP").child(renew(options)));
    ProvisioningDocument::new([
        stores.child(my),
        application(account, options),
        dm_client(&account.provider_id, options),
    ])
}

/// The document of a renewal: the new certificate, and for which account it is. The root is
/// in it when it is another one than before.
pub fn renewal(
    root: Option<&[u8]>,
    leaf: &[u8],
    provider_id: &ProviderId,
    options: &Options,
) -> ProvisioningDocument {
    let root = root.map(|root| {
        let system = Characteristic::new(StoreScope::System.name()).child(installed(root));
        Characteristic::new("Root").child(system)
    });
    let stores = Characteristic::new("CertificateStore")
        .maybe_child(root)
        .child(Characteristic::new("My").child(own_store(leaf, options)));
    let application = Characteristic::new("APPLICATION");
    ProvisioningDocument::new([
        stores,
        application.parm("PROVIDER-ID", provider_id.as_str()),
    ])
}

/// The device's certificate, and the empty container that binds it to the key.
fn own_store(leaf: &[u8], options: &Options) -> Characteristic {
    Characteristic::new(options.leaf_store.name())
        .child(installed(leaf))
        .child(Characteristic::new("PrivateKeyContainer"))
}

fn renew(options: &Options) -> Characteristic {
    Characteristic::new("Renew")
        .boolean("ROBOSupport", true)
        .integer("RenewPeriod", options.renewal.period_days())
        .integer("RetryInterval", options.renewal.retry_days())
        .maybe(
            "ServerURL",
            options.renewal_url.as_ref().map(ServiceUrl::as_str),
        )
}

fn application(account: &Account, options: &Options) -> Characteristic {
    let role = options.role.map(|role| role.to_string());
    let application = Characteristic::new("APPLICATION")
        .parm("APPID", "w7")
        .parm("PROVIDER-ID", account.provider_id.as_str())
        .parm("NAME", &account.name)
        .parm("ADDR", account.address.as_str())
        .maybe("ROLE", role.as_deref());
    let application = options.connection.append(application);
    let application = options.encoding.append(application);
    let criteria = criteria(&account.common_name, options.leaf_store);
    let criteria = options.has_search_criteria.then_some(criteria.as_str());
    let [server, client] = account.credentials();
    application
        .maybe("SSLCLIENTCERTSEARCHCRITERIA", criteria)
        .child(server)
        .child(client)
}

fn criteria(name: &CommonName, scope: StoreScope) -> String {
    format!(
        "Subject=CN%3D{}&Stores=My%5C{}",
        name.as_str(),
        scope.name()
    )
}

fn dm_client(provider_id: &ProviderId, options: &Options) -> Characteristic {
    let provider = Characteristic::new(provider_id.as_str());
    let provider = client_values(provider, options).child(poll(options));
    Characteristic::new("DMClient").child(Characteristic::new("Provider").child(provider))
}

fn client_values(mut provider: Characteristic, options: &Options) -> Characteristic {
    let version = options.sync_version.map(|version| version.to_string());
    let help = &options.help;
    let texts = [
        ("UPN", options.upn.as_deref()),
        ("EntDeviceName", options.device_name.as_deref()),
        ("EntDMID", options.device_id.as_deref()),
        ("SyncApplicationVersion", version.as_deref()),
        ("HelpPhoneNumber", help.phone.as_deref()),
        ("HelpWebsite", help.website.as_ref().map(LinkUrl::as_str)),
        ("HelpEmailAddress", help.email.as_deref()),
    ];
    for (name, value) in texts {
        if let Some(value) = value {
            provider = provider.string(name, value);
        }
    }
    match options.has_keep_alive {
        Some(value) => provider.boolean("EnableOmaDmKeepAliveMessage", value),
        None => provider,
    }
}

fn poll(options: &Options) -> Characteristic {
    let flags = [
        ("PollOnLogin", options.poll_on_login),
        (
            "AllUsersPollOnFirstLogin",
            options.all_users_poll_on_first_login,
        ),
    ];
    let mut poll = options.schedule.poll();
    for (name, value) in flags {
        if let Some(value) = value {
            poll = poll.boolean(name, value);
        }
    }
    poll
}
