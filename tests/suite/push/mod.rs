//! Push: the client of WNS, channels, wakes and what they set off.

mod crash;
mod installs;
mod package_names;
mod scenarios;
mod urgent;
pub mod wns_bench;
mod wns_client;
mod wns_hostile;
pub mod world;
