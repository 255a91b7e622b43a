//! The catalogue of WMI classes below `./cimv2`: what is known of each, for
//! classification, typed operations and inventory alike.
//!
//! A new class is one entry at the end of the last table, a new property or
//! method one line of its class. What a class does not list is not known: its
//! methods stay unclassified, its properties are read as text.

mod class;
mod mdm;
mod property;
mod win32;

pub(crate) use class::WmiClass;
pub(crate) use mdm::*;
use property::CimType;
pub(crate) use property::{Property, ValueForm, flag, number};

use std::sync::LazyLock;

use crate::kind::Class;

/// The tables. A queued command remembers its class by its place in them
/// ([`Class`] is persisted), so no class ever moves: a new one goes to the end of
/// the last table, or into a new table behind it.
static TABLES: [&[&WmiClass]; 2] = [mdm::CLASSES, win32::CLASSES];

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
