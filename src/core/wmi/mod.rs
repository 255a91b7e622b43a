//! The catalogue of WMI classes below `./cimv2`: what is known of each, for
//! classification, typed operations and inventory alike.
//!
//! A new class is one entry at the end of the last table, a new property or
//! method one line of its class. What a class does not list is not known: its
//! methods stay unclassified, its properties are read as text.

mod mdm;
mod property;
mod win32;

pub(crate) use mdm::*;
pub(crate) use property::{CimType, Property, ValueForm, flag, number};

use std::sync::LazyLock;

use crate::kind::{Class, Kind};
use crate::loc_uri::LocUri;

/// The tables. A queued command remembers its class by its place in them
/// ([`Class`] is persisted), so no class ever moves: a new one goes to the end of
/// the last table, or into a new table behind it.
static TABLES: [&[&WmiClass]; 2] = [mdm::CLASSES, win32::CLASSES];

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
    const fn new(name: &'static str, get: Kind) -> Self {
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

    const fn keys(self, keys: &'static [&'static str]) -> Self {
        WmiClass { keys, ..self }
    }

    const fn properties(self, properties: &'static [Property]) -> Self {
        WmiClass { properties, ..self }
    }

    const fn methods(self, methods: &'static [Method]) -> Self {
        WmiClass { methods, ..self }
    }

    const fn write(self, kind: Kind) -> Self {
        WmiClass {
            write: Some(kind),
            ..self
        }
    }

    const fn secret(self) -> Self {
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

/// Every class, in the order of [`Class`].
pub(crate) fn classes() -> impl Iterator<Item = &'static WmiClass> {
    TABLES.iter().flat_map(|table| table.iter().copied())
}

/// A class and its place, by its name in any letter case.
pub(crate) fn find(name: &str) -> Option<(Class, &'static WmiClass)> {
    let named = |(_, class): &(usize, &WmiClass)| class.name.eq_ignore_ascii_case(name);
    let (at, class) = classes().enumerate().find(named)?;
    Some((Class(u8::try_from(at).ok()?), class))
}

/// The class at that place.
pub(crate) fn at(class: Class) -> Option<&'static WmiClass> {
    classes().nth(usize::from(class.0))
}

fn all_properties() -> impl Iterator<Item = &'static Property> {
    classes().flat_map(|class| class.properties)
}

/// Whether properties of that name are whole numbers. Names mean the same in
/// every class that has them.
pub(crate) fn is_integer(property: &str) -> bool {
    static INTEGERS: LazyLock<Vec<&str>> = LazyLock::new(|| {
        let integers = all_properties().filter(|one| one.cim == Some(CimType::Integer));
        let mut names: Vec<&str> = integers.map(|one| one.name).collect();
        names.sort_unstable();
        names
    });
    INTEGERS.binary_search(&property).is_ok()
}

/// Whether a value may be kept: not what holds a key, a cookie or a challenge,
/// and not the push channel.
pub(crate) fn may_be_kept(class: &str, property: &str) -> bool {
    static SECRETS: LazyLock<Vec<&str>> = LazyLock::new(|| {
        let secrets = all_properties().filter(|one| one.is_secret);
        secrets.map(|one| one.name).collect()
    });
    let is_secret = |name: &&str| name.eq_ignore_ascii_case(property);
    !find(class).is_some_and(|(_, class)| class.is_secret) && !SECRETS.iter().any(is_secret)
}

#[cfg(test)]
mod tests;
