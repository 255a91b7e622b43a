//! From a socket to the application: admission, TLS, and HTTP/1.1.

use std::any::Any;
use std::future::ready;

use actix_http::body::{BoxBody, MessageBody};
use actix_http::{HttpServiceBuilder, KeepAlive, Protocol, Request, Response};
use actix_server::GracefulShutdownSignal;
use actix_service::{
    IntoServiceFactory, Service, ServiceFactory, ServiceFactoryExt, fn_service, map_config,
};
use actix_tls::accept::rustls_0_23::TlsStream;
use actix_web::dev::{AppConfig, Extensions};
use actix_web::rt::net::TcpStream;

use super::connections::handshake::{Acceptance, Accepting};
use super::connections::progress::{DISCONNECT, REQUEST_HEAD};
use super::connections::watched::Watched;

/// The application over plain connections.
pub(super) fn plain<I, S, B>(
    app: I,
    signal: GracefulShutdownSignal,
    acceptance: Acceptance,
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
    let http = http(signal, &acceptance)
        .on_connect_ext(|io: &Watched<TcpStream>, data| drop(data.insert(io.progress())))
        .finish(map_config(app, |()| AppConfig::default()));
    fn_service(move |io: TcpStream| ready(acceptance.plain(io).ok_or(())))
        .and_then(|(io, peer)| ready(Ok((io, Protocol::Http1, Some(peer)))))
        .and_then(http.map_err(drop).map_init_err(drop))
}

/// The application over TLS; `on_connect` sees each connection.
pub(super) fn secure<I, S, B>(
    app: I,
    signal: GracefulShutdownSignal,
    acceptance: Acceptance,
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
    let http = http(signal, &acceptance)
        .on_connect_ext(move |io: &Watched<TlsStream<TcpStream>>, data| {
            data.insert(io.progress());
            on_connect(io.io() as &dyn Any, data);
        })
        .finish(map_config(app, |()| AppConfig::default()));
    tls.and_then(|(io, peer)| ready(Ok((io, Protocol::Http1, Some(peer)))))
        .and_then(http.map_err(drop).map_init_err(drop))
}

fn http<T, S>(signal: GracefulShutdownSignal, acceptance: &Acceptance) -> HttpServiceBuilder<T, S>
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
        .keep_alive(KeepAlive::Timeout(acceptance.patience.keep_alive))
        .client_request_timeout(REQUEST_HEAD)
        .client_disconnect_timeout(DISCONNECT)
}
