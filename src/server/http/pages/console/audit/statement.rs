//! `GET /console/audit/statement`: the statement of the Machine mode.

use actix_web::web;
use serde::Deserialize;

use super::query::instant;
use crate::app::audit::{self, Sealed, Statement};
use crate::http::pages::console::command_id;
use crate::http::pages::visitor::page;
use crate::http::pages::{Page, Visitor};
use crate::http::problem::Problem;
use modegate_core::audit::report::Period;
use modegate_core::context::Mode;
use modegate_core::fields::quoted;
use modegate_pages::console::audit::entry::CheckpointFacts;
use modegate_pages::console::audit::statement::{Counted, StatementPage};

/// Which period.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::http::pages) struct PeriodQuery {
    pub(super) from: String,
    pub(super) to: String,
}

impl PeriodQuery {
    /// The period; days are included whole.
    pub(super) fn period(&self) -> Result<Period, Problem> {
        let (from, to) = (instant("from", &self.from)?, instant("to", &self.to)?);
        let period = Period {
            from: from.map_or(Period::WHOLE.from, |from| from.from),
            to: to.map_or(Period::WHOLE.to, |to| to.to),
        };
        match period.from < period.to {
            true => Ok(period),
            false => {
                let expected = "a time that is not before the beginning";
                Err(Problem::field("to", expected, quoted(&self.to)))
            }
        }
    }
}

/// The command that makes the report of a period in this form.
pub(super) fn report_command(period: &Period, form: &str) -> String {
    match *period == Period::WHOLE {
        true => format!("modegate audit report EXPORT {form}"),
        false => format!("modegate audit report EXPORT --period {period} {form}"),
    }
}

/// `GET /console/audit/statement?from=&to=`.
pub(in crate::http::pages) async fn show(visitor: Visitor, query: web::Query<PeriodQuery>) -> Page {
    let (period, query) = (query.period()?, query.into_inner());
    let (app, by) = (visitor.app(), visitor.by());
    let counted = match by.sees_all() {
        true => {
            let found = audit::statement(app, by, period).await?;
            let sealed = audit::sealed(app).await?;
            Some(counted(found, sealed, &period))
        }
        false => None,
    };
    let shell = visitor.shell("Machine-mode statement");
    page(&StatementPage {
        shell: shell.below("/console/audit", "Audit log"),
        from: query.from,
        to: query.to,
        counted,
    })
}

fn counted(found: Statement, sealed: Sealed, period: &Period) -> Counted {
    let Statement {
        counted,
        stopped_at,
        places,
    } = found;
    let machine = &counted.machine;
    let breaches = machine.breaches.iter().map(|breach| {
        let command = command_id(breach.device, breach.command);
        (breach.device.to_string(), command, breach.kind.name())
    });
    let of = |mode: Mode| counted.sessions.get(mode.name()).copied().unwrap_or(0);
    let last = places.map_or(0, |(_, last)| last);
    Counted {
        span: counted.first.zip(counted.last),
        places,
        stopped_at: stopped_at.map(|place| (place, audit::STATEMENT_EVENTS)),
        events: counted.events,
        exchanges: counted.exchanges,
        devices: counted.devices(),
        sessions: Mode::ALL.map(|mode| (mode, of(mode))).into(),
        machine_sessions: machine.sessions,
        version_1: machine.version_1,
        carried: machine
            .carried
            .iter()
            .map(|(kind, n)| (*kind, *n))
            .collect(),
        others: machine.others,
        breaches: breaches.collect(),
        guard_stops: machine.guard_stops,
        policy_sets: counted.policy_sets.iter().cloned().collect(),
        is_sealed: sealed.covers(last),
        checkpoint: sealed.newest.map(|newest| CheckpointFacts {
            size: newest.size,
            root: newest.root.base64(),
            at: newest.at,
        }),
        command: report_command(period, "--html report.html"),
    }
}
