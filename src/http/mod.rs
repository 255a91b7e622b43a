//! The HTTP shell: listeners, the device endpoint, the API. It holds no decisions.

pub mod api;
pub mod health;
pub mod identity;
mod metrics;
pub mod problem;
mod sync;
pub mod tls;

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::http::StatusCode;
use actix_web::{App, HttpServer, Resource, Route, web};

use crate::http::identity::Identifier;
use crate::http::problem::Problem;
use crate::operations::Templates;
use crate::store::Store;
use crate::way::Way;

/// How long a client may take for the head of a request; its body has a bound of its own.
const REQUEST_HEAD: Duration = Duration::from_secs(5);
/// How long an idle connection is kept.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// How long open exchanges may take to finish at the end, seconds.
const DRAIN_SECONDS: u64 = 10;
/// Connections per worker thread: each costs at most some tens of kilobytes.
const CONNECTIONS: usize = 10_000;

/// What the handlers share.
pub struct Shared {
    /// The store.
    pub store: Arc<dyn Store>,
    /// The way that a sync request goes.
    pub way: Arc<Way>,
    /// Whether the server is ready to serve.
    pub health: Arc<health::Health>,
    /// SHA-256 of the admin token.
    pub token: [u8; 32],
    /// Texts whose grammar is not known for sure.
    pub templates: Templates,
}

/// The sockets to listen on.
pub struct Listeners {
    /// For HTTPS, with its configuration.
    pub https: (TcpListener, rustls::ServerConfig),
    /// For plain HTTP, on loopback.
    pub http: Option<TcpListener>,
}

/// Starts to serve; the server ends when it is told to.
pub fn serve(
    listeners: Listeners,
    identifier: Arc<Identifier>,
    shared: Arc<Shared>,
    sync_path: &str,
    workers: usize,
) -> std::io::Result<Server> {
    let (path, shared) = (sync_path.to_owned(), web::Data::from(shared));
    let server = HttpServer::new(move || {
        App::new()
            .app_data(shared.clone())
            .app_data(web::PayloadConfig::new(crate::limits::API_REQUEST_BYTES))
            .wrap_fn(metrics::counted)
            .route(&path, web::post().to(sync::post))
            .route(&path, web::to(method_not_allowed))
            .service(page("/healthz", web::get().to(health::alive)))
            .service(page("/readyz", web::get().to(health::ready)))
            .service(page("/metrics", web::get().to(metrics::text)))
            .service(web::scope("/api/v1").configure(api::routes))
            .default_service(web::to(nothing_here))
    })
    .on_connect(move |connection, data| identifier.on_connect(connection, data))
    .workers(workers)
    .max_connections(CONNECTIONS)
    .tcp_nodelay(true)
    .keep_alive(KEEP_ALIVE)
    .client_request_timeout(REQUEST_HEAD)
    .client_disconnect_timeout(Duration::from_secs(1))
    .shutdown_timeout(DRAIN_SECONDS)
    .disable_signals();
    let (https, tls) = listeners.https;
    let mut server = server.listen_rustls_0_23(https, tls)?;
    if let Some(http) = listeners.http {
        server = server.listen(http)?;
    }
    Ok(server.run())
}

/// A page that is only read.
fn page(path: &str, get: Route) -> Resource {
    web::resource(path)
        .route(get)
        .default_service(web::to(nothing_here))
}

async fn method_not_allowed() -> Result<(), Problem> {
    Err(Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "devices POST here; nothing else is answered",
    ))
}

async fn nothing_here() -> Result<(), Problem> {
    Err(Problem::missing("page"))
}
