//! What is known of a device: values by class, instance and property, each
//! with its type, its time and the command that brought it.
//!
//! Pure: [`Inventory::take`] merges one answer, `known` is the table of presets,
//! [`search`] asks questions.

pub mod address;
pub(crate) mod known;
mod parts;
pub mod search;
mod value;

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde::{Deserialize, Serialize};

pub(crate) use crate::loc_uri::names;
pub use address::Address;
pub use parts::{InventoryUpdate, PARTS};
pub use value::{Value, instant};

use crate::ids::CommandSeq;
use crate::limits::{self, DeviceBounds};
use crate::time::Timestamp;
use parts::{PartSizes, part_of};

/// A device's inventory.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Inventory {
    /// By class (`Win32_BIOS`) or node tree (`./DevDetail`).
    pub classes: BTreeMap<String, BTreeMap<String, BTreeMap<String, Entry>>>,
    /// When each class last named its instances, and to which command.
    pub listed: BTreeMap<String, (Timestamp, CommandSeq)>,
}

/// One value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The value.
    pub value: Value,
    /// As the device wrote it, where that says more than the value.
    pub text: Option<String>,
    /// When it was last read.
    pub read_at: Timestamp,
    /// Since when it has been read as this.
    pub since: Timestamp,
    /// The command that read it last.
    pub command: CommandSeq,
}

/// One answer to a Get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading<'a> {
    /// The node.
    pub address: &'a Address,
    /// The Status, 0 where only Results came.
    pub status: u16,
    /// `Meta/Format` of the Results.
    pub format: Option<&'a str>,
    /// `Data` of the Results.
    pub data: Option<&'a str>,
    /// Which command asked.
    pub command: CommandSeq,
    /// Whether the device's package ended with it: a list of names may go on
    /// in the next message.
    pub whole: bool,
}

/// A value that is another now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// When it was noticed.
    pub at: Timestamp,
    /// Where the value lies.
    pub address: Address,
    /// What it was; `None` when nothing was known.
    pub before: Option<Value>,
    /// What it is; `None` when the instance is gone.
    pub after: Option<Value>,
    /// The command that brought the news.
    pub command: CommandSeq,
}

/// What taking readings in came to.
#[derive(Debug, PartialEq, Eq)]
pub struct Taken {
    /// The values that are others now. A value that was never known before is no change.
    pub changes: Vec<Change>,
    /// The parts of the inventory that are to be written down: they have a change, a new
    /// value, or a time that is old enough to be worth it.
    pub touched: BTreeSet<u32>,
    /// How many values were not kept because there are too many, or too much of them.
    pub dropped: usize,
    /// How many bytes the inventory may take.
    most: u64,
    /// How many it takes, once a value was put in.
    sizes: Option<PartSizes>,
}

impl Taken {
    /// Nothing yet, of an inventory that may take so many bytes.
    pub fn within(bytes: u64) -> Self {
        Taken {
            changes: Vec::new(),
            touched: BTreeSet::new(),
            dropped: 0,
            most: bytes,
            sizes: None,
        }
    }
}

impl Default for Taken {
    fn default() -> Self {
        Taken::within(DeviceBounds::default().inventory)
    }
}

impl Inventory {
    /// Merges one answer. A class that names its instances takes out those it
    /// names no more.
    pub fn take(&mut self, reading: &Reading<'_>, now: Timestamp, taken: &mut Taken) {
        if names::is_list(reading.format) {
            if reading.address.is_class() {
                self.list(reading, now, taken);
            }
            return;
        }
        let Some((value, text)) = value::read(reading) else {
            return;
        };
        self.put(reading, value, text, now, taken);
    }

    /// How many values it holds.
    pub fn len(&self) -> usize {
        self.classes
            .values()
            .flat_map(BTreeMap::values)
            .map(BTreeMap::len)
            .sum()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value at an address.
    pub fn entry(&self, address: &Address) -> Option<&Entry> {
        self.classes
            .get(&address.class)?
            .get(&address.instance)?
            .get(&address.property)
    }

    fn put(
        &mut self,
        reading: &Reading<'_>,
        value: Value,
        text: Option<String>,
        now: Timestamp,
        taken: &mut Taken,
    ) {
        let Address {
            class,
            instance,
            property,
        } = reading.address;
        let before = self.entry(reading.address);
        let sizes = taken.sizes.get_or_insert_with(|| PartSizes::of(self));
        let found = (&value, text.as_deref());
        if before.is_none() && self.len() >= limits::INVENTORY_VALUES
            || !sizes.replace(reading.address, before, found, taken.most)
        {
            taken.dropped += 1;
            return;
        }
        let part = part_of(class, instance, property);
        let known = self
            .classes
            .entry(class.clone())
            .or_default()
            .entry(instance.clone())
            .or_default();
        if let Some(entry) = known.get_mut(property) {
            let changed = entry.value != value;
            if changed {
                taken.changes.push(Change {
                    at: now,
                    address: reading.address.clone(),
                    before: Some(entry.value.clone()),
                    after: Some(value.clone()),
                    command: reading.command,
                });
                entry.since = now;
            }
            let old = now.ms_since(entry.read_at).saturating_abs() >= limits::INVENTORY_REFRESH_MS;
            if changed || old {
                taken.touched.insert(part);
            }
            entry.value = value;
            entry.text = text;
            entry.read_at = now;
            entry.command = reading.command;
        } else {
            taken.touched.insert(part);
            known.insert(
                property.clone(),
                Entry {
                    value,
                    text,
                    read_at: now,
                    since: now,
                    command: reading.command,
                },
            );
        }
    }

    fn list(&mut self, reading: &Reading<'_>, now: Timestamp, taken: &mut Taken) {
        let class = &reading.address.class;
        let named: HashSet<String> = names::split(reading.data.unwrap_or(""))
            .map(|name| names::plain(&name).to_ascii_lowercase())
            .collect();
        let before = self.listed.insert(class.clone(), (now, reading.command));
        // Only a list that came in one piece says that something is gone.
        let in_pieces = !reading.whole || before.is_some_and(|(_, by)| by == reading.command);
        if let (false, Some(instances)) = (in_pieces, self.classes.get_mut(class)) {
            let gone: Vec<String> = instances
                .keys()
                .filter(|known| !known.is_empty())
                .filter(|known| !named.contains(&known.to_ascii_lowercase()))
                .cloned()
                .collect();
            for instance in gone {
                let values = instances.remove(&instance).unwrap_or_default();
                taken.sizes = None;
                for (property, entry) in values {
                    let part = part_of(class, &instance, &property);
                    taken.touched.insert(part);
                    taken.changes.push(Change {
                        at: now,
                        address: Address {
                            class: class.clone(),
                            instance: instance.clone(),
                            property,
                        },
                        before: Some(entry.value),
                        after: None,
                        command: reading.command,
                    });
                }
            }
        }
        let old = before.is_none_or(|(at, _)| {
            now.ms_since(at).saturating_abs() >= limits::INVENTORY_REFRESH_MS
        });
        if old || in_pieces || !taken.changes.is_empty() {
            taken.touched.insert(part_of(class, "", ""));
        }
    }
}

#[cfg(test)]
mod tests;
