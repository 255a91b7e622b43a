//! Signing in by an identity provider: what begins it, and who comes back.

use std::sync::Arc;

use url::Url;

use super::web_sessions::NewSession;
use super::{App, AppError, persons};
use crate::oidc::{Claims, IdentityProvider, ReturnQuery, SignInFault, SignInState};
use modegate_core::tokens::Role;
use modegate_core::tokens::person::Person;
use modegate_core::web_session::{SessionDigest, Subject, Surface};

/// How the log names this way to sign in.
const BY: &str = "OpenID Connect";

/// Who signs in, and where: the site, and the digest of the browser's key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Visit {
    /// The site.
    pub(crate) surface: Surface,
    /// The digest of the key that the browser has while it signs in.
    pub(crate) browser: SessionDigest,
}

/// Somebody who came back.
pub(crate) struct Returned {
    /// Their session, for a key that is not theirs yet.
    pub(crate) session: NewSession,
    /// The page to go to.
    pub(crate) to: String,
}

/// Where to send a browser to sign in. Afterwards it comes back to the path `return_to` of this
/// server, and goes on to the page `to`.
pub(crate) async fn begin(
    app: &App,
    visit: Visit,
    to: &str,
    return_to: &str,
) -> Result<Result<Url, SignInFault>, AppError> {
    let provider = provider(app)?;
    let seed = app.random();
    let state = SignInState::new(visit.surface, visit.browser, to, seed, app.now());
    let Ok(sealed) = state.seal(&app.keys) else {
        let why = "the state could not be sealed".to_owned();
        return Ok(Err(SignInFault::Unavailable(why)));
    };
    let return_to = address(app, return_to);
    Ok(provider
        .authorization_url(&state, &sealed, &return_to)
        .await)
}

/// Who comes back to the path `return_to`.
pub(crate) async fn finish(
    app: &Arc<App>,
    visit: Visit,
    query: &ReturnQuery,
    return_to: &str,
) -> Result<Result<Returned, SignInFault>, AppError> {
    let (provider, now) = (provider(app)?, app.now());
    let whose = (visit.surface, visit.browser);
    let state = SignInState::take(&query.state, &app.keys, &provider.used, whose, now);
    let state = match state {
        Ok(state) => state,
        Err(fault) => return Ok(Err(SignInFault::State(fault))),
    };
    let return_to = address(app, return_to);
    let claims = match provider.claims(&state, query, &return_to, now).await {
        Ok(claims) => claims,
        Err(fault) => return Ok(Err(fault)),
    };
    let session = match visit.surface {
        Surface::Console => in_console(provider, visit, &claims),
        Surface::Portal => in_portal(app, visit, &claims).await?,
    };
    Ok(session.map(|session| Returned {
        session,
        to: state.to,
    }))
}

/// In the console a claim decides on the role.
fn in_console(
    provider: &IdentityProvider,
    visit: Visit,
    claims: &Claims,
) -> Result<NewSession, SignInFault> {
    let Some(found) = claims.role(&provider.roles) else {
        return Err(SignInFault::NoRole(claims.seen(&provider.roles)));
    };
    // Whoever has no verified name is told apart by what the provider calls them.
    let user = claims.users().into_iter().next();
    let user = user.unwrap_or_else(|| format!("subject {}", claims.subject()));
    let person = Person {
        user,
        devices: Vec::new(),
    };
    Ok(NewSession {
        key: visit.browser,
        surface: Surface::Console,
        subject: Subject::Person(person.id()),
        name: person.user,
        role: found.role,
        groups: (!found.groups.is_empty()).then(|| found.groups.clone()),
        person: None,
        by: BY,
    })
}

/// In the portal a person has the devices that are registered for them.
async fn in_portal(
    app: &App,
    visit: Visit,
    claims: &Claims,
) -> Result<Result<NewSession, SignInFault>, AppError> {
    let users = claims.users();
    let Some(first) = users.first().cloned() else {
        return Ok(Err(SignInFault::NoUser));
    };
    for user in users {
        if let Some(person) = persons::of_user(app, &user).await? {
            return Ok(Ok(NewSession {
                key: visit.browser,
                surface: Surface::Portal,
                subject: Subject::Person(person.id()),
                name: person.user.clone(),
                role: Role::Portal,
                groups: None,
                person: Some(person),
                by: BY,
            }));
        }
    }
    Ok(Err(SignInFault::NoDevice(first)))
}

fn provider(app: &App) -> Result<&IdentityProvider, AppError> {
    app.provider
        .as_ref()
        .ok_or_else(|| AppError::missing("page"))
}

/// A path of this server as the provider knows it.
fn address(app: &App, path: &str) -> String {
    let base = app.web_url.get().map_or("", String::as_str);
    format!("{base}{path}")
}
