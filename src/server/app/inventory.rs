//! What is known of devices.

use super::list::{ScanBounds, scan};
use super::{App, AppError, Listed, Page, Principal};
use modegate_core::device::Device;
use modegate_core::ids::DeviceId;
use modegate_core::inventory::search::Question;
use modegate_core::inventory::{Change, Inventory};
use modegate_store::Chunk;

/// Inventories that one search looks at, at most: each is read and opened.
const LOOKED_AT: usize = 1_000;
/// Read from the store at once: few, since each may be as large as its device made it.
const CHUNK: usize = 4;

/// What is known of a device, with when it was read.
pub(crate) async fn of_device(
    app: &App,
    by: &Principal,
    id: DeviceId,
) -> Result<Inventory, AppError> {
    by.device(app, id).await?;
    Ok(app.store.inventory(id).await?.unwrap_or_default())
}

/// What changed of it, with the number of each change, the newest first.
pub(crate) async fn changes(
    app: &App,
    by: &Principal,
    id: DeviceId,
    page: Page,
) -> Result<Listed<(u64, Change)>, AppError> {
    by.device(app, id).await?;
    let before = page.after.unwrap_or(u64::MAX);
    let found = app.store.inventory_changes(id, before, page.limit).await?;
    Ok(Listed::from_page(found, page.limit, |(number, _)| *number))
}

/// The devices of which every question is true. A page may be short, or empty, while
/// the list goes on.
pub(crate) async fn search(
    app: &App,
    by: &Principal,
    questions: &[Question],
    page: Page,
) -> Result<Listed<Device>, AppError> {
    // What was asked is answered at once: an inventory may be as large as its device made it.
    let is_true = |inventory: &Inventory| questions.iter().all(|one| one.is_true_of(inventory));
    let read = async |after| {
        let found = app.store.inventories(after, CHUNK).await?;
        let found = found.into_iter();
        let answered = found.map(|(device, inventory)| (device, is_true(&inventory)));
        Ok(Chunk::of_up_to(CHUNK, answered.collect()))
    };
    let takes = |(device, is_true): &(Device, bool)| *is_true && by.may_see(device);
    let bounds = ScanBounds {
        looks: LOOKED_AT,
        bytes: app.page_bytes,
        weigh: |(device, _): &(Device, bool)| device.state.bytes(),
    };
    let found = scan(page, bounds, read, |(device, _)| device.number, takes).await?;
    Ok(found.filter_map(|(device, _)| Some(device)))
}
