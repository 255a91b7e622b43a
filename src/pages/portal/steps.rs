//! The five stages of a request as rows of a list.

use modegate_core::installs::Install;
use modegate_core::installs::standing::{Hold, Mark, Stage, StageStanding, Standing};

use super::Clock;
use crate::words::{PortalWord, Text as _};

/// One stage in the list of steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepRow {
    /// The end of its class.
    pub class: &'static str,
    /// What happens in it.
    pub title: &'static str,
    /// How it stands.
    pub mark: &'static str,
    /// When, by whom, or why it was not needed.
    pub note: Option<String>,
    /// Per cent, while the tablet installs and has told.
    pub progress: Option<u32>,
}

/// The stages of an install as rows.
pub fn steps(install: &Install, standing: &Standing, clock: &Clock) -> Vec<StepRow> {
    let stages = standing.stages.iter();
    stages
        .map(|stage| step_row(stage, standing.hold, install, clock))
        .collect()
}

/// One stage as a row of the list of steps.
fn step_row(
    stage: &StageStanding,
    hold: Option<Hold>,
    install: &Install,
    clock: &Clock,
) -> StepRow {
    let language = clock.language;
    let (class, mark) = match stage.mark {
        Mark::Done => ("done", PortalWord::MarkDone),
        Mark::Now => ("now", PortalWord::MarkNow),
        Mark::Todo => ("todo", PortalWord::MarkTodo),
        Mark::Failed => ("failed", PortalWord::MarkFailed),
        Mark::Skipped => ("done", PortalWord::MarkSkipped),
    };
    let is_installing = stage.stage == Stage::Installing && stage.mark == Mark::Now;
    let progress = install.progress;
    let progress = progress.filter(|percent| is_installing && *percent <= 100);
    let by_you = install.person.is_some();
    let at = stage.at.map(|at| clock.text(at));
    let note = match (stage.stage, stage.mark, at) {
        (_, Mark::Skipped, _) => Some(PortalWord::CameByItself.text(language).to_owned()),
        (Stage::Called, Mark::Now, _) if hold == Some(Hold::NoPush) => {
            Some(PortalWord::CannotCall.text(language).to_owned())
        }
        (Stage::Asked, _, Some(at)) if by_you => Some(PortalWord::ByYou.filled(language, &[&at])),
        (Stage::Asked, _, Some(at)) => Some(PortalWord::ByAnother.filled(language, &[&at])),
        (_, _, at) => at,
    };
    StepRow {
        class,
        title: stage_word(stage.stage).text(language),
        mark: mark.text(language),
        note,
        progress,
    }
}

/// The word for a stage.
pub(super) fn stage_word(stage: Stage) -> PortalWord {
    match stage {
        Stage::Asked => PortalWord::StageAsked,
        Stage::Called => PortalWord::StageCalled,
        Stage::Sent => PortalWord::StageSent,
        Stage::Installing => PortalWord::StageInstalling,
        Stage::Ready => PortalWord::StageReady,
    }
}
