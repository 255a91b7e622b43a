//! What values are allowed: each rule reads one value and says what it expected.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use data_encoding::HEXLOWER_PERMISSIVE;
use ipnet::IpNet;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Unexpected, Visitor};
use serde::{Serialize, Serializer};
use url::Url;

use super::settings::{AddressHeader, LogFormat, ProxyHeader};
use modegate_core::operations::Templates;
use modegate_core::push::address::{HostPolicy, is_loopback};
use modegate_core::secret::Secret;

/// A value written as text: what it should be, and how it is parsed.
#[derive(Clone, Copy)]
struct Text<F> {
    expected: &'static str,
    /// Whether the text is kept out of faults, since it may hold a secret.
    hidden: bool,
    parse: F,
}

impl<'de, T, F: Fn(&str) -> Option<T>> Visitor<'de> for Text<F> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        if let Some(value) = (self.parse)(text) {
            return Ok(value);
        }
        let length = format!("{} characters", text.chars().count());
        let found = if self.hidden {
            Unexpected::Other(&length)
        } else {
            Unexpected::Str(text)
        };
        Err(E::invalid_value(found, &self))
    }
}

impl<'de, T, F: Fn(&str) -> Option<T>> DeserializeSeed<'de> for Text<F> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<T, D::Error> {
        from.deserialize_str(self)
    }
}

/// A value that is never empty.
fn required<'de, D: Deserializer<'de>, T>(
    from: D,
    expected: &'static str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<T, D::Error> {
    let hidden = false;
    from.deserialize_str(Text {
        expected,
        hidden,
        parse,
    })
}

/// A value that may be absent; empty text means absent.
fn optional<'de, D: Deserializer<'de>, T>(
    from: D,
    expected: &'static str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, D::Error> {
    required(from, expected, or_none(parse))
}

/// As [`optional`], for text that may hold a secret.
fn hidden<'de, D: Deserializer<'de>, T>(
    from: D,
    expected: &'static str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, D::Error> {
    from.deserialize_str(Text {
        expected,
        hidden: true,
        parse: or_none(parse),
    })
}

fn or_none<T>(parse: impl Fn(&str) -> Option<T>) -> impl Fn(&str) -> Option<Option<T>> {
    move |text| {
        if text.is_empty() {
            Some(None)
        } else {
            parse(text).map(Some)
        }
    }
}

/// A whole number within these bounds, both included.
#[derive(Clone, Copy)]
struct Number<const LEAST: u32, const MOST: u32>;

impl<'de, const LEAST: u32, const MOST: u32> Visitor<'de> for Number<LEAST, MOST> {
    type Value = u32;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a number from {LEAST} to {MOST}")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<u32, E> {
        u32::try_from(number)
            .ok()
            .filter(|number| (LEAST..=MOST).contains(number))
            .ok_or_else(|| E::invalid_value(Unexpected::Signed(number), &self))
    }
}

impl<'de, const LEAST: u32, const MOST: u32> DeserializeSeed<'de> for Number<LEAST, MOST> {
    type Value = u32;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<u32, D::Error> {
        from.deserialize_u32(self)
    }
}

/// A list of such values.
struct List<S>(S);

impl<'de, T, S> Visitor<'de> for List<S>
where
    S: Visitor<'de, Value = T> + DeserializeSeed<'de, Value = T> + Copy,
{
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of ")?;
        self.0.expecting(f)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Vec<T>, A::Error> {
        let mut list = Vec::new();
        while let Some(entry) = entries.next_element_seed(self.0)? {
            list.push(entry);
        }
        Ok(list)
    }
}

fn list<'de, D: Deserializer<'de>, T>(
    from: D,
    expected: &'static str,
    parse: impl Fn(&str) -> Option<T> + Copy,
) -> Result<Vec<T>, D::Error> {
    let hidden = false;
    from.deserialize_seq(List(Text {
        expected,
        hidden,
        parse,
    }))
}

pub(super) fn number<'de, D, T, const LEAST: u32, const MOST: u32>(from: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: TryFrom<u32, Error: fmt::Display>,
{
    let number = from.deserialize_u32(Number::<LEAST, MOST>)?;
    T::try_from(number).map_err(D::Error::custom)
}

pub(super) fn rate<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    number::<_, _, 0, 1_000_000>(from)
}

pub(super) fn days<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    number::<_, _, 0, 36_500>(from)
}

pub(super) fn numbers<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u32>, D::Error> {
    from.deserialize_seq(List(Number::<0, { u32::MAX }>))
}

pub(super) fn directory<'de, D: Deserializer<'de>>(from: D) -> Result<PathBuf, D::Error> {
    required(from, "a folder", path)
}

pub(super) fn optional_directory<'de, D>(from: D) -> Result<Option<PathBuf>, D::Error>
where
    D: Deserializer<'de>,
{
    optional(from, "a folder", path)
}

pub(super) fn optional_file<'de, D>(from: D) -> Result<Option<PathBuf>, D::Error>
where
    D: Deserializer<'de>,
{
    optional(from, "a file", path)
}

fn path(text: &str) -> Option<PathBuf> {
    (!text.is_empty() && !text.contains('\0')).then(|| PathBuf::from(text))
}

const ADDRESS: &str = "an IP address with a port, such as 127.0.0.1:8443";

pub(super) fn address<'de, D: Deserializer<'de>>(from: D) -> Result<SocketAddr, D::Error> {
    required(from, ADDRESS, |text| text.parse().ok())
}

pub(super) fn optional_address<'de, D>(from: D) -> Result<Option<SocketAddr>, D::Error>
where
    D: Deserializer<'de>,
{
    optional(from, ADDRESS, |text| text.parse().ok())
}

pub(super) fn host_names<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    list(from, "host names or IP addresses of this server", host_name)
}

/// A name or address as it can stand in a certificate.
fn host_name(text: &str) -> Option<String> {
    let label = |label: &str| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(allowed)
    };
    let name = text.strip_prefix("*.").unwrap_or(text);
    let good = text.parse::<IpAddr>().is_ok() || (name.len() <= 253 && name.split('.').all(label));
    good.then(|| text.to_owned())
}

pub(super) fn database<'de, D: Deserializer<'de>>(from: D) -> Result<Option<PathBuf>, D::Error> {
    hidden(from, "sqlite:PATH", |url| {
        path(url.strip_prefix("sqlite:")?)
    })
}

pub(super) fn database_url<S: Serializer>(
    path: &Option<PathBuf>,
    to: S,
) -> Result<S::Ok, S::Error> {
    let url = path
        .as_ref()
        .map(|path| format!("sqlite:{}", path.display()));
    url.serialize(to)
}

/// Paths that are the server's own, with what is below them.
const OWN_PATHS: [&str; 4] = ["/api", "/healthz", "/readyz", "/metrics"];

pub(super) fn sync_path<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let expected = "a path that begins with '/', of letters, digits and '-._~/', other than /api, /healthz, \
                    /readyz, /metrics and what is below them";
    required(from, expected, |text| {
        let own = OWN_PATHS.iter().any(|own| {
            text.strip_prefix(own)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        let plain = text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte));
        (text.starts_with('/') && plain && !own).then(|| text.to_owned())
    })
}

pub(super) fn main_key<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Secret>, D::Error> {
    hidden(from, "64 hexadecimal digits", |text| {
        let digits = text.trim();
        hex_key(digits).map(|_| Secret::new(digits))
    })
}

/// The main key from its 64 hexadecimal digits; `None` for anything else.
pub fn hex_key(digits: &str) -> Option<[u8; 32]> {
    let bytes = HEXLOWER_PERMISSIVE.decode(digits.as_bytes()).ok()?;
    bytes.try_into().ok()
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

pub(super) fn networks<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Network>, D::Error> {
    let expected =
        "IP addresses and networks such as 10.0.0.0/8, with no bits set after the prefix";
    list(from, expected, Network::parse)
}

pub(super) fn proxy_header<'de, D>(from: D) -> Result<Option<ProxyHeader>, D::Error>
where
    D: Deserializer<'de>,
{
    let expected = "Client-Cert, X-Forwarded-Client-Cert, X-SSL-Client-Cert or X-ARR-ClientCert";
    optional(from, expected, |text| {
        ProxyHeader::ALL
            .into_iter()
            .find(|header| header.name().eq_ignore_ascii_case(text))
    })
}

pub(super) fn address_header<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<AddressHeader, D::Error> {
    required(from, "X-Forwarded-For or Forwarded", |text| {
        match text.to_ascii_lowercase().as_str() {
            "x-forwarded-for" => Some(AddressHeader::XForwardedFor),
            "forwarded" => Some(AddressHeader::Forwarded),
            _ => None,
        }
    })
}

pub(super) fn server_name<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    optional(from, "1 to 256 characters", |text| {
        (text.chars().count() <= 256).then(|| text.to_owned())
    })
}

pub(super) fn optional_token_url<'de, D>(from: D) -> Result<Option<String>, D::Error>
where
    D: Deserializer<'de>,
{
    let expected = "https, or plain http to a loopback address, without user information";
    hidden(from, expected, |text| {
        token_url(text).map(|_| text.to_owned())
    })
}

/// The address of a token service: https, or plain http to a loopback address,
/// without user information; `None` for anything else.
pub fn token_url(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let host = url.host_str()?;
    let is_safe = url.scheme() == "https" || url.scheme() == "http" && is_loopback(host);
    (is_safe && is_without_user(&url)).then_some(url)
}

fn is_without_user(url: &Url) -> bool {
    url.username().is_empty() && url.password().is_none()
}

pub(super) fn host_suffix<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let expected = "HOST or HOST:PORT, a DNS name or an IP address";
    optional(from, expected, |text| {
        HostPolicy::with_suffix(text).ok().map(|_| text.to_owned())
    })
}

pub(super) fn log_format<'de, D: Deserializer<'de>>(from: D) -> Result<LogFormat, D::Error> {
    required(from, "text or json", |text| match text {
        "text" => Some(LogFormat::Text),
        "json" => Some(LogFormat::Json),
        _ => None,
    })
}

pub(super) fn log_filter<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    optional(from, "a filter such as info,modegate=debug", |text| {
        let filter = tracing_subscriber::EnvFilter::try_new(text);
        filter.ok().map(|_| text.to_owned())
    })
}

/// A base URL that can be shown: one with credentials cannot.
pub(super) fn endpoint<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let expected = "an http:// or https:// URL without user, password, query and fragment";
    hidden(from, expected, |text| {
        let url = Url::parse(text).ok()?;
        let good = matches!(url.scheme(), "http" | "https")
            && url.host().is_some()
            && is_without_user(&url)
            && url.query().is_none()
            && url.fragment().is_none();
        good.then(|| text.trim_end_matches('/').to_owned())
    })
}

pub(super) fn templates<'de, D: Deserializer<'de>>(from: D) -> Result<Templates, D::Error> {
    from.deserialize_map(OwnTemplates)
}

pub(super) fn own_templates<S: Serializer>(
    templates: &Templates,
    to: S,
) -> Result<S::Ok, S::Error> {
    templates.own().serialize(to)
}

/// Texts by the names of templates.
struct OwnTemplates;

impl<'de> Visitor<'de> for OwnTemplates {
    type Value = Templates;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table of names and texts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Templates, A::Error> {
        let mut own = std::collections::BTreeMap::new();
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
        let text = required(from, "text", |text| Some(text.to_owned()))?;
        match Templates::check(self.0, &text) {
            Ok(()) => Ok(text),
            Err(fault) => {
                let found = Unexpected::Other(&fault.found);
                Err(D::Error::invalid_value(found, &fault.expected.as_str()))
            }
        }
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
