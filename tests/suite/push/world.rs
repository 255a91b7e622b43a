//! A store, the way, push with its workers and a mock WNS under one clock that
//! a test moves, and devices of every family that do what they are told.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};

use modegate_core::change::DeviceChange;
use modegate_core::command::CommandState;
use modegate_core::context::Family;
use modegate_core::device::outbox;
use modegate_core::device::{Device, DeviceRecord};
use modegate_core::event::{Event, EventType};
use modegate_core::ids::{CommandSeq, DeviceId, Source};
use modegate_core::operations::{self, Templates};
use modegate_core::policy::PolicySet;
use modegate_core::push::channel::ChannelState;
use modegate_core::push::record::{ProfileChange, PushProfile};
use modegate_core::push::wake;
use modegate_core::secret::Secret;
use modegate_core::session;
use modegate_core::session::ClientEvidence;
use modegate_core::time::Timestamp;
use modegate_server::clock::Clock;
use modegate_server::config::Wns;
use modegate_server::supervisor::Supervisor;
use modegate_server::sync::{SyncResponse, SyncService};
use modegate_server::wns::profile_worker::ProfileWorker;
use modegate_server::wns::service::Push;
use modegate_server::wns::worker::WakeWorker;
use modegate_sim::mock_wns::MockWns;
use modegate_store::Store;
use modegate_store::api::WriteStore;
use modegate_store::seal::Keys;
use modegate_store::sqlite::SqliteStore;
use modegate_wire::encoding::Encoding;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Reply, message, package1};
use crate::records::{push_profile, wns_app};
use crate::syncml::{header_status, results, status};
use crate::wait::{DEADLINE, eventually, seen};

pub const PFN: &str = "52314Publisher.TestWNS_t6e9vsyjkrw9w";
pub const OTHER_PFN: &str = "52314Publisher.Second_t6e9vsyjkrw9w";
/// What is read of a channel on Windows 8.1, and elsewhere.
pub const READ_81: [&str; 5] = [
    "Get Channel",
    "Get ExpirationTime",
    "Get ChannelStatus",
    "Get LastError",
    "Get ConfigurationStatus",
];
pub const READ: [&str; 3] = ["Get PFN", "Get ChannelURI", "Get Status"];
/// Before a set on Windows 10, where the build tells whether the device may hang on it.
pub const READ_10: [&str; 4] = ["Get PFN", "Get ChannelURI", "Get Status", "Get SwV"];
pub const SET_81: [&str; 1] = ["Exec UpdateConfiguration"];
pub const HOUR: i64 = 60 * 60 * 1000;
pub const DAY: i64 = 24 * HOUR;

pub struct World {
    pub store: Arc<SqliteStore>,
    pub sync: Arc<SyncService>,
    pub push: Arc<Push>,
    pub mock: MockWns,
    clock: Arc<AtomicI64>,
    workers: Option<Supervisor>,
    _dir: tempfile::TempDir,
}

impl World {
    /// With one profile, for all devices.
    pub async fn new() -> World {
        let world = World::bare().await;
        world.profile(PFN).await;
        world
    }

    pub async fn bare() -> World {
        World::ruled(PolicySet::builtin().unwrap()).await
    }

    /// Without a profile, under these policies.
    pub async fn ruled(policies: PolicySet) -> World {
        let mock = MockWns::start().await.unwrap();
        let dir = tempfile::tempdir().unwrap();
        let keys = Keys::from_bytes(&[7; 32]).unwrap();
        let store = Arc::new(SqliteStore::open(&dir.path().join("db"), keys).unwrap());
        let clock = Arc::new(AtomicI64::new(
            modegate_server::clock::Clock::default().now().0,
        ));
        let shown = Arc::clone(&clock);
        let now = Clock::new(move || Timestamp(shown.load(SeqCst)));
        let dynamic = Arc::clone(&store) as Arc<dyn Store>;
        let sync = SyncService::new(
            Arc::clone(&dynamic),
            Arc::new(policies),
            store.nonces(),
            true,
        );
        let sync = Arc::new(sync.with_clock(now.clone()));
        let setting = Wns {
            token_url: Some(mock.token_url()),
            host_suffix: Some(mock.host_suffix()),
            ..Wns::default()
        };
        let (in_force, templates) = (sync.active_profiles(), Templates::default());
        let push = Push::new(dynamic, in_force, &setting, templates, now).unwrap();
        let push = Arc::new(push);
        let workers = Supervisor::new(Arc::default(), Arc::default());
        let shared = Arc::clone(&push);
        workers.start("push_profiles", {
            let push = Arc::clone(&push);
            move || ProfileWorker::new(Arc::clone(&push))
        });
        workers.start("wakes", move || WakeWorker::new(Arc::clone(&shared), 4));
        World {
            store,
            sync,
            push,
            mock,
            clock,
            workers: Some(workers),
            _dir: dir,
        }
    }

    pub fn now(&self) -> Timestamp {
        Timestamp(self.clock.load(SeqCst))
    }

    pub fn later(&self, ms: i64) {
        self.clock.fetch_add(ms, SeqCst);
    }

    /// Makes a profile, and the mock know its app.
    pub async fn profile(&self, pfn: &str) -> Uuid {
        self.mock.register(wns_app(pfn, "app secret"));
        let profile = push_profile(pfn, "app secret", self.now());
        let id = profile.id;
        self.keep(profile).await;
        self.push.try_anew(id).await;
        id
    }

    pub async fn keep(&self, profile: PushProfile) {
        let event = Event::new(self.now(), "test", None, EventType::PushProfileChanged);
        let id = profile.id;
        let decide = move |_: &[PushProfile], _: Option<&PushProfile>| {
            Ok((ProfileChange::Keep(Box::new(profile)), event))
        };
        let kept = self.store.alter_push_profile(id, Box::new(decide), None);
        kept.await.unwrap();
        self.push.refresh().await.unwrap();
    }

    /// Registers a device.
    pub async fn device(&self, source: &str, family: Family) -> Sim {
        let id = DeviceId(Uuid::now_v7());
        let record = DeviceRecord::new(Source(source.to_owned()), family, self.now());
        let event = Event::new(self.now(), "test", Some(id), EventType::DeviceRegistered);
        self.store.register(id, record, event, None).await.unwrap();
        Sim::new(id, source, family)
    }

    pub async fn state(&self, sim: &Sim) -> Device {
        self.store.device(sim.id).await.unwrap().unwrap()
    }

    pub async fn channel(&self, sim: &Sim) -> ChannelState {
        self.state(sim).await.state.channel.unwrap().state
    }

    /// Queues a command as the API does.
    pub async fn queue(&self, sim: &Sim, command: Value) -> CommandSeq {
        let templates = Templates::default();
        let setting = operations::BuildContext {
            device: Some(sim.id),
            templates: &templates,
            actor: "test",
            now: self.now(),
            fresh: Uuid::now_v7(),
        };
        let body = operations::command(&command, &setting).unwrap();
        let decide = move |device: &Device| Ok(session::queue::queue(device, body)?.0);
        let device = self
            .store
            .alter(sim.id, Box::new(decide), None)
            .await
            .unwrap();
        CommandSeq(device.state.next_command - 1)
    }

    /// An install that cannot wait.
    pub async fn install(&self, sim: &Sim) -> CommandSeq {
        let install = json!({"type": "app_install", "job_data": "<Job/>", "urgent": true});
        self.queue(sim, install).await
    }

    pub async fn request_wake(&self, sim: &Sim) {
        let now = self.now();
        let decide = move |device: &Device| {
            let mut state = device.state.clone();
            let event = outbox::request_wake(&mut state, "test", now).event("test", device.id, now);
            Ok(DeviceChange::new(device, state).with_events(vec![event]))
        };
        self.store
            .alter(sim.id, Box::new(decide), None)
            .await
            .unwrap();
    }

    /// What became of a command.
    pub async fn outcome(&self, sim: &Sim, seq: CommandSeq) -> CommandState {
        if let Some(open) = self.state(sim).await.state.open(seq) {
            return open.state;
        }
        let commands = self
            .store
            .commands(sim.id, seq.0 - 1, 1, u64::MAX)
            .await
            .unwrap()
            .items;
        commands[0].parts.last().unwrap().state
    }

    /// Waits until the wake is in that state.
    pub async fn woken(&self, sim: &Sim, wanted: wake::WakeState) -> wake::Wake {
        let look = async || match self.state(sim).await.state.wake {
            Some(wake) if wake.state == wanted => Ok(wake),
            other => Err(other),
        };
        eventually(DEADLINE, look).await
    }

    /// Waits until something is so.
    pub async fn until(&self, mut so: impl AsyncFnMut() -> bool) {
        eventually(DEADLINE, async || seen(so().await, |so| *so)).await;
    }

    pub async fn events(&self, sim: &Sim) -> Vec<Event> {
        let events = self.store.events(sim.id, 0, 1_000).await.unwrap();
        events.into_iter().map(|stored| stored.event).collect()
    }

    /// How often WNS was asked to notify anybody.
    pub fn asked(&self) -> usize {
        self.mock.requests().len()
    }

    /// The URI that is kept.
    pub async fn uri(&self, sim: &Sim) -> Option<Secret> {
        self.store.channel_uri(sim.id).await.unwrap()
    }

    pub async fn stop(mut self) {
        if let Some(workers) = self.workers.take() {
            workers.stop().await;
        }
    }

    /// One session of a device in a mode (phones and Windows 10 name it or not);
    /// what was delivered, message by message, as `Verb last/parts`.
    pub async fn sync(&self, sim: &mut Sim, mode: &str) -> Vec<Vec<String>> {
        sim.sessions += 1;
        let (source, session) = (sim.source.clone(), sim.sessions.to_string());
        let query = match mode {
            "" => String::new(),
            mode => format!("mode={mode}&Platform=WoA"),
        };
        let login = if mode == "Machine" { "none" } else { "user" };
        let mut next = package1(&source, &session, 1, login);
        let mut delivered = Vec::new();
        for number in 2.. {
            let evidence = ClientEvidence::default();
            let (xml, bytes) = (Encoding::Xml, next.as_bytes());
            let answer = self.sync.handle(&evidence, &query, xml, bytes).await;
            let SyncResponse::Reply(text) = answer else {
                panic!("an answer")
            };
            let reply = Reply::read(String::from_utf8(text).unwrap());
            if reply.commands.is_empty() {
                break;
            }
            let shown = reply.commands.iter().map(|c| shown(&c.verb, &c.loc_uri));
            delivered.push(shown.collect());
            if sim.hangs && reply.commands.iter().any(|c| is_set(&c.verb, &c.loc_uri)) {
                break;
            }
            let body = sim.answers(&reply, &self.mock);
            next = message(&source, &session, number, &body);
            assert!(number < 50);
        }
        delivered
    }
}

fn is_set(verb: &str, loc_uri: &str) -> bool {
    loc_uri.ends_with("Exec=UpdateConfiguration") || loc_uri.ends_with("/PFN") && verb != "Get"
}

fn shown(verb: &str, loc_uri: &str) -> String {
    let last = loc_uri.rsplit('/').next().unwrap();
    format!("{verb} {}", last.trim_start_matches("Exec="))
}

/// A device that keeps what it is given.
pub struct Sim {
    pub id: DeviceId,
    pub source: String,
    family: Family,
    sessions: u32,
    /// It never answers a set.
    pub hangs: bool,
    /// What it says of its URI instead of the truth.
    pub says: Option<String>,
    /// What it answers the next sets instead of 200, and whether it takes them then.
    pub refuses: Vec<u16>,
    pub pfn: Option<String>,
    pub uri: Option<Secret>,
    pub status: u16,
    pub expires: String,
    /// What it says of whether push is configured, and why it has no channel (Windows 8.1).
    pub configuration: u32,
    pub last_error: u32,
    /// A set brings the URI that it has already.
    pub keeps_uri: bool,
}

impl Sim {
    fn new(id: DeviceId, source: &str, family: Family) -> Sim {
        Sim {
            id,
            source: source.to_owned(),
            family,
            sessions: 0,
            hangs: false,
            says: None,
            refuses: Vec::new(),
            pfn: None,
            uri: None,
            status: 0,
            expires: "20991231235959.000000+000".to_owned(),
            configuration: 1,
            last_error: 0,
            keeps_uri: false,
        }
    }

    /// Another server sets up its channel for a PFN of its own.
    pub fn set_up_by_another(&mut self, pfn: &str, mock: &MockWns) {
        self.pfn = Some(pfn.to_owned());
        self.uri = Some(Secret::new(mock.mint(pfn, &self.source)));
    }

    /// The end of its channel, so many days from now.
    pub fn ends_in(&mut self, days: i64, world: &World) {
        let end = world.now().plus_ms(days * DAY).to_string();
        let digits: String = end[..19].chars().filter(char::is_ascii_digit).collect();
        self.expires = format!("{digits}.000000+000");
    }

    /// It renews its channel by itself.
    pub fn renew(&mut self, mock: &MockWns) {
        let pfn = self.pfn.clone().unwrap();
        self.uri = Some(Secret::new(mock.mint(&pfn, &self.source)));
    }

    fn answers(&mut self, reply: &Reply, mock: &MockWns) -> String {
        let mut body = header_status(reply.msg_id);
        let mut found = HashMap::new();
        for (nth, command) in reply.commands.iter().enumerate() {
            let (code, value) = self.perform(
                &command.verb,
                &command.loc_uri,
                command.data.as_deref(),
                mock,
            );
            body += &status(nth + 2, reply.msg_id, command.cmd_id, &command.verb, code);
            if let Some(value) = value {
                found.insert(command.cmd_id, value);
            }
        }
        for (cmd_ref, value) in found {
            let value = value.replace('&', "&amp;").replace('<', "&lt;");
            body += &results(1_000 + cmd_ref as usize, reply.msg_id, cmd_ref, "", &value);
        }
        body + "<Final/>"
    }

    fn perform(
        &mut self,
        verb: &str,
        loc_uri: &str,
        data: Option<&str>,
        mock: &MockWns,
    ) -> (u16, Option<String>) {
        if is_set(verb, loc_uri) {
            return (self.set(verb, data.unwrap_or_default(), mock), None);
        }
        if verb == "Delete" && loc_uri.ends_with("/Push") {
            let had = self.pfn.take();
            self.uri = None;
            return (if had.is_some() { 200 } else { 404 }, None);
        }
        if verb != "Get" {
            return (200, None);
        }
        let uri = || match (&self.says, &self.uri) {
            (Some(says), _) => Some(says.clone()),
            (None, Some(uri)) => Some(uri.reveal().to_owned()),
            (None, None) => None,
        };
        let last = loc_uri.rsplit('/').next().unwrap();
        let value = match (self.family, last) {
            (Family::Windows81, "Channel") => uri(),
            (Family::Windows81, "ExpirationTime") => uri().map(|_| self.expires.clone()),
            (Family::Windows81, "ChannelStatus") => uri().map(|_| "0".to_owned()),
            (Family::Windows81, "LastError") => Some(self.last_error.to_string()),
            (Family::Windows81, "ConfigurationStatus") => Some(self.configuration.to_string()),
            (_, "PFN") => self.pfn.clone(),
            (_, "ChannelURI") => Some(uri().unwrap_or_else(|| "null".to_owned())),
            (_, "Status") => Some(self.status.to_string()),
            _ => Some("value".to_owned()),
        };
        match value {
            Some(value) => (200, Some(value)),
            None => (404, None),
        }
    }

    fn set(&mut self, verb: &str, data: &str, mock: &MockWns) -> u16 {
        if !self.refuses.is_empty() {
            return self.refuses.remove(0);
        }
        let pfn = match self.family {
            Family::Windows81 => data.split(';').nth(1).unwrap_or_default(),
            _ if verb == "Add" && self.pfn.is_some() => return 418,
            _ if verb == "Replace" && self.pfn.is_none() => return 404,
            _ => data,
        };
        self.pfn = Some(pfn.to_owned());
        if !self.keeps_uri || self.uri.is_none() {
            self.uri = Some(Secret::new(mock.mint(pfn, &self.source)));
        }
        200
    }
}
