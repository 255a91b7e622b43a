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

/// What is wrong with a document, and where. It contains nothing of what stands in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what} in line {line}, column {column}")]
pub struct DocumentFault {
    what: &'static str,
    line: usize,
    column: usize,
}

impl DocumentFault {
    fn new(what: &'static str, text: &str, at: usize) -> Self {
        let before = text.get(..at).unwrap_or(text);
        let last = before.rsplit('\n').next().unwrap_or(before);
        DocumentFault {
            what,
            line: before.matches('\n').count() + 1,
            column: last.chars().count() + 1,
        }
    }
}

/// Checks that `text` is a well-formed document without a DTD: nested at most 128 deep, with
/// at most 50,000 elements and attributes, and at most 256 attributes of one element.
///
/// # Errors
/// What is wrong first.
pub fn check_document(text: &str) -> Result<(), DocumentFault> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if let Some((at, _)) = text.char_indices().find(|(_, one)| !is_xml_char(*one)) {
        let what = "a character that XML cannot carry";
        return Err(DocumentFault::new(what, text, at));
    }
    let mut reader = quick_xml::Reader::from_str(text);
    reader.config_mut().check_comments = true;
    let mut scope = Scope::default();
    loop {
        let at = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        let fault = |what| DocumentFault::new(what, text, at);
        let event = reader.read_event();
        let event = event.map_err(|_| fault("a tag that is broken, open or does not match"))?;
        if event == Event::Eof {
            return scope.end().map_err(fault);
        }
        scope.take(&event, at == 0).map_err(fault)?;
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

    /// Takes what comes next. `is_first` is whether nothing came before.
    fn take(&mut self, event: &Event<'_>, is_first: bool) -> Result<(), &'static str> {
        const OUTSIDE: &str = "text outside of the root element";
        let (is_good, what) = match event {
            Event::Start(start) => return self.open(start),
            Event::Empty(start) => {
                self.open(start)?;
                self.close();
                return Ok(());
            }
            Event::End(_) => {
                self.close();
                return Ok(());
            }
            Event::Text(text) if self.is_outside() => (text.trim().is_empty(), OUTSIDE),
            Event::Text(text) => (!text.contains("]]>"), "']]>' in text"),
            Event::CData(_) => (!self.is_outside(), OUTSIDE),
            Event::GeneralRef(_) if self.is_outside() => (false, OUTSIDE),
            Event::GeneralRef(name) => {
                let is_known = is_reference(&format!("&{};", &**name));
                (is_known, "a reference that XML does not define")
            }
            Event::Decl(_) => (is_first, "an XML declaration behind the beginning"),
            Event::PI(content) => {
                let target = content.target();
                let is_good = is_name(target) && !target.eq_ignore_ascii_case("xml");
                (is_good, "a processing instruction without a proper name")
            }
            Event::DocType(_) => (false, "a DTD"),
            Event::Comment(_) | Event::Eof => (true, ""),
        };
        if is_good { Ok(()) } else { Err(what) }
    }

    /// Nothing comes any more.
    fn end(&self) -> Result<(), &'static str> {
        match (self.is_outside(), self.had_root) {
            (true, true) => Ok(()),
            (false, _) => Err("an element without an end"),
            (true, false) => Err("no element"),
        }
    }

    fn open(&mut self, start: &BytesStart<'_>) -> Result<(), &'static str> {
        if self.is_outside() && std::mem::replace(&mut self.had_root, true) {
            return Err("a second root element");
        }
        let (mut declares, mut prefixes) = (Vec::new(), Vec::new());
        let name = start.name();
        prefixes.extend(prefix(name.as_ref()).map(str::to_owned));
        self.nodes += 1;
        for (count, attribute) in start.attributes().enumerate() {
            let attribute = attribute.map_err(|_| "an attribute that is broken or there twice")?;
            let (key, value) = (attribute.key.as_ref(), &*attribute.value);
            if count >= limits::DOCUMENT_ATTRIBUTES {
                return Err("too many attributes of one element");
            }
            if !is_name(key) || !is_value(value) {
                return Err("an attribute with a name or value that XML does not allow");
            }
            match key.strip_prefix("xmlns:") {
                // A prefix cannot be declared to stand for nothing.
                Some("xmlns") => return Err("a namespace that cannot be declared"),
                Some(_) if value.is_empty() => return Err("a namespace that cannot be declared"),
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
        if !is_name(name.as_ref()) {
            return Err("an element with a name that XML does not allow");
        }
        if !prefixes.iter().all(is_declared) {
            return Err("a namespace prefix that is not declared");
        }
        if self.open.len() > DEPTH {
            return Err("elements that are nested too deep");
        }
        if self.nodes > limits::XML_NODES {
            return Err("too many elements and attributes");
        }
        Ok(())
    }

    fn close(&mut self) {
        for own in self.open.pop().unwrap_or_default() {
            if let Some(count) = self.declared.get_mut(&own) {
                *count -= 1;
                if *count == 0 {
                    self.declared.remove(&own);
                }
            }
        }
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
            assert_eq!(check_document(text).is_ok(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place_and_nothing_of_the_text() {
        for (text, expected) in [
            ("", "no element in line 1, column 1"),
            ("<!DOCTYPE a><a/>", "a DTD in line 1, column 1"),
            (
                "<a>\n <b key='secret'>\n</a>",
                "a tag that is broken, open or does not match in line 3, column 1",
            ),
            (
                "<a>\n\u{e4}<p:b/></a>",
                "a namespace prefix that is not declared in line 2, column 2",
            ),
            ("<a/>\n<b/>", "a second root element in line 2, column 1"),
            ("<a>", "an element without an end in line 1, column 4"),
            (
                "<a>&secret;</a>",
                "a reference that XML does not define in line 1, column 4",
            ),
        ] {
            let fault = check_document(text).map_err(|fault| fault.to_string());
            assert_eq!(fault, Err(expected.to_owned()), "{text}");
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
            assert_eq!(check_document(&text).is_ok(), expected);
            assert!(
                begun.elapsed() < Duration::from_secs(1),
                "{:?}",
                begun.elapsed()
            );
        }
    }
}
