//! The routes of the pages, as the table has them.

use actix_web::http::Method;
use actix_web::middleware::from_fn;
use actix_web::{Route, web};

use super::guard::guard;
use super::table::{self, Entry};
use super::{assets, errors};
use crate::http::problem::{Problem, ProblemCode};

/// Registers the pages: one resource per path, those without parameters first, since the first
/// pattern that fits is taken.
pub(in crate::http) fn routes(config: &mut web::ServiceConfig) {
    let mut paths: Vec<&'static str> = table::entries().map(|entry| entry.path).collect();
    paths.dedup();
    paths.sort_by_key(|path| path.matches('{').count());
    paths.dedup();
    for path in paths {
        let entries = || table::entries().filter(move |entry| entry.path == path);
        let allow: Vec<&str> = entries().map(|entry| allowed(entry.method)).collect();
        let allow = allow.join(", ");
        let mut resource = web::resource(path);
        for entry in entries() {
            resource = resource.route(route(entry));
        }
        let other = move || {
            let (allow, detail) = (allow.clone(), format!("expected {allow}"));
            async { Err::<(), _>(Problem::new(ProblemCode::MethodNotAllowed, detail).allow(allow)) }
        };
        config.service(
            resource
                .default_service(web::to(other))
                .wrap(from_fn(errors::as_page)),
        );
    }
    config.route(
        "/assets/{digest}/{name}",
        crate::http::read().to(assets::file),
    );
    for site in ["/console", "/portal"] {
        let nothing = web::resource(format!("{site}/{{rest:.*}}"));
        let missing = || async { Err::<(), _>(Problem::missing("page")) };
        config.service(
            nothing
                .default_service(web::to(missing))
                .wrap(from_fn(errors::as_page)),
        );
    }
}

fn allowed(method: &str) -> &'static str {
    match method {
        "post" => "POST",
        _ => "GET, HEAD",
    }
}

fn route(entry: &'static Entry) -> Route {
    let route = match entry.method {
        "post" => web::route().method(Method::POST),
        _ => crate::http::read(),
    };
    (entry.handler)(route).wrap(from_fn(move |request, next| guard(entry, request, next)))
}
