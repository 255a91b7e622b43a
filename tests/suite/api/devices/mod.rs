//! `/devices` and what is below one device.

mod preview;
