//! Push: the client of WNS, channels, wakes and what they set off.

mod crash;
mod families;
mod installs;
mod package_names;
mod scenarios;

pub mod wns_bench;
mod wns_client;
mod wns_hostile;
pub mod world;
