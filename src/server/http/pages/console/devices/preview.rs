//! `GET /console/devices/{id}/preview`: what a session would carry now.

use actix_web::web;
use serde::Deserialize;

use super::{command_id, head, shell};
use crate::app::commands::{self, Previewed};
use crate::http::api::PathId;
use crate::http::pages::{Page, Visitor};
use crate::http::problem::Problem;
use modegate_core::context::{Context, Login, Mode, Platform};
use modegate_core::fields::quoted;
use modegate_core::ids::DeviceId;
use modegate_core::session::preview::PreviewHold;
use modegate_pages::console::devices::preview::{ContextPreview, PreviewPage, PreviewRow};

/// Which contexts.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::http::pages) struct PreviewQuery {
    mode: String,
    login: String,
}

impl PreviewQuery {
    /// Each mode with its usual login status, or what was asked for.
    fn contexts(&self) -> Result<Vec<Context>, Problem> {
        let modes = match self.mode.as_str() {
            "" => Mode::ALL.to_vec(),
            name => {
                let expected = "Machine, Maintenance, Apps or Unspecified";
                let wrong = || Problem::field("mode", expected, quoted(name));
                vec![Mode::from_name(name).ok_or_else(wrong)?]
            }
        };
        let login = match self.login.as_str() {
            "" => None,
            name => {
                let expected = "user, others, none or absent";
                let wrong = || Problem::field("login", expected, quoted(name));
                Some(Login::from_name(name).ok_or_else(wrong)?)
            }
        };
        let context = |mode| Context {
            mode,
            platform: Platform::WoA,
            login: login.unwrap_or(match mode {
                Mode::Machine => Login::None,
                Mode::Maintenance | Mode::Apps => Login::User,
                Mode::Unspecified => Login::Absent,
            }),
        };
        Ok(modes.into_iter().map(context).collect())
    }
}

/// `GET /console/devices/{id}/preview`.
pub(in crate::http::pages) async fn show(
    visitor: Visitor,
    PathId(id): PathId<DeviceId>,
    query: web::Query<PreviewQuery>,
) -> Page {
    let contexts = query.contexts()?;
    visitor
        .read(move |visitor| async move {
            let mut previews = Vec::new();
            for context in contexts {
                let found = commands::preview(visitor.app(), visitor.by(), id, context).await?;
                previews.push(preview(id, context, &found));
            }
            let device = visitor.by().device(visitor.app(), id).await?;
            let asked =
                |name: &'static str, wanted: &str| (name, name.eq_ignore_ascii_case(wanted));
            let policies = visitor.app().sync.policies();
            Ok(PreviewPage {
                shell: shell(&visitor, &device, "/preview"),
                head: head(&visitor, &device, "/preview").await?,
                modes: Mode::ALL.map(|mode| asked(mode.name(), &query.mode)).into(),
                logins: Login::ALL
                    .map(|login| asked(login.name(), &query.login))
                    .into(),
                contexts: previews,
                policy_set: policies.digest().to_owned(),
            })
        })
        .await
}

fn preview(id: DeviceId, context: Context, found: &Previewed) -> ContextPreview {
    let deliver = found.preview.deliver.iter().map(|entry| PreviewRow {
        seq: entry.command.0,
        id: command_id(id, entry.command.0),
        kind: entry.kind.name(),
        rules: entry.rules.clone(),
        modes: Vec::new(),
        goes: None,
    });
    let hold = |entry: &PreviewHold| PreviewRow {
        seq: entry.command.0,
        id: command_id(id, entry.command.0),
        kind: entry.kind.name(),
        rules: entry.rules.clone(),
        modes: entry.modes.clone(),
        goes: found.forecast(entry.command).map(|forecast| forecast.text),
    };
    ContextPreview {
        mode: context.mode,
        login: context.login.name(),
        deliver: deliver.collect(),
        withhold: found.preview.withhold.iter().map(hold).collect(),
        refuse: found.preview.refuse.iter().map(hold).collect(),
    }
}
