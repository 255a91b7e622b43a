//! The channels: what a notification is answered, checked as documented.

use actix_web::{HttpRequest, HttpResponse, web};

use super::reply::{Documented, Reply};
use super::state::{MockState, Received, Request, Shared};
use super::wire;
use crate::secret::Secret;
use std::time::{Duration, Instant};

/// Longest body that is taken, bytes.
const MOST: usize = 5_000;
/// How long something without a TTL is cached here, seconds. WNS says "a
/// reasonable time".
const CACHED_S: i64 = 24 * 60 * 60;

pub(super) async fn answer(
    request: HttpRequest,
    body: web::Bytes,
    shared: web::Data<Shared>,
) -> HttpResponse {
    let seen = seen(&request, &body);
    let reused = wire::is_reused(&request);
    let scripted = shared.change(|state| {
        state.saw(seen.clone());
        state.adopt(seen.target.reveal());
        if state.stopped || (reused && state.cuts_reused) {
            return Some(Reply::HangsUp);
        }
        let channel = state.channels.get_mut(seen.target.reveal());
        let own = channel.and_then(|channel| channel.script.pop_front());
        own.or_else(|| state.push_script.pop_front())
    });
    if let Some(reply) = scripted
        && let Some(played) = wire::play(reply, &request).await
    {
        return played;
    }
    let reply = shared.change(|state| usual(state, &seen));
    let played = wire::play(reply, &request).await;
    played.unwrap_or_else(|| HttpResponse::InternalServerError().finish())
}

fn seen(request: &HttpRequest, body: &[u8]) -> Request {
    let text = |value: &actix_web::http::header::HeaderValue| {
        String::from_utf8_lossy(value.as_bytes()).into_owned()
    };
    let authorization = request.headers().get("authorization").map(text);
    let others = request
        .headers()
        .iter()
        .filter(|(name, _)| *name != "authorization");
    Request {
        method: request.method().to_string(),
        version: format!("{:?}", request.version()),
        target: Secret::new(request.uri().to_string()),
        authorization: Secret::new(authorization.unwrap_or_default()),
        headers: others
            .map(|(name, value)| (name.to_string(), text(value)))
            .collect(),
        body: body.to_vec(),
    }
}

/// The documented checks, then the channel's own state.
fn usual(state: &mut MockState, request: &Request) -> Reply {
    match checked(state, request) {
        Err(answer) => answer.reply(),
        Ok(()) => deliver(state, request),
    }
}

fn checked(state: &MockState, request: &Request) -> Result<(), Documented> {
    if request.method != "POST" {
        return Err(Documented::MethodNotAllowed);
    }
    let token = request.authorization.reveal().strip_prefix("Bearer ");
    let granted = token.and_then(|token| state.tokens.get(token));
    let (pfn, _) = granted
        .filter(|(_, end)| Instant::now() < *end)
        .ok_or(Documented::Unauthorized)?;
    let channel = state.channels.get(request.target.reveal());
    let channel = channel.ok_or(Documented::NotFound)?;
    if !channel.pfn.eq_ignore_ascii_case(pfn) {
        return Err(Documented::Forbidden);
    }
    if state.apps.get(pfn).is_some_and(|app| app.blocked) {
        return Err(Documented::DomainBlocked);
    }
    well_formed(request)?;
    if channel.revoked || channel.expired {
        return Err(Documented::Gone);
    }
    Ok(())
}

fn well_formed(request: &Request) -> Result<(), Documented> {
    let header = |name| request.header(name);
    let length = header("content-length").and_then(|text| text.parse::<usize>().ok());
    let cached = header("x-wns-cache-policy");
    let ttl = header("x-wns-ttl").map(str::parse::<u32>);
    let good = header("x-wns-type") == Some("wns/raw")
        && header("content-type") == Some("application/octet-stream")
        && header("transfer-encoding").is_none()
        && length == Some(request.body.len())
        && !request.body.is_empty()
        && cached.is_none_or(|policy| policy == "cache" || policy == "no-cache")
        && ttl.is_none_or(|ttl| ttl.is_ok_and(|ttl| ttl > 0));
    if request.body.len() > MOST {
        Err(Documented::TooLarge)
    } else if good {
        Ok(())
    } else {
        Err(Documented::BadRequest)
    }
}

fn deliver(state: &mut MockState, request: &Request) -> Reply {
    let Some(channel) = state.channels.get_mut(request.target.reveal()) else {
        return Documented::NotFound.reply();
    };
    if let Some(seconds) = channel.throttled {
        let seconds = seconds.to_string();
        return Reply::code(200)
            .with("X-WNS-Status", "channelThrottled")
            .with("X-WNS-CONTINUE-AFTER", &seconds);
    }
    let received = Received {
        pfn: channel.pfn.clone(),
        device: channel.device.clone(),
        body: request.body.clone(),
    };
    let connected = channel.connected;
    let reply = if connected {
        state.deliver(received);
        Documented::Received.reply()
    } else if request.header("x-wns-cache-policy") == Some("cache") {
        let ttl = request.header("x-wns-ttl").and_then(|ttl| ttl.parse().ok());
        let end = Instant::now()
            + Duration::from_secs(
                ttl.unwrap_or(CACHED_S)
                    .clamp(0, 365 * CACHED_S)
                    .unsigned_abs(),
            );
        channel.cached = Some((received, end));
        Documented::Received.reply()
    } else {
        Documented::Dropped.reply()
    };
    if request.header("x-wns-requestforstatus") == Some("true") {
        let word = if connected {
            "connected"
        } else {
            "disconnected"
        };
        return reply.with("X-WNS-DeviceConnectionStatus", word);
    }
    reply
}
