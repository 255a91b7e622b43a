//! The language of provisioning documents: characteristics and parms.

use roxmltree::{Document, Node};

use super::super::document_fault::DocumentFault;

/// A characteristic with what is in it.
#[derive(Debug, Clone, Default)]
pub(super) struct Characteristic {
    pub(super) kind: String,
    pub(super) parms: Vec<Parm>,
    pub(super) children: Vec<Characteristic>,
}

/// A parm.
#[derive(Debug, Clone)]
pub(super) struct Parm {
    pub(super) name: String,
    pub(super) value: Option<String>,
    pub(super) datatype: Option<String>,
}

impl Characteristic {
    /// Its children of a kind; letter case counts.
    pub(super) fn of<'a>(&'a self, kind: &str) -> impl Iterator<Item = &'a Characteristic> {
        self.children.iter().filter(move |child| child.kind == kind)
    }

    pub(super) fn parm(&self, name: &str) -> Option<&Parm> {
        self.parms.iter().find(|parm| parm.name == name)
    }

    /// The value of a parm that must be there and not be empty.
    pub(super) fn need(&self, name: &str) -> Result<&str, DocumentFault> {
        self.value(name)
            .ok_or_else(|| DocumentFault::Missing(format!("{}/{name}", self.kind)))
    }

    /// The value of a parm, if it is there and not empty.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        let value = self.parm(name)?.value.as_deref()?;
        (!value.is_empty()).then_some(value)
    }

    /// A number that is marked as one.
    pub(super) fn integer(&self, name: &str) -> Result<u32, DocumentFault> {
        self.typed(name, "integer")?
            .parse()
            .map_err(|_| DocumentFault::Value(format!("{}/{name}", self.kind)))
    }

    /// A truth value that is marked as one.
    pub(super) fn boolean(&self, name: &str) -> Result<bool, DocumentFault> {
        match self.typed(name, "boolean")? {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(DocumentFault::Value(format!("{}/{name}", self.kind))),
        }
    }

    fn typed(&self, name: &str, datatype: &str) -> Result<&str, DocumentFault> {
        let value = self.need(name)?;
        let stated = self.parm(name).and_then(|parm| parm.datatype.as_deref());
        if stated != Some(datatype) {
            let what = format!("{}/{name} without datatype {datatype}", self.kind);
            return Err(DocumentFault::Value(what));
        }
        Ok(value)
    }
}

/// Reads a document; `one_line`: white space between tags and comments are fatal.
pub(super) fn read(text: &str, one_line: bool) -> Result<Characteristic, DocumentFault> {
    let malformed = |error: roxmltree::Error| DocumentFault::Malformed(error.to_string());
    let document = Document::parse(text).map_err(malformed)?;
    let root = document.root_element();
    if one_line {
        let mut nodes = root.descendants();
        let broken = nodes.any(|node| node.is_text() || node.is_comment());
        if broken || text.trim() != text || text.contains(['\r', '\n']) {
            return Err(DocumentFault::NotOneLine);
        }
    }
    if root.tag_name().name() != "wap-provisioningdoc" || root.attribute("version") != Some("1.1") {
        let found = root.tag_name().name().to_owned();
        return Err(DocumentFault::Element(found));
    }
    characteristic(root)
}

fn characteristic(node: Node<'_, '_>) -> Result<Characteristic, DocumentFault> {
    let mut read = Characteristic {
        kind: node.attribute("type").unwrap_or_default().to_owned(),
        ..Characteristic::default()
    };
    for child in node.children().filter(Node::is_element) {
        let attribute = |name| child.attribute(name).map(str::to_owned);
        match child.tag_name().name() {
            "characteristic" if child.has_attribute("type") => {
                read.children.push(characteristic(child)?);
            }
            "parm" => read.parms.push(Parm {
                name: attribute("name")
                    .ok_or_else(|| DocumentFault::Missing("parm name".to_owned()))?,
                value: attribute("value"),
                datatype: attribute("datatype"),
            }),
            other => return Err(DocumentFault::Element(other.to_owned())),
        }
    }
    Ok(read)
}
