//! `/console/policies/try`: what another file would decide otherwise. Changes nothing.

use actix_web::http::StatusCode;
use serde_json::json;

use super::{Wrong, entered};
use crate::app::policies::{self, PolicyTryOut};
use crate::app::{AppError, input};
use crate::http::pages::visitor::{again, html, page, render};
use crate::http::pages::{Form, Page, Visitor};
use modegate_core::policy::warning::warnings;
use modegate_core::policy::{PolicySet, diff};
use modegate_pages::console::form::{Control, Entered, Input, Section, fill};
use modegate_pages::console::policies::{Tried, TryPage};

/// `GET /console/policies/try`.
pub(in crate::http::pages) async fn show(visitor: Visitor) -> Page {
    visitor.by().unbound()?;
    page(&try_page(&visitor, &Entered::default(), None, None))
}

/// `POST /console/policies/try`.
pub(in crate::http::pages) async fn tried(visitor: Visitor, form: Form) -> Page {
    visitor.by().unbound()?;
    let entered = entered(&form);
    match look(&visitor, &entered).await {
        Ok(tried) => Ok(html(render(&try_page(
            &visitor,
            &entered,
            None,
            Some(tried),
        ))?)),
        Err(error) => {
            let wrong = Wrong::from_error(error)?;
            let page = try_page(&visitor, &entered, Some(wrong), None);
            Ok(again(StatusCode::UNPROCESSABLE_ENTITY, render(&page)?))
        }
    }
}

/// The files of the set in force, with what was entered in the place of the file of its name or
/// beside the others.
fn files(set: &PolicySet, entered: &Entered) -> Vec<(String, String)> {
    let name = entered.text("name");
    let others = set.files().iter().filter(|(other, _)| *other != name);
    let others = others.cloned();
    others
        .chain([(name.clone(), entered.exact("text"))])
        .collect()
}

async fn look(visitor: &Visitor, entered: &Entered) -> Result<Tried, AppError> {
    let app = visitor.app();
    let current = app.sync.policies();
    let files = files(&current, entered);
    let listed = files
        .iter()
        .map(|(name, text)| json!({"name": name, "text": text}));
    let asked = json!({"files": listed.collect::<Vec<_>>()});
    let asked = input::read::<PolicyTryOut>(&asked)?;
    let result = policies::try_out(app, visitor.by(), asked).await?;
    let compared = app.work.run(visitor.by().token_id(), move || async move {
        let set = PolicySet::from_texts(files).ok()?;
        let told = warnings(&set).iter().map(ToString::to_string).collect();
        Some((diff::text(&diff::diff(&current, &set)), told))
    });
    let (differences, warnings) = compared.await?.unwrap_or_default();
    let (outcome, exchanges) = (result.outcome, result.exchanges);
    let recorded = outcome.differences.into_iter().map(|one| {
        let rules: Vec<String> = one.rules.iter().map(ToString::to_string).collect();
        (
            one.command,
            one.kind.name(),
            one.was,
            one.now,
            rules.join(", "),
        )
    });
    Ok(Tried {
        differences,
        warnings,
        recorded: recorded.collect(),
        counts: vec![
            ("Exchanges", exchanges),
            ("Decisions", outcome.looked_at),
            ("As they were", outcome.same),
            ("Would go", outcome.would_go),
            ("Would no longer go", outcome.would_no_longer_go),
            ("Would wait instead of being refused", outcome.would_wait),
            ("Would be refused", outcome.would_be_refused),
        ],
        stopped_early: result.stopped_early,
    })
}

fn try_page(
    visitor: &Visitor,
    entered: &Entered,
    wrong: Option<Wrong>,
    tried: Option<Tried>,
) -> TryPage {
    let hint = "A file of the set in force is replaced; any other name is added to them";
    let mut sections = vec![Section::plain(vec![
        Input::line("name", "File", hint).required(),
        Input::line("text", "Text", "TOML, at most 256 KiB with all the form")
            .by(Control::Text)
            .required(),
    ])];
    let (fields, mut faults) =
        wrong.map_or_else(Default::default, |wrong| (wrong.fields, wrong.rest));
    faults.extend(fill(&mut sections, entered, &fields));
    let title = match faults.is_empty() {
        true => "Try a policy file",
        false => "Error: Try a policy file",
    };
    TryPage {
        shell: visitor.shell(title).below("/console/policies", "Policies"),
        sections,
        faults,
        tried,
    }
}
