//! The children that a node names: Results of Format `node`, names joined by
//! `/`. Key values may hold slashes, so only those outside double quotes part
//! two names. Names come raw (as Microsoft's page on WMI providers shows) or
//! percent-encoded (as its page on the OMA DM tree says): both are taken.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// The characters of a key value that stand in a LocURI as they are; all others
/// are percent-encoded.
const KEY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'{')
    .remove(b'}');

/// A key value as it stands in a LocURI.
pub(crate) fn escaped(value: &str) -> String {
    utf8_percent_encode(value, KEY).to_string()
}

/// Whether Results of this Format are a list of children.
pub(crate) fn is_list(format: Option<&str>) -> bool {
    format.is_some_and(|format| format.trim().eq_ignore_ascii_case("node"))
}

/// The names in `data`, parted at slashes outside double quotes. An open quote
/// ends with the text.
pub(crate) fn split(data: &str) -> impl Iterator<Item = String> + use<> {
    let (mut found, mut name, mut quoted) = (Vec::new(), String::new(), false);
    for character in data.chars() {
        match character {
            '"' => quoted = !quoted,
            '/' if !quoted => {
                found.push(std::mem::take(&mut name));
                continue;
            }
            _ => {}
        }
        name.push(character);
    }
    found.push(name);
    found.into_iter().filter(|name| !name.is_empty())
}

/// A name without percent-encoding. It counts as encoded only where it holds
/// an encoded quote, equals sign or at sign: a raw key may hold a percent sign.
pub(crate) fn plain(name: &str) -> String {
    let encoded = ["%22", "%3D", "%3d", "%40"]
        .iter()
        .any(|escape| name.contains(escape));
    if !encoded {
        return name.to_owned();
    }
    percent_decode_str(name)
        .decode_utf8()
        .map_or_else(|_| name.to_owned(), std::borrow::Cow::into_owned)
}

/// A name as the last segment of a LocURI.
pub(super) fn encoded(name: &str) -> String {
    let name = plain(name);
    match name.split_once('=') {
        Some((head, "@")) => format!("{head}=%40"),
        Some((head, keys)) => format!("{head}={}", escaped_keys(keys)),
        None => escaped(&name),
    }
}

/// `1,Name="b"` with everything inside quotes escaped, and the quotes too.
fn escaped_keys(keys: &str) -> String {
    let (mut out, mut value, mut quoted) = (String::new(), String::new(), false);
    for character in keys.chars() {
        match character {
            '"' => {
                out.push_str(&escaped(&std::mem::take(&mut value)));
                out.push_str("%22");
                quoted = !quoted;
            }
            ',' | '=' if !quoted => {
                out.push_str(&escaped(&std::mem::take(&mut value)));
                out.push(character);
            }
            other => value.push(other),
        }
    }
    out.push_str(&escaped(&value));
    out
}
