//! The HTTP shell: listeners, the device endpoint, the API. It holds no decisions.

pub mod api;
pub mod bodies;
mod connections;
pub mod forwarded;
pub mod health;
pub mod identity;
mod in_flight;
mod listen;
mod metrics;
mod payload;
mod probes;
pub mod problem;
mod problem_code;
pub mod proxy;
pub mod rates;
mod refused;
mod shared;
pub mod stream_places;
mod sync;
pub mod tls;
pub(crate) mod witness;

use std::any::Any;
use std::net::TcpListener;
use std::rc::Rc;
use std::sync::Arc;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Extensions, Server, ServiceRequest, ServiceResponse};
use actix_web::guard::{Any as AnyOf, Get, Head};
use actix_web::middleware::{Next, from_fn};
use actix_web::{Error, Resource, Route, web};

use crate::http::connections::follow::follow;
use crate::http::connections::handshake::{Acceptance, Accepting};
use crate::http::connections::progress::Progress;
use crate::http::identity::Identifier;
use crate::http::listen::{plain, secure};
use crate::http::problem::{Problem, ProblemCode};
pub use connections::admission::{ConnectionBounds, Connections};
pub use connections::arrival::BodyPatience;
pub use connections::progress::Patience;
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
    /// The connections that are open.
    pub connections: Arc<Connections>,
    /// How long clients are waited for.
    pub patience: Patience,
}

/// Starts to serve; the server ends when it is told to.
pub fn serve(
    listeners: Listeners,
    identifier: Arc<Identifier>,
    shared: Arc<Shared>,
    workers: usize,
) -> std::io::Result<Server> {
    let (path, shared) = (shared.sync_path.clone(), web::Data::from(shared));
    let app = move || {
        actix_web::App::new()
            .wrap(from_fn(by_address))
            .app_data(shared.clone())
            .app_data(web::PayloadConfig::new(crate::limits::API_REQUEST_BYTES))
            .wrap_fn(metrics::counted)
            .app_data(web::QueryConfig::default().error_handler(|error, _| api::bad_query(&error)))
            .route(&path, web::post().to(sync::post))
            .route(&path, web::to(method_not_allowed))
            .service(page("/healthz", read().to(probes::alive)))
            .service(page("/readyz", read().to(probes::ready)))
            .service(page("/metrics", read().to(metrics::text)))
            .service(web::scope("/api/v1").configure(api::routes))
            .default_service(web::to(nothing_here))
            .wrap(from_fn(follow))
    };
    let server = Server::build()
        .workers(workers)
        // Who has no place is refused at once, so that the system's queue stays short.
        .max_concurrent_connections(usize::MAX / 2)
        .shutdown_timeout(DRAIN_SECONDS)
        .disable_signals();
    let signal = server.graceful_shutdown_signal();
    let (https, tls) = listeners.https;
    let acceptance = Acceptance {
        connections: listeners.connections,
        patience: listeners.patience,
    };
    let accepting = Accepting::new(tls, acceptance.clone(), Arc::clone(&identifier.tls));
    let (over_tls, ending, accepted) = (app.clone(), signal.clone(), acceptance.clone());
    let mut server = server.listen("https", https, move || {
        let identifier = Arc::clone(&identifier);
        let on_connect = move |connection: &dyn Any, data: &mut Extensions| {
            identifier.on_connect(connection, data);
        };
        let (ending, accepting) = (ending.clone(), accepting.clone());
        secure(over_tls(), ending, accepted.clone(), accepting, on_connect)
    })?;
    if let Some(http) = listeners.http {
        let plain = move || plain(app(), signal.clone(), acceptance.clone());
        server = server.listen("http", http, plain)?;
    }
    Ok(server.run())
}

/// For GET and HEAD, which is GET without the body of its answer.
fn read() -> Route {
    web::route().guard(AnyOf(Get()).or(Head()))
}

/// A page that is only read.
fn page(path: &str, read: Route) -> Resource {
    web::resource(path)
        .route(read)
        .default_service(web::to(nothing_here))
}

/// Every request counts for the address that it comes from, but for the messages on a
/// connection whose device has proved who it is: they count for the device.
async fn by_address(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let progress = request.conn_data::<Rc<Progress>>();
    let is_proven = progress.is_some_and(|progress| progress.is_proven());
    let shared = request.app_data::<web::Data<Shared>>();
    if let Some(shared) = shared.filter(|shared| !is_proven || request.path() != shared.sync_path) {
        let address = shared.identifier.client_address(request.request());
        if let Err(wait) = shared.rates.admit_address(address) {
            let problem = Problem::from(wait);
            shared.refused.log(address, None, &problem);
            return Ok(request.error_response(problem));
        }
    }
    Ok(next.call(request).await?.map_into_boxed_body())
}

async fn method_not_allowed() -> Result<(), Problem> {
    Err(Problem::new(
        ProblemCode::MethodNotAllowed,
        "expected POST: this is the device endpoint",
    ))
}

async fn nothing_here() -> Result<(), Problem> {
    Err(Problem::missing("page"))
}
