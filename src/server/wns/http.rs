//! The faults of requests.

use modegate_core::push::token::NetworkFault;

/// What kind of fault an error of the client is.
pub(super) fn fault_of(error: &reqwest::Error) -> NetworkFault {
    // A connection that takes too long is no connection: nothing left.
    if error.is_connect() {
        NetworkFault::Connect
    } else if error.is_timeout() {
        NetworkFault::Timeout
    } else {
        NetworkFault::Broken
    }
}
