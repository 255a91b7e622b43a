//! Where a value lies: class, instance, property.

use serde::{Deserialize, Serialize};

use super::names;

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
    /// The address that a LocURI names; `None` where it is none.
    pub fn of(loc_uri: &str) -> Option<Address> {
        let decoded = percent_encoding::percent_decode_str(loc_uri)
            .decode_utf8()
            .ok()?;
        let mut segments = names::split(decoded.strip_prefix("./")?);
        let root = segments.next()?;
        if !root.eq_ignore_ascii_case("cimv2") {
            let rest: Vec<String> = segments.collect();
            return Some(Address {
                class: format!("./{root}"),
                instance: String::new(),
                property: rest.join("/"),
            });
        }
        let class = segments
            .next()
            .filter(|first| !first.eq_ignore_ascii_case("mdm"));
        let class = class.or_else(|| segments.next())?;
        let instance = segments.next().unwrap_or_default();
        let property = segments.next().unwrap_or_default();
        segments.next().is_none().then_some(Address {
            class,
            instance,
            property,
        })
    }

    /// Whether it names a class.
    pub fn is_class(&self) -> bool {
        !self.is_tree() && self.instance.is_empty()
    }

    /// Whether it lies in a tree outside `./cimv2`.
    pub fn is_tree(&self) -> bool {
        self.class.starts_with("./")
    }
}
