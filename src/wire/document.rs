//! Whether text is a well-formed XML document, in time that grows with its length.
//!
//! Callers send profiles and licences that only have to be documents: what is in them is
//! the device's business. Namespaces are checked, a DTD is not taken.

use std::collections::HashMap;

use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};

use super::text::is_xml_char;
use crate::limits;

/// Deepest nesting of elements.
const DEPTH: usize = 128;

/// Whether `text` is a well-formed document without a DTD: nested at most 128 deep, with
/// at most 50,000 elements and attributes, and at most 256 attributes of one element.
pub fn is_document(text: &str) -> bool {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if !text.chars().all(is_xml_char) {
        return false;
    }
    let mut reader = quick_xml::Reader::from_str(text);
    reader.config_mut().check_comments = true;
    let mut scope = Scope::default();
    loop {
        let at = reader.buffer_position();
        let Ok(event) = reader.read_event() else {
            return false;
        };
        let is_good = match &event {
            Event::Start(start) => scope.open(start),
            Event::Empty(start) => scope.open(start) && scope.close(),
            Event::End(_) => scope.close(),
            Event::Text(text) if scope.is_outside() => text.trim().is_empty(),
            Event::Text(text) => !text.contains("]]>"),
            Event::CData(_) => !scope.is_outside(),
            Event::GeneralRef(name) => {
                !scope.is_outside() && is_reference(&format!("&{};", &**name))
            }
            Event::Decl(_) => at == 0,
            Event::Comment(_) => true,
            Event::PI(content) => {
                is_name(content.target()) && !content.target().eq_ignore_ascii_case("xml")
            }
            Event::DocType(_) => false,
            Event::Eof => return scope.is_outside() && scope.had_root,
        };
        if !is_good {
            return false;
        }
    }
}

/// The elements that are open, and the prefixes that they declare.
#[derive(Default)]
struct Scope {
    /// Of each open element the prefixes that it declares.
    open: Vec<Vec<String>>,
    /// How many open elements declare a prefix.
    declared: HashMap<String, usize>,
    nodes: usize,
    had_root: bool,
}

impl Scope {
    fn is_outside(&self) -> bool {
        self.open.is_empty()
    }

    fn open(&mut self, start: &BytesStart<'_>) -> bool {
        if self.is_outside() && std::mem::replace(&mut self.had_root, true) {
            return false;
        }
        let (mut declares, mut prefixes) = (Vec::new(), Vec::new());
        let name = start.name();
        prefixes.extend(prefix(name.as_ref()).map(str::to_owned));
        self.nodes += 1;
        for (count, attribute) in start.attributes().enumerate() {
            let Ok(attribute) = attribute else {
                return false;
            };
            let (key, value) = (attribute.key.as_ref(), &*attribute.value);
            if count >= limits::DOCUMENT_ATTRIBUTES || !is_name(key) || !is_value(value) {
                return false;
            }
            match key.strip_prefix("xmlns:") {
                // A prefix cannot be declared to stand for nothing.
                Some("xmlns") => return false,
                Some(_) if value.is_empty() => return false,
                Some(own) => declares.push(own.to_owned()),
                None => prefixes.extend(prefix(key).map(str::to_owned)),
            }
            self.nodes += 1;
        }
        for own in &declares {
            *self.declared.entry(own.clone()).or_default() += 1;
        }
        self.open.push(declares);
        let is_declared = |prefix: &String| prefix == "xml" || self.declared.contains_key(prefix);
        is_name(name.as_ref())
            && prefixes.iter().all(is_declared)
            && self.open.len() <= DEPTH
            && self.nodes <= limits::XML_NODES
    }

    fn close(&mut self) -> bool {
        for own in self.open.pop().unwrap_or_default() {
            if let Some(count) = self.declared.get_mut(&own) {
                *count -= 1;
                if *count == 0 {
                    self.declared.remove(&own);
                }
            }
        }
        true
    }
}

/// What stands before the colon of a name.
fn prefix(name: &str) -> Option<&str> {
    name.split_once(':').map(|(prefix, _)| prefix)
}

/// Whether it is a name, with at most one colon inside.
fn is_name(name: &str) -> bool {
    let is_first =
        |c: char| c.is_ascii_alphabetic() || c == '_' || (!c.is_ascii() && c.is_alphanumeric());
    let is_rest = |c: char| is_first(c) || c.is_ascii_digit() || matches!(c, '-' | '.' | '\u{b7}');
    let is_part = |part: &str| part.starts_with(is_first) && part.chars().all(is_rest);
    name.len() <= limits::XML_NAME_BYTES
        && name.split(':').count() <= 2
        && name.split(':').all(is_part)
}

/// Whether it may stand in an attribute.
fn is_value(value: &str) -> bool {
    !value.contains('<') && is_reference(value)
}

/// Whether every reference in the text is to a character or to what XML itself defines.
fn is_reference(text: &str) -> bool {
    unescape(text).is_ok_and(|text| text.chars().all(is_xml_char))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn documents_are_told_from_what_is_none() {
        for (text, expected) in [
            ("<a/>", true),
            (
                "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<!-- c --><a b='1'>x &amp; &#65;<![CDATA[<]]></a>\n",
                true,
            ),
            ("<?xml-stylesheet href='x'?><a/>", true),
            ("<p:a xmlns:p='u' p:b=''><p:c xml:lang='en'/></p:a>", true),
            (
                "<WLANProfile xmlns=\"http://www.microsoft.com/networking/WLAN/profile/v1\"><name>n</name></WLANProfile>",
                true,
            ),
            ("<\u{e4}/>", true),
            ("", false),
            ("text", false),
            ("<a>", false),
            ("<a></b>", false),
            ("<a/><b/>", false),
            ("<a/>text", false),
            ("<a/>&amp;", false),
            ("<a><?xml version='1.0'?></a>", false),
            (" <?xml version='1.0'?><a/>", false),
            ("<!DOCTYPE a><a/>", false),
            ("<a>&b;</a>", false),
            ("<a>&#0;</a>", false),
            ("<a b='&c;'/>", false),
            ("<a b='<'/>", false),
            ("<a b='1' b='2'/>", false),
            ("<a b=1/>", false),
            ("<a b/>", false),
            ("<a>]]></a>", false),
            ("<p:a/>", false),
            ("<a p:b=''/>", false),
            ("<a><b xmlns:p='u'/><p:c/></a>", false),
            ("<a xmlns:p=''/>", false),
            ("<1a/>", false),
            ("<a:b:c xmlns:a='u'/>", false),
            ("<a>\u{1}</a>", false),
            ("<!-- a -- b --><a/>", false),
        ] {
            assert_eq!(is_document(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_made_to_take_long_does_not() {
        let nested: String = (0..10_000).map(|n| format!("<a xmlns:p{n}='u'>")).collect();
        let wide: String = (0..8_000).map(|n| format!(" a{n}=''")).collect();
        let flat: String = (0..3_000).map(|n| format!("<a xmlns:p{n}='u'/>")).collect();
        let namespaces: String = (0..200).map(|n| format!(" xmlns:p{n}='u'")).collect();
        for (text, expected) in [
            (format!("{nested}{}", "</a>".repeat(10_000)), false),
            (format!("<a{wide}/>"), false),
            (format!("<a>{flat}</a>"), true),
            (
                format!("<a{namespaces}>{}</a>", "<p1:a/>".repeat(8_000)),
                true,
            ),
            (format!("<a>{}</a>", "&lt;".repeat(16_000)), true),
        ] {
            let begun = Instant::now();
            assert_eq!(is_document(&text), expected);
            assert!(
                begun.elapsed() < Duration::from_secs(1),
                "{:?}",
                begun.elapsed()
            );
        }
    }
}
