//! Commands that wait, as the pages show them.

use crate::app::waits::Waiting;
use modegate_pages::console::devices::timeline::{Held, Wait};
use modegate_pages::console::state::StateBadge;

/// A command that waits or is out.
pub(super) fn wait(waiting: Waiting) -> Wait {
    let Waiting { open, forecast, .. } = waiting;
    let options = &open.options;
    Wait {
        seq: open.seq.0,
        id: waiting.id.to_string(),
        name: waiting.name,
        kind: open.kind().name(),
        about: options.app.clone().or_else(|| options.label.clone()),
        since: waiting.queued_at,
        state: StateBadge::new(waiting.state.name()),
        held: waiting.held.map(|(mode, rules)| Held { mode, rules }),
        modes: forecast.modes,
        goes: forecast.text,
        user: forecast.user,
        push: waiting.push.map(|push| push.text),
    }
}
