//! Requests: SOAP 1.1 and 1.2 envelopes, read by local names.

mod security;

pub use security::{HeaderToken, Security, TokenKind, UsernameToken};

use crate::fault::{Fault, FaultCode};
use crate::xml::{Element, XmlError, clean_uri};

/// A request. The address it names (`To`) is not read: its letter case, port and
/// punctuation vary.
#[derive(Debug, Clone)]
pub struct Envelope {
    action: Option<String>,
    message_id: Option<String>,
    security: Security,
    body: Element,
}

/// Why bytes are not a request, or not the expected one. It contains nothing of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// Not XML.
    #[error(transparent)]
    Xml(#[from] XmlError),
    /// The root is another element.
    #[error("expected a SOAP envelope")]
    NotAnEnvelope,
    /// Body is missing or does not have one element.
    #[error("expected a Body with one element")]
    Body,
    /// The security header has more than one token of the same type.
    #[error("expected at most one token in the security header")]
    Tokens,
    /// The token is not base64.
    #[error("expected a security token in base64")]
    TokenEncoding,
    /// Only passwords as text can be checked.
    #[error("expected a password as text")]
    PasswordType,
    /// The action names another operation.
    #[error("expected the action of {0}")]
    Action(&'static str),
    /// The body is another operation.
    #[error("expected {0} in the Body")]
    Operation(&'static str),
}

impl From<EnvelopeError> for Fault {
    fn from(error: EnvelopeError) -> Fault {
        let code = match error {
            EnvelopeError::Tokens | EnvelopeError::TokenEncoding | EnvelopeError::PasswordType => {
                FaultCode::InvalidSecurity
            }
            _ => FaultCode::MessageFormat,
        };
        Fault::new(code, error.to_string())
    }
}

impl Envelope {
    /// Reads a request.
    ///
    /// # Errors
    /// What is wrong first.
    pub fn read(bytes: &[u8]) -> Result<Self, EnvelopeError> {
        let root = Element::read(bytes)?;
        if root.name() != "Envelope" {
            return Err(EnvelopeError::NotAnEnvelope);
        }
        let header = root.first("Header");
        let header_text = |name: &str| Some(header?.first(name)?.text());
        let body = root.first("Body").map(Element::children);
        let Some([body]) = body else {
            return Err(EnvelopeError::Body);
        };
        let action = header_text("Action").map(clean_uri);
        Ok(Envelope {
            action: action.filter(|action| !action.is_empty()),
            message_id: header_text("MessageID").map(str::to_owned),
            security: header.map_or(Ok(Security::None), Security::read)?,
            body: body.clone(),
        })
    }

    /// The action, without white space and quotes.
    pub fn action(&self) -> Option<&str> {
        self.action.as_deref()
    }

    /// The MessageID verbatim. Clients have it compiled in: many requests have the same one.
    pub fn message_id(&self) -> Option<&str> {
        self.message_id.as_deref()
    }

    /// What the security header contains.
    pub fn security(&self) -> &Security {
        &self.security
    }

    /// The element in the body.
    pub fn body(&self) -> &Element {
        &self.body
    }

    /// The body, if it is one of these elements and the action does not name another
    /// operation. An action counts by its segments, since namespaces vary.
    pub(crate) fn operation(
        &self,
        names: &[&'static str],
        action_segment: &'static str,
    ) -> Result<&Element, EnvelopeError> {
        if let Some(action) = self.action() {
            let mut segments = action.rsplit('/').filter(|part| !part.is_empty()).take(2);
            if !segments.any(|part| part.eq_ignore_ascii_case(action_segment)) {
                return Err(EnvelopeError::Action(action_segment));
            }
        }
        if names.contains(&self.body.name()) {
            Ok(&self.body)
        } else {
            Err(EnvelopeError::Operation(names[0]))
        }
    }
}
