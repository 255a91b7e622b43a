//! Why a sink did not take what it was sent, and how what may block for ever is run.

use std::io;
use std::time::Duration;

use tokio::sync::oneshot;

/// How long a receiver may take for what it is sent at once.
pub(super) const TIMEOUT: Duration = Duration::from_secs(30);

/// Why a sink did not take what it was sent. Says nothing of what is secret in its address.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SinkFault {
    /// A file, or standard output.
    #[error("could not write: {0}")]
    Write(io::Error),
    /// The file with a header's value.
    #[error("could not read the file with the authorization: {0}")]
    Authorization(io::Error),
    /// An answer, but not 2xx.
    #[error("expected 2xx, it answered {0}")]
    Status(u16),
    /// It takes less at once.
    #[error("expected 2xx, it answered 413 to a single line")]
    TooLarge,
    /// No answer.
    #[error("expected an answer within 30 s, none came: {0}")]
    Unanswered(&'static str),
    /// Nothing to connect to.
    #[error("could not connect: {0}")]
    Connect(io::Error),
    /// The connection broke before the receiver had read everything.
    #[error("the connection broke before it had read everything: {0}")]
    Broken(io::Error),
    /// It did not read everything in time.
    #[error("it did not read everything within 30 s")]
    Slow,
    /// It sends something itself.
    #[error("expected that it only reads, it sends something")]
    Talks,
}

/// Runs what may block for ever on a thread of its own: the end of the server waits for
/// those of the runtime.
pub(super) async fn off_runtime(
    write: impl FnOnce() -> io::Result<()> + Send + 'static,
) -> Result<(), SinkFault> {
    let (done, waits) = oneshot::channel();
    std::thread::Builder::new()
        .name("siem".to_owned())
        .spawn(move || drop(done.send(write())))
        .map_err(SinkFault::Write)?;
    let ended = |_| io::Error::other("writing was interrupted");
    waits
        .await
        .unwrap_or_else(|gone| Err(ended(gone)))
        .map_err(SinkFault::Write)
}
