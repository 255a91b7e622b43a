//! Bounds on what one API request reads, each with its reason.

/// Devices looked at by one request for a list that is filtered by what no index knows; by
/// any other, [`PAGE_ITEMS`].
pub const DEVICE_WALK: usize = 2_000;
/// Entries of indexes that one request for a list of devices reads: some milliseconds.
pub const INDEX_WALK: usize = 2_000;
/// Devices, and entries of indexes, that are looked at to count a list of devices.
pub const COUNTED_DEVICES: usize = 10_001;
/// Installs looked at by one request for their list.
pub const INSTALL_WALK: usize = 2_000;
/// Batches looked at by one request for their list.
pub const BATCH_WALK: usize = 2_000;
/// Longest API request body.
pub const API_REQUEST_BYTES: usize = 1024 * 1024;
/// Most items of one page of an API list.
pub const PAGE_ITEMS: usize = 200;
/// Commands of a device looked at by one request for a filtered list: each is read
/// with its history.
pub const COMMAND_WALK: usize = 1_000;
/// Events of a device looked at for the calendar of its sessions.
pub const CALENDAR_EVENTS: usize = 2_000;
/// Most hours of one request for the history: a month of 31 days.
pub const HISTORY_HOURS: u64 = 31 * 24;
/// Events walked at most to find what one API call asks for.
pub const EVENT_WALK: usize = 10_000;
