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
mod sync;
pub mod tls;

use std::any::Any;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Extensions, Server, ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::middleware::{Next, from_fn};
use actix_web::{App, Error, Resource, Route, web};
use tokio::sync::{Notify, watch};

use crate::clock::Clock;
use crate::http::identity::Identifier;
use crate::http::listen::{Accepting, plain, secure};
use crate::http::problem::Problem;
use crate::http::rates::{Rates, RetryAfter};
use crate::metrics::Metrics;
use crate::sync::Way;
use crate::token_cache::TokenBook;
use crate::wns::service::Push;
use modegate_core::operations::Templates;
use modegate_core::time::Timestamp;
use modegate_store::{Store, StoreError};

/// How long a client may take for the head of a request; its body has a bound of its own.
const REQUEST_HEAD: Duration = Duration::from_secs(5);
/// How long an idle connection is kept.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// How long a connection that ends may take to do so.
const DISCONNECT: Duration = Duration::from_secs(1);
/// How long open exchanges may take to finish at the end, seconds.
const DRAIN_SECONDS: u64 = 10;

/// What the handlers share.
pub struct Shared {
    /// The store.
    pub store: Arc<dyn Store>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Where the time comes from.
    pub clock: Clock,
    /// The way that a sync request goes.
    pub way: Arc<Way>,
    /// Whether the server is ready to serve.
    pub health: Arc<health::Health>,
    /// Who a request comes from.
    pub identifier: Arc<Identifier>,
    /// Texts whose grammar is not known for sure.
    pub templates: Templates,
    /// The tokens of the API.
    pub tokens: TokenBook,
    /// How often who may come.
    pub rates: Rates,
    /// Held while the tokens in memory are brought up to date, so that none is
    /// overtaken by an older reading.
    pub refreshing: tokio::sync::Mutex<()>,
    /// Writes with an Idempotency-Key that are under way.
    pub under_way: api::UnderWay,
    /// Wakes whoever works at batches.
    pub batches: Arc<Notify>,
    /// What webhooks may reach.
    pub webhook_reach: crate::webhooks::target::Reach,
    /// Push: the profiles in force, and what is tried with them.
    pub push: Arc<Push>,
    /// Turns true when the server ends: streams end with it.
    pub ending: watch::Receiver<bool>,
}

impl Shared {
    /// The time.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Takes over what tokens the store has now.
    pub async fn refresh_tokens(&self) -> Result<(), StoreError> {
        let _turn = self.refreshing.lock().await;
        self.tokens.replace(self.store.tokens().await?);
        Ok(())
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
        App::new()
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
        shared.rates.admit_address(address).map_err(too_often)?;
    }
    Ok(next.call(request).await?.map_into_boxed_body())
}

/// 429 with Retry-After.
fn too_often(RetryAfter(seconds): RetryAfter) -> Problem {
    let detail = format!("too many requests; come again in {seconds} s");
    Problem::new(StatusCode::TOO_MANY_REQUESTS, detail).retry_after(seconds)
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
