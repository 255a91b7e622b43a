//! `/tokens`.

use actix_web::web;
use schemars::JsonSchema;
use serde::Serialize;

use super::{ApiResponse, Body, Caller, HandlerResult, Id, Paging, page};
use crate::app::Listed;
use crate::app::input::Time;
use crate::app::tokens::{self, CreatedToken, NewToken};
use crate::app::word::Word;
use modegate_core::tokens::person::Person;
use modegate_core::tokens::{Role, Token, TokenId};

/// A token as the API shows it: never its text.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Token", extend("required" = ["id", "name", "role"]))]
pub(super) struct TokenView {
    id: String,
    name: String,
    role: Word<Role>,
    groups: Option<Vec<String>>,
    created_at: Time,
    created_by: String,
    expires_at: Option<Time>,
    /// The person that it acts for.
    person: Option<PersonView>,
}

/// A person for whom a token acts.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct PersonView {
    user: String,
    devices: Vec<String>,
}

impl From<&Person> for PersonView {
    fn from(person: &Person) -> Self {
        PersonView {
            user: person.user.clone(),
            devices: person.devices.iter().map(ToString::to_string).collect(),
        }
    }
}

/// A token that was just made, with its text: here and never again.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "CreatedToken", extend("required" = ["id", "name", "role", "token"]))]
pub(super) struct CreatedTokenView {
    #[serde(flatten)]
    of: TokenView,
    token: String,
}

impl From<&Token> for TokenView {
    fn from(token: &Token) -> Self {
        TokenView {
            id: token.id.to_string(),
            name: token.name.clone(),
            role: Word(token.role),
            groups: token.groups.clone(),
            created_at: Time(token.created_at),
            created_by: token.created_by.clone(),
            expires_at: token.expires_at.map(Time),
            person: token.person.as_ref().map(PersonView::from),
        }
    }
}

/// `POST /tokens`.
pub(super) async fn create(caller: Caller, Body(new): Body<NewToken>) -> HandlerResult {
    let render = |created: &CreatedToken| {
        let view = CreatedTokenView {
            of: TokenView::from(&created.token),
            token: created.text.reveal().to_owned(),
        };
        ApiResponse::created(format!("/api/v1/tokens/{}", view.of.id), &view)
    };
    caller
        .write(render, async |app, by, options| {
            tokens::create(app, by, new, options).await
        })
        .await
}

/// `GET /tokens`.
pub(super) async fn list(caller: Caller, paging: web::Query<Paging>) -> HandlerResult {
    caller
        .read(move |caller| async move {
            let all = tokens::list(caller.app()).await?;
            let listed = Listed::cut(all, paging.page()?);
            Ok(page(listed, |token| TokenView::from(&token)))
        })
        .await
}

/// `DELETE /tokens/{id}`.
pub(super) async fn revoke(caller: Caller, Id(id): Id<TokenId>) -> HandlerResult {
    caller
        .delete(async |app, by, options| tokens::revoke(app, by, id, options).await)
        .await
}
