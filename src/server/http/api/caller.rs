//! Who calls: what the guard found out about a request before its handler runs.

use std::future::{Ready, ready};
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};

use super::answer::{ApiResponse, HandlerResult};
use super::idempotency;
use crate::app::revision::Match;
use crate::app::{App, AppError, Principal, WriteOptions};
use crate::http::problem::{Problem, ProblemCode};
use crate::http::shared::Shared;
use modegate_store::api::{IdempotencyKey, Keep};

/// The caller of an endpoint, whose role the guard has checked already.
#[derive(Clone)]
pub(super) struct Caller {
    /// What the handlers share.
    pub(super) shared: web::Data<Shared>,
    /// Who it is.
    pub(super) principal: Principal,
    /// The key that it gave its write.
    pub(super) idempotency_key: Option<IdempotencyKey>,
    /// What it last saw of what it changes.
    pub(super) if_match: Option<Match>,
}

impl Caller {
    /// What use cases work with.
    pub(super) fn app(&self) -> &Arc<App> {
        &self.shared.app
    }

    /// Who asks.
    pub(super) fn by(&self) -> &Principal {
        &self.principal
    }

    /// Runs this for the caller off the threads that answer devices, when its turn comes.
    pub(super) async fn off_workers<F: Future<Output: Send + 'static>>(
        &self,
        work: impl FnOnce() -> F + Send + 'static,
    ) -> Result<F::Output, Problem> {
        let done = self.app().work.run(self.by().token_id(), work).await;
        Ok(done.map_err(AppError::from)?)
    }

    /// Reads and renders off the threads that answer devices.
    pub(super) async fn read<F: Future<Output = Result<ApiResponse, Problem>>>(
        self,
        read: impl FnOnce(Caller) -> F + Send + 'static,
    ) -> HandlerResult {
        let caller = self.clone();
        let read = self.off_workers(move || read(caller)).await?;
        read.map(ApiResponse::response)
    }

    /// For a write whose response is not stored: a key would promise that it is done once.
    pub(super) fn takes_no_key(&self) -> Result<(), Problem> {
        let refused = |_| {
            let expected = "no such header: this write is not repeated by key";
            Err(Problem::field("Idempotency-Key", expected, "one"))
        };
        self.idempotency_key.as_ref().map_or(Ok(()), refused)
    }

    /// Does a write, once per idempotency key, and responds with what `render` makes of
    /// the result, after the commit. Only a response that is stored for its key is
    /// rendered inside the transaction, too.
    pub(super) async fn write<T>(
        self,
        render: impl Fn(&T) -> ApiResponse + Clone + Send + 'static,
        write: impl AsyncFnOnce(&Arc<App>, &Principal, WriteOptions<T>) -> Result<T, AppError>,
    ) -> HandlerResult {
        let render_stored = render.clone();
        let keep = self.idempotency_key.clone().map(|key| Keep {
            key,
            render: Box::new(move |written: &T| render_stored(written).to_bytes()),
        });
        let options = WriteOptions {
            expected: self.if_match.clone(),
            keep,
        };
        match (
            write(self.app(), self.by(), options).await,
            &self.idempotency_key,
        ) {
            (Ok(written), _) => Ok(render(&written).response()),
            // Lost a race: another request with this key wrote first.
            (Err(AppError::Done), Some(key)) => idempotency::stored_response(&self.shared, key)
                .await?
                .ok_or_else(|| AppError::Done.into()),
            (Err(error), _) => Err(error.into()),
        }
    }

    /// Does a write whose response has no content: 204.
    pub(super) async fn delete<T>(
        self,
        write: impl AsyncFnOnce(&Arc<App>, &Principal, WriteOptions<T>) -> Result<T, AppError>,
    ) -> HandlerResult {
        self.write(|_| ApiResponse::nothing(), write).await
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
    let detail = "expected Authorization: Bearer TOKEN, with the token in the file admin-token \
                  or a valid one from POST /tokens";
    Problem::new(ProblemCode::Unauthorized, detail)
}
