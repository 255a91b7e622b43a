//! The HTTP shell: listeners, the device endpoint, the API. It holds no decisions.

pub mod api;
pub mod forwarded;
pub mod health;
pub mod identity;
mod listen;
mod metrics;
pub mod problem;
pub mod proxy;
pub mod rates;
mod refusal;
mod shared;
mod sync;
pub mod tls;
mod under_way;

use std::any::Any;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Extensions, Server, ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::middleware::{Next, from_fn};
use actix_web::{Error, Resource, Route, web};

use crate::http::identity::Identifier;
use crate::http::listen::{Accepting, plain, secure};
use crate::http::problem::Problem;
pub use shared::Shared;
pub use under_way::UnderWay;

/// How long a client may take for the head of a request; its body has a bound of its own.
const REQUEST_HEAD: Duration = Duration::from_secs(5);
/// How long an idle connection is kept.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// How long a connection that ends may take to do so.
const DISCONNECT: Duration = Duration::from_secs(1);
/// How long open exchanges may take to finish at the end, seconds.
const DRAIN_SECONDS: u64 = 10;

/// Numbers of `Rates`; 0 is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Messages of one device per minute: a session with a full queue may have
    /// [`SESSION_MESSAGES`](modegate_core::limits::SESSION_MESSAGES) and take seconds.
    pub device_per_minute: u32,
    /// And at once: such a session's worth.
    pub device_burst: u32,
    /// Requests from one client address per minute: a site may stand behind one.
    pub address_per_minute: u32,
    /// Requests with one token per minute.
    pub token_per_minute: u32,
    /// Sync requests under way at once; more get 503 without waiting.
    pub sync_under_way: usize,
    /// Event streams open at once.
    pub event_streams: usize,
    /// Connections open at once: each costs at most some tens of kilobytes.
    pub connections: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            device_per_minute: 600,
            device_burst: modegate_core::limits::SESSION_MESSAGES,
            address_per_minute: 6_000,
            token_per_minute: 6_000,
            sync_under_way: 4_096,
            event_streams: 256,
            connections: 10_000,
        }
    }
}

impl Limits {
    /// The same without rates, for `--accept-unknown-devices`: simulated fleets
    /// come from one address.
    #[must_use]
    pub fn without_rates(self) -> Self {
        Limits {
            device_per_minute: 0,
            device_burst: 0,
            address_per_minute: 0,
            token_per_minute: 0,
            ..self
        }
    }
}

/// The sockets to listen on.
pub struct Listeners {
    /// For HTTPS, with its configuration.
    pub https: (TcpListener, rustls::ServerConfig),
    /// For plain HTTP, on loopback.
    pub http: Option<TcpListener>,
    /// Connections open at once, all together.
    pub connections: usize,
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
        actix_web::App::new()
            .wrap(from_fn(by_address))
            .app_data(shared.clone())
            .app_data(web::PayloadConfig::new(crate::limits::API_REQUEST_BYTES))
            .wrap_fn(metrics::counted)
            .app_data(web::QueryConfig::default().error_handler(|error, _| api::bad_query(&error)))
            .route(&path, web::post().to(sync::post))
            .route(&path, web::to(method_not_allowed))
            .service(page("/healthz", web::get().to(health::alive)))
            .service(page("/readyz", web::get().to(health::ready)))
            .service(page("/metrics", web::get().to(metrics::text)))
            .service(web::scope("/api/v1").configure(api::routes))
            .default_service(web::to(nothing_here))
    };
    let server = Server::build()
        .workers(workers)
        .max_concurrent_connections(listeners.connections.div_ceil(workers.max(1)))
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

/// A page that is only read.
fn page(path: &str, get: Route) -> Resource {
    web::resource(path)
        .route(get)
        .default_service(web::to(nothing_here))
}

/// Every request counts for the address that it comes from.
async fn by_address(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let shared = request.app_data::<web::Data<Shared>>();
    if let Some(shared) = shared {
        let address = shared.identifier.client_address(request.request());
        shared.rates.admit_address(address).map_err(Problem::from)?;
    }
    Ok(next.call(request).await?.map_into_boxed_body())
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
