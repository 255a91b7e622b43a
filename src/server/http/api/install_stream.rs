//! `/installs/{id}/events`: the steps of one install as they come, until it is final.

use std::sync::Arc;

use actix_web::HttpRequest;

use super::installs::StepView;
use super::sse::{Sink, Source, last_event_id, stream};
use super::{Caller, HandlerResult, Id};
use crate::app::installs::find;
use crate::app::{App, Principal};
use modegate_core::installs::InstallId;

/// `GET /installs/{id}/events`.
pub(super) async fn steps(
    caller: Caller,
    Id(id): Id<InstallId>,
    request: HttpRequest,
) -> HandlerResult {
    find(caller.app(), caller.by(), id).await?;
    // `Last-Event-ID` is the number of the last step that the reader has.
    let last = last_event_id(&request, |text| text.parse::<u32>().ok())?;
    let steps = StepSource {
        app: Arc::clone(caller.app()),
        by: caller.principal.clone(),
        id,
        sent: last.map_or(0, |last| last as usize + 1),
    };
    stream(caller, steps)
}

/// The steps of an install.
struct StepSource {
    app: Arc<App>,
    by: Principal,
    id: InstallId,
    /// How many the reader has.
    sent: usize,
}

impl Source for StepSource {
    async fn catch_up(&mut self, to: &mut Sink) -> Option<()> {
        // The scope is looked at again: the device may have left it.
        let (_, install) = find(&self.app, &self.by, self.id).await.ok()?;
        let mut text = String::new();
        for (at, step) in install.steps.iter().enumerate().skip(self.sent) {
            let (name, view) = (step.state.name(), StepView::new(at, step));
            let data = serde_json::to_string(&view).ok()?;
            text += &format!("id: {at}\nevent: {name}\ndata: {data}\n\n");
        }
        self.sent = self.sent.max(install.steps.len());
        to.send(text).await?;
        (!install.state.is_final()).then_some(())
    }
}
