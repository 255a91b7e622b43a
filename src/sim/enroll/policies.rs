//! GetPolicies: what the certificate request has to be like.

use roxmltree::Node;

use super::envelope::{HeaderToken, Message, NIL, PKI, body, child, find, is_nil, parse, text};
use super::error::{EnrollError, Step};
use super::family::Family;
use super::key::Hash;

/// What of the policies a client evaluates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policies {
    /// minimalKeyLength.
    pub key_bits: u32,
    /// The hash to sign the request with.
    pub hash: Hash,
}

impl Default for Policies {
    /// What holds without a policy service.
    fn default() -> Self {
        Policies {
            key_bits: 2048,
            hash: Hash::Sha1,
        }
    }
}

pub(super) fn request() -> String {
    format!(
        "<GetPolicies xmlns=\"{PKI}/enrollmentpolicy\"><client><lastUpdate {NIL}/>\
         <preferredLanguage {NIL}/></client><requestFilter {NIL}/></GetPolicies>"
    )
}

pub(super) fn message<'a>(url: &'a str, token: &'a HeaderToken, body: &'a str) -> Message<'a> {
    Message {
        action: "http://schemas.microsoft.com/windows/pki/2009/01/enrollmentpolicy/IPolicy/GetPolicies",
        to: url,
        token,
        body,
    }
}

const ANSWERED: &str =
    "http://schemas.microsoft.com/windows/pki/2009/01/enrollmentpolicy/IPolicy/GetPoliciesResponse";

/// Reads the answer: what 8.1 evaluates (MS-MDE 3.3.4.1.1.2) is what every client here does.
pub(super) fn read(
    family: Family,
    sent: &Message<'_>,
    answer: &str,
) -> Result<Policies, EnrollError> {
    let document = parse(Step::Policies, answer)?;
    let names = (ANSWERED, "GetPoliciesResponse");
    let response = body(Step::Policies, &document, sent, names)?;
    let refused = |what: &str| EnrollError::Policies(what.to_owned());
    let policies = child(response, "response").and_then(|node| child(node, "policies"));
    let attributes = policies
        .and_then(|node| child(node, "policy"))
        .and_then(|node| child(node, "attributes"))
        .ok_or_else(|| refused("no attributes of a policy"))?;
    if child(attributes, "policySchema").map(text).as_deref() != Some("3") {
        return Err(refused("policySchema is not 3"));
    }
    let key = child(attributes, "privateKeyAttributes")
        .ok_or_else(|| refused("no privateKeyAttributes"))?;
    let key_bits = child(key, "minimalKeyLength")
        .and_then(|node| text(node).parse::<u32>().ok())
        .ok_or_else(|| refused("no minimalKeyLength"))?;
    referenced(response, child(key, "algorithmOIDReference"))?;
    let hash = referenced(response, child(attributes, "hashAlgorithmOIDReference"))?;
    Ok(Policies {
        key_bits: key_bits.max(2048),
        hash: match (hash.as_deref(), family) {
            (None, _) => Hash::Sha1,
            // PROV_RSA_FULL has no SHA-256, whatever the policy says.
            (_, Family::Windows81) => Hash::Sha1,
            (Some("2.16.840.1.101.3.4.2.1"), _) => Hash::Sha256,
            (Some(other), _) => return Err(refused(&format!("unknown hash {other}"))),
        },
    })
}

/// The OID that a reference leads to; `None` where it is nil.
fn referenced(
    response: Node<'_, '_>,
    reference: Option<Node<'_, '_>>,
) -> Result<Option<String>, EnrollError> {
    let refused = |what: &str| EnrollError::Policies(what.to_owned());
    let reference = reference.ok_or_else(|| refused("a reference is missing"))?;
    if is_nil(reference) {
        return Ok(None);
    }
    let wanted = text(reference);
    let known = child(response, "oIDs").ok_or_else(|| refused("no oIDs"))?;
    let mut oids = known
        .children()
        .filter(|node| node.tag_name().name() == "oID");
    oids.find(|oid| find(*oid, "oIDReferenceID").map(text).as_ref() == Some(&wanted))
        .and_then(|oid| find(oid, "value").map(text))
        .map(Some)
        .ok_or_else(|| refused("a reference leads to no oID"))
}
