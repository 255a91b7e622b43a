//! Lists of devices, and how long they are. What is asked for is found by the store's
//! indexes; what they do not know is looked for in the devices' rows. How much one request
//! reads is bounded, however many devices there are.

use super::{App, AppError, Listed, Principal};
use crate::limits::{COUNTED_DEVICES, DEVICE_WALK, INDEX_WALK, PAGE_ITEMS};
use modegate_core::context::Family;
use modegate_core::device::{ActivityFlag, Device};
use modegate_core::fleet::{DeviceFlag, fold};
use modegate_core::ids::Source;
use modegate_core::session::ReadPlan;
use modegate_core::time::Timestamp;
use modegate_store::fleet::{DeviceCount, DevicePlace, DeviceQuery, FindBounds, Term};

/// Which devices to list; `None` does not filter.
#[derive(Debug, Default)]
pub(crate) struct DeviceFilter {
    /// Those whose source, or user where users' names are kept in clear, begins so; letter
    /// case does not matter. They are listed in the order of these names.
    pub(crate) prefix: Option<String>,
    /// Those of this group.
    pub(crate) group: Option<String>,
    /// Those of this family.
    pub(crate) family: Option<Family>,
    /// Those of this user; letter case does not matter.
    pub(crate) user: Option<String>,
    /// The one with this source.
    pub(crate) source: Option<String>,
    /// Those with this flag, as the latest census found it.
    pub(crate) flag: Option<DeviceFlag>,
    /// Those with this activity, as their rows have it.
    pub(crate) activity: Option<ActivityFlag>,
    /// Those that began no session since then.
    pub(crate) not_seen_since: Option<Timestamp>,
}

/// A page of a list of devices.
#[derive(Debug)]
pub(crate) struct DevicePage {
    /// Where it begins: behind what the last page ended with.
    pub(crate) after: DevicePlace,
    /// The most devices that it has.
    pub(crate) limit: usize,
}

impl DeviceFilter {
    /// Whether the row of a device that the indexes found is asked for, too.
    fn takes(&self, device: &Device) -> bool {
        let (record, state) = (&device.record, &device.state);
        let (group, user) = (self.group.as_ref(), self.user.as_deref());
        let is_users = |user: &str| record.user.as_deref().map(fold) == Some(fold(user));
        group.is_none_or(|group| record.groups.contains(group))
            && self.family.is_none_or(|family| record.family == family)
            && user.is_none_or(is_users)
            && self.activity.is_none_or(|activity| activity.is_of(state))
            && self
                .not_seen_since
                .is_none_or(|since| state.seen.iter().flatten().all(|seen| *seen < since))
    }

    /// Whether the indexes know all that is asked.
    fn is_indexed(&self) -> bool {
        self.activity.is_none() && self.not_seen_since.is_none()
    }

    /// What the indexes are asked for. A caller that is bound to groups is shown their
    /// devices alone: no others are looked at.
    fn query(&self, by: &Principal) -> DeviceQuery {
        let scope = by.groups().filter(|_| self.group.is_none());
        let scope = scope.map(|groups| groups.into_iter().map(Term::Group).collect());
        let terms = [
            self.user.clone().map(Term::User),
            self.group.clone().map(Term::Group),
            self.flag.map(Term::Flag),
            self.family.map(Term::Family),
        ];
        let terms = terms.into_iter().flatten().map(|term| vec![term]);
        DeviceQuery {
            prefix: self.prefix.clone(),
            all_of: terms.chain(scope).collect(),
        }
    }
}

/// Lists devices: looks at so many at most, so that a page may have fewer than
/// asked for while the list goes on.
pub(crate) async fn list(
    app: &App,
    by: &Principal,
    filter: &DeviceFilter,
    page: DevicePage,
) -> Result<Listed<Device, DevicePlace>, AppError> {
    let group = filter.group.as_ref();
    if group.is_some_and(|group| !by.knows_group(group)) {
        return Ok(Listed::all(Vec::new()));
    }
    if let Some(few) = few(app, by, filter).await? {
        let behind = page.after.number;
        let listed = few.into_iter().filter(|device| device.number > behind);
        return Ok(Listed::all(listed.collect()));
    }
    let query = filter.query(by);
    let (mut items, mut bytes, mut looked, mut entries) = (Vec::new(), 0, 0, 0);
    let looks = if filter.is_indexed() {
        PAGE_ITEMS
    } else {
        DEVICE_WALK
    };
    let mut place = page.after;
    while looked < looks && entries < INDEX_WALK {
        let wanted = if filter.is_indexed() {
            page.limit - items.len()
        } else {
            PAGE_ITEMS
        };
        let bounds = FindBounds {
            devices: wanted.min(looks - looked),
            entries: INDEX_WALK - entries,
        };
        let found = app.store.find_devices(&query, &place, bounds).await?;
        (looked, entries) = (looked + found.devices.len(), entries + found.entries);
        for (at, device) in found.devices {
            place = at;
            if by.may_see(&device) && filter.takes(&device) {
                bytes += device.state.bytes();
                items.push(device);
            }
            if items.len() == page.limit || bytes >= app.page_bytes {
                let next = Some(place);
                return Ok(Listed { items, next });
            }
        }
        match found.next {
            Some(next) => place = next,
            None => return Ok(Listed::all(items)),
        }
    }
    let next = Some(place);
    Ok(Listed { items, next })
}

/// How many devices a list has, up to [`COUNTED_DEVICES`]. What the indexes do not know is
/// refused.
pub(crate) async fn count(
    app: &App,
    by: &Principal,
    filter: &DeviceFilter,
) -> Result<DeviceCount, AppError> {
    let group = filter.group.as_ref();
    let nothing = DeviceCount {
        devices: 0,
        more: false,
    };
    if group.is_some_and(|group| !by.knows_group(group)) {
        return Ok(nothing);
    }
    if let Some(few) = few(app, by, filter).await? {
        let devices = few.len() as u64;
        return Ok(DeviceCount { devices, ..nothing });
    }
    let query = filter.query(by);
    Ok(app.store.count_devices(&query, COUNTED_DEVICES).await?)
}

/// The flags of these devices, in their order: those that their rows show, as of now, and of
/// the others those that the latest census found.
pub(crate) async fn flags(app: &App, devices: &[Device]) -> Result<Vec<Vec<DeviceFlag>>, AppError> {
    let numbers: Vec<u64> = devices.iter().map(|device| device.number).collect();
    let counted = app.store.flags_of(&numbers).await?.into_iter();
    let now = app.now();
    let all = devices
        .iter()
        .zip(counted.chain(std::iter::repeat(Vec::new())));
    Ok(all
        .map(|(device, counted)| {
            let of_row = DeviceFlag::of_row(device, now);
            let of_census = counted.into_iter().filter(|flag| !flag.is_in_row());
            let found: Vec<DeviceFlag> = of_row.into_iter().chain(of_census).collect();
            let known = DeviceFlag::ALL.into_iter();
            known.filter(|flag| found.contains(flag)).collect()
        })
        .collect())
}

/// The devices of a list that has few, and names them: those of a person, and the one with a
/// source. `None` for any other list.
async fn few(
    app: &App,
    by: &Principal,
    filter: &DeviceFilter,
) -> Result<Option<Vec<Device>>, AppError> {
    let mut few = Vec::new();
    if let Some(person) = by.person() {
        for id in &person.devices {
            few.extend(app.store.device(*id).await?);
        }
        few.sort_by_key(|device| device.number);
    } else if let Some(source) = &filter.source {
        let source = Source(source.clone());
        let found = app.store.load(&source, &|_| ReadPlan::default()).await?;
        few.extend(found.map(|snapshot| snapshot.device));
    } else {
        return Ok(None);
    }
    let (source, prefix) = (filter.source.as_ref(), filter.prefix.as_deref().map(fold));
    few.retain(|device| {
        let own = &device.record.source.0;
        let begins = |prefix: &String| fold(own).starts_with(prefix);
        by.may_see(device)
            && filter.takes(device)
            && source.is_none_or(|source| own == source)
            && prefix.as_ref().is_none_or(begins)
    });
    if let Some(flag) = filter.flag {
        let numbers: Vec<u64> = few.iter().map(|device| device.number).collect();
        let flags = app.store.flags_of(&numbers).await?;
        let mut flags = flags.into_iter();
        few.retain(|_| flags.next().is_some_and(|flags| flags.contains(&flag)));
    }
    Ok(Some(few))
}
