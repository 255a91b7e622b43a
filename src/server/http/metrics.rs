//! `/metrics`, and the counting of requests.

use std::future::Future;
use std::sync::Arc;

use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{Accept, Header, Quality};
use actix_web::mime::Mime;
use actix_web::{Error, HttpRequest, HttpResponse, web};

use super::problem::Problem;
use super::{Shared, api};
use crate::metrics::Format;

/// `GET /metrics`: open to this machine; from elsewhere with a token of the API. Where a
/// trusted proxy is set, nothing is known to come from this machine.
pub(super) async fn text(
    request: HttpRequest,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    if shared.identifier.proxies.is_some() || !is_local(&request) {
        api::is_known(&request)?;
    }
    let format = Accept::parse(&request).map_or(Format::Prometheus, |accept| wanted(&accept));
    let metrics = Arc::clone(&shared.metrics);
    // It reads files of the system.
    let text = web::block(move || metrics.text(format));
    let text = text.await.map_err(|_| {
        Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the metrics could not be written",
        )
    })?;
    Ok(HttpResponse::Ok()
        .insert_header(("content-type", format.content_type()))
        .insert_header(("cache-control", "no-store"))
        .insert_header(("vary", "accept"))
        .body(text))
}

/// The format that a client likes best. OpenMetrics has to be named, in a version
/// that is known: not everything that takes any format can read it.
fn wanted(accept: &Accept) -> Format {
    let best = |is: fn(&Mime) -> bool| {
        let items = accept.iter().filter(|item| is(&item.item));
        items
            .map(|item| item.quality)
            .max()
            .unwrap_or(Quality::ZERO)
    };
    let open = best(|mime| {
        let version = mime.get_param("version");
        mime.essence_str() == "application/openmetrics-text"
            && version.is_none_or(|version| version == "1.0.0" || version == "0.0.1")
    });
    let plain = best(|mime| ["text/plain", "text/*", "*/*"].contains(&mime.essence_str()));
    if open > Quality::ZERO && open >= plain {
        Format::OpenMetrics
    } else {
        Format::Prometheus
    }
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
    fn openmetrics_is_for_who_asks_for_it_by_name() {
        let open = "application/openmetrics-text";
        for (accept, expected) in [
            ("", Format::Prometheus),
            ("*/*", Format::Prometheus),
            ("text/plain;version=0.0.4", Format::Prometheus),
            ("application/*, */*;q=0.1", Format::Prometheus),
            (open, Format::OpenMetrics),
            ("Application/OpenMetrics-Text", Format::OpenMetrics),
            ("application/openmetrics-text;q=0", Format::Prometheus),
            (
                "application/openmetrics-text;version=2.0.0",
                Format::Prometheus,
            ),
            (
                "application/openmetrics-text;version=1.0.0;q=0.5,text/plain",
                Format::Prometheus,
            ),
            (
                "text/plain,application/openmetrics-text;version=1.0.0",
                Format::OpenMetrics,
            ),
            // As Prometheus asks.
            (
                "application/openmetrics-text;version=1.0.0,application/openmetrics-text;\
                 version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                Format::OpenMetrics,
            ),
        ] {
            let request = TestRequest::get()
                .insert_header(("accept", accept))
                .to_http_request();
            let accept = Accept::parse(&request).expect("an Accept header");
            assert_eq!(wanted(&accept), expected, "{accept}");
        }
    }

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
