//! The children that a node names: Results of Format `node`, names joined by
//! `/`. Key values may hold slashes, so only those outside double quotes part
//! two names. Names come raw (as Microsoft's page on WMI providers shows) or
//! percent-encoded (as its page on the OMA DM tree says): both are taken.

use super::segments::Quotes;
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

/// The names in `data`, parted at slashes outside double quotes. A quote behind a backslash
/// is part of a key, as in WMI's object paths; where reading it so leaves a quote open, the
/// device does not escape its backslashes. An open quote ends with the text.
pub(crate) fn split(data: &str) -> impl Iterator<Item = String> + use<> {
    let (mut found, mut name) = (Vec::new(), String::new());
    for (token, is_inside) in inside_quotes(data) {
        if token == "/" && !is_inside {
            found.push(std::mem::take(&mut name));
        } else {
            name.push_str(token);
        }
    }
    found.push(name);
    found.into_iter().filter(|name| !name.is_empty())
}

/// The text in pieces, each with whether a double quote is open behind it. Where the text
/// is percent-encoded, so are its quotes.
fn inside_quotes(text: &str) -> impl Iterator<Item = (&str, bool)> {
    let is_encoded = is_encoded(text);
    let walk = move |escapes| {
        let mut quotes = Quotes::new(escapes);
        tokens(text, is_encoded).map(move |(token, byte)| (token, quotes.take(byte)))
    };
    let escapes = !walk(true).last().is_some_and(|(_, is_open)| is_open);
    walk(escapes)
}

/// The text in pieces, each with what it is for quotes: `"`, a backslash, or anything else.
fn tokens(text: &str, is_encoded: bool) -> impl Iterator<Item = (&str, u8)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let escape = rest.get(..3).filter(|_| is_encoded);
        let (length, byte) = match (escape, first) {
            (Some("%22"), _) => (3, b'"'),
            (Some("%5C" | "%5c"), _) => (3, b'\\'),
            (_, '"') => (1, b'"'),
            (_, '\\') => (1, b'\\'),
            (_, first) => (first.len_utf8(), b'x'),
        };
        let (token, behind) = rest.split_at(length);
        rest = behind;
        Some((token, byte))
    })
}

/// Whether names came percent-encoded: they hold an encoded quote, equals sign or at sign,
/// and no quote as it is. A raw key may hold a percent sign.
fn is_encoded(text: &str) -> bool {
    let escapes = ["%22", "%3D", "%3d", "%40"];
    !text.contains('"') && escapes.iter().any(|escape| text.contains(escape))
}

/// A name without percent-encoding.
pub(crate) fn plain(name: &str) -> String {
    if !is_encoded(name) {
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

/// `1,Name="b"` with everything inside quotes percent-encoded, and the quotes too.
fn escaped_keys(keys: &str) -> String {
    let pieces = inside_quotes(keys).map(|(token, is_inside)| match token {
        "," | "=" if !is_inside => token.to_owned(),
        token => escaped(token),
    });
    pieces.collect()
}

/// A value as it stands between the quotes of a key in a LocURI: quotes and backslashes
/// escaped as in WMI's object paths, all of it percent-encoded.
pub(crate) fn key_value(value: &str) -> String {
    let escape = |character| matches!(character, '"' | '\\').then_some('\\');
    let path: String = value
        .chars()
        .flat_map(|c| escape(c).into_iter().chain([c]))
        .collect();
    escaped(&path)
}
