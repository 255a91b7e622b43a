//! What the table says of one endpoint, and how actix learns it.

use actix_web::http::{Method, StatusCode};
use actix_web::middleware::from_fn;
use actix_web::{HttpRequest, Route, web};

use super::guard::{guard, is_known};
use super::table::endpoints;
use crate::http::problem::Problem;
use modegate_core::tokens::Access;

/// A query parameter.
#[derive(Debug, Clone, Copy)]
pub(super) struct Param {
    pub(super) name: &'static str,
    pub(super) kind: ParamKind,
    pub(super) required: bool,
    pub(super) about: &'static str,
}

/// What a query parameter may hold.
#[derive(Debug, Clone, Copy)]
pub(super) enum ParamKind {
    /// A whole number in this range.
    Integer(u64, u64),
    /// A line of text.
    Text,
    /// The same, as often as it is there.
    Texts,
    /// One of these; which, the handler says.
    OneOf(&'static [&'static str]),
}

impl ParamKind {
    /// What should stand there.
    pub(super) fn expected(self) -> String {
        match self {
            ParamKind::Integer(least, most) => format!("a whole number from {least} to {most}"),
            ParamKind::Text | ParamKind::Texts => "a line of text of at most 512 bytes".to_owned(),
            ParamKind::OneOf(names) => format!("one of {}", names.join(", ")),
        }
    }
}

/// What an endpoint answers; the names are those of [`super::schemas`].
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    /// No body.
    Nothing,
    /// One of these.
    One(&'static str),
    /// A page of these.
    List(&'static str),
    /// Server-sent events of these.
    Stream(&'static str),
}

/// One endpoint.
#[derive(Clone, Copy)]
pub(super) struct Endpoint {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) access: Access,
    pub(super) summary: &'static str,
    pub(super) query: &'static [Param],
    pub(super) body: Option<&'static str>,
    pub(super) status: u16,
    pub(super) answer: Shape,
    /// Whether its answer has an ETag, which `If-None-Match` or `If-Match` may name.
    pub(super) tagged: bool,
    pub(super) handler: fn(Route) -> Route,
}

impl Endpoint {
    const fn new(
        method: &'static str,
        path: &'static str,
        access: Access,
        summary: &'static str,
        handler: fn(Route) -> Route,
    ) -> Self {
        Endpoint {
            method,
            path,
            access,
            summary,
            query: &[],
            body: None,
            status: 200,
            answer: Shape::Nothing,
            tagged: false,
            handler,
        }
    }

    pub(super) const fn get(
        path: &'static str,
        access: Access,
        summary: &'static str,
        answer: Shape,
        handler: fn(Route) -> Route,
    ) -> Self {
        Endpoint {
            answer,
            ..Endpoint::new("get", path, access, summary, handler)
        }
    }

    pub(super) const fn post(
        path: &'static str,
        access: Access,
        summary: &'static str,
        body: &'static str,
        handler: fn(Route) -> Route,
    ) -> Self {
        Endpoint {
            body: Some(body),
            status: 201,
            ..Endpoint::new("post", path, access, summary, handler)
        }
    }

    /// A POST that needs no body.
    pub(super) const fn act(
        path: &'static str,
        access: Access,
        summary: &'static str,
        handler: fn(Route) -> Route,
    ) -> Self {
        Endpoint::new("post", path, access, summary, handler)
    }

    pub(super) const fn patch(
        path: &'static str,
        access: Access,
        summary: &'static str,
        body: &'static str,
        handler: fn(Route) -> Route,
    ) -> Self {
        Endpoint {
            body: Some(body),
            ..Endpoint::new("patch", path, access, summary, handler)
        }
    }

    pub(super) const fn delete(
        path: &'static str,
        access: Access,
        summary: &'static str,
        handler: fn(Route) -> Route,
    ) -> Self {
        Endpoint {
            status: 204,
            ..Endpoint::new("delete", path, access, summary, handler)
        }
    }

    pub(super) const fn query(self, query: &'static [Param]) -> Self {
        Endpoint { query, ..self }
    }

    pub(super) const fn answers(self, status: u16, answer: Shape) -> Self {
        Endpoint {
            status,
            answer,
            ..self
        }
    }

    pub(super) const fn tagged(self) -> Self {
        Endpoint {
            tagged: true,
            ..self
        }
    }

    fn route(&'static self) -> Route {
        let method = Method::from_bytes(self.method.to_ascii_uppercase().as_bytes());
        let route = web::route().method(method.unwrap_or_default());
        (self.handler)(route).wrap(from_fn(move |request, next| guard(self, request, next)))
    }
}

/// Registers the table: one resource per path, those without parameters first,
/// since the first pattern that fits is taken.
pub(super) fn register(config: &mut web::ServiceConfig) {
    let mut paths: Vec<&'static str> = Vec::new();
    for endpoint in endpoints() {
        if !paths.contains(&endpoint.path) {
            paths.push(endpoint.path);
        }
    }
    paths.sort_by_key(|path| path.matches('{').count());
    for path in paths {
        let mut resource = web::resource(path);
        for endpoint in endpoints().filter(|endpoint| endpoint.path == path) {
            resource = resource.route(endpoint.route());
        }
        let allow = methods(path);
        let other = move |request: HttpRequest| {
            let allow = allow.clone();
            async move { Err::<(), _>(not_allowed(&request, allow)) }
        };
        config.service(resource.default_service(web::to(other)));
    }
}

fn methods(path: &str) -> String {
    let same = endpoints().filter(|endpoint| endpoint.path == path);
    let methods: Vec<String> = same
        .map(|endpoint| endpoint.method.to_ascii_uppercase())
        .collect();
    methods.join(", ")
}

fn not_allowed(request: &HttpRequest, allow: String) -> Problem {
    if let Err(problem) = is_known(request) {
        return problem;
    }
    let detail = format!("expected {allow}, found {}", request.method());
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail).allow(allow)
}
