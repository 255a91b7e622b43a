//! What the mock knows: apps, tokens, channels, and what it saw.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use tokio::sync::mpsc::UnboundedSender;
use uuid::Uuid;

use super::reply::Reply;
use crate::secret::Secret;
use std::time::{Duration, Instant};

/// Requests and notifications kept, so that a long demo does not grow.
const KEPT: usize = 4_096;

/// Which token service an app belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `accesstoken.srf`, with a Package SID.
    Legacy,
    /// The tenant's endpoint, with an application id.
    Entra,
}

/// An app that the mock knows.
#[derive(Debug, Clone)]
pub struct App {
    /// Package family name, in any letter case.
    pub pfn: String,
    /// Its token service.
    pub form: Form,
    /// What it must send as `client_id`: `ms-app://S-1-15-2-…` or a GUID.
    pub client_id: String,
    /// What it must send as `client_secret`.
    pub secret: String,
    /// How long its tokens are good, seconds.
    pub token_life_s: u32,
}

/// A request to a channel URI.
#[derive(Debug, Clone)]
pub struct Request {
    /// HTTP method.
    pub method: String,
    /// HTTP version, such as `HTTP/1.1`.
    pub version: String,
    /// Path and query, as sent.
    pub target: Secret,
    /// The value of `Authorization`.
    pub authorization: Secret,
    /// The other headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Request {
    /// A header's value, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut of_it = self.headers.iter().filter(|(known, _)| known == name);
        of_it.next().map(|(_, value)| value.as_str())
    }
}

/// A notification that reached a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The app's package family name, as registered.
    pub pfn: String,
    /// The device, as it was named when the URI was minted.
    pub device: String,
    /// The body.
    pub body: Vec<u8>,
}

pub(super) struct Channel {
    pub(super) pfn: String,
    pub(super) device: String,
    pub(super) revoked: bool,
    pub(super) expired: bool,
    pub(super) throttled: Option<u32>,
    pub(super) connected: bool,
    /// The one notification that is kept, and until when.
    pub(super) cached: Option<(Received, Instant)>,
    pub(super) script: VecDeque<Reply>,
}

impl Channel {
    fn new(pfn: &str, device: &str) -> Self {
        Channel {
            pfn: pfn.to_owned(),
            device: device.to_owned(),
            revoked: false,
            expired: false,
            throttled: None,
            connected: true,
            cached: None,
            script: VecDeque::new(),
        }
    }
}

/// What a target begins with that says itself whose channel it is.
const SELF_DESCRIBED: &str = "/?token=self.";

/// Path and query of a channel that the mock knows by its own text: simulated tablets in
/// another process make their channels so, without a question to the mock.
pub(super) fn describe(pfn: &str, device: &str) -> String {
    let text = serde_json::json!([pfn, device, Uuid::new_v4()]).to_string();
    format!("{SELF_DESCRIBED}{}", URL_SAFE_NO_PAD.encode(text))
}

fn self_described(target: &str) -> Option<(String, String)> {
    let text = URL_SAFE_NO_PAD.decode(target.strip_prefix(SELF_DESCRIBED)?);
    let (pfn, device, _): (String, String, Uuid) = serde_json::from_slice(&text.ok()?).ok()?;
    Some((pfn, device))
}

pub(super) struct Registered {
    pub(super) app: App,
    pub(super) blocked: bool,
}

#[derive(Default)]
pub(super) struct MockState {
    /// By PFN in lower case.
    pub(super) apps: HashMap<String, Registered>,
    /// By token: the PFN in lower case, and the end.
    pub(super) tokens: HashMap<String, (String, Instant)>,
    /// By path and query.
    pub(super) channels: HashMap<String, Channel>,
    pub(super) token_script: VecDeque<Reply>,
    pub(super) push_script: VecDeque<Reply>,
    pub(super) token_requests: usize,
    /// Nothing is answered any more: the framework lets open connections live
    /// on for a moment.
    pub(super) stopped: bool,
    /// A connection takes one notification; the next one on it is cut off.
    pub(super) cuts_reused: bool,
    pub(super) requests: VecDeque<Request>,
    pub(super) received: VecDeque<Received>,
    /// How many notifications reached each device.
    pub(super) counts: HashMap<String, u64>,
    pub(super) listeners: Vec<UnboundedSender<Received>>,
}

pub(super) struct Shared {
    /// `http://HOST:PORT`.
    pub(super) base: String,
    state: Mutex<MockState>,
}

impl Shared {
    pub(super) fn new(base: &str) -> Self {
        Shared {
            base: base.to_owned(),
            state: Mutex::default(),
        }
    }

    pub(super) fn change<T>(&self, change: impl FnOnce(&mut MockState) -> T) -> T {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn channel(&self, uri: &str, change: impl FnOnce(&mut Channel)) {
        let target = uri.strip_prefix(&self.base).unwrap_or_default();
        self.change(|state| {
            if let Some(channel) = state.channels.get_mut(target) {
                change(channel);
            }
        });
    }

    pub(super) fn connect(&self, uri: &str, connected: bool) {
        let mut waiting = None;
        self.channel(uri, |channel| {
            channel.connected = connected;
            if connected {
                waiting = channel.cached.take();
            }
        });
        if let Some((received, end)) = waiting
            && Instant::now() < end
        {
            self.change(|state| state.deliver(received));
        }
    }
}

impl MockState {
    pub(super) fn register(&mut self, app: App) {
        let blocked = false;
        let pfn = app.pfn.to_ascii_lowercase();
        self.apps.insert(pfn, Registered { app, blocked });
    }

    pub(super) fn block(&mut self, pfn: &str, blocked: bool) {
        if let Some(registered) = self.apps.get_mut(&pfn.to_ascii_lowercase()) {
            registered.blocked = blocked;
        }
    }

    /// Makes the channel of a target that says itself what it is, once it is first used.
    pub(super) fn adopt(&mut self, target: &str) {
        if !self.channels.contains_key(target)
            && let Some((pfn, device)) = self_described(target)
        {
            self.channels
                .insert(target.to_owned(), Channel::new(&pfn, &device));
        }
    }

    /// Real URIs hold raw `+` and `/` besides escapes, and must not be
    /// re-encoded: so do these.
    pub(super) fn mint(&mut self, base: &str, pfn: &str, device: &str) -> String {
        let target = format!("/?token=AwYAAAB%2f+/{}%3d", random());
        self.channels
            .insert(target.clone(), Channel::new(pfn, device));
        format!("{base}{target}")
    }

    pub(super) fn grant(&mut self, pfn: &str, life_s: u32) -> String {
        let token = format!("EgAd{}", random());
        let end = Instant::now() + Duration::from_secs(u64::from(life_s));
        self.tokens
            .insert(token.clone(), (pfn.to_ascii_lowercase(), end));
        token
    }

    pub(super) fn saw(&mut self, request: Request) {
        keep(&mut self.requests, request);
    }

    /// The notification reaches the device.
    pub(super) fn deliver(&mut self, received: Received) {
        *self.counts.entry(received.device.clone()).or_default() += 1;
        self.listeners
            .retain(|listener| listener.send(received.clone()).is_ok());
        keep(&mut self.received, received);
    }
}

fn keep<T>(kept: &mut VecDeque<T>, one: T) {
    if kept.len() >= KEPT {
        kept.pop_front();
    }
    kept.push_back(one);
}

/// Some 240 random bits in base64.
fn random() -> String {
    let (a, b) = (Uuid::new_v4(), Uuid::new_v4());
    STANDARD_NO_PAD.encode([a.into_bytes(), b.into_bytes()].concat())
}
