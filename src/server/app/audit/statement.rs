//! The statement of the Machine mode over a period of the live log.

use std::sync::Arc;

use crate::app::{App, AppError, Principal};
use crate::limits::PAGE_ITEMS;
use modegate_core::audit::period_statement::PeriodStatement;
use modegate_core::audit::report::Period;

/// Events that are looked at, at most; `modegate audit report` has no such bound.
pub(crate) const STATEMENT_EVENTS: usize = 100_000;

/// What a period of the log has.
pub(crate) struct Statement {
    /// What was counted.
    pub(crate) counted: PeriodStatement,
    /// The place of the first event behind what was looked at, where the period has more.
    pub(crate) stopped_at: Option<u64>,
    /// The places of the first and the last event that were looked at.
    pub(crate) places: Option<(u64, u64)>,
}

/// Counts what a period of the log has, for who sees all. It may take seconds.
pub(crate) async fn statement(
    app: &Arc<App>,
    by: &Principal,
    period: Period,
) -> Result<Statement, AppError> {
    by.unbound()?;
    let own = Arc::clone(app);
    let counted = app
        .work
        .run_long(move || async move { count(&own, period).await });
    counted.await?.unwrap_or_else(|| {
        let why = "other long work is under way; retry when it is done";
        Err(AppError::Busy(why.to_owned()))
    })
}

async fn count(app: &App, period: Period) -> Result<Statement, AppError> {
    let store = &app.store;
    let mut after = match period.from() {
        Some(from) => store.last_place_before(from).await?,
        None => 0,
    };
    let end = match period.to() {
        Some(to) => store.last_place_before(to).await?,
        None => u64::MAX,
    };
    let mut found = Statement {
        counted: PeriodStatement::new(period),
        stopped_at: None,
        places: None,
    };
    let mut looked = 0;
    while after < end {
        let events = store.all_events(after, PAGE_ITEMS).await?;
        let is_last = events.len() < PAGE_ITEMS;
        for stored in events.iter().filter(|stored| stored.place <= end) {
            if looked == STATEMENT_EVENTS {
                found.stopped_at = Some(stored.place);
                return Ok(found);
            }
            looked += 1;
            after = stored.place;
            let (first, _) = found.places.unwrap_or((stored.place, 0));
            found.places = Some((first, stored.place));
            found.counted.take(&stored.event);
        }
        if is_last || events.last().is_some_and(|stored| stored.place > end) {
            break;
        }
    }
    Ok(found)
}
