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
    /// The place in a list that `next` of its previous page names.
    Cursor,
    /// A line of text.
    Text,
    /// The same, as often as it is there.
    Texts,
    /// One of these; which, the handler says.
    OneOf(fn() -> Vec<&'static str>),
}

impl ParamKind {
    /// What should stand there.
    pub(super) fn expected(self) -> String {
        match self {
            ParamKind::Integer(least, most) => format!("a whole number from {least} to {most}"),
            ParamKind::Cursor => "the 'next' of the previous page".to_owned(),
            ParamKind::Text | ParamKind::Texts => "a line of text of at most 512 bytes".to_owned(),
            ParamKind::OneOf(names) => format!("one of {}", names().join(", ")),
        }
    }
}

/// Where a page begins.
pub(super) const AFTER: Param = Param {
    name: "after",
    kind: ParamKind::Cursor,
    required: false,
    about: "`next` of the previous page",
};
/// How long it is.
pub(super) const LIMIT: Param = Param {
    name: "limit",
    kind: ParamKind::Integer(1, u32::MAX as u64),
    required: false,
    about: "Items per page; default: 50; values above 200 count as 200",
};
/// Where a stream begins.
pub(super) const FROM: Param = Param {
    about: "The id of the last event received; `Last-Event-ID` takes precedence. Without either, only new events are sent",
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
    /// Plain text.
    Text,
    /// Bytes.
    Bytes,
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
    /// Whether it may be left out.
    pub(super) body_optional: bool,
    pub(super) status: u16,
    pub(super) answer: Shape,
    /// Whether its answer has an ETag, which `If-None-Match` or `If-Match` may name.
    pub(super) tagged: bool,
    pub(super) handler: fn(Route) -> Route,
}

/// An endpoint whose answer has an ETag.
pub(super) const TAGGED: bool = true;

/// A table of endpoints. Each is a summary, then
/// `method path [access, TAGGED] handler, body TYPE => status SHAPE TYPE, query PARAMETERS;`
/// where `TAGGED`, `body TYPE` (or `optional TYPE`), the type of the answer and `query PARAMETERS` may be absent.
macro_rules! endpoints {
    ($(#[$about:meta])* $vis:vis static $table:ident; $($summary:literal
        $method:ident $path:literal [$access:ident $(, $tagged:ident)?] $handler:path
        $(, body $body:ty)? $(, optional $optional:ty)? => $status:literal $shape:ident $($answer:ty)? $(, query $query:expr)?;
    )*) => {
        $(#[$about])*
        $vis static $table: &[$crate::http::api::endpoint::Endpoint] = &[$(
            $crate::http::api::endpoint::Endpoint {
                method: stringify!($method),
                path: $path,
                access: modegate_core::tokens::Access::$access,
                summary: $summary,
                query: endpoints!(@query $($query)?),
                body: endpoints!(@body $($body)? $($optional)?),
                body_optional: false $(|| endpoints!(@optional $optional))?,
                status: $status,
                answer: endpoints!(@answer $shape $($answer)?),
                tagged: false $(|| $tagged)?,
                handler: |route| route.to($handler),
            },
        )*];
    };
    (@query) => { &[] };
    (@query $query:expr) => { $query };
    (@optional $body:ty) => { true };
    (@body) => { None };
    (@body $body:ty) => { Some($crate::http::api::endpoint::schema_of::<$body>) };
    (@answer $shape:ident) => { $crate::http::api::endpoint::Shape::$shape };
    (@answer $shape:ident $answer:ty) => {
        $crate::http::api::endpoint::Shape::$shape($crate::http::api::endpoint::schema_of::<$answer>)
    };
}
pub(super) use endpoints;
