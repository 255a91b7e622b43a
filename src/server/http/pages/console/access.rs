//! `/console/access`: tokens, and who is signed in. `/console/me`: who looks.

use actix_web::web;
use serde::Deserialize;

use super::path_id;
use crate::app::{tokens, web_sessions};
use crate::http::pages::visitor::{page, see_other};
use crate::http::pages::{Page, Visitor};
use crate::http::problem::Problem;
use modegate_core::tokens::{Token, TokenId};
use modegate_core::web_session::{Subject, WebSession, WebSessionId};
use modegate_pages::console::access::{AccessPage, MePage, SessionRow, TokenRow};
use modegate_pages::console::confirm::ConfirmPage;

const PER_PAGE: usize = 50;

/// Where the list of sessions goes on.
#[derive(Debug, Deserialize)]
pub(in crate::http::pages) struct After {
    #[serde(default)]
    after: String,
}

/// `GET /console/access`.
pub(in crate::http::pages) async fn show(visitor: Visitor, query: web::Query<After>) -> Page {
    visitor
        .read(move |visitor| async move {
            let app = visitor.app();
            let before = query
                .after
                .parse()
                .ok()
                .filter(|place| i64::try_from(*place).is_ok());
            let is_later = before.is_some();
            let before = before.unwrap_or(i64::MAX.unsigned_abs());
            let sessions = web_sessions::list(app, None, before, PER_PAGE).await?;
            let last = sessions.last().filter(|_| sessions.len() == PER_PAGE);
            let tokens = tokens::list(app).await?;
            Ok(AccessPage {
                shell: visitor.shell("Access"),
                tokens: tokens.iter().map(token_row).collect(),
                is_later,
                next: last.map(|(number, _)| *number),
                sessions: session_rows(&visitor, &sessions, true),
                base: "access",
            })
        })
        .await
}

fn token_row(token: &Token) -> TokenRow {
    let scope = match (&token.groups, &token.person) {
        (_, Some(person)) => format!("the devices of {}", person.user),
        (Some(groups), None) => groups.join(", "),
        (None, None) => "all devices".to_owned(),
    };
    TokenRow {
        id: token.id.to_string(),
        name: token.name.clone(),
        role: token.role.name(),
        scope,
        created_by: token.created_by.clone(),
        created_at: token.created_at,
        expires_at: token.expires_at,
    }
}

fn session_rows(
    visitor: &Visitor,
    sessions: &[(u64, WebSession)],
    may_end_all: bool,
) -> Vec<SessionRow> {
    let rows = sessions.iter().map(|(_, session)| SessionRow {
        id: session.id.to_string(),
        name: session.name.clone(),
        surface: session.surface.name(),
        role: session.role.name(),
        made_at: session.made_at,
        seen_at: session.seen_at,
        ends_at: session.ends_unused_at(),
        is_own: session.id == visitor.session.id,
        end_all: may_end_all.then(|| end_all_address(session.subject)),
    });
    rows.collect()
}

/// `GET /console/access/tokens/{token}/revoke`: asks once more.
pub(in crate::http::pages) async fn ask_revoke(visitor: Visitor, path: web::Path<String>) -> Page {
    let id: TokenId = path_id(&path, "token")?;
    let tokens = tokens::list(visitor.app()).await?;
    let token = tokens.into_iter().find(|token| token.id == id);
    let token = token.ok_or_else(|| Problem::missing("token"))?;
    page(&ConfirmPage {
        shell: visitor
            .shell(format!("Revoke the token {}", token.name))
            .below("/console/access", "Access"),
        heading: format!("Revoke the token {}?", token.name),
        text: "It is refused from now on, and whoever signed in with it is signed out.".to_owned(),
        facts: vec![
            ("Name", token.name.clone()),
            ("Role", token.role.name().to_owned()),
        ],
        action: format!("/console/access/tokens/{id}/revoke"),
        button: "Revoke the token",
        once: visitor.once(),
        fields: Vec::new(),
        back: "/console/access".to_owned(),
    })
}

/// `POST /console/access/tokens/{token}/revoke`.
pub(in crate::http::pages) async fn revoke(visitor: Visitor, path: web::Path<String>) -> Page {
    let id: TokenId = path_id(&path, "token")?;
    let place = |_: &Token| "/console/access?notice=revoked".to_owned();
    visitor
        .write(place, async |app, by, options| {
            tokens::revoke(app, by, id, options).await
        })
        .await
}

/// `POST /console/access/sessions/{session}/end`.
pub(in crate::http::pages) async fn end(visitor: Visitor, path: web::Path<String>) -> Page {
    let id: WebSessionId = path_id(&path, "session")?;
    web_sessions::end(visitor.app(), visitor.by(), id).await?;
    Ok(see_other("/console/access?notice=ended"))
}

/// Where all sessions of a subject are ended.
fn end_all_address(subject: Subject) -> String {
    format!("/console/access/subjects/{}/end", subject.name())
}

/// `GET /console/access/subjects/{subject}/end`: asks once more.
pub(in crate::http::pages) async fn ask_end_all(visitor: Visitor, path: web::Path<String>) -> Page {
    let subject: Subject = path_id(&path, "session")?;
    let found = web_sessions::of_subject(visitor.app(), subject).await?;
    let (name, sessions) = found.ok_or_else(|| Problem::missing("session"))?;
    let has_own = sessions.iter().any(|one| one.id == visitor.session.id);
    let own = match has_own {
        true => " Yours is one of them: you sign in again afterwards.",
        false => "",
    };
    page(&ConfirmPage {
        shell: visitor
            .shell(format!("End all sessions of {name}"))
            .below("/console/access", "Access"),
        heading: format!("End all sessions of {name}?"),
        text: format!("Whoever is signed in so is signed out, and may sign in again.{own}"),
        facts: vec![("Signed in", sessions.len().to_string())],
        action: end_all_address(subject),
        button: "End all of them",
        once: visitor.once(),
        fields: Vec::new(),
        back: "/console/access".to_owned(),
    })
}

/// `POST /console/access/subjects/{subject}/end`.
pub(in crate::http::pages) async fn end_all(visitor: Visitor, path: web::Path<String>) -> Page {
    let subject: Subject = path_id(&path, "session")?;
    web_sessions::end_all(visitor.app(), visitor.by(), subject).await?;
    Ok(see_other("/console/access?notice=ended"))
}

/// `GET /console/me`.
pub(in crate::http::pages) async fn me(visitor: Visitor) -> Page {
    visitor
        .read(|visitor| async move {
            let (session, by) = (&visitor.session, visitor.by());
            let last = i64::MAX.unsigned_abs();
            let own = web_sessions::list(visitor.app(), Some(session.subject), last, PER_PAGE);
            let own = own.await?;
            let groups = by.groups().map(|groups| groups.join(", "));
            Ok(MePage {
                shell: visitor.shell("You").below("/console", "Home"),
                facts: vec![
                    ("Name", session.name.clone()),
                    ("Role", by.role().name().to_owned()),
                    ("Groups", groups.unwrap_or_else(|| "all devices".to_owned())),
                    ("In the log", by.actor()),
                ],
                sessions: session_rows(&visitor, &own, false),
                base: "me",
            })
        })
        .await
}

/// `POST /console/me/sessions/{session}/end`: one of those of who looks.
pub(in crate::http::pages) async fn end_own(visitor: Visitor, path: web::Path<String>) -> Page {
    let id: WebSessionId = path_id(&path, "session")?;
    let (app, last) = (visitor.app(), i64::MAX.unsigned_abs());
    let subject = Some(visitor.session.subject);
    let own = web_sessions::list(app, subject, last, PER_PAGE).await?;
    if !own.iter().any(|(_, session)| session.id == id) {
        return Err(Problem::missing("session"));
    }
    web_sessions::end(app, visitor.by(), id).await?;
    Ok(see_other("/console/me?notice=ended"))
}
