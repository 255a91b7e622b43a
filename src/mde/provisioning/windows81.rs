//! Windows 8.1 (MS-MDE, 3.6). The public specification shows one document and explains few
//! of its values; what could be otherwise on a tablet is in [`Options`].

use super::certificates::{installed, store};
use super::document::Characteristic;
use super::{
    Account, AccountKey, Certificates, CommonName, ConnectionRetries, DefaultEncoding,
    ProvisioningDocument, Renewal, RetrySchedule, StoreScope, thumbprint,
};
use crate::service_url::LinkUrl;

/// What the value SslServerRootCertHash is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum RootHash {
    /// The thumbprint of the root in the document, as MS-MDE has it.
    #[default]
    Root,
    /// This thumbprint, of the root of the server's TLS certificate.
    Fixed(String),
    /// The value is left out.
    Omitted,
}

/// What a tablet may turn out to expect otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Where the device's certificate is installed.
    pub leaf_store: StoreScope,
    /// Where the DM client looks for it (SSLCLIENTCERTSEARCHCRITERIA).
    pub search_store: StoreScope,
    /// Where the registry says that it is. MS-MDE says System here and User above.
    pub registry_store: StoreScope,
    /// The format of messages.
    pub encoding: DefaultEncoding,
    /// ROLE.
    pub role: u32,
    /// CRLCheck: presumably whether revocation of the server's certificate is checked.
    pub crl_check: bool,
    /// How a connection is repeated.
    pub connection: ConnectionRetries,
    /// When the device polls.
    pub schedule: RetrySchedule,
    /// RenewalPeriod: presumably days before the end. Windows 8.1 has no retry interval.
    pub renewal: Renewal,
    /// The registry key of the account.
    pub account_key: AccountKey,
    /// SslServerRootCertHash.
    pub root_hash: RootHash,
    /// SSPHyperlink: a link that PC settings show.
    pub portal: Option<LinkUrl>,
    /// DeviceName.
    pub device_name: String,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            leaf_store: StoreScope::User,
            search_store: StoreScope::User,
            registry_store: StoreScope::System,
            encoding: DefaultEncoding::Xml,
            role: u32::MAX,
            crl_check: false,
            connection: ConnectionRetries {
                tries: 6,
                initial_backoff_ms: 30_000,
                max_backoff_ms: 120_000,
            },
            schedule: RetrySchedule::WINDOWS81,
            renewal: Renewal::DEFAULT,
            account_key: AccountKey::Derived,
            root_hash: RootHash::Root,
            portal: None,
            device_name: String::new(),
        }
    }
}

/// The document of an enrollment.
pub fn enrollment(
    certificates: &Certificates<'_>,
    account: &Account,
    options: &Options,
) -> ProvisioningDocument {
    let leaf = installed(certificates.leaf).child(key_container());
    let mut stores = Characteristic::new("CertificateStore");
    for issuer in certificates.issuers() {
        stores = stores.child(issuer);
    }
    ProvisioningDocument::new([
        stores.child(store("My", options.leaf_store, leaf)),
        application(account, options),
        registry(certificates, account, options),
    ])
}

/// The document of a renewal: the new certificate only.
pub fn renewal(leaf: &[u8], options: &Options) -> ProvisioningDocument {
    let stores = Characteristic::new("CertificateStore");
    let my = store("My", options.leaf_store, installed(leaf));
    ProvisioningDocument::new([stores.child(my)])
}

/// Where the client made its key: the values are the client's own.
fn key_container() -> Characteristic {
    Characteristic::new("PrivateKeyContainer")
        .parm("KeySpec", "2")
        .parm("ContainerName", "ConfigMgrEnrollment")
        .parm("ProviderType", "1")
}

fn application(account: &Account, options: &Options) -> Characteristic {
    let address = account.address.as_str();
    let application = Characteristic::new("APPLICATION")
        .parm("APPID", "w7")
        .parm("PROVIDER-ID", account.provider_id.as_str())
        .parm("NAME", &account.name)
        .maybe("SSPHyperlink", options.portal.as_ref().map(LinkUrl::as_str))
        .parm("ADDR", address)
        .parm("ServerList", address)
        .parm("ROLE", &options.role.to_string())
        .parm("CRLCheck", if options.crl_check { "1" } else { "0" });
    let application = options.connection.append(application);
    let application = options.encoding.append(application);
    let criteria = criteria(&account.common_name, options.search_store);
    let [server, client] = account.credentials();
    application
        .parm("SSLCLIENTCERTSEARCHCRITERIA", &criteria)
        .child(server)
        .child(client)
}

/// The letter case of the escapes is that of MS-MDE.
fn criteria(name: &CommonName, scope: StoreScope) -> String {
    format!(
        "Subject=CN%3d{}&Stores=MY%5C{}",
        name.as_str(),
        scope.name()
    )
}

fn registry(
    certificates: &Certificates<'_>,
    account: &Account,
    options: &Options,
) -> Characteristic {
    let enrollment = Characteristic::new(r"HKLM\Security\MachineEnrollment")
        .integer("RenewalPeriod", options.renewal.period_days());
    let retry = Characteristic::new(r"HKLM\Security\MachineEnrollment\OmaDmRetry");
    // Both spellings of one key: the client reads the document literally.
    let device = Characteristic::new(r"HKLM\Software\Windows\CurrentVersion\MDM\MachineEnrollment")
        .string("DeviceName", &options.device_name);
    let reference = format!(
        "My;{};{}",
        options.registry_store.name(),
        thumbprint(certificates.leaf)
    );
    let key = options.account_key.resolve(&account.provider_id);
    let key = format!(r"HKLM\Security\Provisioning\OMADM\Accounts\{key}");
    Characteristic::new("Registry")
        .child(enrollment)
        .child(options.schedule.registry(retry))
        .child(device)
        .child(certificate_values(certificates, account, options))
        .child(Characteristic::new(&key).string("SslClientCertReference", &reference))
}

fn certificate_values(
    certificates: &Certificates<'_>,
    account: &Account,
    options: &Options,
) -> Characteristic {
    let values = Characteristic::new(r"HKLM\SOFTWARE\Windows\CurrentVersion\MDM\MachineEnrollment");
    let values = match &options.root_hash {
        RootHash::Root => values.string("SslServerRootCertHash", &thumbprint(certificates.root)),
        RootHash::Fixed(hash) => values.string("SslServerRootCertHash", hash),
        RootHash::Omitted => values,
    };
    let scope = options.registry_store.name();
    let subject = format!("CN%3d{}", account.common_name.as_str());
    values
        .string("SslClientCertStore", &format!("MY%5C{scope}"))
        .string("SslClientCertSubjectName", &subject)
        .string("SslClientCertHash", &thumbprint(certificates.leaf))
}
