//! The endpoints of a witness. They answer in plain text, as C2SP tlog-witness has it.

use std::any::Any;
use std::net::TcpListener;
use std::sync::Arc;

use actix_web::dev::{Extensions, Server};
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::middleware::from_fn;
use actix_web::{HttpRequest, HttpResponse, Resource, Route, web};

use super::connections::admission::Connections;
use super::connections::follow::follow;
use super::connections::handshake::{Acceptance, Accepting};
use super::listen::{plain, secure};
use super::payload;
use super::rates::Rates;
use super::tls::TlsRefusals;
use super::{DRAIN_SECONDS, Patience, read};
use crate::audit::witness::{NotCosigned, Witness};
use crate::config::Limits;
use crate::metrics::Metrics;
use modegate_core::tlog::witness::{REQUEST_BYTES, SIZE_TYPE, WitnessRefusal};

/// Threads that serve.
const WORKERS: usize = 1;

/// Where a witness listens.
pub(crate) struct WitnessListener {
    /// The socket.
    pub(crate) socket: TcpListener,
    /// With this configuration of TLS, or without TLS.
    pub(crate) tls: Option<rustls::ServerConfig>,
    /// The connections that are open.
    pub(crate) connections: Arc<Connections>,
    /// How long clients are waited for.
    pub(crate) patience: Patience,
    /// What is counted of connections.
    pub(crate) metrics: Arc<Metrics>,
    /// How often who may come.
    pub(crate) limits: Limits,
}

/// Starts to serve.
pub(crate) fn serve(listener: WitnessListener, witness: Arc<Witness>) -> std::io::Result<Server> {
    let (witness, rates) = (
        web::Data::from(witness),
        web::Data::new(Rates::new(&listener.limits)),
    );
    let app = move || {
        actix_web::App::new()
            .app_data(witness.clone())
            .app_data(rates.clone())
            .app_data(web::PayloadConfig::new(REQUEST_BYTES))
            .service(only("/", read().to(about)))
            .service(only("/add-checkpoint", web::post().to(add)))
            .default_service(web::to(nothing_here))
            .wrap(from_fn(follow))
    };
    let server = Server::build()
        .workers(WORKERS)
        .max_concurrent_connections(usize::MAX / 2)
        .shutdown_timeout(DRAIN_SECONDS)
        .disable_signals();
    let signal = server.graceful_shutdown_signal();
    let acceptance = Acceptance {
        connections: listener.connections,
        patience: listener.patience,
    };
    let server = match listener.tls {
        None => {
            let plain = move || plain(app(), signal.clone(), acceptance.clone());
            server.listen("witness", listener.socket, plain)?
        }
        Some(tls) => {
            let refusals = Arc::new(TlsRefusals::new(listener.metrics));
            let accepting = Accepting::new(tls, acceptance.clone(), refusals);
            server.listen("witness", listener.socket, move || {
                let ignored = |_: &dyn Any, _: &mut Extensions| {};
                let (signal, accepting) = (signal.clone(), accepting.clone());
                secure(app(), signal, acceptance.clone(), accepting, ignored)
            })?
        }
    };
    Ok(server.run())
}

/// A path with one method.
fn only(path: &str, route: Route) -> Resource {
    let other = || async {
        let text = "expected POST /add-checkpoint, or GET /";
        answer(StatusCode::METHOD_NOT_ALLOWED, text.to_owned())
    };
    web::resource(path)
        .route(route)
        .default_service(web::to(other))
}

/// What this is, and what it has seen.
async fn about(witness: web::Data<Witness>) -> HttpResponse {
    let shown = web::block(move || {
        let logs = witness.logs()?;
        let logs = logs
            .iter()
            .map(|(origin, size)| format!("{size} {origin}\n"));
        let (vkey, logs) = (witness.verifier(), logs.collect::<String>());
        Ok::<_, std::io::Error>(format!(
            "A witness of modegate (https://c2sp.org/tlog-witness): POST /add-checkpoint\n{vkey}\n\n{logs}"
        ))
    });
    match shown.await {
        Ok(Ok(text)) => answer(StatusCode::OK, text),
        Ok(Err(error)) => failed(&error),
        Err(error) => failed(&error),
    }
}

async fn add(
    request: HttpRequest,
    payload: web::Payload,
    witness: web::Data<Witness>,
    rates: web::Data<Rates>,
) -> HttpResponse {
    let peer = request.peer_addr().map(|peer| peer.ip());
    if let Some(Err(wait)) = peer.map(|peer| rates.admit_address(peer)) {
        return answer(StatusCode::TOO_MANY_REQUESTS, wait.to_string());
    }
    let body = match payload::read(payload, "checkpoint", REQUEST_BYTES).await {
        Ok(body) => body,
        Err(problem) => {
            let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::BAD_REQUEST);
            return answer(status, problem.detail);
        }
    };
    // Files are read and written.
    match web::block(move || witness.add(&body)).await {
        Ok(Ok(cosignature)) => answer(StatusCode::OK, cosignature),
        Ok(Err(NotCosigned::Memory(error))) => failed(&error),
        Ok(Err(refused)) => refuse(&refused),
        Err(error) => failed(&error),
    }
}

fn refuse(refused: &NotCosigned) -> HttpResponse {
    let status = match refused {
        NotCosigned::Refused(WitnessRefusal::Conflict(size)) => {
            let mut response = HttpResponse::Conflict();
            return response
                .insert_header((CONTENT_TYPE, SIZE_TYPE))
                .body(format!("{size}\n"));
        }
        NotCosigned::Refused(WitnessRefusal::UnknownLog) => StatusCode::NOT_FOUND,
        NotCosigned::Refused(WitnessRefusal::Unsigned) => StatusCode::FORBIDDEN,
        NotCosigned::Refused(WitnessRefusal::Inconsistent) => StatusCode::UNPROCESSABLE_ENTITY,
        NotCosigned::Refused(WitnessRefusal::OldSize)
        | NotCosigned::Request(_)
        | NotCosigned::Checkpoint(_)
        | NotCosigned::Memory(_) => StatusCode::BAD_REQUEST,
    };
    answer(status, refused.to_string())
}

fn failed(error: &dyn std::fmt::Display) -> HttpResponse {
    tracing::error!(%error, "the witness could not use what it has seen; nothing is cosigned");
    answer(
        StatusCode::INTERNAL_SERVER_ERROR,
        "what was seen could not be read or kept".to_owned(),
    )
}

fn answer(status: StatusCode, mut text: String) -> HttpResponse {
    if !text.ends_with('\n') {
        text.push('\n');
    }
    HttpResponse::build(status)
        .insert_header((CONTENT_TYPE, "text/plain; charset=utf-8"))
        .body(text)
}

async fn nothing_here() -> HttpResponse {
    let text = "expected POST /add-checkpoint, or GET /";
    answer(StatusCode::NOT_FOUND, text.to_owned())
}
