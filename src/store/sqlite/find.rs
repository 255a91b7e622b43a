//! Finds devices by the indexes.
//!
//! Each list of terms is a list of device numbers in order. What is in all of them is found
//! by going from one to the other: each is asked for its first number from there on, so that
//! the shortest list says how much is read. Names lie in their own order: there each entry's
//! device is looked for in the lists. Where few devices are in a list, and the names that begin
//! as is asked are many, the names of those few are looked at in place of all.

use rusqlite::{Connection, params};

use super::device_index::{Entry, entries, names};
use super::query::{all, first, value};
use super::rows::{self, Key, signed, unsigned};
use crate::StoreError;
use crate::fleet::{DeviceCount, DevicePlace, DeviceQuery, FindBounds, FoundDevices};
use crate::seal::Keys;
use modegate_core::device::Device;
use modegate_core::fleet::fold;

/// Names read at once.
const NAMES: u64 = 64;
/// The part of the entries that are read by name before it is asked whether a list is short.
const BY_NAME: usize = 8;

/// The devices that are asked for behind that place.
pub(super) fn devices(
    db: &Connection,
    keys: &Keys,
    query: &DeviceQuery,
    after: &DevicePlace,
    bounds: FindBounds,
) -> Result<FoundDevices, StoreError> {
    let mut walk = Walk::new(db, keys, query, after);
    let mut devices = Vec::new();
    let mut ended = false;
    while devices.len() < bounds.devices && walk.entries < bounds.entries {
        match walk.step(bounds.entries)? {
            Step::End => {
                ended = true;
                break;
            }
            Step::Spent => break,
            Step::At(place) => {
                let device = rows::device(db, keys, &Key::Number(place.number))?;
                let device = device.filter(|device| is_listed_at(query, &place, device));
                devices.extend(device.map(|device| (place, device)));
            }
        }
    }
    Ok(FoundDevices {
        devices,
        entries: walk.entries,
        next: (!ended).then_some(walk.place),
    })
}

/// Whether a device is listed at this place: by its source where that begins as is asked,
/// else by its user's name.
fn is_listed_at(query: &DeviceQuery, place: &DevicePlace, device: &Device) -> bool {
    query.prefix.as_deref().is_none_or(|prefix| {
        let source = fold(&device.record.source.0);
        source == place.name || !source.starts_with(&fold(prefix))
    })
}

/// How many devices are asked for, looking at `most` entries.
pub(super) fn count(
    db: &Connection,
    keys: &Keys,
    query: &DeviceQuery,
    most: usize,
) -> Result<DeviceCount, StoreError> {
    let limit = signed(most as u64);
    let up_to_limit = |devices: i64| DeviceCount {
        devices: unsigned(devices),
        more: devices >= limit,
    };
    if query.prefix.is_none() && query.all_of.is_empty() {
        let sql = "SELECT count(*) FROM (SELECT 1 FROM device LIMIT ?1)";
        return value(db, sql, [limit]).map(up_to_limit);
    }
    if let (None, [terms]) = (&query.prefix, &query.all_of[..])
        && let [term] = &terms[..]
        && let [(kind, term)] = &entries(keys, term)[..]
    {
        let sql = "SELECT count(*) FROM \
                   (SELECT 1 FROM term_index WHERE kind = ?1 AND term = ?2 LIMIT ?3)";
        return value(db, sql, params![kind, term, limit]).map(up_to_limit);
    }
    let mut walk = Walk::new(db, keys, query, &DevicePlace::default());
    let mut devices = 0;
    while devices < most as u64 {
        match walk.step(most)? {
            Step::At(_) => devices += 1,
            Step::Spent => break,
            Step::End => {
                let more = false;
                return Ok(DeviceCount { devices, more });
            }
        }
    }
    let more = true;
    Ok(DeviceCount { devices, more })
}

/// What a step of a walk came to.
enum Step {
    /// A device that is asked for.
    At(DevicePlace),
    /// So many entries were read before there was one.
    Spent,
    /// There is no further one.
    End,
}

/// Fewer entries than these are not spent on looking whether a list is short.
const LEAST_SHARE: usize = 8;

/// A walk over the places of the devices that are asked for.
struct Walk<'a> {
    db: &'a Connection,
    keys: &'a Keys,
    prefix: Option<String>,
    lists: Vec<List>,
    /// Where it goes on: behind this.
    place: DevicePlace,
    /// Names that were read and not looked at yet, the next one last.
    names: Vec<(String, i64)>,
    /// No other names than these are asked for.
    is_last: bool,
    /// It was asked whether a list is short.
    has_measured: bool,
    /// Entries that were read.
    entries: usize,
}

/// The devices of which at least one of some terms is true.
struct List(Vec<Head>);

/// How far the list of one term was read.
struct Head {
    entry: Entry,
    /// The last number that was read; `None` at the end.
    at: Option<i64>,
}

impl List {
    /// The first device from that number on.
    fn seek(
        &mut self,
        db: &Connection,
        from: i64,
        entries: &mut usize,
    ) -> Result<Option<i64>, StoreError> {
        for head in &mut self.0 {
            if head.at.is_some_and(|at| at < from) {
                let (kind, term) = &head.entry;
                let sql = "SELECT device FROM term_index WHERE kind = ?1 AND term = ?2 AND device >= ?3 \
                           ORDER BY device LIMIT 1";
                head.at = first(db, sql, params![kind, term, from], |row| row.get(0))?;
                *entries += 1;
            }
        }
        Ok(self.0.iter().filter_map(|head| head.at).min())
    }

    /// All its devices, if they are `most` at most.
    fn few(
        &self,
        db: &Connection,
        most: usize,
        entries: &mut usize,
    ) -> Result<Option<Vec<i64>>, StoreError> {
        let mut devices = Vec::new();
        for Head { entry, .. } in &self.0 {
            let sql = "SELECT device FROM term_index WHERE kind = ?1 AND term = ?2 LIMIT ?3";
            let limit = signed((most + 1 - devices.len()) as u64);
            let found = all(db, sql, params![entry.0, entry.1, limit], |row| row.get(0))?;
            *entries += found.len();
            devices.extend::<Vec<i64>>(found);
            if devices.len() > most {
                return Ok(None);
            }
        }
        devices.sort_unstable();
        devices.dedup();
        Ok(Some(devices))
    }

    /// Whether that device is in it.
    fn has(&self, db: &Connection, device: i64, entries: &mut usize) -> Result<bool, StoreError> {
        for Head { entry, .. } in &self.0 {
            let sql = "SELECT 1 FROM term_index WHERE (kind, term, device) = (?1, ?2, ?3)";
            let key = params![entry.0, entry.1, device];
            *entries += 1;
            if first(db, sql, key, |_| Ok(()))?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl<'a> Walk<'a> {
    fn new(db: &'a Connection, keys: &'a Keys, query: &DeviceQuery, after: &DevicePlace) -> Self {
        let prefix = query.prefix.as_deref().map(fold);
        let mut place = after.clone();
        if let Some(prefix) = prefix.as_ref().filter(|prefix| **prefix > place.name) {
            let (name, number) = (prefix.clone(), 0);
            place = DevicePlace { name, number };
        }
        let lists = query.all_of.iter().map(|terms| {
            let heads = terms.iter().flat_map(|term| entries(keys, term));
            let heads = heads.map(|entry| Head { entry, at: Some(0) });
            List(heads.collect())
        });
        Walk {
            db,
            keys,
            prefix,
            lists: lists.collect(),
            place,
            names: Vec::new(),
            is_last: false,
            has_measured: false,
            entries: 0,
        }
    }

    /// Goes to the next device, reading about `most` entries in all.
    fn step(&mut self, most: usize) -> Result<Step, StoreError> {
        match self.prefix.is_some() {
            true => self.next_name(most),
            false if self.lists.is_empty() => self.next_row(),
            false => self.next_number(most),
        }
    }

    fn next_row(&mut self) -> Result<Step, StoreError> {
        let sql = "SELECT number FROM device WHERE number > ?1 ORDER BY number LIMIT 1";
        let after = signed(self.place.number);
        let next: Option<i64> = first(self.db, sql, [after], |row| row.get(0))?;
        Ok(next.map_or(Step::End, |next| self.found(next)))
    }

    fn found(&mut self, number: i64) -> Step {
        self.place.number = unsigned(number);
        Step::At(self.place.clone())
    }

    fn next_number(&mut self, most: usize) -> Result<Step, StoreError> {
        let mut at = signed(self.place.number) + 1;
        while self.entries < most {
            let from = at;
            for list in &mut self.lists {
                match list.seek(self.db, at, &mut self.entries)? {
                    Some(next) => at = next,
                    None => return Ok(Step::End),
                }
            }
            if at == from {
                return Ok(self.found(at));
            }
            self.place.number = unsigned(at - 1);
        }
        Ok(Step::Spent)
    }

    fn next_name(&mut self, most: usize) -> Result<Step, StoreError> {
        while self.entries < most {
            // At least one name is behind it then: the walk gets on, whatever is left to read.
            if !self.has_measured && self.entries > most / BY_NAME {
                self.measure(most)?;
            }
            let Some((name, number)) = self.name()? else {
                return Ok(Step::End);
            };
            self.entries += 1;
            self.place.name = name;
            let step = self.found(number);
            if self.is_in_all(number)? {
                return Ok(step);
            }
        }
        Ok(Step::Spent)
    }

    /// Goes on with the names of a list's devices alone, where they are so few that all their
    /// names are read with a share of what is left.
    fn measure(&mut self, most: usize) -> Result<(), StoreError> {
        self.has_measured = true;
        let share = most.saturating_sub(self.entries) / (self.lists.len() + 2);
        // Each list reads one entry more than its share: with so little left, that is too much.
        if share < self.lists.len().max(LEAST_SHARE) {
            return Ok(());
        }
        for list in &self.lists {
            let Some(devices) = list.few(self.db, share, &mut self.entries)? else {
                continue;
            };
            let (prefix, behind) = (self.prefix.as_deref().unwrap_or_default(), &self.place);
            let mut few = Vec::new();
            for device in devices {
                self.entries += 1;
                let own = names(self.db, self.keys, unsigned(device))?.into_iter();
                few.extend(own.map(|name| (name, device)));
            }
            few.retain(|(name, device)| {
                let place = (name.as_str(), unsigned(*device));
                name.starts_with(prefix) && place > (behind.name.as_str(), behind.number)
            });
            few.sort_unstable_by(|one, other| other.cmp(one));
            (self.names, self.is_last) = (few, true);
            break;
        }
        Ok(())
    }

    fn is_in_all(&mut self, device: i64) -> Result<bool, StoreError> {
        for list in &self.lists {
            if !list.has(self.db, device, &mut self.entries)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The next name that begins as is asked.
    fn name(&mut self) -> Result<Option<(String, i64)>, StoreError> {
        if self.names.is_empty() && !self.is_last {
            let sql = "SELECT name, device FROM name_index WHERE (name, device) > (?1, ?2) \
                       ORDER BY name, device LIMIT ?3";
            let after = params![self.place.name, signed(self.place.number), signed(NAMES)];
            self.names = all(self.db, sql, after, |row| Ok((row.get(0)?, row.get(1)?)))?;
            self.names.reverse();
        }
        let prefix = self.prefix.as_deref().unwrap_or_default();
        let next = self.names.pop();
        Ok(next.filter(|(name, _)| name.starts_with(prefix)))
    }
}
