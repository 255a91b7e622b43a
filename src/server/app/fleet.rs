//! All devices as one: what the latest census counted.

use super::{App, AppError, Principal};
use modegate_core::fleet::Census;

/// The latest census. A caller that is bound to some devices gets none: it would show how
/// many others there are.
pub(crate) async fn census(app: &App, by: &Principal) -> Result<Census, AppError> {
    by.unbound()?;
    let census = app.store.census().await?;
    census.ok_or_else(|| AppError::Missing("no census has ended yet: try again soon".to_owned()))
}
