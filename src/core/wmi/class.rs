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
    /// Its properties, keys too: of a class of the two MDM providers all of them, of
    /// others those that are read. None: its instances are asked for their names.
    pub(crate) properties: &'static [Property],
    /// Its methods.
    pub(crate) methods: &'static [Method],
    /// What a Get of it, of an instance or of a property is.
    pub(crate) get: Kind,
    /// What Add, Replace and Delete of an instance or a property are; unclassified
    /// if it is none.
    pub(crate) write: Option<Kind>,
    /// Whether all its values are secrets, of which the inventory keeps none.
    pub(crate) is_secret: bool,
}

/// A method. Those of the two MDM providers return a `uint32`.
#[derive(Debug)]
pub(crate) struct Method {
    /// Its name.
    pub(crate) name: &'static str,
    /// The name of its one parameter, a string; none if it has none.
    pub(crate) parameter: Option<&'static str>,
    /// What an Exec of it is.
    pub(crate) kind: Kind,
}

impl Method {
    /// Whether the Data of an Exec gives it what it takes: `<parameter>=<value>`, or
    /// nothing.
    pub(crate) fn takes(&self, data: &str) -> bool {
        match self.parameter {
            None => data.is_empty(),
            Some(parameter) => data
                .split_once('=')
                .is_some_and(|(name, _)| name.trim().eq_ignore_ascii_case(parameter)),
        }
    }
}

/// A method with one parameter.
pub(super) const fn method(name: &'static str, parameter: &'static str, kind: Kind) -> Method {
    Method {
        name,
        parameter: Some(parameter),
        kind,
    }
}

/// A method without parameters.
pub(super) const fn bare_method(name: &'static str, kind: Kind) -> Method {
    Method {
        name,
        parameter: None,
        kind,
    }
}

/// Declares classes as statics and lists them in their order. Rows are laid out by hand.
macro_rules! classes {
    ($($(#[$about:meta])* $id:ident = $class:expr;)*) => {
        $($(#[$about])* pub(crate) static $id: WmiClass = $class;)*

        /// The classes; see [`super::TABLES`] before adding one.
        pub(super) static CLASSES: &[&WmiClass] = &[$(&$id),*];
    };
}

pub(super) use classes;

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

    /// The property of that name, in any letter case.
    pub(crate) fn property(&self, name: &str) -> Option<&'static Property> {
        let mut properties = self.properties.iter();
        properties.find(|property| property.name.eq_ignore_ascii_case(name))
    }

    /// The method of that name, in any letter case.
    pub(crate) fn method(&self, name: &str) -> Option<&'static Method> {
        let mut methods = self.methods.iter();
        methods.find(|method| method.name.eq_ignore_ascii_case(name))
    }

    /// The properties that an inventory reads of each instance: all but the secrets.
    pub(crate) fn inventoried(&self) -> impl Iterator<Item = &'static str> + Clone + use<> {
        let is_secret = self.is_secret;
        let is_read = move |property: &&Property| !is_secret && !property.is_secret;
        let properties = self.properties.iter().filter(is_read);
        properties.map(|property| property.name)
    }
}
