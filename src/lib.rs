//! `modegate`: the OMA DM backend that Windows 8.1 tablets sync with.

pub mod sim;
