//! RequestSecurityToken: the certificate request, and the provisioning document that answers it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::envelope::{
    HeaderToken, MANAGER, Message, PKI, SECURITY, TRUST, body, child, parse, text,
};
use super::error::{EnrollError, Step};
use super::family::Family;
use crate::message::escape;

/// What a request for a certificate carries.
pub(super) enum Enclosed<'a> {
    /// PKCS #10, for a first certificate.
    Request(&'a [u8]),
    /// PKCS #7 around it, for a renewal.
    Renewal(&'a [u8]),
}

impl Enclosed<'_> {
    pub(super) fn step(&self) -> Step {
        match self {
            Enclosed::Request(_) => Step::Issue,
            Enclosed::Renewal(_) => Step::Renewal,
        }
    }
}

/// The body of RequestSecurityToken.
pub(super) fn request(family: Family, enclosed: &Enclosed<'_>, items: &[(&str, String)]) -> String {
    let (kind, value_type, der) = match (enclosed, family) {
        (Enclosed::Request(der), _) => ("Issue", format!("{PKI}/enrollment#PKCS10"), der),
        (Enclosed::Renewal(der), Family::Windows10) => ("Renew", format!("{SECURITY}#PKCS7"), der),
        (Enclosed::Renewal(der), _) => ("Renew", format!("{PKI}/enrollment#PKCS7"), der),
    };
    let token_type = match family {
        // In quotes that are part of the text, as the text of 8.1 shows it.
        Family::Windows81 => format!("\"{MANAGER}/DeviceEnrollmentToken\""),
        _ => format!("{MANAGER}/DeviceEnrollmentToken"),
    };
    let items: String = items
        .iter()
        .map(|(name, value)| {
            format!(
                "<ac:ContextItem Name=\"{name}\"><ac:Value>{}</ac:Value></ac:ContextItem>",
                escape(value)
            )
        })
        .collect();
    format!(
        "<wst:RequestSecurityToken xmlns:wst=\"{TRUST}\"><wst:TokenType>{token_type}</wst:TokenType>\
         <wst:RequestType>{TRUST}/{kind}</wst:RequestType>\
         <wsse:BinarySecurityToken xmlns:wsse=\"{SECURITY}\" ValueType=\"{value_type}\" \
         EncodingType=\"{SECURITY}#base64binary\">{}</wsse:BinarySecurityToken>\
         <ac:AdditionalContext xmlns:ac=\"http://schemas.xmlsoap.org/ws/2006/12/authorization\">\
         {items}</ac:AdditionalContext></wst:RequestSecurityToken>",
        broken_lines(der)
    )
}

/// base64 in lines of 64 characters.
fn broken_lines(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut out = String::new();
    for (number, character) in text.chars().enumerate() {
        if number > 0 && number % 64 == 0 {
            out.push_str("&#xD;\n");
        }
        out.push(character);
    }
    out
}

pub(super) fn message<'a>(url: &'a str, token: &'a HeaderToken, body: &'a str) -> Message<'a> {
    Message {
        action: "http://schemas.microsoft.com/windows/pki/2009/01/enrollment/RST/wstep",
        to: url,
        token,
        body,
    }
}

const ANSWERED: &str = "http://schemas.microsoft.com/windows/pki/2009/01/enrollment/RSTRC/wstep";

/// The provisioning document in an answer. 8.1 looks for TokenType inside
/// RequestedSecurityToken, the others beside it.
pub(super) fn read(
    family: Family,
    step: Step,
    sent: &Message<'_>,
    answer: &str,
) -> Result<String, EnrollError> {
    let document = parse(step, answer)?;
    let malformed = |what: &str| EnrollError::Malformed(step, what.to_owned());
    let names = (ANSWERED, "RequestSecurityTokenResponseCollection");
    let collection = body(step, &document, sent, names)?;
    let response = child(collection, "RequestSecurityTokenResponse")
        .ok_or_else(|| malformed("expected RequestSecurityTokenResponse"))?;
    let requested = child(response, "RequestedSecurityToken")
        .ok_or_else(|| malformed("expected RequestedSecurityToken"))?;
    let holder = match family {
        Family::Windows81 => requested,
        _ => response,
    };
    let expected = format!("{MANAGER}/DeviceEnrollmentToken");
    if child(holder, "TokenType").map(text).as_ref() != Some(&expected) {
        let name = holder.tag_name().name();
        return Err(malformed(&format!("expected TokenType in {name}")));
    }
    let token = child(requested, "BinarySecurityToken")
        .ok_or_else(|| malformed("expected BinarySecurityToken"))?;
    let is = |name: &str, value: &str| {
        let mut attributes = token.attributes();
        attributes.any(|attribute| attribute.name() == name && attribute.value() == value)
    };
    if !is(
        "ValueType",
        &format!("{MANAGER}/DeviceEnrollmentProvisionDoc"),
    ) || !is("EncodingType", &format!("{SECURITY}#base64binary"))
    {
        return Err(malformed("expected a provisioning document in base64"));
    }
    let bytes = STANDARD.decode(token.text().unwrap_or("").trim()).ok();
    bytes
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| malformed("expected base64 of UTF-8"))
}
