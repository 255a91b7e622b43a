//! SOAP 1.2 with WS-Addressing and WS-Security, as the clients write it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use roxmltree::{Document, Node};

use super::error::{EnrollError, Fault, Step};
use crate::message::escape;
use crate::secret::Secret;

pub(super) const ENROLLMENT: &str =
    "http://schemas.microsoft.com/windows/management/2012/01/enrollment";
pub(super) const PKI: &str = "http://schemas.microsoft.com/windows/pki/2009/01";
pub(super) const MANAGER: &str =
    "http://schemas.microsoft.com/5.0.0.0/ConfigurationManager/Enrollment";
pub(super) const TRUST: &str = "http://docs.oasis-open.org/ws-sx/ws-trust/200512";
pub(super) const SECURITY: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
const SOAP: &str = "http://www.w3.org/2003/05/soap-envelope";
const ADDRESSING: &str = "http://www.w3.org/2005/08/addressing";
pub(super) const NIL: &str = "xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\" i:nil=\"true\"";

/// What proves the user to the server, in the header of a message.
#[derive(Debug, Clone)]
pub enum HeaderToken {
    /// Nothing.
    None,
    /// A token: of the sign-in pages, or one that was given out.
    Binary(Secret),
    /// User name and password.
    UserName(String, Secret),
}

/// A message to send.
pub(super) struct Message<'a> {
    pub(super) action: &'a str,
    pub(super) to: &'a str,
    pub(super) token: &'a HeaderToken,
    /// The child of Body.
    pub(super) body: &'a str,
}

impl Message<'_> {
    /// The MessageID: one for each action, compiled into the client.
    pub(super) fn id(&self) -> String {
        let name = self.action.rsplit('/').nth(1).unwrap_or_default();
        let sum = name.bytes().fold(0_u32, |sum, byte| {
            sum.wrapping_mul(31).wrapping_add(u32::from(byte))
        });
        format!("urn:uuid:0d5a1441-5891-453b-becf-{:012x}", u64::from(sum))
    }

    pub(super) fn text(&self) -> String {
        format!(
            "<s:Envelope xmlns:s=\"{SOAP}\" xmlns:a=\"{ADDRESSING}\"><s:Header>\
             <a:Action s:mustUnderstand=\"1\">{}</a:Action><a:MessageID>{}</a:MessageID>\
             <a:ReplyTo><a:Address>{ADDRESSING}/anonymous</a:Address></a:ReplyTo>\
             <a:To s:mustUnderstand=\"1\">{}</a:To>{}</s:Header><s:Body>{}</s:Body></s:Envelope>",
            self.action,
            self.id(),
            escape(self.to),
            security(self.token),
            self.body
        )
    }
}

fn security(token: &HeaderToken) -> String {
    let inner = match token {
        HeaderToken::None => return String::new(),
        HeaderToken::Binary(token) => format!(
            "<wsse:BinarySecurityToken ValueType=\"{MANAGER}/DeviceEnrollmentUserToken\" \
             EncodingType=\"{SECURITY}#base64binary\">{}</wsse:BinarySecurityToken>",
            STANDARD.encode(token.reveal())
        ),
        HeaderToken::UserName(name, password) => format!(
            "<wsse:UsernameToken><wsse:Username>{}</wsse:Username>\
             <wsse:Password Type=\"http://docs.oasis-open.org/wss/2004/01/\
             oasis-200401-wss-username-token-profile-1.0#PasswordText\">{}</wsse:Password>\
             </wsse:UsernameToken>",
            escape(name),
            escape(password.reveal())
        ),
    };
    format!(
        "<wsse:Security xmlns:wsse=\"{SECURITY}\" s:mustUnderstand=\"1\">{inner}</wsse:Security>"
    )
}

/// The first element below `node` of that local name.
pub(super) fn find<'a>(node: Node<'a, 'a>, name: &str) -> Option<Node<'a, 'a>> {
    let mut below = node.descendants();
    below.find(|node| node.is_element() && node.tag_name().name() == name)
}

/// The child element of that local name.
pub(super) fn child<'a>(node: Node<'a, 'a>, name: &str) -> Option<Node<'a, 'a>> {
    let mut children = node.children();
    children.find(|node| node.is_element() && node.tag_name().name() == name)
}

pub(super) fn text(node: Node<'_, '_>) -> String {
    node.text().unwrap_or("").trim().to_owned()
}

/// Whether an element says that it is nothing.
pub(super) fn is_nil(node: Node<'_, '_>) -> bool {
    let mut attributes = node.attributes();
    attributes.any(|attribute| attribute.name() == "nil" && attribute.value() == "true")
}

/// Body's child of that name in the answer to `sent`, whose header fits the request.
pub(super) fn body<'a>(
    step: Step,
    document: &'a Document<'a>,
    sent: &Message<'_>,
    (action, name): (&str, &str),
) -> Result<Node<'a, 'a>, EnrollError> {
    let malformed = |what: String| EnrollError::Malformed(step, what);
    let root = document.root_element();
    if root.tag_name().name() != "Envelope" || root.tag_name().namespace() != Some(SOAP) {
        return Err(malformed("expected an Envelope of SOAP 1.2".to_owned()));
    }
    let header = child(root, "Header");
    let header = header.ok_or_else(|| malformed("expected a Header".to_owned()))?;
    let value = |name| child(header, name).and_then(|node| node.text());
    if value("Action").map(str::trim) != Some(action) {
        return Err(malformed(format!("expected Action {action}")));
    }
    if value("RelatesTo") != Some(sent.id().as_str()) {
        return Err(malformed("RelatesTo is not the MessageID".to_owned()));
    }
    child(root, "Body")
        .and_then(|body| child(body, name))
        .ok_or_else(|| malformed(format!("expected {name} in Body")))
}

/// Reads a document; it has no DTD.
pub(super) fn parse(step: Step, text: &str) -> Result<Document<'_>, EnrollError> {
    Document::parse(text).map_err(|error| EnrollError::Malformed(step, error.to_string()))
}

/// The fault in a message, if it is one. The HTTP status is not of it.
pub(super) fn read_fault(message: &str) -> Option<Fault> {
    let document = Document::parse(message).ok()?;
    let body = child(document.root_element(), "Body")?;
    let fault = child(body, "Fault")?;
    let subcode = find(child(fault, "Code")?, "Subcode")
        .and_then(|node| child(node, "Value"))
        .map(text)
        .unwrap_or_default();
    let local = subcode.rsplit(':').next().unwrap_or_default();
    let detail = |name| {
        let node = find(child(fault, "Detail")?, name)?;
        Some(text(node)).filter(|text| !text.is_empty())
    };
    Some(Fault {
        http_status: 0,
        subcode: local.to_owned(),
        reason: find(fault, "Text").map(text).unwrap_or_default(),
        error_type: detail("ErrorType"),
        trace_id: detail("TraceId"),
    })
}
