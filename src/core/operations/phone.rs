//! What a Windows Phone 8.1 has in place of WMI classes for certificates, VPN
//! and Wi-Fi: the CSPs CertificateStore, ClientCertificateInstall, VPN and WiFi
//! (Microsoft's CSP reference).

use super::argument::{Arguments, Needed, Optional, Result, arguments};
use super::entry::{BuildContext, Built, Type};
use super::forms::{Base64, Boolean, Hidden, Lines, Settings, Thumbprint};
use crate::command::Operation;
use crate::context::Family;
use crate::fields::{FieldError, quoted};
use crate::limits;
use crate::loc_uri::{LocUri, escaped};
use crate::secret::Secret;
use crate::wmi::ValueForm::{self, Integer, Line, OneOf, Text, Xml};
use crate::wmi::{CimType, Property, flag, line, number};
use modegate_wire::message::{GroupKind, Verb};

/// Phones only.
pub(super) const PHONE: &[Family] = &[Family::WindowsPhone81];

/// `./Vendor/MSFT/` and a path whose `{}` are these names, percent-encoded.
pub(super) fn node(path: &str, names: &[&str]) -> LocUri {
    let mut text = String::from("./Vendor/MSFT/");
    let mut names = names.iter();
    for (at, part) in path.split("{}").enumerate() {
        if at > 0 {
            text.push_str(&names.next().map_or(String::new(), |name| {
                // Braces are escaped too, as the samples of product ids have it.
                escaped(name).replace('{', "%7B").replace('}', "%7D")
            }));
        }
        text.push_str(part);
    }
    LocUri::from(text)
}

/// An operation with its Format; without text where there is none.
pub(super) fn write(verb: Verb, node: LocUri, format: &str, data: Option<&str>) -> Operation {
    Operation::Node {
        verb,
        loc_uri: node,
        format: Some(format.to_owned()),
        mime: None,
        data: data.map(Secret::new),
    }
}

pub(super) fn add(node: LocUri, format: &str, data: &str) -> Operation {
    write(Verb::Add, node, format, Some(data))
}

pub(super) fn atomic(children: Vec<Operation>) -> Operation {
    Operation::Group(GroupKind::Atomic, children)
}

/// A Delete, which is done where there is nothing, and then all of `adds` or none.
fn anew(old: LocUri, adds: Vec<Operation>) -> Built {
    let mut built = Built::removal(old);
    built.operations.push(atomic(adds));
    built
}

/// The node of a trusted certificate: `store` is `Root`, `CA` or `My`.
fn certificate_node(store: &str, thumbprint: &str) -> LocUri {
    let path = match store {
        "CA" => "CertificateStore/CA/System/{}",
        "My" => "CertificateStore/My/User/{}",
        _ => "CertificateStore/Root/System/{}",
    };
    node(path, &[thumbprint])
}

/// Sets a certificate of one of a phone's stores.
pub(super) fn certificate_install(store: &str, thumbprint: &str, base64: &str) -> Built {
    let encoded = certificate_node(store, thumbprint).below("EncodedCertificate");
    Built::set(vec![add(encoded, "b64", base64)])
}

/// Removes one.
pub(super) fn certificate_remove(store: &str, thumbprint: &str) -> Built {
    Built::removal(certificate_node(store, thumbprint))
}

fn wifi(name: &str) -> LocUri {
    node("WiFi/Profile/{}", &[name])
}

/// Sets a Wi-Fi profile by its XML, and its proxy.
pub(super) fn wifi_profile(name: &str, xml: &str, proxy: Option<&str>) -> Built {
    let profile = wifi(name);
    let mut adds = vec![add(profile.below("WlanXml"), "chr", xml)];
    adds.extend(proxy.map(|proxy| add(profile.below("Proxy"), "chr", proxy)));
    Built::set(vec![atomic(adds)])
}

/// Removes one: the sample deletes the XML, and the profile goes with it.
pub(super) fn wifi_remove(name: &str) -> Built {
    Built::removal(wifi(name).below("WlanXml"))
}

fn vpn(name: &str) -> LocUri {
    node("VPN/{}", &[name])
}

/// Removes a VPN profile.
pub(super) fn vpn_remove(name: &str) -> Built {
    Built::removal(vpn(name))
}

const TUNNELS: ValueForm = OneOf(&[("IKEv2", "IKEv2")]);
const PLUG_INS: ValueForm = OneOf(&[
    ("JunOS Pulse", "JunOS Pulse"),
    ("SonicWall Mobile Connect", "SonicWall Mobile Connect"),
    ("F5 Big-IP Edge Client", "F5 Big-IP Edge Client"),
    ("Checkpoint Mobile VPN", "Checkpoint Mobile VPN"),
]);
const CONNECTIONS: ValueForm = OneOf(&[("Triggering", "Triggering"), ("Manual", "Manual")]);

/// The nodes of a VPN profile, as the CSP reference spells them, those first
/// that others need.
const VPN: &[Property] = &[
    line("Server", 512),
    Property::writable("TunnelType", CimType::String, TUNNELS),
    Property::writable("ThirdParty/Name", CimType::String, PLUG_INS),
    line("ThirdParty/AppID", 128),
    line("ThirdParty/CustomStoreURL", 2048),
    Property::writable(
        "ThirdParty/CustomConfiguration",
        CimType::String,
        Xml(32 * 1024),
    ),
    line("Authentication/Method", 64),
    line("Authentication/Certificate/Issuer", 512),
    line("Authentication/Certificate/EKU", 512),
    Property::writable("Authentication/EAP", CimType::String, Xml(32 * 1024)),
    line("Proxy/Manual/Server", 512),
    number("Proxy/Manual/Port", 1, 65_535),
    flag("Proxy/BypassForLocal"),
    line("SecuredResources/AppAllowedList/AppAllowedList", 4096),
    line(
        "SecuredResources/NetworkAllowedList/NetworkAllowedList",
        4096,
    ),
    line(
        "SecuredResources/NameSpaceAllowedList/NameSpaceAllowedList",
        4096,
    ),
    line("SecuredResources/ExcluddedAppList/ExcludedAppList", 4096),
    line(
        "SecuredResources/ExcludedNetworkList/ExcludedNetworkList",
        4096,
    ),
    line(
        "SecuredResources/ExcludedNameSpaceList/ExcludedNameSpaceList",
        4096,
    ),
    line(
        "SecuredResources/DNSSuffixSearchList/DNSSuffixSearchList",
        4096,
    ),
    flag("Policies/SplitTunnel"),
    flag("Policies/ByPassForLocal"),
    flag("Policies/TrustedNetworkDetection"),
    Property::writable("Policies/ConnectionType", CimType::String, CONNECTIONS),
    line("DNSSuffix", 256),
];

arguments! {
    VPN_NAME: Needed<ValueForm> = "name", Line(128), "the profile's name, without '/'";
    VPN_SETTINGS: Needed<Settings> = "settings", Settings(VPN),
        "nodes of the profile and their values; Server, and TunnelType or ThirdParty/Name, are needed";
}

pub(super) const VPN_CONNECTION: Type = Type::new(
    "vpn_connection",
    "sets a VPN profile of a phone by its nodes, in place of one of that name (VPN CSP)",
    &[&VPN_NAME, &VPN_SETTINGS],
    vpn_connection,
)
.superseding()
.of(PHONE);

fn vpn_connection(arguments: &Arguments<'_>, _: &BuildContext<'_>) -> Result<Built> {
    let name = plain_name(arguments, &VPN_NAME)?;
    let settings = arguments.get(&VPN_SETTINGS)?;
    check_vpn(arguments, &settings)?;
    let profile = vpn(&name);
    let order = |name: &str| VPN.iter().position(|property| property.name == name);
    let mut settings = settings;
    settings.sort_by_key(|(name, _)| order(name));
    let adds = settings.iter().map(|(name, value)| {
        let form = VPN
            .iter()
            .find(|one| one.name == *name)
            .and_then(|p| p.form);
        let format = match form {
            Some(Integer(..)) => "int",
            Some(ValueForm::Boolean) => "bool",
            _ => "chr",
        };
        add(profile.below(name), format, value)
    });
    Ok(anew(profile.clone(), adds.collect()))
}

/// What the reference says of nodes that need one another.
fn check_vpn(arguments: &Arguments<'_>, settings: &[(&'static str, String)]) -> Result<()> {
    let value = |name: &str| {
        settings
            .iter()
            .find(|(of, _)| *of == name)
            .map(|(_, v)| v.as_str())
    };
    // Values of settings may be secrets: only whether there is one is shown.
    let wrong = |name: &str, expected: &str| {
        let field = format!("{}.{name}", arguments.path(&VPN_SETTINGS));
        let found = value(name).map_or("nothing", |_| "a value");
        Err(FieldError::new(field, expected, found))
    };
    if value("Server").is_none() {
        return wrong("Server", "the address or name of the VPN server");
    }
    let (tunnel, plug_in) = (value("TunnelType"), value("ThirdParty/Name"));
    if tunnel.is_some() == plug_in.is_some() {
        let expected = "TunnelType or ThirdParty/Name, and not both";
        return wrong("TunnelType", expected);
    }
    if tunnel.is_some() {
        if value("Authentication/EAP").is_none() {
            return wrong(
                "Authentication/EAP",
                "the EAP configuration, which IKEv2 needs",
            );
        }
        let of_plug_in = |name: &str| {
            name.starts_with("ThirdParty/") || name.starts_with("Authentication/Certificate/")
        };
        if let Some((name, _)) = settings.iter().find(|(name, _)| of_plug_in(name)) {
            return wrong(name, "nothing with TunnelType");
        }
        let networks = "SecuredResources/NetworkAllowedList/NetworkAllowedList";
        if value("Policies/SplitTunnel") == Some("true") && value(networks).is_none() {
            return wrong(networks, "the networks, which IKEv2 needs with SplitTunnel");
        }
    }
    if value("Proxy/Manual/Server").is_some() != value("Proxy/Manual/Port").is_some() {
        return wrong("Proxy/Manual/Port", "Server and Port of the proxy together");
    }
    Ok(())
}

/// A name that is one segment of a path.
pub(super) fn plain_name(arguments: &Arguments<'_>, name: &Needed<ValueForm>) -> Result<String> {
    let text = arguments.get(name)?;
    if text.contains(['/', '"', '\'', '%']) {
        let expected = "a name without '/', '%' and quotes on a phone";
        return Err(arguments.wrong(name, expected, &quoted(&text)));
    }
    Ok(text)
}

arguments! {
    REQUEST: Needed<ValueForm> = "request_id", Line(128), "an id of the request, one for each certificate";
    SERVER_URL: Needed<ValueForm> = "server_url", Line(2048), "the SCEP server; several are parted by ';'";
    CHALLENGE: Needed<Hidden<ValueForm>> = "challenge", Hidden(Text(4096)), "the enrolment challenge, base64";
    USAGES: Needed<Lines> = "enhanced_key_usages", Lines(16, 128), "OIDs that the certificate gets";
    KEY_USAGE: Needed<ValueForm> = "key_usage", OneOf(&[("signature", "128"), ("encipherment", "32"),
        ("both", "160")]), "signature, encipherment or both";
    SUBJECT: Needed<ValueForm> = "subject_name", Line(1024), "e.g. CN=…";
    ALTERNATIVES: Optional<Lines> = "subject_alternative_names", Lines(16, 512),
        "alternative names, each as <name format>+<name>";
    KEY_LENGTH: Needed<ValueForm> = "key_length", OneOf(&[("1024", "1024"), ("2048", "2048"), ("4096", "4096")]),
        "bits of the RSA key: 1024, 2048 or 4096";
    HASH: Needed<ValueForm> = "hash_algorithm", OneOf(&[("SHA-1", "SHA-1"), ("SHA-2", "SHA-2"), ("SHA-3", "SHA-3")]),
        "SHA-1, SHA-2 or SHA-3";
    CA: Needed<Thumbprint> = "ca_thumbprint", Thumbprint, "the SHA-1 thumbprint of the root certificate of the SCEP server";
    PROTECTION: Optional<ValueForm> = "key_protection", OneOf(&[("tpm", "1"), ("tpm_if_present", "2"), ("software", "3")]),
        "where the key is kept: tpm, tpm_if_present or software (default)";
    RETRIES: Optional<ValueForm> = "scep_retries", Integer(0, 30), "retries while the SCEP server says pending";
    RETRY_DELAY: Optional<ValueForm> = "scep_retry_minutes", Integer(1, 10_080), "minutes between them";
    VALID_DAYS: Optional<ValueForm> = "valid_days", Integer(1, 36_500), "days of validity to ask for";
}

pub(super) const SCEP_INSTALL: Type = Type::new(
    "scep_install",
    "has a phone enrol a client certificate by SCEP (CertificateStore's My/SCEP)",
    &[
        &REQUEST,
        &SERVER_URL,
        &CHALLENGE,
        &USAGES,
        &KEY_USAGE,
        &SUBJECT,
        &ALTERNATIVES,
        &KEY_LENGTH,
        &HASH,
        &CA,
        &PROTECTION,
        &RETRIES,
        &RETRY_DELAY,
        &VALID_DAYS,
    ],
    scep_install,
)
.of(PHONE);

fn scep(arguments: &Arguments<'_>) -> Result<LocUri> {
    let id = plain_name(arguments, &REQUEST)?;
    Ok(node("CertificateStore/My/SCEP/{}", &[&id]))
}

/// All settings, and Enroll last, in one Atomic.
fn scep_install(arguments: &Arguments<'_>, _: &BuildContext<'_>) -> Result<Built> {
    let request = scep(arguments)?;
    let install = request.below("Install");
    let names = arguments.get(&ALTERNATIVES)?.map(|names| names.join(";"));
    let usages = arguments.get(&USAGES)?;
    if usages.is_empty() {
        return Err(arguments.wrong(&USAGES, "at least one OID", "none"));
    }
    let days = arguments.get(&VALID_DAYS)?;
    let nodes = [
        ("RetryCount", "int", arguments.get(&RETRIES)?),
        ("RetryDelay", "int", arguments.get(&RETRY_DELAY)?),
        ("KeyUsage", "int", Some(arguments.get(&KEY_USAGE)?)),
        ("KeyLength", "int", Some(arguments.get(&KEY_LENGTH)?)),
        ("HashAlgorithm", "chr", Some(arguments.get(&HASH)?)),
        ("SubjectName", "chr", Some(arguments.get(&SUBJECT)?)),
        (
            "SubjectAlternativeNames",
            "chr",
            names.filter(|names| !names.is_empty()),
        ),
        (
            "ValidPeriod",
            "chr",
            days.is_some().then(|| "Days".to_owned()),
        ),
        ("ValidPeriodUnits", "int", days),
        ("EKUMapping", "chr", Some(usages.join("+"))),
        ("KeyProtection", "int", arguments.get(&PROTECTION)?),
        ("ServerURL", "chr", Some(arguments.get(&SERVER_URL)?)),
        ("Challenge", "chr", Some(arguments.get(&CHALLENGE)?)),
        ("CAThumbprint", "chr", Some(arguments.get(&CA)?)),
    ];
    let mut all = vec![write(Verb::Add, request, "node", None)];
    all.extend(nodes.into_iter().filter_map(|(name, format, value)| {
        Some(add(install.below(name), format, value.as_deref()?))
    }));
    all.push(write(Verb::Exec, install.below("Enroll"), "null", None));
    Ok(Built::new(vec![atomic(all)]))
}

pub(super) const SCEP_STATUS: Type = Type::new(
    "scep_status",
    "reads what became of a phone's SCEP enrolment: status (1 done, 2 pending, 16 failed, 32 unknown), error and thumbprint",
    &[&REQUEST],
    |arguments, _| {
        let request = scep(arguments)?;
        let reads = ["Status", "ErrorCode", "CertThumbprint"];
        Ok(Built::reads(reads.map(|name| request.below(name))))
    },
)
.of(PHONE);

pub(super) const SCEP_REMOVE: Type = Type::new(
    "scep_remove",
    "removes a phone's SCEP enrolment with its certificate",
    &[&REQUEST],
    |arguments, _| Ok(Built::removal(scep(arguments)?)),
)
.of(PHONE);

arguments! {
    PFX: Needed<Hidden<Base64>> = "pfx", Hidden(Base64(limits::COMMAND_DATA_BYTES)), "the certificate with its key, base64 of a PFX (PKCS #12)";
    PFX_PASSWORD: Optional<Hidden<ValueForm>> = "password", Hidden(Line(512)), "the password of the PFX";
    KEY_LOCATION: Optional<ValueForm> = "key_location", OneOf(&[("tpm", "1"), ("tpm_if_present", "2"), ("software", "3")]),
        "where the key is kept: tpm, tpm_if_present (default) or software";
}

pub(super) const PFX_INSTALL: Type = Type::new(
    "pfx_install",
    "installs a client certificate with its key on a phone, in place of one of that request_id (ClientCertificateInstall)",
    &[&REQUEST, &PFX, &PFX_PASSWORD, &KEY_LOCATION],
    |arguments, _| {
        let request = pfx(arguments)?;
        let location = arguments.get(&KEY_LOCATION)?;
        let location = location.as_deref().unwrap_or("2");
        let mut adds = vec![add(request.below("KeyLocation"), "int", location)];
        let password = arguments.get(&PFX_PASSWORD)?;
        adds.extend(password.map(|text| add(request.below("PFXCertPassword"), "chr", &text)));
        // Its Add installs: everything else must be there before.
        adds.push(add(request.below("PFXCertBlob"), "chr", &arguments.get(&PFX)?));
        Ok(anew(request, adds))
    },
)
.superseding()
.of(PHONE);

pub(super) const PFX_REMOVE: Type = Type::new(
    "pfx_remove",
    "removes a client certificate that pfx_install installed, with its key",
    &[&REQUEST],
    |arguments, _| Ok(Built::removal(pfx(arguments)?)),
)
.of(PHONE);

fn pfx(arguments: &Arguments<'_>) -> Result<LocUri> {
    let id = plain_name(arguments, &REQUEST)?;
    Ok(node("ClientCertificateInstall/PFXCertInstall/{}", &[&id]))
}

arguments! {
    RENEW_DAYS: Needed<ValueForm> = "renew_days", Integer(1, 1000), "days before its expiry that the device renews its management certificate";
    RETRY_DAYS: Optional<ValueForm> = "retry_days", Integer(1, 1000), "days between attempts, at most renew_days; 7 by default, or renew_days if that is less";
    AUTOMATIC: Optional<Boolean> = "automatic", Boolean, "whether it renews without asking the user (ROBO); true by default";
}

pub(super) const CERTIFICATE_RENEWAL: Type = Type::new(
    "certificate_renewal",
    "sets when a phone renews its management certificate (CertificateStore's My/WSTEP/Renew)",
    &[&RENEW_DAYS, &RETRY_DAYS, &AUTOMATIC],
    |arguments, _| {
        let days = arguments.get(&RENEW_DAYS)?;
        let most: u32 = days.parse().unwrap_or(0);
        let given = arguments.get(&RETRY_DAYS)?;
        let retry = given
            .and_then(|text| text.parse().ok())
            .unwrap_or(most.min(7));
        if retry > most {
            return Err(arguments.wrong(&RETRY_DAYS, "at most renew_days", &retry.to_string()));
        }
        let renew = node("CertificateStore/My/WSTEP/Renew", &[]);
        let automatic = arguments.get(&AUTOMATIC)?.unwrap_or(true).to_string();
        let set = |name: &str, format: &str, value: &str| {
            write(Verb::Replace, renew.below(name), format, Some(value))
        };
        Ok(Built::new(vec![atomic(vec![
            set("ROBOSupport", "bool", &automatic),
            set("RenewPeriod", "int", &days),
            set("RetryInterval", "int", &retry.to_string()),
        ])]))
    },
)
.superseding()
.of(PHONE);
