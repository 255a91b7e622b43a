//! Text that a document can carry, and what becomes of bytes and characters
//! that are none: values are read as far as they can be, so each is replaced.

use std::borrow::Cow;

/// What the replaced character becomes in a value.
const REPLACEMENT: char = '\u{fffd}';

/// Stands for what is no text while a document is read. XML does not allow it, so
/// it is never the document's own: in a value it becomes U+FFFD, and where
/// structure is expected the document is malformed.
pub(super) const MARK: char = '\u{ffff}';

/// The bytes as text, each character that XML does not allow and each sequence
/// that is not UTF-8 replaced with [`MARK`].
pub(super) fn marked(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) if is_plain(text) => Cow::Borrowed(text),
        _ => Cow::Owned(replaced(bytes, MARK)),
    }
}

/// Marks become U+FFFD; whether there was any.
pub(super) fn unmark(text: Cow<'_, str>) -> (Cow<'_, str>, bool) {
    if !text.contains(MARK) {
        return (text, false);
    }
    let legible = text.replace(MARK, "\u{fffd}");
    (Cow::Owned(legible), true)
}

/// The bytes as text, and whether any of them had to be replaced with U+FFFD.
pub(super) fn legible(bytes: Cow<'_, [u8]>) -> (Cow<'_, str>, bool) {
    match plain(bytes) {
        Ok(text) => (text, false),
        Err(bytes) => (Cow::Owned(replaced(&bytes, REPLACEMENT)), true),
    }
}

/// The bytes as text, where they are UTF-8 that XML can carry.
pub(super) fn plain(bytes: Cow<'_, [u8]>) -> Result<Cow<'_, str>, Cow<'_, [u8]>> {
    if !std::str::from_utf8(&bytes).is_ok_and(is_plain) {
        return Err(bytes);
    }
    match bytes {
        Cow::Borrowed(bytes) => std::str::from_utf8(bytes)
            .map(Cow::Borrowed)
            .map_err(|_| Cow::Borrowed(bytes)),
        Cow::Owned(bytes) => String::from_utf8(bytes)
            .map(Cow::Owned)
            .map_err(|error| Cow::Owned(error.into_bytes())),
    }
}

/// Whether XML 1.0 allows the character (XML 1.0, 2.2).
pub(super) fn is_xml_char(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// Appends `text`, escaped. Line breaks and tabs become references: the
/// message stays one line, and they survive the reader's normalisation. What XML
/// does not allow at all is left out; the API refuses it long before.
pub(super) fn escape_into(out: &mut String, text: &str) {
    let mut clean = 0;
    for (at, byte) in text.bytes().enumerate() {
        let special = matches!(byte, b'&' | b'<' | b'>' | 0xef) || byte < b' ';
        if !special {
            continue;
        }
        let replacement = match byte {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'\t' => "&#9;",
            b'\n' => "&#10;",
            b'\r' => "&#13;",
            // U+FFFE and U+FFFF are the only ones of this lead byte to leave out.
            0xef if !matches!(
                text.as_bytes().get(at..at + 3),
                Some([0xef, 0xbf, 0xbe | 0xbf])
            ) =>
            {
                continue;
            }
            _ => "",
        };
        out.push_str(&text[clean..at]);
        out.push_str(replacement);
        clean = at + if byte == 0xef { 3 } else { 1 };
    }
    out.push_str(&text[clean..]);
}

fn is_plain(text: &str) -> bool {
    // A fold without an early end looks at many bytes at once. Above the control
    // characters, U+FFFE and U+FFFF, of lead byte 0xef, are all that XML does not allow.
    let doubt = text.bytes().fold(false, |doubt, byte| {
        let control = byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r');
        doubt | control | (byte == 0xef)
    });
    !doubt || text.chars().all(is_xml_char)
}

fn replaced(bytes: &[u8], with: char) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        let legible = |character| {
            if is_xml_char(character) {
                character
            } else {
                with
            }
        };
        text.extend(chunk.valid().chars().map(legible));
        if !chunk.invalid().is_empty() {
            text.push(with);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_text_is_replaced_and_the_rest_stays() {
        let cases: [(&[u8], &str, bool); 8] = [
            (b"AMI v1.3\t\r\n", "AMI v1.3\t\r\n", false),
            (b"AMI\x02 v1.\x1f3", "AMI\u{fffd} v1.\u{fffd}3", true),
            (b"M\xfcller", "M\u{fffd}ller", true),
            (
                "n\u{e4}h \u{ff21}\u{10e2d}".as_bytes(),
                "n\u{e4}h \u{ff21}\u{10e2d}",
                false,
            ),
            (
                "a\u{ffff}\u{fffe}\u{fffd}".as_bytes(),
                "a\u{fffd}\u{fffd}\u{fffd}",
                true,
            ),
            (b"\0\x7f", "\u{fffd}\x7f", true),
            // One for what a decoder would take for one character that was cut off.
            (b"a\xe2\x82", "a\u{fffd}", true),
            (b"", "", false),
        ];
        for (bytes, expected, amended) in cases {
            let found = legible(Cow::Borrowed(bytes));
            assert_eq!(found, (Cow::Borrowed(expected), amended));
            let found = unmark(marked(bytes));
            assert_eq!(found, (Cow::Borrowed(expected), amended));
        }
    }
}
