//! RequestSecurityToken (MS-WSTEP): a device asks for its certificate, or for a new one.

use crate::base64;
use crate::csr;
use crate::envelope::{Envelope, EnvelopeError};
use crate::family::Family;
use crate::fault::{Fault, FaultCode, FaultDetail};
use crate::pkcs7;
use crate::xml::{Element, clean_uri};

/// Most items of AdditionalContext. Clients send up to 25, and a MAC for each adapter.
const MAX_ITEMS: usize = 128;
/// Longest name of an item.
const MAX_NAME: usize = 128;
/// Longest value of an item. Claims of attestation are the longest.
const MAX_VALUE: usize = 16 * 1024;

/// Why a request for a certificate is refused. It contains nothing of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenRequestError {
    /// Another operation.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// RequestType is missing.
    #[error("expected a RequestType")]
    NoRequestType,
    /// Neither Issue nor Renew.
    #[error("expected the RequestType Issue or Renew")]
    RequestType,
    /// There is not one certificate request.
    #[error("expected one BinarySecurityToken in RequestSecurityToken")]
    Tokens,
    /// The certificate request has the wrong form for the type of the request.
    #[error("expected a BinarySecurityToken of type {0}")]
    ValueType(&'static str),
    /// The certificate request is not base64.
    #[error("expected a certificate request in base64")]
    Encoding,
    /// The certificate request is too long.
    #[error("expected a certificate request of at most {0} bytes")]
    TooLong(usize),
    /// Too many or too long context items.
    #[error("expected at most {MAX_ITEMS} context items of at most {MAX_VALUE} bytes")]
    Context,
}

impl From<TokenRequestError> for Fault {
    fn from(error: TokenRequestError) -> Fault {
        let reason = error.to_string();
        match error {
            TokenRequestError::Envelope(error) => error.into(),
            TokenRequestError::RequestType => {
                Fault::new(FaultCode::MessageFormat, reason).with_detail(FaultDetail::NotSupported)
            }
            TokenRequestError::Encoding | TokenRequestError::TooLong(_) => {
                Fault::new(FaultCode::CertificateRequest, reason)
            }
            TokenRequestError::Context => Fault::new(FaultCode::MessageFormat, reason)
                .with_detail(FaultDetail::InvalidEnrollmentData),
            _ => Fault::new(FaultCode::MessageFormat, reason),
        }
    }
}

/// What a device asks for, with the bytes that prove its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenRequestKind {
    /// A first certificate, for this PKCS#10 request ([`csr`]).
    Issue(Vec<u8>),
    /// A new certificate, for this PKCS#7 message, which the old key signed ([`pkcs7`]).
    Renew(Vec<u8>),
}

/// A request for a certificate.
#[derive(Debug, Clone)]
pub struct TokenRequest {
    /// What is asked for.
    pub kind: TokenRequestKind,
    /// The type of token, without white space and quotes.
    pub token_type: Option<String>,
    /// Whether the machine enrolls for a user who is not there (Windows 8.1 with KB2909569).
    pub is_on_behalf: bool,
    /// What the client says of the device.
    pub context: Context,
}

/// The two names of the request; the second is sent on behalf of a user.
const NAMES: [&str; 2] = ["RequestSecurityToken", "RequestSecurityTokenOnBehalfOf"];

impl TokenRequest {
    /// Takes the request from an envelope.
    ///
    /// # Errors
    /// What is wrong first. The certificate request itself is not checked yet.
    pub fn from_envelope(envelope: &Envelope) -> Result<Self, TokenRequestError> {
        let request = Parts::new(envelope.operation(&NAMES, "RST")?);
        let token_type = request.uri("TokenType");
        let is_on_behalf = request.has_name(NAMES[1])
            || token_type
                .as_deref()
                .is_some_and(|it| ends_with(it, "/DeviceEnrollmentOnBehalfOfToken"));
        Ok(TokenRequest {
            kind: request.kind()?,
            token_type,
            is_on_behalf,
            context: request.context()?,
        })
    }

    /// The family that the context shows: a check of the one that discovery found.
    pub fn claimed_family(&self) -> Family {
        let device_type = self.context.first("DeviceType").unwrap_or_default();
        if device_type.eq_ignore_ascii_case("WindowsPhone") {
            Family::WindowsPhone81
        } else if self.context.has("DeviceID") || self.context.has("OSVersion") {
            Family::Windows10
        } else {
            Family::Windows81
        }
    }
}

/// The element of the request, and the one in it where the two are nested.
struct Parts<'a>(Vec<&'a Element>);

impl<'a> Parts<'a> {
    fn new(root: &'a Element) -> Self {
        let inner = NAMES.iter().filter_map(|name| root.first(name));
        Parts(std::iter::once(root).chain(inner).collect())
    }

    fn has_name(&self, name: &str) -> bool {
        self.0.iter().any(|part| part.name() == name)
    }

    fn all(&self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.0.iter().flat_map(move |part| part.all(name))
    }

    fn uri(&self, name: &'a str) -> Option<String> {
        let uri = clean_uri(self.all(name).next()?.text());
        (!uri.is_empty()).then_some(uri)
    }

    fn kind(&self) -> Result<TokenRequestKind, TokenRequestError> {
        let kind = self.uri("RequestType");
        let kind = kind.ok_or(TokenRequestError::NoRequestType)?;
        let bytes = if ends_with(&kind, "/Issue") {
            TokenRequestKind::Issue(self.token("PKCS10", csr::MAX_BYTES)?)
        } else if ends_with(&kind, "/Renew") {
            TokenRequestKind::Renew(self.token("PKCS7", pkcs7::MAX_BYTES)?)
        } else {
            return Err(TokenRequestError::RequestType);
        };
        Ok(bytes)
    }

    /// The bytes of the only BinarySecurityToken here; the one in the header has another
    /// parent. The namespace of its type varies: what stands behind `#` counts.
    fn token(&self, kind: &'static str, longest: usize) -> Result<Vec<u8>, TokenRequestError> {
        let mut tokens = self.all("BinarySecurityToken");
        let (Some(token), None) = (tokens.next(), tokens.next()) else {
            return Err(TokenRequestError::Tokens);
        };
        let value_type = clean_uri(token.get("ValueType").unwrap_or_default());
        let (_, fragment) = value_type.rsplit_once('#').unwrap_or_default();
        if !fragment.eq_ignore_ascii_case(kind) {
            return Err(TokenRequestError::ValueType(kind));
        }
        let bytes = base64::decode(token.text()).ok_or(TokenRequestError::Encoding)?;
        if bytes.len() > longest {
            return Err(TokenRequestError::TooLong(longest));
        }
        Ok(bytes)
    }

    fn context(&self) -> Result<Context, TokenRequestError> {
        let lists = self.all("AdditionalContext");
        let mut items = Vec::new();
        for item in lists.flat_map(|list| list.all("ContextItem")) {
            let name = item.get("Name").unwrap_or_default().trim();
            let value = item.value("Value").unwrap_or_default();
            if items.len() >= MAX_ITEMS || name.len() > MAX_NAME || value.len() > MAX_VALUE {
                return Err(TokenRequestError::Context);
            }
            items.push((name.to_owned(), value.to_owned()));
        }
        Ok(Context(items))
    }
}

/// Whether a URI ends so, in any letter case and with or without a slash behind it.
fn ends_with(uri: &str, end: &str) -> bool {
    let uri = uri.trim_end_matches('/').to_ascii_lowercase();
    uri.ends_with(&end.to_ascii_lowercase())
}

/// What a client says of its device: names with values, in the client's order. Names can
/// repeat (`MAC` does). Nothing of it is proven: no device is recognised by it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context(Vec<(String, String)>);

impl Context {
    /// The first value of a name, if it is not empty. Names count in any letter case.
    pub fn first(&self, name: &str) -> Option<&str> {
        let mut items = self.iter();
        let (_, value) =
            items.find(|(key, value)| key.eq_ignore_ascii_case(name) && !value.is_empty())?;
        Some(value)
    }

    /// All values of a name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let items = self.0.iter();
        let items = items.filter(move |(key, _)| key.eq_ignore_ascii_case(name));
        items.map(|(_, value)| value.as_str())
    }

    /// A value that is true or false, in any letter case.
    pub fn flag(&self, name: &str) -> Option<bool> {
        match self.first(name)?.to_ascii_lowercase().as_str() {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }

    /// Whether there is a value of that name.
    pub fn has(&self, name: &str) -> bool {
        self.first(name).is_some()
    }

    /// All names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }
}
