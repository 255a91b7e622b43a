//! The HTTP shell: listeners, the device endpoint, the API. It holds no decisions.

pub mod api;
pub mod bodies;
pub mod forwarded;
pub mod health;
pub mod identity;
mod in_flight;
mod listen;
mod metrics;
mod payload;
mod probes;
pub mod problem;
pub mod proxy;
pub mod rates;
mod refused;
mod shared;
pub mod stream_places;
mod sync;
pub mod tls;

use std::any::Any;
use std::net::TcpListener;
use std::sync::Arc;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Extensions, Server, ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::middleware::{Next, from_fn};
use actix_web::{Error, Resource, Route, web};

use crate::http::identity::Identifier;
use crate::http::listen::{Accepting, plain, secure};
use crate::http::problem::Problem;
pub use in_flight::InFlightWrites;
pub use refused::RefusedLog;
pub use shared::Shared;

/// How long open exchanges may take to finish at the end, seconds.
const DRAIN_SECONDS: u64 = 10;

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
            .service(page("/healthz", web::get().to(probes::alive)))
            .service(page("/readyz", web::get().to(probes::ready)))
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
        if let Err(wait) = shared.rates.admit_address(address) {
            let problem = Problem::from(wait);
            shared.refused.log(address, None, &problem);
            return Err(problem.into());
        }
    }
    Ok(next.call(request).await?.map_into_boxed_body())
}

async fn method_not_allowed() -> Result<(), Problem> {
    Err(Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "expected POST: this is the device endpoint",
    ))
}

async fn nothing_here() -> Result<(), Problem> {
    Err(Problem::missing("page"))
}
