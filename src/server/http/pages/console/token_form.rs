//! `/console/access/tokens/new`: a token, whose text is shown once.

use serde_json::{Map, Value};

use super::{Wrong, entered};
use crate::app::tokens::{self, CreatedToken, NewToken};
use crate::app::{AppError, WriteOptions, input};
use crate::http::pages::visitor::{again, page, render};
use crate::http::pages::{Form, Page, Visitor};
use modegate_core::tokens::Role;
use modegate_pages::console::access::TokenMadePage;
use modegate_pages::console::form::{Control, Entered, Input, Section, fill};
use modegate_pages::console::form_page::FormPage;
use modegate_store::api::Keep;

/// `GET /console/access/tokens/new`.
pub(in crate::http::pages) async fn new(visitor: Visitor) -> Page {
    page(&form_page(&visitor, &Entered::default(), None))
}

/// `POST /console/access/tokens/new`. The text is on the page that answers and nowhere else:
/// the same form sent again makes no second token and shows none.
pub(in crate::http::pages) async fn create(visitor: Visitor, form: Form) -> Page {
    let entered = entered(&form);
    match make(&visitor, &entered).await {
        Ok(made) => page(&TokenMadePage {
            shell: visitor
                .shell(format!("Token {}", made.token.name))
                .below("/console/access", "Access"),
            name: made.token.name.clone(),
            text: made.text.reveal().to_owned(),
        }),
        Err(error) => {
            let wrong = Wrong::from_error(error)?;
            let status = wrong.status;
            let page = form_page(&visitor, &entered, Some(wrong));
            Ok(again(status, render(&page)?))
        }
    }
}

async fn make(visitor: &Visitor, entered: &Entered) -> Result<CreatedToken, AppError> {
    let new = input::read::<NewToken>(&value(entered))?;
    let keep = visitor.once.clone().map(|key| Keep {
        key,
        render: Box::new(|_: &CreatedToken| b"/console/access?notice=made-already".to_vec()),
    });
    let options = WriteOptions {
        expected: None,
        keep,
    };
    tokens::create(visitor.app(), visitor.by(), new, options).await
}

/// What was entered, as the API takes it; what is empty is left out.
fn value(entered: &Entered) -> Value {
    let mut fields = Map::new();
    for name in ["name", "role", "expires_at"] {
        let text = entered.text(name);
        if !text.is_empty() {
            fields.insert(name.to_owned(), text.into());
        }
    }
    let groups = entered.lines("groups");
    if !groups.is_empty() {
        fields.insert("groups".to_owned(), groups.into());
    }
    Value::Object(fields)
}

fn form_page(visitor: &Visitor, entered: &Entered, wrong: Option<Wrong>) -> FormPage {
    let roles = Role::ALL.map(|role| role.name().to_owned()).to_vec();
    let mut sections = vec![Section::plain(vec![
        Input::line("name", "Name", "How the log names its holder").required(),
        Input::line(
            "role",
            "Role",
            "admin: everything; operator: devices and commands; auditor: reads; portal: installs",
        )
        .by(Control::Choice(roles))
        .required(),
        Input::line(
            "groups",
            "Groups",
            "The device groups that it is bound to, one a line; all devices if empty",
        )
        .by(Control::Text),
        Input::line(
            "expires_at",
            "Expires",
            "A time such as 2027-01-31T00:00:00Z; never if empty",
        ),
    ])];
    let (fields, mut faults) =
        wrong.map_or_else(Default::default, |wrong| (wrong.fields, wrong.rest));
    faults.extend(fill(&mut sections, entered, &fields));
    let heading = "Make a token";
    let title = match faults.is_empty() {
        true => heading.to_owned(),
        false => format!("Error: {heading}"),
    };
    FormPage {
        shell: visitor.shell(title).below("/console/access", "Access"),
        heading: heading.to_owned(),
        action: "/console/access/tokens/new".to_owned(),
        button: "Make the token",
        once: visitor.once(),
        sections,
        faults,
        back: "/console/access",
    }
}
