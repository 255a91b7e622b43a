//! A receiver of syslog over TLS (RFC 5425).
//!
//! The protocol knows no answer. So each lot of messages has a connection of its own, which is
//! closed in order: the receiver has read everything when it closes it too, and nothing that
//! lay in a buffer counts as taken.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::fault::{SinkFault, TIMEOUT};
use crate::egress::EgressPolicy;
use crate::http_client::tls;

/// Added to the time in which the receiver may close or reset the connection.
const MARGIN: Duration = Duration::from_millis(20);

/// The receiver.
pub(crate) struct SyslogSink {
    host: String,
    port: u16,
    name: ServerName<'static>,
    /// Keeps sessions, so that the next connection costs little.
    tls: TlsConnector,
}

impl SyslogSink {
    pub(super) fn new(host: &str, port: u16, ca: Option<&[u8]>) -> Result<Self, String> {
        let name = ServerName::try_from(host.to_owned());
        Ok(SyslogSink {
            host: host.to_owned(),
            port,
            name: name.map_err(|_| format!("expected a name or an address, found '{host}'"))?,
            tls: TlsConnector::from(Arc::new(tls(ca)?)),
        })
    }

    /// Sends frames on one connection.
    pub(super) async fn put(&self, frames: &str) -> Result<(), SinkFault> {
        let sent = timeout(TIMEOUT, self.send(frames)).await;
        sent.unwrap_or(Err(SinkFault::Slow))
    }

    async fn send(&self, frames: &str) -> Result<(), SinkFault> {
        let addresses = EgressPolicy::OPERATOR.resolve(&self.host, self.port).await;
        let addresses = addresses.map_err(SinkFault::Connect)?;
        let tcp = TcpStream::connect(addresses.as_slice()).await;
        let tcp = tcp.map_err(SinkFault::Connect)?;
        let begun = Instant::now();
        let tls = self.tls.connect(self.name.clone(), tcp).await;
        let mut tls = tls.map_err(SinkFault::Connect)?;
        // More than the time to the receiver and back.
        let grace = begun.elapsed() * 2 + MARGIN;
        let written = async {
            tls.write_all(frames.as_bytes()).await?;
            tls.flush().await
        };
        written.await.map_err(SinkFault::Broken)?;
        // One that closes of its own accord may have thrown away what it was sent.
        if let Ok(ended) = timeout(grace, end(&mut tls)).await {
            let early = || io::Error::other("it closed the connection of its own accord");
            return Err(ended.err().unwrap_or_else(|| SinkFault::Broken(early())));
        }
        tls.shutdown().await.map_err(SinkFault::Broken)?;
        end(&mut tls).await?;
        // One that closed without having read everything resets the connection, which may
        // come behind the end that it sent.
        sleep(grace).await;
        match tls.get_ref().0.take_error().map_err(SinkFault::Broken)? {
            None => Ok(()),
            Some(error) => Err(SinkFault::Broken(error)),
        }
    }
}

/// Waits for the receiver to close the connection, in TLS or without saying so.
async fn end(tls: &mut TlsStream<TcpStream>) -> Result<(), SinkFault> {
    match tls.read(&mut [0]).await {
        Ok(0) => Ok(()),
        Ok(_) => Err(SinkFault::Talks),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(()),
        Err(error) => Err(SinkFault::Broken(error)),
    }
}
