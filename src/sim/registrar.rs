//! Who gives out the channel URIs of a device.

use std::sync::Arc;

/// Gives out a channel URI for a package family name, as WNS does.
#[derive(Clone)]
pub(super) struct Wns(pub(super) Arc<dyn Fn(&str) -> String + Send + Sync>);

impl std::fmt::Debug for Wns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Wns")
    }
}
