//! `/audit`: the log's checkpoint, its tiles and proofs, and what changes what is known of it.

use std::sync::Arc;

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpResponse, web};
use serde::Deserialize;
use uuid::Uuid;

use super::extract::id;
use super::query::text;
use super::{ApiResponse, Body, Caller, HandlerResult, ok};
use crate::app::audit::{self, NewExport, NewRedaction};
use crate::app::{App, AppError};
use crate::http::problem::Problem;
use crate::http::shared::Shared;
use modegate_core::fields::quoted;
use modegate_core::ids::CommandId;
use modegate_core::tokens::TokenId;

/// The media type of notes and proofs.
const TEXT: &str = "text/plain; charset=utf-8";
/// What never changes may be kept by everybody, or by its receiver alone.
const FOR_ALL: &str = "public, max-age=31536000, immutable";
const FOR_ONE: &str = "private, max-age=31536000, immutable";
/// What changes.
const CHANGES: &str = "no-cache";

fn plain(body: String) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(TEXT)
        .insert_header((CACHE_CONTROL, CHANGES))
        .body(body)
}

/// Reads off the threads that answer devices, for a caller or, where that is allowed, for
/// whoever asks: those take turns as one.
async fn read<T: Send + 'static, F: Future<Output = Result<T, AppError>>>(
    shared: &web::Data<Shared>,
    caller: Option<&Caller>,
    read: impl FnOnce(Arc<App>) -> F + Send + 'static,
) -> Result<T, Problem> {
    let nobody = TokenId(Uuid::nil());
    let token = caller.map_or(nobody, |caller| caller.by().token_id());
    let app = Arc::clone(&shared.app);
    let done = shared.app.work.run(token, move || read(app)).await;
    Ok(done.map_err(AppError::from)??)
}

/// `GET /audit/checkpoint`.
pub(super) async fn checkpoint(shared: web::Data<Shared>) -> HandlerResult {
    Ok(plain(audit::newest(&shared.app).await?.note))
}

/// `GET /audit/tile/{tile}`.
pub(super) async fn tile(
    shared: web::Data<Shared>,
    caller: Option<Caller>,
    path: web::Path<String>,
) -> HandlerResult {
    // A redacted entry is another one afterwards, under the same hash.
    let caching = match (path.starts_with("entries/"), shared.app.audit_public) {
        (true, _) => "private, no-cache",
        (false, true) => FOR_ALL,
        (false, false) => FOR_ONE,
    };
    let by = caller.as_ref().map(|caller| caller.by().clone());
    let tile = read(&shared, caller.as_ref(), move |app| async move {
        audit::tile(&app, by.as_ref(), &path).await
    });
    let tile = tile.await?;
    Ok(HttpResponse::Ok()
        .content_type("application/octet-stream")
        .insert_header((CACHE_CONTROL, caching))
        .body(tile))
}

/// What is to be proved.
#[derive(Debug, Deserialize)]
pub(super) struct ProofQuery {
    event: Option<u64>,
    command: Option<String>,
    from: Option<u64>,
    to: Option<u64>,
}

/// `GET /audit/proof`.
pub(super) async fn proof(caller: Caller, query: web::Query<ProofQuery>) -> HandlerResult {
    let ProofQuery {
        event,
        command,
        from,
        to,
    } = query.into_inner();
    let command = text(command);
    let (by, shared) = (caller.by().clone(), caller.shared.clone());
    let proof = match (event, command, from, to) {
        (Some(number), None, None, None) => {
            read(&shared, Some(&caller), move |app| async move {
                audit::proof_of_entry(&app, &by, number).await
            })
            .await?
        }
        (None, Some(command), None, None) => {
            let id: CommandId = id(&command)?;
            read(&shared, Some(&caller), move |app| async move {
                audit::proofs_of_command(&app, &by, id).await
            })
            .await?
        }
        (None, None, Some(from), to) => {
            read(&shared, Some(&caller), move |app| async move {
                audit::consistency(&app, from, to).await
            })
            .await?
        }
        _ => {
            let expected = "exactly one of event, command and from (with or without to)";
            return Err(Problem::field(
                "query",
                expected,
                quoted("another combination"),
            ));
        }
    };
    Ok(plain(proof))
}

/// `GET /audit/verify`.
pub(super) async fn verify(caller: Caller) -> HandlerResult {
    caller
        .read(move |caller| async move { ok(&audit::verify(caller.app()).await?) })
        .await
}

/// `POST /audit/checkpoints`.
pub(super) async fn seal(caller: Caller) -> HandlerResult {
    caller.takes_no_key()?;
    let sealed = audit::seal(caller.app()).await?;
    Ok(created(&sealed))
}

/// `POST /audit/exports`.
pub(super) async fn export(caller: Caller, Body(export): Body<NewExport>) -> HandlerResult {
    caller.takes_no_key()?;
    let recorded = audit::record_export(caller.app(), caller.by(), export).await?;
    Ok(created(&recorded))
}

/// `POST /audit/redactions`.
pub(super) async fn redact(caller: Caller, Body(redaction): Body<NewRedaction>) -> HandlerResult {
    caller.takes_no_key()?;
    let redacted = audit::redact(caller.app(), caller.by(), redaction).await?;
    Ok(created(&redacted))
}

/// `POST /audit/key-rotations`.
pub(super) async fn rotate_key(caller: Caller) -> HandlerResult {
    caller.takes_no_key()?;
    Ok(created(
        &audit::rotate_key(caller.app(), caller.by()).await?,
    ))
}

/// 201: what follows is seen by the checkpoint.
fn created(body: &impl serde::Serialize) -> HttpResponse {
    ApiResponse::created("/api/v1/audit/checkpoint".to_owned(), body).response()
}
