//! `/tokens`.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::Answer;
use super::body::body;
use super::caller::Caller;
use super::page;
use crate::http::Shared;
use crate::http::problem::Problem;
use modegate_core::event::{Event, EventType};
use modegate_core::fields::{FieldError, Fields};
use modegate_core::limits;
use modegate_core::time::Timestamp;
use modegate_core::tokens::{BOOTSTRAP, NAME_BYTES, Role, Token, TokenDigest, TokenId};
use modegate_store::api::Write;

/// `POST /tokens`.
pub(super) async fn create(
    caller: Caller,
    payload: web::Payload,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let body = body(payload).await?;
    let (now, text) = (shared.now(), new_text());
    let token = read(&Fields::of(&body, "")?, &text, &caller.actor(), now)?;
    let detail = format!(
        "{} ({}{})",
        token.name,
        token.role.name(),
        if token.groups.is_some() {
            ", bound to groups"
        } else {
            ""
        }
    );
    let event = Event::new(now, caller.actor(), None, EventType::TokenCreated).detail(detail);
    let answer = move |token: &Token| {
        let mut shown = view(token);
        // Here and never again.
        shown["token"] = json!(text);
        Answer::created(format!("/api/v1/tokens/{}", token.id), None, &shown)
    };
    let write = Write::CreateToken {
        token,
        event,
        answer: Box::new(answer),
    };
    in_force(caller, write, shared).await
}

fn read(
    fields: &Fields<'_>,
    text: &str,
    created_by: &str,
    now: Timestamp,
) -> Result<Token, FieldError> {
    let name = fields.required("name", NAME_BYTES)?;
    if name == BOOTSTRAP {
        let expected = "another name than that of the file admin-token";
        return Err(FieldError::new("name", expected, format!("'{name}'")));
    }
    let role = Role::from_name(fields.required("role", NAME_BYTES)?).ok_or_else(|| {
        let names = Role::ALL.map(Role::name).join(", ");
        FieldError::new("role", format!("one of {names}"), "another")
    })?;
    let groups = fields.lines("groups", limits::DEVICE_LIST, limits::NAME_BYTES)?;
    if groups.as_ref().is_some_and(Vec::is_empty) {
        let expected = "at least one group, or no such field for all devices";
        return Err(FieldError::new("groups", expected, "an empty list"));
    }
    if groups.is_some() && role == Role::Admin {
        // Who makes tokens can make one for everything.
        let expected = "no groups, since an admin sees everything";
        return Err(FieldError::new("groups", expected, "some"));
    }
    let expires_at = fields.time("expires_at")?;
    if expires_at.is_some_and(|at| at <= now) {
        let found = "one that is past";
        return Err(FieldError::new("expires_at", "a time to come", found));
    }
    Ok(Token {
        id: TokenId(Uuid::now_v7()),
        name: name.to_owned(),
        role,
        groups,
        digest: TokenDigest::of(text),
        created_at: now,
        created_by: created_by.to_owned(),
        expires_at,
    })
}

/// Writes, and takes over what is in force now. To the end even if the caller goes
/// away meanwhile: a revoked token must not live on in memory.
async fn in_force(
    caller: Caller,
    write: Write,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let work = async move {
        let response = caller.write(&shared, write).await?;
        shared.refresh_tokens().await?;
        Ok(response)
    };
    let done = actix_web::rt::spawn(work).await;
    done.unwrap_or_else(|_| {
        let detail = "the write was given up; ask again";
        Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail))
    })
}

/// 32 random bytes from the system, so that nothing can be guessed.
fn new_text() -> String {
    let mut bytes = [0_u8; 32];
    // The system's generator does not fail once the machine is up.
    aws_lc_rs::rand::fill(&mut bytes).expect("the system's random numbers");
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("mdt_{digits}")
}

/// A token as the API shows it: never its text.
fn view(token: &Token) -> Value {
    json!({
        "id": token.id.to_string(),
        "name": token.name,
        "role": token.role.name(),
        "groups": token.groups,
        "created_at": token.created_at.to_string(),
        "created_by": token.created_by,
        "expires_at": token.expires_at.map(|at| at.to_string()),
    })
}

/// `GET /tokens`: all, since they are few.
pub(super) async fn list(_: Caller, shared: web::Data<Shared>) -> Result<HttpResponse, Problem> {
    let tokens = shared.store.tokens().await?;
    Ok(page(tokens.iter().map(view).collect(), None))
}

/// `DELETE /tokens/{id}`.
pub(super) async fn revoke(
    caller: Caller,
    path: web::Path<String>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let id = path.parse().map_err(|_| Problem::missing("token"))?;
    let write = Write::RevokeToken {
        id,
        event: Event::new(shared.now(), caller.actor(), None, EventType::TokenRevoked),
        answer: Box::new(|_| Answer::nothing()),
    };
    in_force(caller, write, shared).await
}
