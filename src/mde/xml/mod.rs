//! XML as a small tree of local names: read leniently within bounds, written as one line.

mod reader;
mod writer;

pub use reader::{MAX_BYTES, XmlError};

/// An element. Read elements have local names only: clients use any prefix, and vary the
/// namespaces. Written ones have the names and declarations that they are given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Element {
    name: String,
    attributes: Vec<(String, String)>,
    text: String,
    children: Vec<Element>,
}

impl Element {
    /// An element without content.
    pub(crate) fn new(name: &str) -> Self {
        Element {
            name: name.to_owned(),
            ..Element::default()
        }
    }

    /// An element with text.
    pub(crate) fn with_text(name: &str, text: &str) -> Self {
        Element {
            text: text.to_owned(),
            ..Element::new(name)
        }
    }

    /// An element that has no value (`xsi:nil`). An element around it declares `xsi`.
    pub(crate) fn nil(name: &str) -> Self {
        Element::new(name).attribute("xsi:nil", "true")
    }

    /// The element with one more attribute.
    pub(crate) fn attribute(mut self, name: &str, value: &str) -> Self {
        self.attributes.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The element with a default namespace.
    pub(crate) fn namespace(self, uri: &str) -> Self {
        self.attribute("xmlns", uri)
    }

    /// The element with one more child.
    pub(crate) fn child(mut self, child: Element) -> Self {
        self.children.push(child);
        self
    }

    /// The element with more children.
    pub(crate) fn with_children(mut self, children: impl IntoIterator<Item = Element>) -> Self {
        self.children.extend(children);
        self
    }

    /// The name; the local one if the element was read.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text directly in this element.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The first child with this name.
    pub fn first(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// All children with this name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// All children.
    pub fn children(&self) -> &[Element] {
        &self.children
    }

    /// The value of the attribute with this name.
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut attributes = self.attributes.iter();
        let (_, value) = attributes.find(|(key, _)| key == name)?;
        Some(value)
    }

    /// The text of the first child with this name, without blanks around it; `None` if the
    /// child is missing, nil or empty.
    pub fn value(&self, name: &str) -> Option<&str> {
        let text = self.first(name)?.text.trim();
        (!text.is_empty()).then_some(text)
    }
}

/// A URI as it was meant: clients break it into lines, indent it, and put literal quotes
/// around it.
pub(crate) fn clean_uri(text: &str) -> String {
    let dense: String = text.chars().filter(|one| !one.is_whitespace()).collect();
    dense.trim_matches(['"', '\'']).to_owned()
}

/// Whether XML 1.0 allows the character (XML 1.0, 2.2).
fn is_xml_char(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}
