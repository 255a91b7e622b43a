//! GetPolicies (MS-XCEP): which key and hash a certificate request is to have.

use crate::envelope::{Envelope, EnvelopeError};
use crate::family::Family;
use crate::namespace::{INSTANCE, POLICY};
use crate::reply::Reply;
use crate::xml::Element;

/// Checks that a request is GetPolicies. What it asks for is the same for everybody, so its
/// content is not read.
///
/// # Errors
/// The envelope contains another operation.
pub fn check_request(envelope: &Envelope) -> Result<(), EnvelopeError> {
    envelope.operation(&["GetPolicies"], "GetPolicies")?;
    Ok(())
}

/// How much the answer contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyForm {
    /// What Windows 8.1 evaluates. It names no hash: the client signs its request with SHA-1.
    Minimal,
    /// All elements of MS-XCEP, with SHA-256 as the hash.
    Full,
}

impl PolicyForm {
    /// The form for a family. Whether Windows 8.1 accepts the full one is not documented.
    pub const fn for_family(family: Family) -> Self {
        match family {
            Family::Windows81 => PolicyForm::Minimal,
            Family::WindowsPhone81 | Family::Windows10 => PolicyForm::Full,
        }
    }
}

/// The certificate policy as clients are told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificatePolicy {
    /// How much the answer contains.
    pub form: PolicyForm,
    /// The shortest RSA key, in bits.
    pub minimal_key_length: u32,
    /// A name for the set of policies; empty for none.
    pub policy_id: String,
    /// A name for people.
    pub friendly_name: String,
    /// For how long a certificate is valid.
    pub validity_seconds: u64,
    /// How long before its end it is renewed; more than 0.
    pub renewal_seconds: u64,
}

impl CertificatePolicy {
    /// The policy for a family: 2048 bits, a year, renewal 42 days before the end.
    pub fn for_family(family: Family) -> Self {
        const DAY: u64 = 24 * 60 * 60;
        CertificatePolicy {
            form: PolicyForm::for_family(family),
            minimal_key_length: 2048,
            policy_id: String::new(),
            friendly_name: "Device enrollment".to_owned(),
            validity_seconds: 365 * DAY,
            renewal_seconds: 42 * DAY,
        }
    }

    /// The answer.
    pub fn reply(&self) -> Reply {
        let body = Element::new("GetPoliciesResponse")
            .namespace(POLICY)
            .attribute("xmlns:xsi", INSTANCE);
        let body = match self.form {
            PolicyForm::Minimal => body
                .child(Element::new("response").child(self.minimal_policies()))
                .child(oids(&TEMPLATE_NAME)),
            PolicyForm::Full => body
                .child(self.full_response())
                .child(Element::nil("cAs"))
                .child(oids(&SHA256)),
        };
        Reply::new(format!("{POLICY}/IPolicy/GetPoliciesResponse"), body)
    }

    fn minimal_policies(&self) -> Element {
        let key = Element::new("privateKeyAttributes")
            .child(number(
                "minimalKeyLength",
                u64::from(self.minimal_key_length),
            ))
            .child(Element::nil("algorithmOIDReference"));
        let attributes = Element::new("attributes")
            .child(number("policySchema", 3))
            .child(key)
            .child(Element::nil("hashAlgorithmOIDReference"));
        Element::new("policies").child(Element::new("policy").child(attributes))
    }

    /// In the order of MS-XCEP's schema.
    fn full_response(&self) -> Element {
        let policy = Element::new("policy")
            .child(number("policyOIDReference", 0))
            .child(Element::nil("cAs"))
            .child(self.full_attributes());
        Element::new("response")
            .child(Element::with_text("policyID", &self.policy_id))
            .child(Element::with_text(
                "policyFriendlyName",
                &self.friendly_name,
            ))
            .child(Element::nil("nextUpdateHours"))
            .child(Element::nil("policiesNotChanged"))
            .child(Element::new("policies").child(policy))
    }

    fn full_attributes(&self) -> Element {
        let validity = Element::new("certificateValidity")
            .child(number("validityPeriodSeconds", self.validity_seconds))
            .child(number("renewalPeriodSeconds", self.renewal_seconds));
        let permission = Element::new("permission")
            .child(Element::with_text("enroll", "true"))
            .child(Element::with_text("autoEnroll", "false"));
        let key = Element::new("privateKeyAttributes")
            .child(number(
                "minimalKeyLength",
                u64::from(self.minimal_key_length),
            ))
            .with_children(nils(&[
                "keySpec",
                "keyUsageProperty",
                "permissions",
                "algorithmOIDReference",
                "cryptoProviders",
            ]));
        let revision = Element::new("revision")
            .child(number("majorRevision", 101))
            .child(number("minorRevision", 0));
        Element::new("attributes")
            .child(Element::with_text("commonName", &self.friendly_name))
            .child(number("policySchema", 3))
            .child(validity)
            .child(permission)
            .child(key)
            .child(revision)
            .with_children(nils(&[
                "supersededPolicies",
                "privateKeyFlags",
                "subjectNameFlags",
                "enrollmentFlags",
                "generalFlags",
            ]))
            .child(number("hashAlgorithmOIDReference", SHA256.reference))
            .with_children(nils(&[
                "rARequirements",
                "keyArchivalAttributes",
                "extensions",
            ]))
    }
}

/// An object identifier that an answer refers to.
struct ObjectId {
    value: &'static str,
    group: u64,
    reference: u64,
    name: &'static str,
}

/// The template's name, which the minimal form refers to nowhere but must list.
const TEMPLATE_NAME: ObjectId = ObjectId {
    value: "1.3.6.1.4.1.311.20.2",
    group: 1,
    reference: 5,
    name: "Certificate Template Name",
};

/// The hash of the full form. Group 1 are hash algorithms.
const SHA256: ObjectId = ObjectId {
    value: "2.16.840.1.101.3.4.2.1",
    group: 1,
    reference: 0,
    name: "szOID_NIST_sha256",
};

fn oids(id: &ObjectId) -> Element {
    let oid = Element::new("oID")
        .child(Element::with_text("value", id.value))
        .child(number("group", id.group))
        .child(number("oIDReferenceID", id.reference))
        .child(Element::with_text("defaultName", id.name));
    Element::new("oIDs").child(oid)
}

fn number(name: &str, value: u64) -> Element {
    Element::with_text(name, &value.to_string())
}

fn nils<'a>(names: &'a [&str]) -> impl Iterator<Item = Element> + use<'a> {
    names.iter().map(|name| Element::nil(name))
}
