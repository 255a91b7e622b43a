//! Certificates, SCEP enrolment and sideloading.

use super::argument::{Arguments, Needed, Optional, Result, arguments};
use super::entry::{BuildContext, Built, Type, exec, write};
use super::forms::{Certificate, Hidden, Lines, ProductKey, Thumbprint};
use super::phone;
use crate::context::Family;
use crate::fields::quoted;
use crate::loc_uri::LocUri;
use crate::templates;
use crate::wmi;
use crate::wmi::ValueForm::{self, Integer, Line, OneOf, Xml};
use modegate_wire::message::Verb;

arguments! {
    CERTIFICATE: Needed<Certificate> = "certificate", Certificate,
        "the certificate, PEM or base64 of its DER";
    REMOVED: Optional<Certificate> = "certificate", Certificate, "the certificate, or";
    THUMBPRINT: Optional<Thumbprint> = "thumbprint", Thumbprint, "its SHA-1 thumbprint";
    STORE: Optional<ValueForm> = "store", OneOf(&[("user", "1"), ("machine", "2")]),
        "whose store: user (default) or machine";
    STORE_NAME: Optional<ValueForm> = "store_name", OneOf(&[("Root", "Root"), ("CA", "CA"),
        ("My", "My"), ("TrustedPeople", "TrustedPeople"),
        ("TrustedPublisher", "TrustedPublisher")]),
        "the store: Root (default), CA, My, TrustedPeople or TrustedPublisher";
}

pub(super) const INSTALL: Type = Type::new(
    "certificate_install",
    "installs a certificate (MDM_Certificate; on phones CertificateStore: Root, CA or My)",
    &[&CERTIFICATE, &STORE, &STORE_NAME],
    install,
)
.of(&Family::ALL);

pub(super) const REMOVE: Type = Type::new(
    "certificate_remove",
    "removes a certificate (MDM_Certificate; on phones CertificateStore)",
    &[&REMOVED, &THUMBPRINT, &STORE, &STORE_NAME],
    remove,
)
.of(&Family::ALL);

fn store(arguments: &Arguments<'_>) -> Result<String> {
    Ok(arguments.get(&STORE)?.unwrap_or_else(|| "1".to_owned()))
}

/// The store's name on a phone, which has three, and none of a user's; `None` for others.
fn phone_store(arguments: &Arguments<'_>) -> Result<Option<String>> {
    if arguments.family != Family::WindowsPhone81 {
        return Ok(None);
    }
    if let Some(found) = arguments.shown(&STORE)? {
        return Err(arguments.wrong(&STORE, "nothing on a phone", &found));
    }
    let name = arguments.get(&STORE_NAME)?;
    let name = name.unwrap_or_else(|| "Root".to_owned());
    if !matches!(name.as_str(), "Root" | "CA" | "My") {
        return Err(arguments.wrong(&STORE_NAME, "Root, CA or My on a phone", &quoted(&name)));
    }
    Ok(Some(name))
}

fn instance(arguments: &Arguments<'_>, thumbprint: &str) -> Result<LocUri> {
    let name = arguments.get(&STORE_NAME)?;
    let name = name.as_deref().unwrap_or("Root");
    Ok(wmi::CERTIFICATE.instance(&[&store(arguments)?, name, thumbprint]))
}

fn install(arguments: &Arguments<'_>, _: &BuildContext<'_>) -> Result<Built> {
    let certificate = arguments.get(&CERTIFICATE)?;
    if let Some(store) = phone_store(arguments)? {
        let (thumbprint, base64) = (&certificate.thumbprint, &certificate.base64);
        return Ok(phone::certificate_install(&store, thumbprint, base64));
    }
    let instance = instance(arguments, &certificate.thumbprint)?;
    let blob = write(Verb::Add, &instance, "Blob", &certificate.base64);
    Ok(Built::set(vec![blob]))
}

fn remove(arguments: &Arguments<'_>, _: &BuildContext<'_>) -> Result<Built> {
    let thumbprint = match arguments.get(&REMOVED)? {
        Some(certificate) => Some(certificate.thumbprint),
        None => arguments.get(&THUMBPRINT)?,
    };
    let thumbprint = thumbprint.ok_or_else(|| {
        let expected = "the certificate, or its SHA-1 thumbprint";
        arguments.wrong(&THUMBPRINT, expected, "neither")
    })?;
    if let Some(store) = phone_store(arguments)? {
        return Ok(phone::certificate_remove(&store, &thumbprint));
    }
    Ok(Built::removal(instance(arguments, &thumbprint)?))
}

arguments! {
    REQUEST: Needed<ValueForm> = "request_id", Line(256), "an id of the request";
    USAGES: Needed<Lines> = "enhanced_key_usages", Lines(16, 128),
        "OIDs that the certificate must have, all of them";
    ISSUERS: Needed<Lines> = "issuers", Lines(16, 512), "issuers, in their letter case";
    SUBJECT: Optional<ValueForm> = "subject_name", Line(1024), "e.g. CN=…";
    ALTERNATIVES: Optional<Lines> = "subject_alternative_names", Lines(16, 512),
        "alternative names";
    THRESHOLD: Optional<ValueForm> = "expiration_threshold_days", Integer(1, 3650),
        "renewed when so many days are left";
    CONFIGURATION: Needed<Hidden<ValueForm>> = "configuration", Hidden(Xml(64 * 1024)),
        "the XML for the SCEP service; may contain the challenge";
}

pub(super) const SCEP_ENROLL: Type = Type::new(
    "scep_enroll",
    "enrols a certificate by SCEP (MDM_CertificateEnrollment)",
    &[
        &REQUEST,
        &STORE,
        &USAGES,
        &ISSUERS,
        &SUBJECT,
        &ALTERNATIVES,
        &THRESHOLD,
        &CONFIGURATION,
    ],
    scep,
);

fn scep(arguments: &Arguments<'_>, _: &BuildContext<'_>) -> Result<Built> {
    let instance = wmi::CERTIFICATE_ENROLLMENT.instance(&[
        &arguments.get(&REQUEST)?,
        &store(arguments)?,
        &arguments.get(&USAGES)?.join(","),
        &arguments.get(&ISSUERS)?.join("|"),
    ]);
    let alternatives = arguments.get(&ALTERNATIVES)?.map(|names| names.join("|"));
    let properties = [
        ("SubjectName", arguments.get(&SUBJECT)?),
        (
            "SubjectAlternativeNames",
            alternatives.filter(|names| !names.is_empty()),
        ),
        ("ExpirationThreshold", arguments.get(&THRESHOLD)?),
        (
            "ConfigurationParameters",
            Some(arguments.get(&CONFIGURATION)?),
        ),
    ];
    let adds = properties
        .iter()
        .filter_map(|(name, value)| Some(write(Verb::Add, &instance, name, value.as_deref()?)));
    Ok(Built::set(adds.collect()))
}

arguments! {
    KEY: Needed<Hidden<ProductKey>> = "key", Hidden(ProductKey), "the product key, XXXXX-XXXXX-XXXXX-XXXXX-XXXXX";
}

pub(super) const SIDELOAD_KEY: Type = Type::new(
    "sideload_key",
    "activates a sideloading product key (MDM_SideLoader)",
    &[&KEY],
    |arguments, context| {
        let values = [("key", &*arguments.get(&KEY)?)];
        let data = context.templates.render(&templates::SIDELOAD_KEY, &values);
        Ok(side_loader("ActivateKey", data))
    },
);

pub(super) const SIDELOAD_CERTIFICATE: Type = Type::new(
    "sideload_certificate",
    "adds a package-signing certificate (MDM_SideLoader)",
    &[&CERTIFICATE],
    |arguments, context| {
        let values = [("certificate", &*arguments.get(&CERTIFICATE)?.base64)];
        let data = context
            .templates
            .render(&templates::SIDELOAD_CERTIFICATE, &values);
        Ok(side_loader("AddCertificate", data))
    },
);

pub(super) const SIDELOAD_DEACTIVATE: Type = Type::new(
    "sideload_deactivate",
    "turns sideloading off (MDM_SideLoader)",
    &[],
    |_, _| Ok(side_loader("UnActivateLOB", None)),
);

fn side_loader(method: &str, data: Option<String>) -> Built {
    let instance = wmi::SIDE_LOADER.instance(&["1"]);
    Built::new(vec![exec(instance.method(method), data)])
}
