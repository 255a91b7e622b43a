//! The catalogue of WMI classes below `./cimv2`: what is known of each, for
//! classification, typed operations and inventory alike.
//!
//! A new class is one entry at the end of the last table, a new property or
//! method one line of its class. What a class does not list is not known: its
//! methods stay unclassified, the type of a property is guessed from its value.

mod application_provider;
mod class;
mod property;
mod settings_provider;
mod win32;
mod windows10;

pub(crate) use application_provider::*;
pub(crate) use class::{Method, WmiClass};
pub(crate) use property::{CimType, Property, ValueForm, flag, number};
pub(crate) use settings_provider::*;

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::kind::Class;

/// The tables. A queued command remembers its class by its place in them
/// ([`Class`] is persisted), so no class ever moves: a new one goes to the end of
/// the last table, or into a new table behind it.
static TABLES: [&[&WmiClass]; 4] = [
    settings_provider::CLASSES,
    application_provider::CLASSES,
    win32::CLASSES,
    windows10::CLASSES,
];

/// Names that hold a secret in classes whose properties are not listed: the product key of
/// a sideloading key and of the firmware.
const SECRETS: [&str; 2] = ["ProductKey", "OA3xOriginalProductKey"];

/// Every class, in the order of [`Class`].
pub(crate) fn classes() -> impl Iterator<Item = &'static WmiClass> {
    TABLES.iter().flat_map(|table| table.iter().copied())
}

/// A class and its place, by its name in any letter case.
pub(crate) fn find(name: &str) -> Option<(Class, &'static WmiClass)> {
    static BY_NAME: LazyLock<Vec<(usize, &WmiClass)>> = LazyLock::new(|| {
        let mut all: Vec<(usize, &WmiClass)> = classes().enumerate().collect();
        all.sort_by(|(_, one), (_, other)| in_any_case(one.name, other.name));
        all
    });
    let found = BY_NAME.binary_search_by(|(_, class)| in_any_case(class.name, name));
    let (at, class) = BY_NAME[found.ok()?];
    Some((Class(u8::try_from(at).ok()?), class))
}

fn in_any_case(one: &str, other: &str) -> Ordering {
    let lower = |byte: u8| byte.to_ascii_lowercase();
    one.bytes().map(lower).cmp(other.bytes().map(lower))
}

/// The class at that place.
pub(crate) fn at(class: Class) -> Option<&'static WmiClass> {
    classes().nth(usize::from(class.0))
}

/// The type of a property: as its class lists it, else a number's if all classes which
/// list a property of that name give it that. `None` where nothing is known, or it is an
/// array.
pub(crate) fn cim_type(class: &str, property: &str) -> Option<CimType> {
    static NAMED: LazyLock<BTreeMap<&str, Option<CimType>>> = LazyLock::new(|| {
        let mut named = BTreeMap::new();
        for one in classes().flat_map(|class| class.properties) {
            let cim = scalar(one);
            let known = named.entry(one.name).or_insert(cim);
            *known = known.filter(|_| *known == cim);
        }
        named
    });
    match find(class).and_then(|(_, class)| class.property(property)) {
        Some(property) => scalar(property),
        None => NAMED.get(property)?.filter(|cim| cim.is_integer()),
    }
}

fn scalar(property: &Property) -> Option<CimType> {
    (!property.is_array).then_some(property.cim)
}

/// Whether a value may be kept: not what holds a key, a cookie or a challenge,
/// and not the push channel. A name that is a secret in one class is one in every class
/// that does not list it.
pub(crate) fn may_be_kept(class: &str, property: &str) -> bool {
    static SECRET_NAMES: LazyLock<Vec<&str>> = LazyLock::new(|| {
        let properties = classes().flat_map(|class| class.properties);
        let secrets = properties.filter(|property| property.is_secret);
        secrets.map(|one| one.name).chain(SECRETS).collect()
    });
    let class = find(class).map(|(_, class)| class);
    match class.and_then(|class| class.property(property)) {
        _ if class.is_some_and(|class| class.is_secret) => false,
        Some(property) => !property.is_secret,
        None => !SECRET_NAMES
            .iter()
            .any(|secret| secret.eq_ignore_ascii_case(property)),
    }
}

#[cfg(test)]
mod tests;
