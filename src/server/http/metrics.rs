//! `/metrics`, and the counting of requests.

use std::future::Future;

use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse};
use actix_web::http::header::ACCEPT;
use actix_web::{Error, HttpRequest, HttpResponse, web};

use super::problem::Problem;
use super::{Shared, api};

/// The text format that every Prometheus reads.
const PLAIN: &str = "text/plain; version=0.0.4; charset=utf-8";
/// The same text by its newer name, for who asks for it.
const OPEN: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// `GET /metrics`: open to this machine; from elsewhere with a token of the API. Where a
/// trusted proxy is set, nothing is known to come from this machine.
pub(super) async fn text(
    request: HttpRequest,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    if shared.identifier.proxies.is_some() || !is_local(&request) {
        api::is_known(&request)?;
    }
    let accept = request.headers().get(ACCEPT);
    let open = accept
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.contains("application/openmetrics-text"));
    Ok(HttpResponse::Ok()
        .insert_header(("content-type", if open { OPEN } else { PLAIN }))
        .insert_header(("cache-control", "no-store"))
        .body(shared.metrics.text()))
}

/// Whether the request comes from this machine itself: not through a proxy on
/// it, which would make everybody local.
fn is_local(request: &HttpRequest) -> bool {
    let forwarded = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];
    let passed_on = forwarded
        .iter()
        .any(|name| request.headers().contains_key(*name));
    let peer = request.peer_addr();
    !passed_on && peer.is_some_and(|peer| peer.ip().to_canonical().is_loopback())
}

/// Counts a request by how it is answered.
pub(super) fn counted<S, B>(
    request: ServiceRequest,
    service: &S,
) -> impl Future<Output = Result<ServiceResponse<B>, Error>> + use<S, B>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    let api = request
        .path()
        .starts_with("/api/")
        .then(|| request.method().clone());
    let shared = request.app_data::<web::Data<Shared>>().cloned();
    let answer = service.call(request);
    async move {
        let answer = answer.await;
        let status = match &answer {
            Ok(response) => response.status(),
            Err(error) => error.as_response_error().status_code(),
        };
        if let Some(shared) = shared {
            shared.metrics.answered(status.as_u16());
            if let Some(method) = api {
                shared
                    .metrics
                    .api_answered(method.as_str(), status.as_u16());
            }
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn only_what_comes_from_this_machine_itself_is_local() {
        let from = |peer: &str| {
            let peer = peer.parse().expect("an address");
            TestRequest::get().peer_addr(peer)
        };
        for (request, expected) in [
            (from("127.0.0.1:1"), true),
            (from("[::1]:1"), true),
            (from("[::ffff:127.0.0.1]:1"), true),
            (from("192.0.2.1:1"), false),
            (TestRequest::get(), false),
            (
                from("127.0.0.1:1").insert_header(("X-Forwarded-For", "192.0.2.1")),
                false,
            ),
            (
                from("127.0.0.1:1").insert_header(("Forwarded", "for=x")),
                false,
            ),
        ] {
            let request = request.to_http_request();
            assert_eq!(is_local(&request), expected, "{request:?}");
        }
    }
}
