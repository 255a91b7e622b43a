//! What handlers take from a request.

use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::str::FromStr;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use serde::Serialize;
use uuid::Uuid;

use super::ApiResponse;
use super::body::{body, optional_body};
use super::caller::{Caller, unauthorized};
use crate::app::input::Input;
use crate::http::problem::Problem;
use modegate_core::batch::BatchId;
use modegate_core::enrollment::EnrollmentTokenId;
use modegate_core::ids::{CommandId, DeviceId, EnrollmentId};
use modegate_core::installs::InstallId;
use modegate_core::portal_link::PortalLinkId;
use modegate_core::tokens::TokenId;
use modegate_core::webhooks::WebhookId;

/// 200 with this.
pub(super) fn ok(body: &impl Serialize) -> Result<ApiResponse, Problem> {
    Ok(ApiResponse::ok(body))
}

/// An id that a path holds.
pub(in crate::http) trait PathId: FromStr {
    /// What it is the id of.
    const OF: &'static str;

    /// Whether it is the id of nothing: the nil device stands for no device in the log.
    fn is_nil(&self) -> bool {
        false
    }
}

macro_rules! path_ids {
    ($($id:ty, $of:literal, $self:ident => $is_nil:expr;)*) => {$(
        impl PathId for $id {
            const OF: &'static str = $of;

            fn is_nil(&self) -> bool {
                let $self = self;
                $is_nil
            }
        }
    )*};
}

path_ids! {
    BatchId, "batch", _id => false;
    CommandId, "command", id => id.device.0.is_nil();
    EnrollmentId, "enrollment", _id => false;
    EnrollmentTokenId, "enrollment token", _id => false;
    DeviceId, "device", id => id.0.is_nil();
    InstallId, "install", id => id.device.0.is_nil();
    PortalLinkId, "portal link", _id => false;
    TokenId, "token", _id => false;
    Uuid, "push profile", _id => false;
    WebhookId, "webhook", _id => false;
}

/// The id of the thing that a path names; what is no id names nothing.
pub(in crate::http) fn id<T: PathId>(text: &str) -> Result<T, Problem> {
    let id: Option<T> = text.parse().ok();
    id.filter(|id| !id.is_nil())
        .ok_or_else(|| Problem::missing(T::OF))
}

/// The id of the one thing that the path names.
pub(in crate::http) struct Id<T>(pub(in crate::http) T);

impl<T: PathId> FromRequest for Id<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let path = web::Path::<String>::from_request(request, payload).into_inner();
        let text = path.map_err(|_| Problem::missing(T::OF));
        ready(text.and_then(|text| id(&text)).map(Id))
    }
}

/// The body of the request, every fault of which is reported.
pub(super) struct Body<T>(pub(super) T);

impl<T: Input + Send + 'static> FromRequest for Body<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let payload = web::Payload::from_request(request, payload).into_inner();
        let caller = request.extensions().get::<Caller>().cloned();
        Box::pin(async move {
            let caller = caller.ok_or_else(unauthorized)?;
            let broken = |error| Problem::field("body", "a body", error);
            body(&caller, payload.map_err(broken)?).await.map(Body)
        })
    }
}

/// The body of the request where it may be left out.
pub(super) struct OptionalBody<T>(pub(super) T);

impl<T: Input + 'static> FromRequest for OptionalBody<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let payload = web::Payload::from_request(request, payload).into_inner();
        Box::pin(async move {
            let broken = |error| Problem::field("body", "a body", error);
            optional_body(payload.map_err(broken)?)
                .await
                .map(OptionalBody)
        })
    }
}
