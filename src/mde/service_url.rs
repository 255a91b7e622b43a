//! Addresses that answers contain.

use std::fmt;

/// Longest address that an answer contains.
const LONGEST: usize = 2048;

/// Why a text cannot be an address in an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// Neither https nor http.
    #[error("expected a URL that begins with https:// or http://")]
    Scheme,
    /// Nothing behind the scheme.
    #[error("expected a URL with a host")]
    Host,
    /// White space, a quote, a control character or one outside of ASCII.
    #[error("expected a URL of printable ASCII without blanks and quotes")]
    Character,
    /// The client appends a query of its own.
    #[error("expected a URL without a query and a fragment")]
    Query,
    /// Too long.
    #[error("expected a URL of at most {LONGEST} characters")]
    Length,
}

/// The address of a service or of the DM account. It has no query and no fragment, since
/// clients append a query to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceUrl(String);

impl ServiceUrl {
    /// Takes an absolute http or https URL.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        let link = LinkUrl::parse(text)?;
        if text.contains(['?', '#']) {
            return Err(UrlError::Query);
        }
        Ok(ServiceUrl(link.0))
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ServiceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The address of a page for people. It may have a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkUrl(String);

impl LinkUrl {
    /// Takes an absolute http or https URL.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        if text.len() > LONGEST {
            return Err(UrlError::Length);
        }
        let is_bad =
            |byte: u8| !byte.is_ascii_graphic() || matches!(byte, b'"' | b'\'' | b'<' | b'>');
        if text.bytes().any(is_bad) {
            return Err(UrlError::Character);
        }
        let scheme = |name: &str| {
            let begin = text.get(..name.len())?;
            begin
                .eq_ignore_ascii_case(name)
                .then(|| &text[name.len()..])
        };
        let rest = scheme("https://").or_else(|| scheme("http://"));
        match rest.ok_or(UrlError::Scheme)?.chars().next() {
            None | Some('/' | '?' | '#' | ':') => Err(UrlError::Host),
            Some(_) => Ok(LinkUrl(text.to_owned())),
        }
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LinkUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
