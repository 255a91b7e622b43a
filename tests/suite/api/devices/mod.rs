//! `/devices` and what is below one device.

mod import;
mod list;
mod preview;
