//! Who calls: what the guard found out about a request before its handler runs.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse};

use super::answer::Answer;
use super::idempotency;
use crate::app::revision::Match;
use crate::app::{AppError, Principal, WriteOptions};
use crate::http::problem::Problem;
use crate::http::shared::Shared;
use modegate_store::api::{Keep, Once};

/// The caller of an endpoint, whose role the guard has checked already.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    /// Who it is.
    pub(super) principal: Principal,
    /// The name that it gave its write.
    pub(super) once: Option<Once>,
    /// What it last saw of what it changes.
    pub(super) if_match: Option<Match>,
}

impl Caller {
    /// Does a write, once where the caller named it, and answers what `render` says of
    /// what was written, after the commit. Only an answer that is to be kept is
    /// rendered inside the transaction, too.
    pub(super) async fn write<T>(
        self,
        shared: &Shared,
        render: impl Fn(&T) -> Answer + Clone + Send + 'static,
        write: impl AsyncFnOnce(Principal, WriteOptions<T>) -> Result<T, AppError>,
    ) -> Result<HttpResponse, Problem> {
        let Caller {
            principal,
            once,
            if_match,
        } = self;
        let kept = render.clone();
        let keep = once.clone().map(|key| Keep {
            key,
            render: Box::new(move |written: &T| kept(written).to_bytes()),
        });
        let options = WriteOptions {
            expected: if_match,
            keep,
        };
        match (write(principal, options).await, &once) {
            (Ok(written), _) => Ok(render(&written).response()),
            // Another request of that name was quicker: its answer is ours.
            (Err(AppError::Done), Some(once)) => idempotency::kept(shared, once)
                .await?
                .ok_or_else(|| AppError::Done.into()),
            (Err(error), _) => Err(error.into()),
        }
    }
}

impl FromRequest for Caller {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let caller = request.extensions().get::<Caller>().cloned();
        ready(caller.ok_or_else(unauthorized))
    }
}

/// 401.
pub(super) fn unauthorized() -> Problem {
    let detail = "expected Authorization: Bearer TOKEN, with the token of the file admin-token \
                  or one of POST /tokens that is in force";
    Problem::new(StatusCode::UNAUTHORIZED, detail)
}
