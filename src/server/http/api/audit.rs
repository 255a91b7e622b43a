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
use crate::app::{AppError, Principal};
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
/// In place of a token's id.
const NOBODY: TokenId = TokenId(Uuid::nil());

fn plain(body: String) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(TEXT)
        .insert_header((CACHE_CONTROL, CHANGES))
        .body(body)
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
    let (app, by) = (
        Arc::clone(&shared.app),
        caller.map(|caller| caller.principal),
    );
    // Whoever asks without a token takes turns with all others who do.
    let token = by.as_ref().map_or(NOBODY, Principal::token_id);
    let read = move || async move { audit::tile(&app, by.as_ref(), &path).await };
    let tile = shared.app.work.run(token, read).await;
    let tile = tile.map_err(AppError::from)??;
    Ok(HttpResponse::Ok()
        .content_type("application/octet-stream")
        .insert_header((CACHE_CONTROL, caching))
        .body(tile))
}

/// What is to be proved, as it is asked.
#[derive(Debug, Deserialize)]
pub(super) struct ProofQuery {
    event: Option<u64>,
    command: Option<String>,
    from: Option<u64>,
    to: Option<u64>,
}

/// What is to be proved.
enum Statement {
    /// That this entry is in the log.
    Entry(u64),
    /// That all is in the log that was done with this command.
    Command(CommandId),
    /// That the older tree is the beginning of the newer one, or of the newest.
    Consistency(u64, Option<u64>),
}

impl ProofQuery {
    fn statement(self) -> Result<Statement, Problem> {
        Ok(match (self.event, text(self.command), self.from, self.to) {
            (Some(number), None, None, None) => Statement::Entry(number),
            (None, Some(command), None, None) => Statement::Command(id(&command)?),
            (None, None, Some(from), to) => Statement::Consistency(from, to),
            _ => {
                let expected = "exactly one of event, command and from (with or without to)";
                let found = quoted("another combination");
                return Err(Problem::field("query", expected, found));
            }
        })
    }
}

/// `GET /audit/proof`.
pub(super) async fn proof(caller: Caller, query: web::Query<ProofQuery>) -> HandlerResult {
    let statement = query.into_inner().statement()?;
    let (app, by) = (Arc::clone(caller.app()), caller.by().clone());
    let prove = move || async move {
        match statement {
            Statement::Entry(number) => audit::proof_of_entry(&app, &by, number).await,
            Statement::Command(id) => audit::proofs_of_command(&app, &by, id).await,
            Statement::Consistency(from, to) => audit::consistency(&app, from, to).await,
        }
    };
    Ok(plain(caller.off_workers(prove).await??))
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
