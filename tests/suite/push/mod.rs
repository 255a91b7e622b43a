//! Push: the client of WNS, channels, wakes and what they set off.

mod channel_views;
mod channels;
mod crash;
mod families;
mod installs;
mod package_names;
mod recovery;
mod repair;
mod scenarios;
mod sets;
mod triggers;
mod wake_options;
pub mod wns_bench;
mod wns_client;
mod wns_hostile;
pub mod world;

use modegate_sim::mock_wns::MockWns;

use crate::harness::Server;

/// A server that asks the mock for tokens and sends to its channels, and takes devices by
/// their Source.
pub fn server_on(mock: &MockWns) -> Server {
    Server::start_with(&[
        "--accept-unknown-devices",
        "--wns-token-url",
        &mock.token_url(),
        "--wns-host-suffix",
        &mock.host_suffix(),
    ])
}
