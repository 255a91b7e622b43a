//! From a socket to the application: TLS, whose failures are logged with the peer's
//! address, and HTTP/1.1. Actix's own server does the same but drops the reason for
//! which a handshake failed.

use std::any::Any;
use std::future::{Ready, ready};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_http::body::{BoxBody, MessageBody};
use actix_http::{HttpServiceBuilder, KeepAlive, Protocol, Request, Response};
use actix_server::GracefulShutdownSignal;
use actix_service::{IntoServiceFactory, Service, ServiceFactory, ServiceFactoryExt, map_config};
use actix_tls::accept::TlsError;
use actix_tls::accept::rustls_0_23::{Acceptor, AcceptorService, TlsStream};
use actix_web::dev::{AppConfig, Extensions};
use actix_web::rt::net::TcpStream;

use super::tls::TlsRefusals;
use super::tls::offer::Offer;
use super::tls::reason::OTHER;
use super::tls::refusal::refusal;

/// How long a client may take for the head of a request; its body has a bound of its own.
const REQUEST_HEAD: Duration = Duration::from_secs(5);
/// How long an idle connection is kept.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// How long a connection that ends may take to do so.
const DISCONNECT: Duration = Duration::from_secs(1);

/// The application over plain connections.
pub(super) fn plain<I, S, B>(
    app: I,
    signal: GracefulShutdownSignal,
) -> impl ServiceFactory<TcpStream, Config = (), Response = (), Error = (), InitError = ()>
where
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig> + 'static,
    S::Error: Into<actix_web::Error> + 'static,
    S::InitError: std::fmt::Debug,
    S::Response: Into<Response<B>> + 'static,
    <S::Service as Service<Request>>::Future: 'static,
    S::Service: 'static,
    B: MessageBody + 'static,
{
    let app = app
        .into_factory()
        .map_err(|error| error.into().error_response());
    http(signal)
        .tcp_nodelay(true)
        .finish(map_config(app, |()| AppConfig::default()))
        .tcp()
        .map_err(drop)
        .map_init_err(drop)
}

/// The application over TLS; `on_connect` sees each connection.
pub(super) fn secure<I, S, B>(
    app: I,
    signal: GracefulShutdownSignal,
    tls: Accepting,
    on_connect: impl Fn(&dyn Any, &mut Extensions) + 'static,
) -> impl ServiceFactory<TcpStream, Config = (), Response = (), Error = (), InitError = ()>
where
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig> + 'static,
    S::Error: Into<actix_web::Error> + 'static,
    S::InitError: std::fmt::Debug,
    S::Response: Into<Response<B>> + 'static,
    <S::Service as Service<Request>>::Future: 'static,
    S::Service: 'static,
    B: MessageBody + 'static,
{
    let app = app
        .into_factory()
        .map_err(|error| error.into().error_response());
    let http = http(signal)
        .on_connect_ext(move |io: &TlsStream<TcpStream>, data| on_connect(io as &dyn Any, data))
        .finish(map_config(app, |()| AppConfig::default()));
    tls.and_then(|io: TlsStream<TcpStream>| {
        let stream = io.get_ref().0;
        // Without it a small reply may wait for the peer's acknowledgement; no more.
        let _ = stream.set_nodelay(true);
        let peer = stream.peer_addr().ok();
        ready(Ok((io, Protocol::Http1, peer)))
    })
    .and_then(http.map_err(drop).map_init_err(drop))
}

fn http<T, S>(signal: GracefulShutdownSignal) -> HttpServiceBuilder<T, S>
where
    S: ServiceFactory<Request, Config = ()>,
    S::Error: Into<Response<BoxBody>> + 'static,
    S::InitError: std::fmt::Debug,
    <S::Service as Service<Request>>::Future: 'static,
{
    HttpServiceBuilder::default()
        .graceful_shutdown_signal(move || {
            let signal = signal.clone();
            async move { signal.notified().await }
        })
        .keep_alive(KeepAlive::Timeout(KEEP_ALIVE))
        .client_request_timeout(REQUEST_HEAD)
        .client_disconnect_timeout(DISCONNECT)
}

/// Accepts TLS connections, and reports those that it rejects.
#[derive(Clone)]
pub(super) struct Accepting {
    acceptor: Acceptor,
    refusals: Arc<TlsRefusals>,
}

impl Accepting {
    pub(super) fn new(config: rustls::ServerConfig, refusals: Arc<TlsRefusals>) -> Self {
        let acceptor = Acceptor::new(config);
        Accepting { acceptor, refusals }
    }
}

impl ServiceFactory<TcpStream> for Accepting {
    type Response = TlsStream<TcpStream>;
    type Error = ();
    type Config = ();
    type Service = AcceptingService;
    type InitError = ();
    type Future = Ready<Result<AcceptingService, ()>>;

    fn new_service(&self, (): ()) -> Self::Future {
        let inner = ServiceFactory::<TcpStream>::new_service(&self.acceptor, ()).into_inner();
        let refusals = Arc::clone(&self.refusals);
        ready(inner.map(|inner| AcceptingService { inner, refusals }))
    }
}

/// The same, on one worker.
pub(super) struct AcceptingService {
    inner: AcceptorService,
    refusals: Arc<TlsRefusals>,
}

impl Service<TcpStream> for AcceptingService {
    type Response = TlsStream<TcpStream>;
    type Error = ();
    type Future = Pin<Box<dyn Future<Output = Result<TlsStream<TcpStream>, ()>>>>;

    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), ()>> {
        Service::<TcpStream>::poll_ready(&self.inner, context).map_err(drop)
    }

    fn call(&self, io: TcpStream) -> Self::Future {
        let (peer, refusals) = (io.peer_addr().ok(), Arc::clone(&self.refusals));
        let handshake = self.inner.call(io);
        Box::pin(async move {
            let (accepted, offer) = Offer::during(handshake).await;
            accepted.map_err(|error| {
                if let TlsError::Tls(error) = error {
                    report(&error, peer, offer.as_ref(), &refusals);
                }
            })
        })
    }
}

fn report(
    error: &io::Error,
    peer: Option<SocketAddr>,
    offer: Option<&Offer>,
    refusals: &TlsRefusals,
) {
    let peer = peer.map_or_else(|| "an unknown address".to_owned(), |peer| peer.to_string());
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
