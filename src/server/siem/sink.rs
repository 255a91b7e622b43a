//! A system that events are sent to.

use std::io;
use std::time::Duration;

use tokio::sync::{oneshot, watch};

use super::file::LineFile;
use super::http::HttpSink;
use super::stdout::Stdout;
use super::syslog::SyslogSink;
use crate::config::{SinkAddress, SinkTarget};

/// How long a receiver may take for what it is sent at once.
pub(super) const TIMEOUT: Duration = Duration::from_secs(30);

/// Where lines go.
pub(crate) enum Sink {
    File(LineFile),
    Stdout(Stdout),
    Http(HttpSink),
    Syslog(SyslogSink),
}

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

impl Sink {
    /// The one at this address. `ca` are further CAs, PEM; `announced` turns true when the
    /// first line of standard output is written.
    ///
    /// # Errors
    /// TLS cannot be set up, or the CAs cannot be read; in words.
    pub(crate) fn new(
        address: &SinkAddress,
        ca: Option<&[u8]>,
        announced: &watch::Receiver<bool>,
    ) -> Result<Self, String> {
        Ok(match &address.target {
            SinkTarget::File(path) => Sink::File(LineFile::new(path.clone())),
            SinkTarget::Stdout => Sink::Stdout(Stdout::new(announced.clone())),
            SinkTarget::Http(url) => {
                let authorization = address.authorization.clone();
                Sink::Http(HttpSink::new(url.clone(), authorization, ca)?)
            }
            SinkTarget::Syslog { host, port } => Sink::Syslog(SyslogSink::new(host, *port, ca)?),
        })
    }

    /// Whether it takes frames instead of lines.
    pub(super) fn is_framed(&self) -> bool {
        matches!(self, Sink::Syslog(_))
    }

    /// Hands lines or frames over. Returns once it has all of them.
    pub(super) async fn put(&self, text: String) -> Result<(), SinkFault> {
        match self {
            Sink::File(file) => file.put(text).await,
            Sink::Stdout(stdout) => stdout.put(text).await,
            Sink::Http(http) => http.put(text).await,
            Sink::Syslog(syslog) => syslog.put(&text).await,
        }
    }
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
