//! Elements to one line of XML.

use super::{Element, is_xml_char};

impl Element {
    /// The element and what is in it as one line, without white space between tags.
    /// Characters that XML cannot carry become U+FFFD.
    pub fn write(&self) -> String {
        let mut out = String::new();
        self.write_into(&mut out);
        out
    }

    fn write_into(&self, out: &mut String) {
        out.push('<');
        out.push_str(&self.name);
        for (name, value) in &self.attributes {
            out.push(' ');
            out.push_str(name);
            out.push_str("=\"");
            escape_attribute(out, value);
            out.push('"');
        }
        if self.text.is_empty() && self.children.is_empty() {
            out.push_str("/>");
            return;
        }
        out.push('>');
        escape_text(out, &self.text);
        for child in &self.children {
            child.write_into(out);
        }
        out.push_str("</");
        out.push_str(&self.name);
        out.push('>');
    }
}

/// Line breaks and tabs become references, so that the document stays one line.
fn escape_text(out: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\t' => out.push_str("&#9;"),
            '\n' => out.push_str("&#10;"),
            '\r' => out.push_str("&#13;"),
            other if is_xml_char(other) => out.push(other),
            _ => out.push('\u{fffd}'),
        }
    }
}

/// Appends the value of an attribute, escaped once.
fn escape_attribute(out: &mut String, value: &str) {
    let mut rest = value;
    while let Some(at) = rest.find('"') {
        escape_text(out, &rest[..at]);
        out.push_str("&quot;");
        rest = &rest[at + 1..];
    }
    escape_text(out, rest);
}
