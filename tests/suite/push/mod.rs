//! Push: the client of WNS, channels, wakes and what they set off.

mod channel_views;
mod channels;
mod crash;
mod installs;
mod recovery;
mod repair;
mod scenarios;
mod sets;
mod triggers;
pub mod wns_bench;
mod wns_client;
mod wns_hostile;
pub mod world;
