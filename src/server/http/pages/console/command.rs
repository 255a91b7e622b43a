//! `/console/commands/{command}`.

use actix_web::web;

use super::policy_sets::link;
use super::{may_operate, named, path_id};
use crate::app::commands::{self, CommandDetail};
use crate::app::log::Decision;
use crate::app::revision::command_tag;
use crate::http::api::command_view::{
    CommandView, ForecastView, HistoryView, OperationView, ResultView,
};
use crate::http::pages::visitor::page;
use crate::http::pages::{Page, Visitor};
use crate::http::problem::Problem;
use modegate_core::ids::CommandId;
use modegate_pages::console::command::{
    CommandPage, DecisionLine, HistoryLine, OperationLine, Outlook, ResultLine,
};
use modegate_pages::console::confirm::ConfirmPage;
use modegate_pages::console::state::StateBadge;

/// `GET /console/commands/{command}`.
pub(in crate::http::pages) async fn show(visitor: Visitor, path: web::Path<String>) -> Page {
    let id: CommandId = path_id(&path, "command")?;
    let looker = visitor.clone();
    let revision = visitor.off_workers(move || async move { revision(&looker, id).await });
    if let Some(unchanged) = visitor.unchanged(&revision.await??) {
        return Ok(unchanged);
    }
    visitor
        .read(move |visitor| async move {
            let detail = commands::one(visitor.app(), visitor.by(), id).await?;
            Ok(command_page(&visitor, detail))
        })
        .await
}

/// What the page shows, in one word: it changes with the device and with time.
async fn revision(visitor: &Visitor, id: CommandId) -> Result<String, Problem> {
    let app = visitor.app();
    let device = visitor.by().device(app, id.device).await?;
    let tag = command_tag(&device, id.seq, &app.sync.policies(), app.now());
    Ok(tag.trim_matches('"').to_owned())
}

fn command_page(visitor: &Visitor, detail: CommandDetail) -> CommandPage {
    let app = visitor.app();
    let (policies, now) = (app.sync.policies(), app.now());
    let (id, device) = (detail.command.id, named(&detail.device));
    let state = commands::state_of(&detail.command, &detail.device, now);
    let open = detail.device.state.open(id.seq);
    let may_retry = open.is_some_and(|open| open.may_be_retried(state));
    let tag = command_tag(&detail.device, id.seq, &policies, now);
    let view = CommandView::detailed(detail, &policies, now);
    let more = view.detail;
    let (forecast, decisions) =
        more.map_or((None, Vec::new()), |more| (more.forecast, more.decisions));
    let (operates, is_open) = (may_operate(visitor), !state.is_final());
    let mut operations = Vec::new();
    operation_lines(&view.operations, "", &mut operations);
    let mut shell = visitor
        .shell(format!("#{} {} on {}", id.seq.0, view.name, device.1))
        .below(format!("/console/devices/{}", device.0), &*device.1);
    "/console/devices".clone_into(&mut shell.section);
    CommandPage {
        shell,
        id: view.id,
        number: id.seq.0,
        name: view.name,
        kind: view.kind.name(),
        state: StateBadge::new(view.state),
        reason: view.reason,
        warning: view.warning,
        actor: view.actor,
        queued_at: view.queued_at.0,
        priority: view.priority,
        not_before: view.not_before.map(|at| at.0),
        expires_at: view.expires_at.map(|at| at.0),
        app: view.app,
        after: view.after,
        serves: view.serves,
        attempts: view.attempts,
        forecast: forecast.map(outlook),
        operations,
        results: view.results.into_iter().map(result_line).collect(),
        history: view.history.into_iter().map(history_line).collect(),
        decisions: decision_lines(visitor, decisions),
        revision: tag.trim_matches('"').to_owned(),
        is_open,
        may_cancel: operates && is_open,
        may_retry: operates && may_retry,
        once: visitor.once(),
        device,
    }
}

fn outlook(forecast: ForecastView) -> Outlook {
    Outlook {
        text: forecast.text,
        modes: forecast.modes.iter().map(|mode| mode.name()).collect(),
        last_seen: forecast.last_seen.map(|at| at.0),
    }
}

fn result_line(result: ResultView) -> ResultLine {
    ResultLine {
        loc_uri: result.loc_uri,
        status: result.status,
        data: result.data,
        error: result.original_error,
    }
}

fn history_line(step: HistoryView) -> HistoryLine {
    HistoryLine {
        at: step.at.0,
        state: StateBadge::new(step.state),
        reason: step.reason,
    }
}

/// The decisions; what a session decided again is said once, with its latest time.
fn decision_lines(visitor: &Visitor, decisions: Vec<Decision>) -> Vec<DecisionLine> {
    let mut lines: Vec<DecisionLine> = Vec::new();
    for line in decisions.into_iter().map(|one| decision_line(visitor, one)) {
        let same = lines.last_mut().filter(|last| {
            let alike = DecisionLine {
                at: last.at,
                times: last.times,
                ..line.clone()
            };
            alike == **last
        });
        match same {
            Some(last) => last.times += 1,
            None => lines.push(line),
        }
    }
    lines
}

fn decision_line(visitor: &Visitor, decision: Decision) -> DecisionLine {
    let modes = decision.modes.unwrap_or_default();
    DecisionLine {
        at: decision.at.0,
        session: decision.session,
        times: 1,
        mode: decision.mode.name(),
        verdict: StateBadge::new(decision.verdict),
        rules: decision.rules,
        modes: modes.iter().map(|mode| mode.name()).collect(),
        policy_set: link(visitor, decision.policy_set),
    }
}

fn operation_lines(operations: &[OperationView], groups: &str, into: &mut Vec<OperationLine>) {
    for operation in operations {
        match operation {
            OperationView::Node(node) => into.push(OperationLine {
                groups: groups.to_owned(),
                verb: node.verb,
                loc_uri: node.loc_uri.clone(),
            }),
            OperationView::Group(group) => {
                let within = format!("{groups} {}", group.group);
                operation_lines(&group.operations, within.trim(), into);
            }
        }
    }
}

/// `GET /console/commands/{command}/cancel`: asks once more.
pub(in crate::http::pages) async fn ask_cancel(visitor: Visitor, path: web::Path<String>) -> Page {
    let id: CommandId = path_id(&path, "command")?;
    let detail = commands::one(visitor.app(), visitor.by(), id).await?;
    let state = commands::state_of(&detail.command, &detail.device, visitor.now());
    let (_, device) = named(&detail.device);
    let (name, here) = (&detail.command.body.name, format!("/console/commands/{id}"));
    let heading = format!("Cancel #{} {name}?", id.seq.0);
    page(&ConfirmPage {
        shell: visitor
            .shell(format!("Cancel #{} {name} on {device}", id.seq.0))
            .below(&*here, format!("#{} {name}", id.seq.0)),
        heading,
        text: match state {
            modegate_core::command::CommandState::Queued => {
                "It is taken out of the queue, and no session carries it any more.".to_owned()
            }
            _ => "It was sent already: the device may have done it, or may do it still.".to_owned(),
        },
        facts: vec![
            ("Device", device),
            ("State", StateBadge::new(state.name()).text()),
        ],
        action: format!("{here}/cancel"),
        button: "Cancel the command",
        once: visitor.once(),
        fields: Vec::new(),
        back: here,
    })
}

/// `POST /console/commands/{command}/cancel`.
pub(in crate::http::pages) async fn cancel(visitor: Visitor, path: web::Path<String>) -> Page {
    let id: CommandId = path_id(&path, "command")?;
    let place =
        move |_: &commands::DeviceCommand| format!("/console/commands/{id}?notice=cancelled");
    visitor
        .write(place, async |app, by, options| {
            commands::cancel(app, by, id, options).await
        })
        .await
}

/// `POST /console/commands/{command}/retry`.
pub(in crate::http::pages) async fn retry(visitor: Visitor, path: web::Path<String>) -> Page {
    let id: CommandId = path_id(&path, "command")?;
    let place = move |_: &commands::DeviceCommand| format!("/console/commands/{id}?notice=retried");
    visitor
        .write(place, async |app, by, options| {
            commands::retry(app, by, id, options).await
        })
        .await
}
