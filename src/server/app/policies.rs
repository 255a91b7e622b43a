//! Policy sets: the one in force, and a try-out of another against what was recorded.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use schemars::JsonSchema;
use serde::Serialize;

use super::input::{Integer, Line, List, Object, Text, input};
use super::log::WithheldLists;
use super::{App, AppError, Principal};
use modegate_core::command::StoredCommand;
use modegate_core::context::ContextSet;
use modegate_core::device::Device;
use modegate_core::event::{Event, EventType, ExchangeRecord};
use modegate_core::fields::FieldError;
use modegate_core::ids::{CommandId, CommandSeq, DeviceId};
use modegate_core::kind::Leaf;
use modegate_core::limits;
use modegate_core::policy::tryout::{Recorded, TryOut};
use modegate_core::policy::{Fault, PolicySet, Verdict};
use modegate_core::session::queue::leaves_of;
use modegate_core::time::Timestamp;
use uuid::Uuid;

/// How long a try-out looks.
const LONGEST: Duration = Duration::from_secs(10);
/// Events that a try-out looks at by default.
const EVENTS: i64 = 2_000;
/// And at most.
const MOST_EVENTS: i64 = 20_000;
/// Files of a set.
const FILES: usize = 64;
/// The longest of them, bytes.
const FILE_BYTES: usize = 256 * 1024;

input! {
    /// A policy set to try.
    pub(crate) struct PolicyTryOut {
        /// Its files.
        pub(crate) files: List<PolicyFile, FILES>,
        /// how many of the latest events are looked at
        #[schemars(extend("default" = EVENTS))]
        pub(crate) events: Option<Integer<1, MOST_EVENTS>>,
    }

    /// A file of a policy set.
    #[schemars(inline)]
    pub(crate) struct PolicyFile {
        pub(crate) name: Line<128>,
        pub(crate) text: Text<FILE_BYTES>,
    }
}

/// The set in force. Its files name groups: a caller that is bound to some is not
/// shown them, which `None` says.
pub(crate) fn active(app: &App, by: &Principal) -> (String, Option<Arc<PolicySet>>) {
    let set = app.sync.policies();
    let digest = set.digest().to_string();
    (digest, by.sees_all().then_some(set))
}

/// Latest events about the server that are looked at for when the set came into force.
const LOADS: usize = 200;

/// Since when the set in force decides, whatever was loaded or started since; `None` where
/// that is longer ago than the latest events about the server.
pub(crate) async fn in_force_since(app: &App) -> Result<Option<Timestamp>, AppError> {
    let set = app.sync.policies();
    // What concerns no device stands under the nil device.
    let none = DeviceId(Uuid::nil());
    let events = app.store.events_before(none, u64::MAX, LOADS).await?;
    let is_whole = events.len() < LOADS;
    let loads = events.iter().map(|stored| &stored.event);
    let loads = loads.filter(|event| event.what == EventType::PolicyLoaded);
    let (mut since, mut other) = (None, false);
    for event in loads {
        let is_same = event
            .detail
            .as_ref()
            .is_some_and(|text| text.contains(set.digest()));
        if !is_same {
            other = true;
            break;
        }
        since = Some(event.at);
    }
    Ok(since.filter(|_| other || is_whole))
}

/// The files (name and text) of a set that is or was in force. Only for callers that see all
/// groups, since files name them.
pub(crate) async fn of_digest(
    app: &App,
    by: &Principal,
    digest: &str,
) -> Result<Vec<(String, String)>, AppError> {
    let set = match by.sees_all() {
        true => app.store.policy_set(digest).await?,
        false => None,
    };
    set.ok_or_else(|| AppError::missing("policy set"))
}

/// What a try-out came to.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "TriedPolicySet")]
pub(crate) struct TryOutResult {
    /// The digest of the set.
    policy_set: String,
    /// Exchanges that were looked at.
    pub(crate) exchanges: u64,
    /// What would go otherwise.
    #[schemars(with = "Object")]
    pub(crate) outcome: TryOut,
    /// Whether there were more decisions than one request may look at, or than it could in
    /// ten seconds.
    pub(crate) stopped_early: bool,
}

/// Tries another policy set on recorded sessions: what would go otherwise. Changes
/// nothing. One at a time, off the threads that answer devices.
pub(crate) async fn try_out(
    app: &Arc<App>,
    by: &Principal,
    input: PolicyTryOut,
) -> Result<TryOutResult, AppError> {
    let (own, by) = (Arc::clone(app), by.clone());
    let tried = app
        .work
        .run_long(move || async move { look(&own, &by, input).await });
    tried.await?.unwrap_or_else(|| {
        let why = "another policy set is being tried; retry when it is done";
        Err(AppError::Busy(why.to_owned()))
    })
}

async fn look(app: &App, by: &Principal, input: PolicyTryOut) -> Result<TryOutResult, AppError> {
    let begun = Instant::now();
    let most = input.events.map_or(EVENTS, |events| events.0);
    let set = set(input.files.0)?;
    let last = app.store.last_place().await?;
    let mut gathering = Gathering::new(app, by, &set);
    let mut after = last.saturating_sub(most.unsigned_abs());
    while after < last && !gathering.is_full() && begun.elapsed() < LONGEST {
        let most = crate::limits::PAGE_ITEMS;
        let events = app.store.all_events(after, most).await?;
        let Some(newest) = events.last() else {
            after = last;
            break;
        };
        after = newest.place;
        for stored in &events {
            gathering.take_event(&stored.event).await?;
        }
    }
    Ok(TryOutResult {
        policy_set: set.digest().to_string(),
        exchanges: gathering.exchanges,
        stopped_early: gathering.is_full() || after < last,
        outcome: gathering.outcome,
    })
}

/// The set of these files; every fault of it at once.
fn set(files: Vec<PolicyFile>) -> Result<PolicySet, AppError> {
    let texts = files.into_iter().map(|file| (file.name.0, file.text.0));
    let set = PolicySet::from_texts(texts.collect::<Vec<_>>());
    set.map_err(invalid)
}

/// Every fault of the files of a set.
pub(super) fn invalid(faults: Vec<Fault>) -> AppError {
    let named = faults.into_iter().map(|fault| FieldError {
        field: format!("{}:{}:{}", fault.file, fault.line, fault.column),
        expected: fault.expected,
        found: fault.found,
        conflicts_with: None,
    });
    AppError::Fields(named.collect())
}

/// What a set sees of a command.
#[derive(Debug, Clone)]
struct Touched {
    leaves: Vec<Leaf>,
    app: Option<String>,
}

/// Puts recorded exchanges into the form that a try-out looks at.
struct Gathering<'a> {
    app: &'a App,
    by: &'a Principal,
    set: &'a PolicySet,
    held: WithheldLists<'a>,
    devices: HashMap<DeviceId, Option<Device>>,
    /// What is looked at of each command; nothing of one that is gone.
    commands: HashMap<CommandId, Option<Touched>>,
    /// What each device's session had named so far, as far as it was looked at.
    contexts: HashMap<DeviceId, (u32, ContextSet)>,
    exchanges: u64,
    outcome: TryOut,
}

impl<'a> Gathering<'a> {
    fn new(app: &'a App, by: &'a Principal, set: &'a PolicySet) -> Self {
        Gathering {
            app,
            by,
            set,
            held: WithheldLists::new(app),
            devices: HashMap::new(),
            commands: HashMap::new(),
            contexts: HashMap::new(),
            exchanges: 0,
            outcome: TryOut::default(),
        }
    }

    /// Whether as many decisions were looked at as one request may.
    fn is_full(&self) -> bool {
        self.outcome.looked_at >= limits::TRYOUT_DECISIONS
    }

    async fn take_event(&mut self, event: &Event) -> Result<(), AppError> {
        let Some(id) = event.device else {
            return Ok(());
        };
        let (contexts, held) = match (&event.exchange, &event.more) {
            (Some(exchange), _) => {
                let contexts = self.named(id, exchange);
                (contexts, self.held.of(id, exchange).await?)
            }
            (None, Some(more)) => match self.contexts.get(&id) {
                Some((_, contexts)) => (*contexts, more.withheld.clone()),
                None => return Ok(()),
            },
            (None, None) => return Ok(()),
        };
        let Some(device) = self.device(id).await? else {
            return Ok(());
        };
        self.exchanges += u64::from(event.exchange.is_some());
        for delivered in event.delivered() {
            self.record(&device, delivered.command, contexts, Verdict::Deliver)
                .await?;
        }
        for held in held {
            // What waited for its time or for another was no decision of a policy.
            if held
                .rules
                .iter()
                .any(|rule| rule.starts_with("queue.") || rule.starts_with("guard."))
            {
                continue;
            }
            for command in held.commands {
                self.record(&device, command, contexts, Verdict::Withhold)
                    .await?;
            }
        }
        Ok(())
    }

    /// Every context that the session has named up to this exchange: one of an event of
    /// version 1 names its own alone.
    fn named(&mut self, id: DeviceId, exchange: &ExchangeRecord) -> ContextSet {
        let known = self
            .contexts
            .get(&id)
            .filter(|(session, _)| *session == exchange.session);
        let before = known.map_or_else(ContextSet::default, |(_, set)| *set);
        let contexts = exchange.all_contexts();
        let contexts = contexts.iter().fold(before, ContextSet::with);
        self.contexts.insert(id, (exchange.session, contexts));
        contexts
    }

    async fn device(&mut self, id: DeviceId) -> Result<Option<Device>, AppError> {
        if !self.devices.contains_key(&id) {
            let found = self.app.store.device(id).await?;
            let seen = found.filter(|device| self.by.may_see(device));
            self.devices.insert(id, seen);
        }
        Ok(self.devices.get(&id).cloned().flatten())
    }

    async fn record(
        &mut self,
        device: &Device,
        seq: u32,
        contexts: ContextSet,
        was: Verdict,
    ) -> Result<(), AppError> {
        let id = CommandId {
            device: device.id,
            seq: CommandSeq(seq),
        };
        if !self.commands.contains_key(&id) {
            let found = self.app.store.command(id).await?;
            let seen = found.map(|command| self.seen(device, &command));
            self.commands.insert(id, seen);
        }
        let Some(Touched { leaves, app }) = self.commands.get(&id).cloned().flatten() else {
            return Ok(());
        };
        let recorded = Recorded {
            contexts,
            family: device.record.family,
            groups: device.record.groups.clone(),
            app,
            command: id.to_string(),
            leaves,
            was,
        };
        self.outcome.take(self.set, recorded);
        Ok(())
    }

    /// What the set sees of a command.
    fn seen(&self, device: &Device, command: &StoredCommand) -> Touched {
        let body = command.body.bound(device.client_id());
        let leaves = leaves_of(&body.operations, |verb, loc_uri| {
            self.set.classify(verb, loc_uri)
        });
        let app = command.body.options.app.clone();
        Touched { leaves, app }
    }
}
