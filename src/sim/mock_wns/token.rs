//! The token services, both forms.

use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

use super::reply::Reply;
use super::state::{Form, MockState, Shared};
use super::wire;

pub(super) async fn legacy(
    request: HttpRequest,
    body: web::Bytes,
    shared: web::Data<Shared>,
) -> HttpResponse {
    answer(Form::Legacy, &request, &body, &shared).await
}

pub(super) async fn entra(
    request: HttpRequest,
    body: web::Bytes,
    shared: web::Data<Shared>,
) -> HttpResponse {
    answer(Form::Entra, &request, &body, &shared).await
}

async fn answer(form: Form, request: &HttpRequest, body: &[u8], shared: &Shared) -> HttpResponse {
    let scripted = shared.change(|state| {
        state.token_requests += 1;
        if state.stopped {
            return Some(Reply::HangsUp);
        }
        state.token_script.pop_front()
    });
    if let Some(reply) = scripted
        && let Some(played) = wire::play(reply, request).await
    {
        return played;
    }
    if request.method() != Method::POST {
        return HttpResponse::MethodNotAllowed().finish();
    }
    match shared.change(|state| grant(state, form, request, body)) {
        Ok(granted) => HttpResponse::Ok().json(granted),
        Err((error, why)) => {
            let refusal = json!({"error": error, "error_description": why});
            HttpResponse::BadRequest().json(refusal)
        }
    }
}

type Refusal = (&'static str, &'static str);

fn grant(
    state: &mut MockState,
    form: Form,
    request: &HttpRequest,
    body: &[u8],
) -> Result<Value, Refusal> {
    let media = request.headers().get("content-type");
    if media.is_none_or(|media| media != "application/x-www-form-urlencoded") {
        return Err(("invalid_request", "expected form data in the body"));
    }
    let fields: Vec<(String, String)> = serde_urlencoded::from_bytes(body)
        .map_err(|_| ("invalid_request", "the body is not form data"))?;
    let field = |name: &str| {
        let mut of_it = fields.iter().filter(|(known, _)| known == name);
        match (of_it.next(), of_it.next()) {
            (Some((_, value)), None) => value.as_str(),
            _ => "",
        }
    };
    if field("grant_type") != "client_credentials" {
        return Err(("unsupported_grant_type", "only client_credentials is taken"));
    }
    let scope = match form {
        Form::Legacy => "notify.windows.com",
        Form::Entra => "https://wns.windows.com/.default",
    };
    if field("scope") != scope {
        return Err(("invalid_scope", "that is not the scope of notifications"));
    }
    let id = field("client_id");
    let known = state.apps.values().find(|known| known.app.client_id == id);
    let app = known.map(|known| &known.app);
    let app = app.ok_or(("invalid_client", "Invalid client id"))?;
    if app.form != form {
        return Err((
            "invalid_request",
            "this app belongs to the other token service",
        ));
    }
    if app.secret != field("client_secret") {
        return Err(("invalid_client", "the secret is another"));
    }
    let (pfn, life) = (app.pfn.clone(), app.token_life_s);
    let token = state.grant(&pfn, life);
    Ok(match form {
        Form::Legacy => json!({
            "token_type": "bearer", "access_token": token, "expires_in": life,
        }),
        // It writes numbers as text.
        Form::Entra => json!({
            "token_type": "Bearer", "access_token": token,
            "expires_in": life.to_string(), "ext_expires_in": life.to_string(),
        }),
    })
}
