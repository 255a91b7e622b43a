//! `/server`: the server itself.

use super::{Caller, HandlerResult, ok};
use crate::app::server;

/// `GET /server`.
pub(super) async fn describe(caller: Caller) -> HandlerResult {
    caller
        .read(|caller| async move { ok(&server::describe(caller.app()).await?) })
        .await
}
