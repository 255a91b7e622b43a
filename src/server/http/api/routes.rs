//! How actix learns the table: one resource per path, each endpoint behind the guard.

use actix_web::http::Method;
use actix_web::middleware::from_fn;
use actix_web::{HttpRequest, Route, web};

use super::endpoint::Endpoint;
use super::guard::{guard, is_known};
use super::openapi;
use super::table::TABLE;
use crate::http::problem::{Problem, ProblemCode};

/// Registers the API's routes.
pub(in crate::http) fn routes(config: &mut web::ServiceConfig) {
    config.app_data(web::Data::new(openapi::document(TABLE.iter())));
    register(config);
    config.default_service(web::to(nothing));
}

async fn nothing(request: HttpRequest) -> Result<(), Problem> {
    is_known(&request)?;
    Err(Problem::missing("resource"))
}

fn route(endpoint: &'static Endpoint) -> Route {
    let method = Method::from_bytes(endpoint.method.to_ascii_uppercase().as_bytes());
    let route = match method.unwrap_or_default() {
        Method::GET => crate::http::read(),
        method => web::route().method(method),
    };
    (endpoint.handler)(route).wrap(from_fn(move |request, next| guard(endpoint, request, next)))
}

/// Registers the table: one resource per path, those without parameters first,
/// since the first pattern that fits is taken.
fn register(config: &mut web::ServiceConfig) {
    let mut paths: Vec<&'static str> = Vec::new();
    for endpoint in TABLE {
        if !paths.contains(&endpoint.path) {
            paths.push(endpoint.path);
        }
    }
    paths.sort_by_key(|path| path.matches('{').count());
    for path in paths {
        let mut resource = web::resource(pattern(path));
        for endpoint in TABLE.iter().filter(|endpoint| endpoint.path == path) {
            resource = resource.route(route(endpoint));
        }
        let allow = methods(path);
        let other = move |request: HttpRequest| {
            let allow = allow.clone();
            async move { Err::<(), _>(not_allowed(&request, allow)) }
        };
        config.service(resource.default_service(web::to(other)));
    }
}

/// The path as actix matches it. The name of a tile is a path itself.
fn pattern(path: &str) -> String {
    path.replace("{tile}", "{tile:.+}")
}

fn methods(path: &str) -> String {
    let same = TABLE.iter().filter(|endpoint| endpoint.path == path);
    let methods: Vec<String> = same
        .map(|endpoint| match endpoint.method {
            "get" => "GET, HEAD".to_owned(),
            method => method.to_ascii_uppercase(),
        })
        .collect();
    methods.join(", ")
}

fn not_allowed(request: &HttpRequest, allow: String) -> Problem {
    if let Err(problem) = is_known(request) {
        return problem;
    }
    let detail = format!("expected {allow}, found {}", request.method());
    Problem::new(ProblemCode::MethodNotAllowed, detail).allow(allow)
}
