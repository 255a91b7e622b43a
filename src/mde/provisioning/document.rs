//! The tree of characteristics and parameters, and its text.

use std::fmt;

use crate::xml::Element;

/// The text of a provisioning document: one line. It contains secrets and prints as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct ProvisioningDocument(String);

impl ProvisioningDocument {
    pub(super) fn new(characteristics: impl IntoIterator<Item = Characteristic>) -> Self {
        let children = characteristics.into_iter().map(|child| child.0);
        let root = Element::new("wap-provisioningdoc").attribute("version", "1.1");
        ProvisioningDocument(root.with_children(children).write())
    }

    /// The text itself, to be sent to the device.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ProvisioningDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// A characteristic with its parameters and the characteristics below it. It is not
/// `Debug`, since its parameters can be secrets.
pub(super) struct Characteristic(Element);

impl Characteristic {
    pub(super) fn new(kind: &str) -> Self {
        Characteristic(Element::new("characteristic").attribute("type", kind))
    }

    /// A parameter without a type: a string of the account.
    pub(super) fn parm(self, name: &str, value: &str) -> Self {
        self.add(parm(name).attribute("value", value))
    }

    /// The parameter, if it has a value.
    pub(super) fn maybe(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.parm(name, value),
            None => self,
        }
    }

    /// A parameter that counts by being there.
    pub(super) fn present(self, name: &str) -> Self {
        self.add(parm(name))
    }

    pub(super) fn string(self, name: &str, value: &str) -> Self {
        self.typed(name, value, "string")
    }

    pub(super) fn integer(self, name: &str, value: u32) -> Self {
        self.typed(name, &value.to_string(), "integer")
    }

    pub(super) fn boolean(self, name: &str, value: bool) -> Self {
        self.typed(name, if value { "true" } else { "false" }, "boolean")
    }

    pub(super) fn child(self, child: Characteristic) -> Self {
        self.add(child.0)
    }

    pub(super) fn maybe_child(self, child: Option<Characteristic>) -> Self {
        match child {
            Some(child) => self.child(child),
            None => self,
        }
    }

    fn typed(self, name: &str, value: &str, datatype: &str) -> Self {
        let parm = parm(name).attribute("value", value);
        self.add(parm.attribute("datatype", datatype))
    }

    fn add(self, child: Element) -> Self {
        Characteristic(self.0.child(child))
    }
}

fn parm(name: &str) -> Element {
    Element::new("parm").attribute("name", name)
}
