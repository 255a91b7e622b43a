//! The mock's own small API below `/mock`, by which programs in any language make it known
//! apps, take channels from it, and let it misbehave.

use std::collections::BTreeMap;
use std::time::Duration;

use actix_web::{HttpResponse, Scope, web};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::time::Instant;

use super::reply::{Documented, Reply};
use super::state::{App, Form, Shared};

/// The longest time that a request waits for a notification.
const LONGEST_WAIT: Duration = Duration::from_secs(600);

pub(super) fn routes() -> Scope {
    let faults = |error: actix_web::error::JsonPayloadError| refused(&error);
    let json = web::JsonConfig::default().error_handler(move |error, _| faults(error));
    let query = web::QueryConfig::default().error_handler(|error, _| refused(&error));
    web::scope("/mock")
        .app_data(json)
        .app_data(query)
        .route("/apps", web::post().to(register))
        .route("/channels", web::post().to(mint))
        .route("/channels/state", web::post().to(set_channel))
        .route("/next", web::post().to(script))
        .route("/settings", web::post().to(set))
        .route("/requests", web::get().to(requests))
        .route("/received", web::get().to(received))
        .route("/received/count", web::get().to(count))
}

/// 422 with what is wrong.
fn refused(error: &dyn std::fmt::Display) -> actix_web::Error {
    let body = json!({"detail": error.to_string()});
    let answer = HttpResponse::UnprocessableEntity().json(body);
    actix_web::error::InternalError::from_response("", answer).into()
}

/// An app that the mock is to know.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewApp {
    pfn: String,
    #[serde(default)]
    token_form: TokenForm,
    client_id: String,
    secret: String,
    #[serde(default = "day")]
    token_life_s: u32,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum TokenForm {
    #[default]
    Legacy,
    Entra,
}

fn day() -> u32 {
    86_400
}

async fn register(shared: web::Data<Shared>, app: web::Json<NewApp>) -> HttpResponse {
    let app = app.into_inner();
    let app = App {
        pfn: app.pfn,
        form: match app.token_form {
            TokenForm::Legacy => Form::Legacy,
            TokenForm::Entra => Form::Entra,
        },
        client_id: app.client_id,
        secret: app.secret,
        token_life_s: app.token_life_s,
    };
    shared.change(|state| state.register(app));
    HttpResponse::NoContent().finish()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewChannel {
    pfn: String,
    device: String,
}

async fn mint(shared: web::Data<Shared>, new: web::Json<NewChannel>) -> HttpResponse {
    let uri = shared.change(|state| state.mint(&shared.base, &new.pfn, &new.device));
    HttpResponse::Created().json(json!({ "uri": uri }))
}

/// What becomes of the channels of a device.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChannelChange {
    device: String,
    revoked: Option<bool>,
    expired: Option<bool>,
    connected: Option<bool>,
    /// Seconds to wait; 0 ends it.
    throttled_s: Option<u32>,
}

async fn set_channel(shared: web::Data<Shared>, wanted: web::Json<ChannelChange>) -> HttpResponse {
    let targets: Vec<String> = shared.change(|state| {
        let channels = state.channels.iter_mut();
        let of_it = channels.filter(|(_, channel)| channel.device == wanted.device);
        of_it
            .map(|(target, channel)| {
                channel.revoked = wanted.revoked.unwrap_or(channel.revoked);
                channel.expired = wanted.expired.unwrap_or(channel.expired);
                if let Some(seconds) = wanted.throttled_s {
                    channel.throttled = (seconds > 0).then_some(seconds);
                }
                target.clone()
            })
            .collect()
    });
    if let Some(connected) = wanted.connected {
        for target in &targets {
            shared.connect(&format!("{}{target}", shared.base), connected);
        }
    }
    HttpResponse::Ok().json(json!({"channels": targets.len()}))
}

/// What the next requests get.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Script {
    to: Service,
    reply: Scripted,
    #[serde(default = "one")]
    times: u16,
}

fn one() -> u16 {
    1
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Service {
    Push,
    Token,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Scripted {
    /// An answer that WNS documents, by name.
    Documented(Documented),
    /// Any answer.
    Says {
        code: u16,
        #[serde(default)]
        headers: BTreeMap<String, String>,
        #[serde(default)]
        body: String,
    },
    /// The usual answer after so many milliseconds.
    LateMs(u64),
    /// The connection is closed without a byte.
    HangsUp,
    /// These bytes in place of HTTP.
    Garbage(String),
    /// This code and a body without end.
    Endless(u16),
    /// This code and the beginning of a body.
    Stalls(u16),
}

impl From<Scripted> for Reply {
    fn from(scripted: Scripted) -> Reply {
        match scripted {
            Scripted::Documented(documented) => documented.reply(),
            Scripted::Says {
                code,
                headers,
                body,
            } => Reply::Says {
                code,
                headers: headers.into_iter().collect(),
                body,
            },
            Scripted::LateMs(ms) => Reply::Late(Duration::from_millis(ms)),
            Scripted::HangsUp => Reply::HangsUp,
            Scripted::Garbage(text) => Reply::Garbage(text.into_bytes()),
            Scripted::Endless(code) => Reply::Endless(code),
            Scripted::Stalls(code) => Reply::Stalls(code),
        }
    }
}

async fn script(shared: web::Data<Shared>, script: web::Json<Script>) -> HttpResponse {
    let script = script.into_inner();
    let reply = Reply::from(script.reply);
    shared.change(|state| {
        let queue = match script.to {
            Service::Push => &mut state.push_script,
            Service::Token => &mut state.token_script,
        };
        queue.extend((0..script.times).map(|_| reply.clone()));
    });
    HttpResponse::NoContent().finish()
}

/// What holds from now on.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// A connection takes one notification; the next one on it is cut off.
    cut_reused_connections: Option<bool>,
    /// `true`: every token granted so far is void.
    #[serde(default)]
    expire_tokens: bool,
    /// The app that is a blocked sender.
    block: Option<String>,
    /// The app that is a blocked sender no more.
    unblock: Option<String>,
}

async fn set(shared: web::Data<Shared>, wanted: web::Json<Settings>) -> HttpResponse {
    shared.change(|state| {
        if let Some(cuts) = wanted.cut_reused_connections {
            state.cuts_reused = cuts;
        }
        if wanted.expire_tokens {
            state.tokens.clear();
        }
        for (pfn, blocked) in [(&wanted.block, true), (&wanted.unblock, false)] {
            if let Some(pfn) = pfn {
                state.block(pfn, blocked);
            }
        }
    });
    HttpResponse::NoContent().finish()
}

/// The requests that came, without the values that are secret.
async fn requests(shared: web::Data<Shared>) -> HttpResponse {
    let seen = shared.change(|state| {
        let requests = state.requests.iter();
        let shown = requests.map(|request| {
            let device = state.channels.get(request.target.reveal());
            json!({
                "method": request.method,
                "device": device.map(|channel| channel.device.clone()),
                "headers": request.headers,
            })
        });
        shown.collect::<Vec<_>>()
    });
    HttpResponse::Ok().json(json!({"items": seen}))
}

async fn received(shared: web::Data<Shared>) -> HttpResponse {
    let seen = shared.change(|state| {
        let received = state.received.iter();
        let shown = received.map(|one| json!({"pfn": one.pfn, "device": one.device}));
        shown.collect::<Vec<_>>()
    });
    HttpResponse::Ok().json(json!({"items": seen}))
}

/// Which device's notifications are counted, and for how long to wait for more of them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Counted {
    device: String,
    #[serde(default)]
    after: u64,
    #[serde(default)]
    wait_ms: u64,
}

/// How many notifications reached a device.
#[derive(Serialize, Deserialize)]
pub(super) struct Count {
    pub(super) count: u64,
}

async fn count(shared: web::Data<Shared>, asked: web::Query<Counted>) -> HttpResponse {
    let wait = Duration::from_millis(asked.wait_ms).min(LONGEST_WAIT);
    let end = Instant::now() + wait;
    let (sender, mut arrivals) = tokio::sync::mpsc::unbounded_channel();
    let read = || shared.change(|state| state.counts.get(&asked.device).copied().unwrap_or(0));
    shared.change(|state| state.listeners.push(sender));
    let mut count = read();
    while count <= asked.after {
        // A notification for another device only counts anew.
        match tokio::time::timeout_at(end, arrivals.recv()).await {
            Ok(Some(_)) => count = read(),
            Ok(None) | Err(_) => break,
        }
    }
    HttpResponse::Ok().json(Count { count })
}
