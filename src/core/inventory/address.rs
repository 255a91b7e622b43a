//! Where a value lies: class, instance, property.

use serde::{Deserialize, Serialize};

use crate::loc_uri::{LocUri, Member, Node};

/// A node of the inventory, decoded: `Win32_LogicalDisk`,
/// `Win32_LogicalDisk.DeviceID="C:"`, `FreeSpace`. Outside `./cimv2` the class
/// is the tree (`./DevDetail`), the instance is empty and the property the rest.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Address {
    /// The class or tree.
    pub class: String,
    /// The instance; empty for the class itself, and for trees.
    pub instance: String,
    /// The property; empty for the class or instance itself.
    pub property: String,
}

impl Address {
    /// The address that a LocURI names; `None` where it is none, or a method.
    pub fn from_loc_uri(loc_uri: &LocUri) -> Option<Address> {
        Some(match loc_uri.node_as_read().ok()? {
            Node::Wmi(node) => Address {
                class: node.class.to_owned(),
                instance: node.instance.unwrap_or_default().to_owned(),
                property: match node.member {
                    None => String::new(),
                    Some(Member::Property(name)) => name.to_owned(),
                    Some(Member::Method(_)) => return None,
                },
            },
            Node::Tree(node) => {
                let mut segments = node.all_segments();
                let root = segments.next()?;
                let rest: Vec<&str> = segments.collect();
                Address {
                    class: format!("./{root}"),
                    instance: String::new(),
                    property: rest.join("/"),
                }
            }
        })
    }

    /// Whether it names a class.
    pub(crate) fn is_class(&self) -> bool {
        !self.is_tree() && self.instance.is_empty()
    }

    /// Whether it lies in a tree outside `./cimv2`.
    pub(crate) fn is_tree(&self) -> bool {
        self.class.starts_with("./")
    }
}
