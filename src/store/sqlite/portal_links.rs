//! One-time links to the portal, each change with its event in the log of its device.

use rusqlite::{Connection, Params, params};

use super::changes;
use super::query::run;
use super::rows::{self, Key, signed};
use crate::StoreError;
use crate::seal::{Keys, SealContext};
use crate::web::{DecideLinks, EndLink, MakeLink};
use modegate_core::change::DeviceChange;
use modegate_core::device::Device;
use modegate_core::event::Event;
use modegate_core::ids::DeviceId;
use modegate_core::portal_link::{
    LINKS, LinkProof, PortalLink, PortalLinkId, Presentation, check_room,
};
use modegate_core::time::Timestamp;

pub(super) fn create(
    db: &Connection,
    keys: &Keys,
    device: DeviceId,
    make: MakeLink,
) -> Result<PortalLink, StoreError> {
    let device = rows::known_device(db, keys, device)?;
    let link = make(&device)?;
    let now = link.created_at;
    let (mut count, last) = rows::count_and_last(db, "portal_link")?;
    if count >= LINKS {
        run(db, "DELETE FROM portal_link WHERE expires <= ?1", [now.0])?;
        count = rows::count_and_last(db, "portal_link")?.0;
    }
    let own = of_device(db, keys, device.number)?.into_iter();
    let open = own.filter(|(_, link)| link.is_open(now)).count();
    check_room(open, count)?;
    let number = last + 1;
    let row = params![
        signed(number),
        link.id.0.as_bytes(),
        signed(device.number),
        link.text.0,
        link.locator,
        link.expires_at.0,
        rows::seal(keys, SealContext::PortalLink(number), &link)?
    ];
    let sql = "INSERT INTO portal_link VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    run(db, sql, row)?;
    log(db, keys, &device, link.created())?;
    Ok(link)
}

/// Puts an event into the log of its device.
fn log(db: &Connection, keys: &Keys, device: &Device, event: Event) -> Result<(), StoreError> {
    let change = DeviceChange::only_events(device, vec![event]);
    changes::apply(db, keys, change).map(drop)
}

/// The links of a device with their numbers, the newest first.
pub(super) fn of_device(
    db: &Connection,
    keys: &Keys,
    device: u64,
) -> Result<Vec<(u64, PortalLink)>, StoreError> {
    let sql = "SELECT number, sealed FROM portal_link WHERE device = ?1 ORDER BY number DESC";
    select(db, keys, sql, [signed(device)])
}

/// Links that have not expired, those that expire last first, by the index of when they do.
pub(super) fn unexpired(
    db: &Connection,
    keys: &Keys,
    (before, number): (Timestamp, u64),
    now: Timestamp,
    limit: usize,
) -> Result<Vec<(u64, PortalLink)>, StoreError> {
    let sql = "SELECT number, sealed FROM portal_link \
               WHERE expires > ?1 AND (expires, number) < (?2, ?3) \
               ORDER BY expires DESC, number DESC LIMIT ?4";
    let which = params![now.0, before.0, signed(number), signed(limit as u64)];
    select(db, keys, sql, which)
}

fn select(
    db: &Connection,
    keys: &Keys,
    sql: &str,
    params: impl Params,
) -> Result<Vec<(u64, PortalLink)>, StoreError> {
    rows::sealed(db, keys, SealContext::PortalLink, sql, params)
}

/// A link with its number and its device.
type Found = (u64, (PortalLink, Device));

/// What a proof finds.
pub(super) fn find(
    db: &Connection,
    keys: &Keys,
    proof: &LinkProof,
) -> Result<Vec<Found>, StoreError> {
    let found = match proof {
        LinkProof::Text(digest) => {
            let sql = "SELECT number, sealed FROM portal_link WHERE text = ?1";
            select(db, keys, sql, [digest.0])?
        }
        LinkProof::Code(code) => {
            let sql = "SELECT number, sealed FROM portal_link WHERE locator = ?1 ORDER BY number";
            select(db, keys, sql, [code.locator()])?
        }
    };
    let mut all = Vec::with_capacity(found.len());
    for (number, link) in found {
        // A device takes its links with it.
        if let Some(device) = rows::device(db, keys, &Key::Id(link.device))? {
            all.push((number, (link, device)));
        }
    }
    Ok(all)
}

pub(super) fn present(
    db: &Connection,
    keys: &Keys,
    proof: &LinkProof,
    decide: DecideLinks,
) -> Result<Presentation, StoreError> {
    let (numbers, found): (Vec<u64>, Vec<_>) = find(db, keys, proof)?.into_iter().unzip();
    let presented = decide(&found);
    for (changed, event) in &presented.changed {
        let mut known = numbers.iter().zip(&found);
        let Some((number, (_, device))) = known.find(|(_, (link, _))| link.id == changed.id) else {
            continue;
        };
        update(db, keys, *number, changed)?;
        if let Some(event) = event {
            log(db, keys, device, event.clone())?;
        }
    }
    Ok(presented)
}

fn update(db: &Connection, keys: &Keys, number: u64, link: &PortalLink) -> Result<(), StoreError> {
    let sealed = rows::seal(keys, SealContext::PortalLink(number), link)?;
    let sql = "UPDATE portal_link SET sealed = ?2 WHERE number = ?1";
    run(db, sql, params![signed(number), sealed])
}

pub(super) fn end(
    db: &Connection,
    keys: &Keys,
    device: DeviceId,
    id: PortalLinkId,
    end: EndLink,
) -> Result<PortalLink, StoreError> {
    let device = rows::known_device(db, keys, device)?;
    let mut own = of_device(db, keys, device.number)?.into_iter();
    let found = own.find(|(_, link)| link.id == id);
    let (number, link) = found.ok_or_else(|| StoreError::missing("portal link"))?;
    let (link, event) = end(&device, link)?;
    update(db, keys, number, &link)?;
    log(db, keys, &device, event)?;
    Ok(link)
}
