//! What waits on a device, each with why, and when it goes.

use super::commands::build;
use super::{App, AppError};
use modegate_core::command::{CommandState, OpenCommand};
use modegate_core::context::{Context, Login, Mode, Platform};
use modegate_core::device::{Device, DeviceState};
use modegate_core::forecast::{self, Forecast, PushHelp};
use modegate_core::ids::CommandId;
use modegate_core::session::preview::preview;
use modegate_core::session::queue::state_at;
use modegate_core::time::Timestamp;

/// A command that is not final.
pub(crate) struct Waiting {
    /// Its id.
    pub(crate) id: CommandId,
    /// The command.
    pub(crate) open: OpenCommand,
    /// What its caller called it.
    pub(crate) name: String,
    /// When it was queued.
    pub(crate) queued_at: Timestamp,
    /// Where it stands.
    pub(crate) state: CommandState,
    /// The mode that the device was last seen in and the rules by which a session in it holds
    /// the command back, if it does.
    pub(crate) held: Option<(Mode, Vec<String>)>,
    /// When it goes.
    pub(crate) forecast: Forecast,
    /// What a push would do for it.
    pub(crate) push: Option<PushHelp>,
}

/// The open commands of a device, in the order in which they were queued, of those behind
/// `after` so many.
pub(crate) async fn waits(
    app: &App,
    device: &Device,
    after: u32,
    most: usize,
) -> Result<Vec<Waiting>, AppError> {
    let (policies, now) = (app.sync.policies(), app.now());
    let view = forecast::View {
        state: &device.state,
        record: &device.record,
        policies: &policies,
        build: build(app, device).await?,
        now,
    };
    let context = latest_context(&device.state);
    let held = preview(device, context, &policies, now).withhold;
    let behind = device.state.open.iter().filter(|open| open.seq.0 > after);
    let mut waits = Vec::new();
    for open in behind.take(most) {
        let id = CommandId {
            device: device.id,
            seq: open.seq,
        };
        // Taken away meanwhile: the next look shows it.
        let Some(stored) = app.store.command(id).await? else {
            continue;
        };
        let forecast = forecast::forecast(&view, open);
        let held = held.iter().find(|held| held.command == open.seq);
        waits.push(Waiting {
            id,
            name: stored.body.name,
            queued_at: stored.body.queued_at,
            state: state_at(&device.state, open, now),
            held: held.map(|held| (context.mode, held.rules.clone())),
            push: forecast::push_help(&view, &forecast),
            forecast,
            open: open.clone(),
        });
    }
    Ok(waits)
}

/// The context of the device's latest session; of one that had none, that of the first session
/// that it is expected to have.
fn latest_context(state: &DeviceState) -> Context {
    let seen = Mode::ALL
        .into_iter()
        .filter_map(|mode| Some((state.last_seen(mode)?, mode)));
    let mode = seen.max().map_or(Mode::Machine, |(_, mode)| mode);
    let login = state
        .session
        .as_ref()
        .map_or(Login::None, |session| session.login);
    Context {
        mode,
        platform: Platform::WoA,
        login,
    }
}
