//! Certificates, SCEP enrolment and sideloading.

use super::build::{delete, exec, instance, write};
use super::given::Given;
use super::{Built, Setting};
use crate::fields::FieldError;
use modegate_wire::message::Verb;

fn path(given: &Given<'_>, thumbprint: &str) -> String {
    let keys = [
        ("StoreLocation", given.wire("store").unwrap_or("1")),
        ("StoreName", given.wire("store_name").unwrap_or("Root")),
        ("Thumbprint", thumbprint),
    ];
    instance("MDM_Certificate", &keys)
}

pub(super) fn install(given: &Given<'_>, _: &Setting<'_>) -> Result<Built, FieldError> {
    let Some(certificate) = given.certificate("certificate") else {
        return Err(FieldError::new(
            given.fields().name("certificate"),
            "a certificate",
            "nothing",
        ));
    };
    let instance = path(given, &certificate.thumbprint);
    let mut built = Built::of(vec![write(
        Verb::Add,
        &instance,
        "Blob",
        &certificate.base64,
    )]);
    built.manner.set = true;
    Ok(built)
}

pub(super) fn remove(given: &Given<'_>, _: &Setting<'_>) -> Result<Built, FieldError> {
    let given_as = given
        .certificate("certificate")
        .map(|certificate| certificate.thumbprint.clone());
    let thumbprint = given_as.or_else(|| given.wire("thumbprint").map(str::to_owned));
    let Some(thumbprint) = thumbprint else {
        let field = given.fields().name("thumbprint");
        return Err(FieldError::new(
            field,
            "the certificate, or its SHA-1 thumbprint",
            "neither",
        ));
    };
    Ok(Built::of(vec![delete(path(given, &thumbprint))]))
}

pub(super) fn scep(given: &Given<'_>, _: &Setting<'_>) -> Result<Built, FieldError> {
    let usages = given.lines("enhanced_key_usages").join(",");
    let issuers = given.lines("issuers").join("|");
    let keys = [
        ("RequestID", given.needed("request_id")),
        ("StoreLocation", given.wire("store").unwrap_or("1")),
        ("EnhancedKeyUsages", &usages),
        ("Issuers", &issuers),
    ];
    let instance = instance("MDM_CertificateEnrollment", &keys);
    let mut operations = Vec::new();
    let mut add = |property: &str, value: Option<&str>| {
        if let Some(value) = value {
            operations.push(write(Verb::Add, &instance, property, value));
        }
    };
    add("SubjectName", given.wire("subject_name"));
    let names = given.lines("subject_alternative_names").join("|");
    add(
        "SubjectAlternativeNames",
        Some(names.as_str()).filter(|names| !names.is_empty()),
    );
    add(
        "ExpirationThreshold",
        given.wire("expiration_threshold_days"),
    );
    add("ConfigurationParameters", given.wire("configuration"));
    let mut built = Built::of(operations);
    built.manner.set = true;
    Ok(built)
}

/// The key of MDM_SideLoader is assumed to be 1, as that of its sister classes.
fn side_loader(method: &str, data: Option<String>) -> Built {
    Built::of(vec![exec(
        &instance("MDM_SideLoader", &[("key", "1")]),
        method,
        data,
    )])
}

pub(super) fn sideload_key(given: &Given<'_>, setting: &Setting<'_>) -> Result<Built, FieldError> {
    let data = setting
        .templates
        .render("sideload_key", &[("key", given.needed("key"))]);
    Ok(side_loader("ActivateKey", data))
}

pub(super) fn sideload_certificate(
    given: &Given<'_>,
    setting: &Setting<'_>,
) -> Result<Built, FieldError> {
    let base64 = given
        .certificate("certificate")
        .map_or("", |certificate| &certificate.base64);
    let data = setting
        .templates
        .render("sideload_certificate", &[("certificate", base64)]);
    Ok(side_loader("AddCertificate", data))
}

pub(super) fn sideload_deactivate(_: &Given<'_>, _: &Setting<'_>) -> Result<Built, FieldError> {
    Ok(side_loader("UnActivateLOB", None))
}
