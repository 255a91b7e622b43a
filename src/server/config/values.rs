//! What values are allowed. A field names its rule in `deserialize_with`. What
//! is wrong is an error of serde that says what was expected, and what was found
//! where the rule knows; [`super::tree`] knows the rest and the place.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use data_encoding::HEXLOWER_PERMISSIVE;
use ipnet::IpNet;
use serde::de::{DeserializeSeed, Error, MapAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tracing_subscriber::EnvFilter;
use url::Url;

use modegate_pages::brand::Accent;
use modegate_store::fleet::UserIndex;

use super::choices::{AddressHeader, LogFormat, ProxyHeader};
use crate::enrollment::authority::KeyKind;
use modegate_core::operations::Templates;
use modegate_core::push::address::{HostPolicy, is_loopback};
use modegate_core::secret::Secret;
use modegate_mde::provisioning::ProviderId;

/// A rule for values that are written as text.
pub(super) trait Rule {
    /// What a value becomes.
    type Value;
    /// What a value should be.
    const EXPECTED: &'static str;
    /// Whether a value may hold a secret: it is kept out of faults.
    const IS_SECRET: bool;
    /// `None` for text that is none.
    fn parse(text: &str) -> Option<Self::Value>;
}

macro_rules! text_rules {
    ($($name:ident -> $value:ty, $is_secret:ident, $expected:expr, $parse:expr;)*) => {$(
        pub(super) struct $name;

        impl Rule for $name {
            type Value = $value;
            const EXPECTED: &'static str = $expected;
            const IS_SECRET: bool = $is_secret;

            fn parse(text: &str) -> Option<$value> {
                let parse: fn(&str) -> Option<$value> = $parse;
                parse(text)
            }
        }
    )*};
}

/// The default of `web.brand_accent`.
pub(super) const DEFAULT_ACCENT: &str = "#0b5cad";

const SHOWN: bool = false;
const SECRET: bool = true;

// A rule, what it makes of text, whether that is secret, what is expected, and
// how it is parsed.
text_rules! {
    Directory -> PathBuf, SHOWN, "a directory", path;
    File -> PathBuf, SHOWN, "a file", path;
    Database -> PathBuf, SECRET, "sqlite:PATH", |url| path(url.strip_prefix("sqlite:")?);
    Address -> SocketAddr, SHOWN, "an IP address with a port, such as 127.0.0.1:8443",
        |text| text.parse().ok();
    HostName -> String, SHOWN, "host names or IP addresses of this server",
        |text| is_host_name(text).then(|| text.to_owned());
    SyncPath -> String, SHOWN,
        "a path that begins with '/', of letters, digits and '-._~/', other than /api, /healthz, \
         /readyz, /metrics, /console, /portal, /assets, /EnrollmentServer and what is below them",
        |text| is_sync_path(text).then(|| text.to_owned());
    MainKey -> Secret, SECRET, "64 hexadecimal digits",
        |text| hex_key(text.trim()).map(|_| Secret::new(text.trim()));
    Networks -> Network, SHOWN,
        "IP addresses and networks such as 10.0.0.0/8, with no bits set after the prefix",
        Network::parse;
    CertificateHeader -> ProxyHeader, SHOWN,
        "Client-Cert, X-Forwarded-Client-Cert, X-SSL-Client-Cert, X-ARR-ClientCert, X-Amzn-Mtls-Clientcert or \
         X-Amzn-Mtls-Clientcert-Leaf",
        |text| ProxyHeader::ALL.into_iter().find(|header| header.name().eq_ignore_ascii_case(text));
    ForwardedHeader -> AddressHeader, SHOWN, "X-Forwarded-For or Forwarded",
        |text| match text.to_ascii_lowercase().as_str() {
            "x-forwarded-for" => Some(AddressHeader::XForwardedFor),
            "forwarded" => Some(AddressHeader::Forwarded),
            _ => None,
        };
    ServerName -> String, SHOWN, "1 to 256 characters",
        |text| (text.chars().count() <= 256).then(|| text.to_owned());
    TokenUrl -> String, SECRET,
        "https, or plain http to a loopback address, without user information",
        |text| token_url(text).map(|_| text.to_owned());
    HostSuffix -> String, SHOWN, "HOST or HOST:PORT, a DNS name or an IP address",
        |text| HostPolicy::with_suffix(text).ok().map(|_| text.to_owned());
    LogLines -> LogFormat, SHOWN, "text or json", |text| match text {
        "text" => Some(LogFormat::Text),
        "json" => Some(LogFormat::Json),
        _ => None,
    };
    UserIndexWord -> UserIndex, SHOWN, "sealed or prefix", |text| match text {
        "sealed" => Some(UserIndex::Sealed),
        "prefix" => Some(UserIndex::Prefix),
        _ => None,
    };
    LogFilter -> String, SHOWN, "a filter such as info,modegate=debug",
        |text| EnvFilter::try_new(text).ok().map(|_| text.to_owned());
    BaseUrl -> String, SHOWN,
        "an http:// or https:// URL without user, password, path, query and fragment",
        |text| is_base_url(text).then(|| text.trim_end_matches('/').to_owned());
    BrandName -> String, SHOWN, "1 to 64 characters of one line",
        |text| ((1..=64).contains(&text.chars().count()) && !text.chars().any(char::is_control))
            .then(|| text.to_owned());
    AccentColour -> String, SHOWN,
        "a colour #rrggbb on which white text has a contrast of at least 4.5:1",
        |text| text.parse::<Accent>().ok().map(|accent| accent.to_string());
    ProviderName -> String, SHOWN,
        "1 to 64 ASCII letters, digits, blanks, '.', '-' and '_', without blanks around them",
        |text| ProviderId::new(text).ok().map(|id| id.as_str().to_owned());
    CaKey -> KeyKind, SHOWN, "rsa or ecdsa", |text| match text {
        "rsa" => Some(KeyKind::Rsa),
        "ecdsa" => Some(KeyKind::Ecdsa),
        _ => None,
    };
    HeaderName -> String, SHOWN, "the name of a header, such as X-Remote-User",
        |text| text.parse::<actix_web::http::header::HeaderName>().ok().map(|name| name.to_string());
    Endpoint -> String, SECRET,
        "an http:// or https:// URL without user, password, query and fragment",
        |text| is_endpoint(text).then(|| text.trim_end_matches('/').to_owned());
}

/// A value that is always there.
pub(super) fn required<'de, R: Rule, D: Deserializer<'de>>(from: D) -> Result<R::Value, D::Error> {
    let text = String::deserialize(from).map_err(|_| D::Error::custom(R::EXPECTED))?;
    parse::<R, _>(&text)
}

/// A value that may be absent; empty text means absent.
pub(super) fn optional<'de, R: Rule, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<R::Value>, D::Error> {
    let text = String::deserialize(from).map_err(|_| D::Error::custom(R::EXPECTED))?;
    (!text.is_empty()).then(|| parse::<R, _>(&text)).transpose()
}

/// A list of such values.
pub(super) fn list<'de, R: Rule, D: Deserializer<'de>>(from: D) -> Result<Vec<R::Value>, D::Error> {
    let entries = Vec::<Entry<R>>::deserialize(from)?;
    Ok(entries.into_iter().map(|Entry(value)| value).collect())
}

struct Entry<R: Rule>(R::Value);

impl<'de, R: Rule> Deserialize<'de> for Entry<R> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from).map_err(|_| D::Error::custom("text"))?;
        parse::<R, _>(&text).map(Entry)
    }
}

fn parse<R: Rule, E: Error>(text: &str) -> Result<R::Value, E> {
    R::parse(text).ok_or_else(|| {
        let length = format!("{} characters", text.chars().count());
        let found = if R::IS_SECRET {
            Unexpected::Other(&length)
        } else {
            Unexpected::Str(text)
        };
        E::invalid_value(found, &R::EXPECTED)
    })
}

/// A whole number within these bounds, both included.
pub(super) fn number<'de, D: Deserializer<'de>, const LEAST: u32, const MOST: u32>(
    from: D,
) -> Result<u32, D::Error> {
    let expected = format!("a number from {LEAST} to {MOST}");
    let number = i64::deserialize(from).map_err(|_| D::Error::custom(&expected))?;
    let within = |number: &u32| (LEAST..=MOST).contains(number);
    let read = u32::try_from(number).ok().filter(within);
    read.ok_or_else(|| D::Error::invalid_value(Unexpected::Signed(number), &expected.as_str()))
}

/// How often something may happen; 0 is no limit.
pub(super) fn rate<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    number::<_, 0, 1_000_000>(from)
}

/// How many days something is kept; 0 is for ever.
pub(super) fn days<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    number::<_, 0, 36_500>(from)
}

/// A list of numbers.
pub(super) fn numbers<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u32>, D::Error> {
    #[derive(Deserialize)]
    #[serde(transparent)]
    struct Any(#[serde(deserialize_with = "number::<_, 0, { u32::MAX }>")] u32);
    let numbers = Vec::<Any>::deserialize(from)?;
    Ok(numbers.into_iter().map(|Any(number)| number).collect())
}

fn path(text: &str) -> Option<PathBuf> {
    (!text.is_empty() && !text.contains('\0')).then(|| PathBuf::from(text))
}

/// Whether it is a name or address as it can stand in a certificate.
fn is_host_name(text: &str) -> bool {
    let label = |label: &str| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(allowed)
    };
    let name = text.strip_prefix("*.").unwrap_or(text);
    text.parse::<IpAddr>().is_ok() || (name.len() <= 253 && name.split('.').all(label))
}

fn is_sync_path(text: &str) -> bool {
    // The server's own paths, with what is below them.
    let own = [
        "/api",
        "/healthz",
        "/readyz",
        "/metrics",
        "/console",
        "/portal",
        "/assets",
        "/enrollmentserver",
    ];
    let is_own = own
        .iter()
        .filter_map(|own| {
            text.get(..own.len())
                .filter(|path| path.eq_ignore_ascii_case(own))
                .map(|_| &text[own.len()..])
        })
        .any(|rest| rest.is_empty() || rest.starts_with('/'));
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    text.starts_with('/') && text.bytes().all(allowed) && !is_own
}

/// The main key from its 64 hexadecimal digits; `None` for anything else.
pub fn hex_key(digits: &str) -> Option<[u8; 32]> {
    let bytes = HEXLOWER_PERMISSIVE.decode(digits.as_bytes()).ok()?;
    bytes.try_into().ok()
}

/// The address of a token service: https, or plain http to a loopback address,
/// without user information; `None` for anything else.
pub(crate) fn token_url(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let host = url.host_str()?;
    let is_safe = url.scheme() == "https" || url.scheme() == "http" && is_loopback(host);
    (is_safe && is_without_user(&url)).then_some(url)
}

/// Whether it is a base URL that can be shown: one with credentials cannot.
fn is_base_url(text: &str) -> bool {
    is_endpoint(text) && Url::parse(text).is_ok_and(|url| url.path() == "/")
}

fn is_endpoint(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.host().is_some()
            && is_without_user(&url)
            && url.query().is_none()
            && url.fragment().is_none()
    })
}

fn is_without_user(url: &Url) -> bool {
    url.username().is_empty() && url.password().is_none()
}

/// As [`Database`] reads it.
pub(super) fn database_url<S: Serializer>(
    path: &Option<PathBuf>,
    to: S,
) -> Result<S::Ok, S::Error> {
    let url = |path: &PathBuf| format!("sqlite:{}", path.display());
    path.as_ref().map(url).serialize(to)
}

/// A secret as `***`.
pub(super) fn masked<S: Serializer>(secret: &Option<Secret>, to: S) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(ToString::to_string).serialize(to)
}

/// A network; one address is a network of its whole length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network(IpNet);

impl Serialize for Network {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl Network {
    /// Whether the address is in the network. An IPv4 address that came over
    /// an IPv6 socket (`::ffff:a.b.c.d`) counts as the IPv4 one.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }

    /// The network that `text` names: an address, or an address and a prefix
    /// length with no bits set after the prefix. What 10.1.2.3/8 means is not
    /// guessed: `None`.
    pub fn parse(text: &str) -> Option<Self> {
        let address = text.parse::<IpAddr>().map(IpNet::from);
        let network = address.ok().or_else(|| text.parse().ok())?;
        (network == network.trunc()).then_some(Network(network))
    }

    /// Whether it holds every address of its family.
    pub(super) fn is_everyone(&self) -> bool {
        self.0.prefix_len() == 0
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.prefix_len() == self.0.max_prefix_len() {
            self.0.addr().fmt(f)
        } else {
            self.0.fmt(f)
        }
    }
}

/// Texts by the names of templates.
pub(super) fn templates<'de, D: Deserializer<'de>>(from: D) -> Result<Templates, D::Error> {
    from.deserialize_map(OwnTemplates)
}

struct OwnTemplates;

impl<'de> Visitor<'de> for OwnTemplates {
    type Value = Templates;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table of names and texts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Templates, A::Error> {
        let mut own = BTreeMap::new();
        while let Some(name) = entries.next_key::<String>()? {
            let text = entries.next_value_seed(Template(&name))?;
            own.insert(name, text);
        }
        // Each was checked by itself.
        Ok(Templates::new(own).unwrap_or_default())
    }
}

/// The text of the template of this name.
struct Template<'a>(&'a str);

impl<'de> DeserializeSeed<'de> for Template<'_> {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<String, D::Error> {
        let text = String::deserialize(from).map_err(|_| D::Error::custom("text"))?;
        let checked = Templates::check(self.0, &text);
        checked.map(|()| text).map_err(|fault| {
            let found = Unexpected::Other(&fault.found);
            D::Error::invalid_value(found, &fault.expected.as_str())
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_network_holds_its_addresses_and_no_others() {
        for (network, address, inside) in [
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.0.0.0/8", "::ffff:10.1.1.1", true),
            ("10.0.0.0/8", "::a01:101", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("::/0", "2001:db8::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("127.0.0.1", "127.0.0.1", true),
            ("127.0.0.1", "127.0.0.2", false),
        ] {
            let network = Network::parse(network).unwrap();
            assert_eq!(
                network.contains(address.parse().unwrap()),
                inside,
                "{network} {address}"
            );
        }
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in [
            "",
            "10",
            "10.0.0.0/",
            "10.0.0.0/33",
            "10.0.0.1/8",
            "10.0.0.0/+8",
            "::/129",
            "a/8",
            "10.0.0.0/8/8",
        ] {
            assert_eq!(Network::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn an_address_is_in_its_own_network(bits: u32, prefix in 0u8..=32) {
            let kept = bits.checked_shr(32 - u32::from(prefix)).unwrap_or(0).checked_shl(32 - u32::from(prefix)).unwrap_or(0);
            let text = format!("{}/{prefix}", std::net::Ipv4Addr::from_bits(kept));
            let network = Network::parse(&text).unwrap();
            prop_assert!(network.contains(std::net::Ipv4Addr::from_bits(bits).into()));
            prop_assert_eq!(Network::parse(&network.to_string()), Some(network));
        }
    }
}
