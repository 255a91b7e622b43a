//! The HTTP shell: listeners, the device endpoint, the API. It holds no decisions.

pub mod api;
pub mod forwarded;
pub mod identity;
mod listen;
pub mod problem;
pub mod proxy;
mod refusal;
mod sync;
pub mod tls;

use std::any::Any;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{Extensions, Server};
use actix_web::http::StatusCode;
use actix_web::{App, HttpResponse, web};

use crate::http::identity::Identifier;
use crate::http::listen::{Accepting, plain, secure};
use crate::http::problem::Problem;
use crate::operations::Templates;
use crate::store::Store;
use crate::way::Way;

/// How long a client may take for the head of a request; its body has a bound of its own.
const REQUEST_HEAD: Duration = Duration::from_secs(5);
/// How long an idle connection is kept.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// How long a connection that ends may take to do so.
const DISCONNECT: Duration = Duration::from_secs(1);
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
    /// SHA-256 of the admin token.
    pub token: [u8; 32],
    /// Who a request comes from.
    pub identifier: Arc<Identifier>,
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
    let app = move || {
        App::new()
            .app_data(shared.clone())
            .app_data(web::PayloadConfig::new(crate::limits::API_REQUEST_BYTES))
            .route(&path, web::post().to(sync::post))
            .route(&path, web::to(method_not_allowed))
            .service(web::scope("/api/v1").configure(api::routes))
            .route("/healthz", web::get().to(HttpResponse::Ok))
            .default_service(web::to(nothing_here))
    };
    let server = Server::build()
        .workers(workers)
        .max_concurrent_connections(CONNECTIONS)
        .shutdown_timeout(DRAIN_SECONDS)
        .disable_signals();
    let signal = server.graceful_shutdown_signal();
    let (https, tls) = listeners.https;
    let accepting = Accepting::new(tls, Arc::clone(&identifier.tls));
    let (over_tls, ending) = (app.clone(), signal.clone());
    let mut server = server.listen("https", https, move || {
        let identifier = Arc::clone(&identifier);
        let on_connect = move |connection: &dyn Any, data: &mut Extensions| {
            identifier.on_connect(connection, data);
        };
        secure(over_tls(), ending.clone(), accepting.clone(), on_connect)
    })?;
    if let Some(http) = listeners.http {
        server = server.listen("http", http, move || plain(app(), signal.clone()))?;
    }
    Ok(server.run())
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
