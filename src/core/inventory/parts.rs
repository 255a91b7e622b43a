//! An inventory in parts. A value lies in one of them by its address, and only the parts
//! with something new are written: one value that changes costs a small fraction of the
//! inventory, however large the device made that.

use std::collections::BTreeSet;
use std::hash::Hasher as _;

use siphasher::sip::SipHasher13;

use super::{Address, Change, Entry, Inventory, Value};

/// Parts of an inventory, numbered from 1.
pub const PARTS: u32 = 64;

/// An inventory and which parts of it are to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InventoryUpdate {
    /// All of it.
    pub inventory: Inventory,
    /// The numbers of the parts with something new.
    pub touched: BTreeSet<u32>,
}

impl InventoryUpdate {
    /// The parts to write. One of which nothing is left is empty.
    pub fn parts(&self) -> Vec<(u32, Inventory)> {
        self.inventory.split(&self.touched)
    }

    /// Bytes that the parts to write take, about.
    pub(crate) fn bytes(&self) -> u64 {
        let sizes = PartSizes::of(&self.inventory);
        let parts = self.touched.iter();
        parts.filter_map(|&part| sizes.0.get(part as usize)).sum()
    }
}

/// The part that a value lies in. Rows lie by it: it never changes.
pub(super) fn part_of(class: &str, instance: &str, property: &str) -> u32 {
    let mut hasher = SipHasher13::new();
    for name in [class, instance, property] {
        hasher.write(name.as_bytes());
        hasher.write(&[0xff]);
    }
    // Below PARTS, so it fits.
    (hasher.finish() % u64::from(PARTS)) as u32 + 1
}

impl Inventory {
    /// Every part by its number.
    pub fn all_parts(&self) -> Vec<(u32, Inventory)> {
        self.split(&(1..=PARTS).collect())
    }

    fn split(&self, wanted: &BTreeSet<u32>) -> Vec<(u32, Inventory)> {
        let mut parts: Vec<_> = wanted
            .iter()
            .map(|part| (*part, Inventory::default()))
            .collect();
        let at = |part: u32| wanted.iter().position(|one| *one == part);
        for (class, instance, property, entry) in self.entries() {
            if let Some(at) = at(part_of(class, instance, property)) {
                let classes = &mut parts[at].1.classes;
                let instances = classes.entry(class.clone()).or_default();
                let values = instances.entry(instance.clone()).or_default();
                values.insert(property.clone(), entry.clone());
            }
        }
        for (class, listed) in &self.listed {
            if let Some(at) = at(part_of(class, "", "")) {
                parts[at].1.listed.insert(class.clone(), *listed);
            }
        }
        parts
    }

    /// Takes what lies in a part over.
    pub fn merge(&mut self, part: Inventory) {
        for (class, instances) in part.classes {
            let known = self.classes.entry(class).or_default();
            for (instance, values) in instances {
                known.entry(instance).or_default().extend(values);
            }
        }
        self.listed.extend(part.listed);
    }

    fn entries(&self) -> impl Iterator<Item = (&String, &String, &String, &Entry)> {
        self.classes.iter().flat_map(|(class, instances)| {
            instances.iter().flat_map(move |(instance, values)| {
                let whole = move |(property, entry)| (class, instance, property, entry);
                values.iter().map(whole)
            })
        })
    }
}

/// How many bytes each part takes, about; by its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PartSizes([u64; PARTS as usize + 1]);

impl PartSizes {
    pub(super) fn of(inventory: &Inventory) -> Self {
        let mut sizes = PartSizes([0; PARTS as usize + 1]);
        for (class, instance, property, entry) in inventory.entries() {
            let names = class.len() + instance.len() + property.len();
            let part = part_of(class, instance, property);
            sizes.0[part as usize] += weight(names, &entry.value, entry.text.as_deref());
        }
        sizes
    }

    /// Puts a value in the place of what is there; false where its part, or the whole,
    /// would take more than its share of `most`.
    pub(super) fn replace(
        &mut self,
        address: &Address,
        before: Option<&Entry>,
        (value, text): (&Value, Option<&str>),
        most: u64,
    ) -> bool {
        let Address {
            class,
            instance,
            property,
        } = address;
        let names = class.len() + instance.len() + property.len();
        let old = before.map_or(0, |entry| {
            weight(names, &entry.value, entry.text.as_deref())
        });
        let new = weight(names, value, text);
        // Names spread evenly; a part with four times its share is somebody's doing.
        let share = 4 * most / u64::from(PARTS);
        let part = part_of(class, instance, property) as usize;
        let after = self.0[part] - old + new;
        let whole = self.0.iter().sum::<u64>() - old + new;
        if new > old && (after > share || whole > most) {
            return false;
        }
        self.0[part] = after;
        true
    }
}

impl Change {
    /// Bytes that it takes where it is kept, about.
    pub(crate) fn bytes(&self) -> u64 {
        let Address {
            class,
            instance,
            property,
        } = &self.address;
        let names = class.len() + instance.len() + property.len();
        let values = [&self.before, &self.after].into_iter().flatten();
        values.map(|value| weight(names, value, None)).sum()
    }
}

/// Bytes that a value takes where it is kept, about.
fn weight(names: usize, value: &Value, text: Option<&str>) -> u64 {
    /// Times, the command, lengths.
    const FRAME: usize = 32;
    let value = match value {
        Value::Text(text) | Value::LocalTime(text) => text.len(),
        _ => 8,
    };
    (FRAME + names + value + text.map_or(0, str::len)) as u64
}
