//! The sockets that the server listens on, and how many connections there may be.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpSocket;

use super::ServeError;
use crate::config::Settings;
use crate::http::{BodyPatience, ConnectionBounds, Connections, Patience};
use crate::metrics::Metrics;

/// Connections that the system keeps until they are accepted, if it allows so many.
const BACKLOG: u32 = 4_096;
/// File descriptors that are kept for other things than connections.
const RESERVED: usize = 256;

/// Listens on an address; with port 0, the address says which port it is.
pub(crate) fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), ServeError> {
    let listen = || {
        let socket = match address {
            SocketAddr::V4(_) => TcpSocket::new_v4(),
            SocketAddr::V6(_) => TcpSocket::new_v6(),
        }?;
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        let listener = socket.listen(BACKLOG)?.into_std()?;
        let bound = listener.local_addr()?;
        Ok((listener, bound))
    };
    listen().map_err(|error| ServeError::Listen(address, error))
}

/// The connections that there may be: no more than there are file descriptors for.
pub(crate) fn connections(settings: &Settings, metrics: &Arc<Metrics>) -> Connections {
    let wanted = settings.limits.connections as usize;
    let limits = std::fs::read_to_string("/proc/self/limits");
    let files = limits.ok().and_then(|limits| open_files(&limits));
    let all = wanted.min(files.map_or(usize::MAX, |files| files.saturating_sub(RESERVED).max(1)));
    if all < wanted {
        tracing::warn!(
            wanted,
            "the limit of open files allows {all} connections: raise it (ulimit -n, or LimitNOFILE of systemd)"
        );
    }
    let bounds = ConnectionBounds {
        all,
        per_address: settings.limits.per_address(all),
    };
    Connections::new(
        bounds,
        settings.trusted_proxies.clone(),
        Arc::clone(metrics),
    )
}

/// How long clients are waited for.
pub(crate) fn patience(settings: &Settings) -> Patience {
    let limits = &settings.limits;
    Patience {
        keep_alive: settings.keep_alive(),
        body: BodyPatience {
            stall: Duration::from_secs(limits.body_stall_seconds.into()),
            progress_bytes: limits.body_progress_bytes as usize,
            whole: Duration::from_secs(limits.body_seconds.into()),
        },
    }
}

/// How many files a process may have open, by the limits that Linux tells of it.
fn open_files(limits: &str) -> Option<usize> {
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_soft_limit_of_open_files_is_read() {
        let text = |soft: &str| {
            format!(
                "Max cpu time   unlimited   unlimited   seconds\nMax open files   {soft}   4096   files\n"
            )
        };
        assert_eq!(open_files(&text("1024")), Some(1024));
        assert_eq!(open_files(&text("unlimited")), None);
        assert_eq!(open_files(""), None);
    }
}
