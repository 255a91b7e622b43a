//! What is known of one class.

use super::property::Property;
use crate::kind::Kind;
use crate::loc_uri::LocUri;

/// A WMI class.
#[derive(Debug)]
pub(crate) struct WmiClass {
    /// Its name.
    pub(crate) name: &'static str,
    /// Its key properties, in the order of an instance's path.
    pub(crate) keys: &'static [&'static str],
    /// Its other properties, as far as they are used.
    pub(crate) properties: &'static [Property],
    /// Its methods.
    pub(crate) methods: &'static [Method],
    /// What a Get of it, of an instance or of a property is.
    pub(crate) get: Kind,
    /// What Add, Replace and Delete of an instance or a property are; unclassified
    /// if it is none.
    pub(crate) write: Option<Kind>,
    /// Whether its values are secrets, of which the inventory keeps none.
    pub(crate) is_secret: bool,
}

/// A method.
#[derive(Debug)]
pub(crate) struct Method {
    /// Its name.
    pub(crate) name: &'static str,
    /// What an Exec of it is.
    pub(crate) kind: Kind,
}

impl WmiClass {
    pub(super) const fn new(name: &'static str, get: Kind) -> Self {
        WmiClass {
            name,
            keys: &[],
            properties: &[],
            methods: &[],
            get,
            write: None,
            is_secret: false,
        }
    }

    pub(super) const fn keys(self, keys: &'static [&'static str]) -> Self {
        WmiClass { keys, ..self }
    }

    pub(super) const fn properties(self, properties: &'static [Property]) -> Self {
        WmiClass { properties, ..self }
    }

    pub(super) const fn methods(self, methods: &'static [Method]) -> Self {
        WmiClass { methods, ..self }
    }

    pub(super) const fn write(self, kind: Kind) -> Self {
        WmiClass {
            write: Some(kind),
            ..self
        }
    }

    pub(super) const fn secret(self) -> Self {
        WmiClass {
            is_secret: true,
            ..self
        }
    }

    /// The LocURI of the class.
    pub(crate) fn loc_uri(&self) -> LocUri {
        LocUri::class(self.name)
    }

    /// The LocURI of the instance whose keys have these values, in their order.
    pub(crate) fn instance(&self, values: &[&str]) -> LocUri {
        debug_assert_eq!(values.len(), self.keys.len(), "{}", self.name);
        let keys = self.keys.iter().copied().zip(values.iter().copied());
        LocUri::instance(self.name, keys)
    }

    /// The properties that an inventory reads of each instance.
    pub(crate) fn inventoried(&self) -> impl Iterator<Item = &'static str> + Clone + use<> {
        let is_read = |property: &&Property| property.is_inventoried;
        let properties = self.properties.iter().filter(is_read);
        properties.map(|property| property.name)
    }
}
