//! The standard output of the server, behind its first line.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::watch;

use super::fault::{SinkFault, off_runtime};

/// Standard output.
pub(crate) struct Stdout {
    /// Whether its first line is written, which says where the server listens.
    announced: watch::Receiver<bool>,
    /// Whether it may end within a line.
    is_broken: Arc<AtomicBool>,
}

impl Stdout {
    pub(super) fn new(announced: watch::Receiver<bool>) -> Self {
        Stdout {
            announced,
            is_broken: Arc::default(),
        }
    }

    /// Writes lines.
    pub(super) async fn put(&self, lines: String) -> Result<(), SinkFault> {
        let mut announced = self.announced.clone();
        let gone = |_| SinkFault::Write(io::Error::other("the server ends"));
        announced.wait_for(|is| *is).await.map_err(gone)?;
        let is_broken = Arc::clone(&self.is_broken);
        off_runtime(move || {
            let mut out = io::stdout().lock();
            if is_broken.swap(true, Ordering::Relaxed) {
                out.write_all(b"\n")?;
            }
            out.write_all(lines.as_bytes())?;
            out.flush()?;
            is_broken.store(false, Ordering::Relaxed);
            Ok(())
        })
        .await
    }
}
