//! A system that events are sent to.

use tokio::sync::watch;

use super::fault::SinkFault;
use super::file::LineFile;
use super::http::HttpSink;
use super::stdout::Stdout;
use super::syslog::SyslogSink;
use crate::config::{SinkAddress, SinkTarget};

/// Where lines go.
pub(crate) enum Sink {
    File(LineFile),
    Stdout(Stdout),
    Http(HttpSink),
    Syslog(SyslogSink),
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
