//! From an accepted socket to a TLS connection, whose failures are logged with the peer's
//! address. Actix's own server does the same but drops the reason for which a handshake
//! failed, and stops accepting while 256 peers of a worker have not finished theirs.
//!
//! A peer that has sent nothing holds its place only, for a short time. A handshake begins
//! with its first byte, and each client address has so many at once.

use std::future::{Ready, poll_fn, ready};
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_service::{Service, ServiceFactory};
use actix_tls::accept::TlsError;
use actix_tls::accept::rustls_0_23::{Acceptor, AcceptorService, TlsStream};
use actix_web::rt::net::TcpStream;
use actix_web::rt::time::timeout;
use socket2::SockRef;
use tokio::sync::OwnedSemaphorePermit;

use super::admission::{ConnectionSlot, Connections, Waiting};
use super::progress::Patience;
use super::watched::Watched;
use crate::http::tls::TlsRefusals;
use crate::http::tls::offer::Offer;
use crate::http::tls::reason::OTHER;
use crate::http::tls::refusal::refusal;
use crate::metrics::ConnectionEnd;

/// How long the system waits for a peer that acknowledges nothing: after the server itself
/// has given up.
const VANISHED: Duration = Duration::from_secs(30);
/// How long a peer may send nothing before its handshake.
const SILENT: Duration = Duration::from_secs(3);
/// How long a handshake may wait for its turn among those of its client.
const TURN: Duration = Duration::from_secs(5);
/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(5);

/// Where accepted sockets become connections.
#[derive(Debug, Clone)]
pub(in crate::http) struct Acceptance {
    /// Which are accepted.
    pub(in crate::http) connections: Arc<Connections>,
    /// How long one is waited for.
    pub(in crate::http) patience: Patience,
}

impl Acceptance {
    /// A plain connection; `None` when there is no place for it.
    pub(in crate::http) fn plain(&self, io: TcpStream) -> Option<(Watched<TcpStream>, SocketAddr)> {
        let (place, peer) = self.admit(&io)?;
        let watched = Watched::new(io, place, Waiting::Silent, self.patience);
        Some((watched, peer))
    }

    fn admit(&self, io: &TcpStream) -> Option<(ConnectionSlot, SocketAddr)> {
        let peer = io.peer_addr().ok()?;
        let place = self.connections.admit(peer.ip())?;
        // Without the first a small reply may wait for the peer's acknowledgement, without
        // the second the system keeps what a vanished peer never acknowledges; no more.
        let _ = io.set_nodelay(true);
        let _ = SockRef::from(io).set_tcp_user_timeout(Some(VANISHED));
        Some((place, peer))
    }
}

/// Accepts TLS connections, and reports those that it rejects.
#[derive(Clone)]
pub(in crate::http) struct Accepting {
    acceptor: Acceptor,
    acceptance: Acceptance,
    refusals: Arc<TlsRefusals>,
}

impl Accepting {
    pub(in crate::http) fn new(
        config: rustls::ServerConfig,
        acceptance: Acceptance,
        refusals: Arc<TlsRefusals>,
    ) -> Self {
        let mut acceptor = Acceptor::new(config);
        acceptor.set_handshake_timeout(HANDSHAKE);
        Accepting {
            acceptor,
            acceptance,
            refusals,
        }
    }
}

impl ServiceFactory<TcpStream> for Accepting {
    type Response = (Watched<TlsStream<TcpStream>>, SocketAddr);
    type Error = ();
    type Config = ();
    type Service = AcceptingService;
    type InitError = ();
    type Future = Ready<Result<AcceptingService, ()>>;

    fn new_service(&self, (): ()) -> Self::Future {
        let inner = ServiceFactory::<TcpStream>::new_service(&self.acceptor, ()).into_inner();
        ready(inner.map(|inner| AcceptingService {
            inner: Rc::new(inner),
            acceptance: self.acceptance.clone(),
            refusals: Arc::clone(&self.refusals),
        }))
    }
}

/// The same, on one worker.
pub(in crate::http) struct AcceptingService {
    inner: Rc<AcceptorService>,
    acceptance: Acceptance,
    refusals: Arc<TlsRefusals>,
}

impl Service<TcpStream> for AcceptingService {
    type Response = (Watched<TlsStream<TcpStream>>, SocketAddr);
    type Error = ();
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, ()>>>>;

    /// Always: who is not served is refused at once, and the system's queue stays short.
    fn poll_ready(&self, _: &mut Context<'_>) -> Poll<Result<(), ()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&self, io: TcpStream) -> Self::Future {
        let Some((place, peer)) = self.acceptance.admit(&io) else {
            return Box::pin(ready(Err(())));
        };
        let patience = self.acceptance.patience;
        let (inner, refusals) = (Rc::clone(&self.inner), Arc::clone(&self.refusals));
        Box::pin(async move {
            first_byte(&io, &place).await?;
            let turn = turn(&place).await?;
            let handshake = Offer::during(inner.call(io));
            let (accepted, offer) = unless_displaced(&place, Waiting::Begun, handshake).await?;
            drop(turn);
            match accepted {
                Ok(io) => Ok((Watched::new(io, place, Waiting::Idle, patience), peer)),
                Err(TlsError::Tls(error)) => {
                    report(&error, peer, offer.as_ref(), &refusals);
                    Err(())
                }
                Err(TlsError::Timeout) => {
                    place.ends(ConnectionEnd::Handshake);
                    Err(())
                }
                Err(TlsError::Service(never)) => match never {},
            }
        })
    }
}

/// Waits until the peer has sent something.
async fn first_byte(io: &TcpStream, place: &ConnectionSlot) -> Result<(), ()> {
    let sent = poll_fn(|context| io.poll_read_ready(context));
    let sent = timeout(SILENT, unless_displaced(place, Waiting::Silent, sent));
    let Ok(sent) = sent.await else {
        place.ends(ConnectionEnd::Silent);
        return Err(());
    };
    sent?.map_err(drop)
}

/// A turn among the handshakes of its client.
async fn turn(place: &ConnectionSlot) -> Result<Option<OwnedSemaphorePermit>, ()> {
    let Some(handshakes) = place.handshakes() else {
        return Ok(None);
    };
    let turn = Arc::clone(handshakes).acquire_owned();
    let Ok(turn) = timeout(TURN, unless_displaced(place, Waiting::Begun, turn)).await else {
        place.ends(ConnectionEnd::Handshake);
        return Err(());
    };
    turn?.map(Some).map_err(drop)
}

/// What the server waits for; an error when the place was given to a newcomer.
async fn unless_displaced<F: Future>(
    place: &ConnectionSlot,
    why: Waiting,
    what: F,
) -> Result<F::Output, ()> {
    let mut what = pin!(what);
    poll_fn(|context| {
        if place.wait(why, context.waker()) {
            return Poll::Ready(Err(()));
        }
        what.as_mut().poll(context).map(Ok)
    })
    .await
}

fn report(error: &io::Error, peer: SocketAddr, offer: Option<&Offer>, refusals: &TlsRefusals) {
    let inner = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let Some(inner) = inner else {
        // The peer went away: nothing was refused.
        tracing::debug!(%peer, %error, "the peer closed the connection during the TLS handshake");
        return;
    };
    let refusal = refusal(inner, offer);
    refusals.tls_refused(refusal.reason);
    let offered = offer.map_or_else(|| "nothing readable".to_owned(), Offer::to_string);
    if refusal.reason == OTHER {
        tracing::info!(%peer, error = %inner, "a TLS handshake failed");
        return;
    }
    tracing::warn!(
        %peer,
        reason = refusal.reason,
        "rejected a TLS handshake: {}. The client offered {offered}. What to do: {}",
        refusal.why,
        refusal.what_to_do
    );
}
