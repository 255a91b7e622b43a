//! What the table says of one endpoint.

use actix_web::Route;
use schemars::{JsonSchema, Schema, SchemaGenerator};

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

/// Where a page begins.
pub(super) const AFTER: Param = Param {
    name: "after",
    kind: ParamKind::Integer(0, i64::MAX as u64),
    required: false,
    about: "`next` of the page before",
};
/// How long it is.
pub(super) const LIMIT: Param = Param {
    name: "limit",
    kind: ParamKind::Integer(1, u32::MAX as u64),
    required: false,
    about: "Items of a page, 50 if not told; more than 200 counts as 200",
};
/// Where a stream begins.
pub(super) const FROM: Param = Param {
    about: "The id of the last event that came; `Last-Event-ID` goes before it. Without either, what happens from now on",
    ..AFTER
};
/// The parameters of a page.
pub(super) const PAGE: &[Param] = &[AFTER, LIMIT];

/// The schema of a type: a reference to a component, which the generator collects.
pub(super) type Describe = fn(&mut SchemaGenerator) -> Schema;

/// The schema of this type.
pub(super) fn schema_of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// What an endpoint answers.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    /// No body.
    Nothing,
    /// One of these.
    One(Describe),
    /// A page of these.
    List(Describe),
    /// Server-sent events of these.
    Stream(Describe),
}

/// One endpoint.
#[derive(Clone, Copy)]
pub(super) struct Endpoint {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) access: Access,
    pub(super) summary: &'static str,
    pub(super) query: &'static [Param],
    pub(super) body: Option<Describe>,
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
        body: Describe,
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
        body: Describe,
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
}
