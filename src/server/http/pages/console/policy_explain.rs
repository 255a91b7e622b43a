//! `/console/policies/explain`: a decision and its rules.

use actix_web::web;

use crate::http::pages::{Page, Visitor};
use modegate_core::context::{Context, Family, Login, Mode, Platform};
use modegate_core::fields::{FieldError, quoted};
use modegate_core::kind::Kind;
use modegate_core::policy::PolicySet;
use modegate_core::policy::explain::{Question, explain};
use modegate_pages::console::form::{Control, Entered, Fault, Input, Section, fill};
use modegate_pages::console::policies::{ExplainPage, ExplainedDecision};
use modegate_wire::message::Verb;

const VERBS: [&str; 5] = ["Add", "Replace", "Delete", "Get", "Exec"];

/// `GET /console/policies/explain`.
pub(in crate::http::pages) async fn show(
    visitor: Visitor,
    query: web::Query<Vec<(String, String)>>,
) -> Page {
    visitor.by().unbound()?;
    let entered = Entered(query.into_inner());
    visitor
        .read(move |visitor| async move {
            let mut sections = vec![Section::plain(inputs())];
            let (mut answer, mut rest, mut fields) = (None, Vec::new(), Vec::new());
            if !entered.text("kind").is_empty() || !entered.text("mode").is_empty() {
                match answered(&visitor.app().sync.policies(), &entered) {
                    Ok(Ok(found)) => answer = Some(found),
                    Ok(Err(why)) => rest.push(Fault::of_all(why)),
                    Err(faults) => fields = faults,
                }
            }
            rest.extend(fill(&mut sections, &entered, &fields));
            Ok(ExplainPage {
                shell: visitor
                    .shell("Explain a decision")
                    .below("/console/policies", "Policies"),
                sections,
                faults: rest,
                answer,
            })
        })
        .await
}

/// The word in a field; `usual` where there is none.
fn word<T>(
    entered: &Entered,
    name: &str,
    usual: Option<T>,
    from_name: impl Fn(&str) -> Option<T>,
    faults: &mut Vec<FieldError>,
) -> Option<T> {
    let text = entered.text(name);
    if text.is_empty() && usual.is_some() {
        return usual;
    }
    let found = from_name(&text);
    if found.is_none() {
        faults.push(FieldError::new(
            name,
            "one of the words of the list",
            quoted(&text),
        ));
    }
    found
}

/// The answer; or why no command can be what was asked for; or what is wrong with the question.
fn answered(
    set: &PolicySet,
    entered: &Entered,
) -> Result<Result<ExplainedDecision, String>, Vec<FieldError>> {
    let mut faults = Vec::new();
    let mode = word(entered, "mode", None, Mode::from_name, &mut faults);
    let kind = word(entered, "kind", None, Kind::from_name, &mut faults);
    let family = word(
        entered,
        "family",
        Some(Family::Windows81),
        Family::from_name,
        &mut faults,
    );
    let login = word(
        entered,
        "login",
        Some(Login::User),
        Login::from_name,
        &mut faults,
    );
    let platform = |text: &str| Platform::ALL.into_iter().find(|one| one.name() == text);
    let platform = word(
        entered,
        "platform",
        Some(Platform::WoA),
        platform,
        &mut faults,
    );
    let verb = |text: &str| Verb::from_name(text).map(Some);
    let verb = word(entered, "verb", Some(None), verb, &mut faults);
    let (Some(mode), Some(kind), Some(family), Some(login), Some(platform), Some(verb)) =
        (mode, kind, family, login, platform, verb)
    else {
        return Err(faults);
    };
    let groups = entered.lines("groups");
    let app = Some(entered.text("app")).filter(|app| !app.is_empty());
    let asked = Question {
        context: Context {
            mode,
            platform,
            login,
        },
        family,
        groups: &groups,
        app: app.as_deref(),
        kind,
        verb,
        class: None,
    };
    Ok(answer(set, &asked))
}

/// The answer, or why no command can be what was asked for.
fn answer(set: &PolicySet, asked: &Question<'_>) -> Result<ExplainedDecision, String> {
    let found = explain(set, asked).map_err(|none| none.to_string())?;
    let modes: Vec<&str> = found.modes.iter().map(|mode| mode.name()).collect();
    let rules = found.rules.into_iter();
    Ok(ExplainedDecision {
        verdict: found.verdict,
        rules: rules
            .map(|rule| (rule.id.to_string(), rule.at, rule.says.unwrap_or_default()))
            .collect(),
        modes: modes.join(", "),
        command: format!("{} of {} ({})", found.verb, asked.kind.name(), found.class),
        varies: found.varies,
    })
}

fn inputs() -> Vec<Input> {
    let choice = |name: &str, label: &str, hint: &str, words: Vec<&str>| {
        let words = words.into_iter().map(str::to_owned).collect();
        Input::line(name, label, hint).by(Control::Choice(words))
    };
    vec![
        choice("mode", "Mode", "", Mode::ALL.map(Mode::name).into()).required(),
        choice("kind", "Kind", "", Kind::ALL.map(Kind::name).into()).required(),
        choice(
            "family",
            "Family",
            "windows81 if empty",
            Family::ALL.map(Family::name).into(),
        ),
        choice(
            "login",
            "Who is logged on",
            "user if empty",
            Login::ALL.map(Login::name).into(),
        ),
        choice(
            "platform",
            "Platform",
            "WoA if empty",
            Platform::ALL.map(Platform::name).into(),
        ),
        choice(
            "verb",
            "Verb",
            "The kind's usual one if empty",
            VERBS.into(),
        ),
        Input::line("groups", "Groups", "Groups of the device, one a line").by(Control::Text),
        Input::line("app", "App", "The id of the catalogue app that it installs"),
    ]
}
