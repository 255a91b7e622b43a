//! The HTTP shell: listeners, the device endpoint, the API. It holds no decisions.

pub mod api;
mod application;
pub mod bodies;
mod connections;
mod enrollment;
pub mod forwarded;
pub mod health;
pub mod identity;
mod in_flight;
mod listen;
mod metrics;
mod pages;
mod payload;
mod probes;
pub mod problem;
mod problem_code;
pub mod proxy;
pub mod rates;
mod refused;
mod session_key;
mod shared;
pub mod site;
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
use actix_web::middleware::Next;
use actix_web::{Error, Resource, Route, web};

use crate::http::connections::handshake::{Acceptance, Accepting};
use crate::http::connections::progress::Progress;
use crate::http::identity::Identifier;
use crate::http::listen::{plain, secure};
use crate::http::problem::{Problem, ProblemCode};
use crate::http::site::Transport;
use application::{Application, Content};
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
    /// For devices and the API, with its configuration.
    pub https: (TcpListener, rustls::ServerConfig),
    /// For pages and the API, with its configuration.
    pub web: (TcpListener, rustls::ServerConfig),
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
    let (devices, pages, all) = (
        Application::new(&shared, Transport::Tls, &[Content::Sync]),
        Application::new(&shared, Transport::Tls, &[Content::Pages]),
        Application::new(&shared, Transport::Plain, &[Content::Sync, Content::Pages]),
    );
    let server = Server::build()
        .workers(workers)
        // Who has no place is refused at once, so that the system's queue stays short.
        .max_concurrent_connections(usize::MAX / 2)
        .shutdown_timeout(DRAIN_SECONDS)
        .disable_signals();
    let signal = server.graceful_shutdown_signal();
    let acceptance = Acceptance {
        connections: listeners.connections,
        patience: listeners.patience,
    };
    let mut server = server;
    for (name, (socket, tls), application) in [
        ("https", listeners.https, devices),
        ("web", listeners.web, pages),
    ] {
        let accepting = Accepting::new(tls, acceptance.clone(), Arc::clone(&identifier.tls));
        let (identifier, signal) = (Arc::clone(&identifier), signal.clone());
        let acceptance = acceptance.clone();
        server = server.listen(name, socket, move || {
            let identifier = Arc::clone(&identifier);
            let on_connect = move |connection: &dyn Any, data: &mut Extensions| {
                identifier.on_connect(connection, data);
            };
            let (ending, accepting) = (signal.clone(), accepting.clone());
            secure(
                application.build(),
                ending,
                acceptance.clone(),
                accepting,
                on_connect,
            )
        })?;
    }
    if let Some(http) = listeners.http {
        let plain = move || plain(all.build(), signal.clone(), acceptance.clone());
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
