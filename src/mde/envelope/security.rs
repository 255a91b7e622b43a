//! The security header: how a request says who sends it.

use super::EnvelopeError;
use crate::base64;
use crate::secret::Secret;
use crate::xml::{Element, clean_uri};

/// What the security header of a request contains.
#[derive(Debug, Clone)]
pub enum Security {
    /// No header, or one without a usable token: a renewal, for which the TLS client
    /// certificate counts. A user name without a password is such a header.
    None,
    /// A binary token, which sign-in or an API of the device handed to the client.
    Token(HeaderToken),
    /// A user name with a password (authentication policy OnPremise).
    Username(UsernameToken),
}

/// A binary token.
#[derive(Debug, Clone)]
pub struct HeaderToken {
    /// What the client calls it.
    pub kind: TokenKind,
    /// The token as sign-in returned it: decoded once, since Windows itself encodes it.
    pub value: Secret,
}

/// The type of a binary token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// A token of the server's own sign-in page.
    DeviceEnrollmentUser,
    /// A JSON Web Token of Azure Active Directory.
    Jwt,
    /// Something else, or nothing.
    Other,
}

/// A user name with a password. The name can differ from the e-mail address of discovery.
#[derive(Debug, Clone)]
pub struct UsernameToken {
    /// The name.
    pub username: String,
    /// The password.
    pub password: Secret,
}

impl Security {
    /// Reads the security headers of a Header element. Where a binary token stands beside a
    /// user name, only the token counts.
    pub(super) fn read(header: &Element) -> Result<Self, EnvelopeError> {
        let headers = || header.all("Security");
        let tokens: Vec<&Element> = headers()
            .flat_map(|header| header.all("BinarySecurityToken"))
            .collect();
        let names: Vec<&Element> = headers()
            .flat_map(|header| header.all("UsernameToken"))
            .collect();
        if tokens.len() > 1 || names.len() > 1 {
            return Err(EnvelopeError::Tokens);
        }
        if let Some(token) = tokens.first() {
            let value = base64::decode(token.text()).ok_or(EnvelopeError::TokenEncoding)?;
            if !value.is_empty() {
                let kind = TokenKind::from_value_type(token.get("ValueType").unwrap_or_default());
                let value = Secret::new(value);
                return Ok(Security::Token(HeaderToken { kind, value }));
            }
        }
        match names.first() {
            Some(token) => Self::username(token),
            None => Ok(Security::None),
        }
    }

    fn username(token: &Element) -> Result<Self, EnvelopeError> {
        let Some(password) = token.first("Password").filter(|it| !it.text().is_empty()) else {
            return Ok(Security::None);
        };
        let kind = clean_uri(password.get("Type").unwrap_or_default());
        if !kind.is_empty() && !kind.ends_with("PasswordText") {
            return Err(EnvelopeError::PasswordType);
        }
        Ok(Security::Username(UsernameToken {
            username: token.value("Username").unwrap_or_default().to_owned(),
            password: Secret::new(password.text()),
        }))
    }
}

impl TokenKind {
    fn from_value_type(value_type: &str) -> Self {
        let uri = clean_uri(value_type).to_ascii_lowercase();
        if uri.ends_with("/deviceenrollmentusertoken") {
            TokenKind::DeviceEnrollmentUser
        } else if uri.ends_with(":jwt") {
            TokenKind::Jwt
        } else {
            TokenKind::Other
        }
    }
}
