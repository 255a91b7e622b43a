//! `/policies`: the set in force, and a try-out of another against what was recorded.

use actix_web::web;
use schemars::JsonSchema;
use serde::Serialize;

use super::{ApiResponse, Body, Caller, HandlerResult, ok};
use crate::app::policies::{self, PolicyTryOut};
use crate::app::policy_reload;

/// A policy set.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "PolicySet")]
pub(super) struct PolicySetView {
    digest: String,
    files: Vec<FileView>,
}

/// A file of a policy set.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct FileView {
    name: String,
    text: String,
}

/// `GET /policies`.
pub(super) async fn in_force(caller: Caller) -> HandlerResult {
    caller
        .read(move |caller| async move {
            let (digest, set) = policies::active(caller.app(), caller.by());
            let files = set.iter().flat_map(|set| set.files());
            let files = files.map(|(name, text)| FileView {
                name: name.clone(),
                text: text.clone(),
            });
            ok(&PolicySetView {
                digest,
                files: files.collect(),
            })
        })
        .await
}

/// `GET /policies/{digest}`.
pub(super) async fn one(caller: Caller, digest: web::Path<String>) -> HandlerResult {
    caller
        .read(move |caller| async move {
            let files = policies::of_digest(caller.app(), caller.by(), &digest).await?;
            let files = files
                .into_iter()
                .map(|(name, text)| FileView { name, text });
            ok(&PolicySetView {
                digest: digest.into_inner(),
                files: files.collect(),
            })
        })
        .await
}

/// `POST /policies/reload`.
pub(super) async fn reload(caller: Caller) -> HandlerResult {
    caller.takes_no_key()?;
    caller
        .read(move |caller| async move {
            ok(&policy_reload::reload_for(caller.app(), caller.by()).await?)
        })
        .await
}

/// `POST /policies/try`.
pub(super) async fn tried(caller: Caller, Body(input): Body<PolicyTryOut>) -> HandlerResult {
    let tried = policies::try_out(caller.app(), caller.by(), input).await?;
    Ok(ApiResponse::ok(&tried).response())
}
