//! The real way and the real store, in one process, that can fall and get up.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use modegate_core::audit::event_types::unexplained;
use modegate_core::audit::replay::Replay;
use modegate_core::audit::statement::MachineStatement;
use modegate_core::command::{CommandBody, CommandState, ExecutionOptions, Operation};
use modegate_core::device::DeviceRecord;
use modegate_core::event::{Event, EventType, StoredEvent};
use modegate_core::ids::{CommandId, CommandSeq, DeviceId, Source};
use modegate_core::policy::PolicySet;
use modegate_core::secret::Secret;
use modegate_core::session::{ClientEvidence, queue};
use modegate_core::time::Timestamp;
use modegate_server::sync::{SyncResponse, SyncService};
use modegate_store::Store;
use modegate_store::seal::Keys;
use modegate_store::sqlite::SqliteStore;
use modegate_wire::encoding::Encoding;
use uuid::Uuid;

use super::Chance;
use super::client::{Client, What};

pub struct Server {
    dir: tempfile::TempDir,
    running: Option<(Arc<dyn Store>, SyncService)>,
    pub broken: bool,
}

/// Writes that a broken disk may refuse.
const FAULTS: [&str; 3] = ["UPDATE ON device", "INSERT ON event", "INSERT ON command"];

/// In memory where there is such a file system: a world writes a great deal.
fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    match memory.is_dir() {
        true => tempfile::tempdir_in(memory).unwrap(),
        false => tempfile::tempdir().unwrap(),
    }
}

async fn open(path: PathBuf) -> (Arc<dyn Store>, SyncService) {
    let keys = Keys::from_bytes(&[7; 32]).unwrap();
    let store = SqliteStore::open(&path, keys).unwrap();
    let store: Arc<dyn Store> = Arc::new(store);
    let policies = Arc::new(PolicySet::builtin().unwrap());
    let nonces = Box::new(|number: u64, count: u64| {
        let mut nonce = [0; 16];
        nonce[..8].copy_from_slice(&number.to_le_bytes());
        nonce[8..].copy_from_slice(&count.to_le_bytes());
        nonce
    });
    let sync = SyncService::new(Arc::clone(&store), policies, nonces, true);
    (store, sync)
}

/// The id of device `n`, the same in every life.
fn id_of(n: usize) -> DeviceId {
    DeviceId(Uuid::from_u128(
        0x0199_0000_0000_7000_8000_0000_0000_0000 + n as u128,
    ))
}

impl Server {
    pub async fn start() -> Server {
        let dir = folder();
        let running = Some(open(dir.path().join("world.db")).await);
        Server {
            dir,
            running,
            broken: false,
        }
    }

    /// Everything in memory is gone; what was committed is there.
    pub async fn fall_and_get_up(&mut self) {
        self.running = None;
        self.running = Some(open(self.dir.path().join("world.db")).await);
    }

    /// From now on writes of a kind fail, in the midst of their transaction.
    pub fn break_disk(&mut self, chance: &mut Chance) {
        let fault = FAULTS[chance.below(FAULTS.len())];
        let sql = format!(
            "CREATE TRIGGER fault BEFORE {fault} BEGIN SELECT RAISE(ABORT, 'a fault of the disk'); END"
        );
        self.alter_schema(&sql);
        self.broken = true;
    }

    /// And now they do not any more.
    pub fn mend_disk(&mut self) {
        if std::mem::take(&mut self.broken) {
            self.alter_schema("DROP TRIGGER fault");
        }
    }

    fn alter_schema(&self, sql: &str) {
        let db = rusqlite::Connection::open(self.dir.path().join("world.db")).unwrap();
        db.execute_batch(sql).unwrap();
    }

    fn store(&self) -> &dyn Store {
        &*self.running.as_ref().unwrap().0
    }

    pub async fn walk(&self, query: &str, encoding: Encoding, bytes: &[u8]) -> SyncResponse {
        let (_, sync) = self.running.as_ref().unwrap();
        sync.handle(&ClientEvidence::default(), query, encoding, bytes)
            .await
    }

    pub async fn register(&self, client: &Client) {
        let id = id_of(client.number);
        let record = DeviceRecord::new(Source(client.source()), client.family, Timestamp(0));
        let event = Event::new(Timestamp(0), "world", Some(id), EventType::DeviceRegistered);
        self.store()
            .register(id, record, event, None)
            .await
            .unwrap();
    }

    /// Queues something that no other command is like; whether there was room.
    pub async fn queue(&self, client: &mut Client, chance: &mut Chance) -> bool {
        let token = client.new_token(chance);
        let (verb, loc_uri) = token.node();
        let data = (token.what != What::Read).then(|| Secret::new(format!("d{}", client.number)));
        let body = CommandBody {
            priority: chance.below(3) as i32,
            options: ExecutionOptions {
                retries: 0,
                ..ExecutionOptions::default()
            },
            ..CommandBody::new(
                "raw",
                "world",
                modegate_server::clock::Clock::default().now(),
                vec![Operation::node(verb, loc_uri, data)],
            )
        };
        let decide = Box::new(move |device: &modegate_core::device::Device| {
            queue::queue(device, body).map(|(change, _)| change)
        });
        let Ok(device) = self.store().alter(id_of(client.number), decide, None).await else {
            return false;
        };
        client.queued(CommandSeq(device.state.next_command - 1), token);
        true
    }

    pub async fn cancel(&self, client: &mut Client, chance: &mut Chance) {
        let Some(seq) = client.any_queued(chance) else {
            return;
        };
        let decide = Box::new(move |device: &modegate_core::device::Device| {
            queue::cancel(
                device,
                seq,
                "world",
                modegate_server::clock::Clock::default().now(),
            )
        });
        if self
            .store()
            .alter(id_of(client.number), decide, None)
            .await
            .is_ok()
        {
            client.cancelled(seq);
        }
    }

    /// Every decision comes out again from the log alone, Machine carried nothing else than it
    /// may, and every field of every event is documented.
    pub async fn check_log(&self) {
        let mut replay = Replay::by_own([PolicySet::builtin().unwrap()]);
        let (mut statement, mut after) = (MachineStatement::default(), 0);
        loop {
            let events = self.store().all_events(after, 500).await.unwrap();
            let Some(last) = events.last() else { break };
            after = last.place;
            for StoredEvent { event, .. } in &events {
                let shown = serde_json::from_slice(&event.to_bytes()).unwrap();
                assert_eq!(unexplained(&shown), [""; 0], "{shown}");
                replay.take(event, &mut |difference| panic!("{difference:?}"));
                statement.take(event);
            }
        }
        let totals = replay.finish();
        assert_eq!(
            (totals.agree, totals.without_inputs),
            (totals.decisions, 0),
            "{totals:?}"
        );
        assert!(
            totals.decisions > 0 && statement.sessions > 0,
            "{totals:?}, {statement}"
        );
        assert!(statement.holds(), "{statement}");
    }

    /// In the end every command has an end, and it is the one that the device gave it.
    pub async fn check_ends(&self, client: &Client) {
        let device = self
            .store()
            .device(id_of(client.number))
            .await
            .unwrap()
            .unwrap();
        let mut ends: HashMap<CommandSeq, CommandState> = HashMap::new();
        for &seq in client.commands.keys() {
            let open = device.state.open(seq).map(|open| open.state);
            let state = if let Some(state) = open {
                state
            } else {
                let id = CommandId {
                    device: id_of(client.number),
                    seq,
                };
                let stored = self.store().command(id).await.unwrap();
                stored
                    .expect("a command is never lost")
                    .parts
                    .last()
                    .unwrap()
                    .state
            };
            ends.insert(seq, state);
        }
        for (seq, command) in &client.commands {
            let (state, token) = (ends[seq], &command.token);
            let said = (client.number, seq.0, token, command);
            match state {
                CommandState::Succeeded => assert!(command.done > 0, "{said:?}"),
                CommandState::Cancelled => assert!(command.cancelled, "{said:?}"),
                // Its reply was lost, or its answer: nobody knows, and nobody asks again.
                CommandState::Unconfirmed => assert_eq!(token.what, What::Reset, "{said:?}"),
                // It had no answer: the next set waits longer than this world lasts.
                CommandState::Queued => assert_eq!(token.what, What::Configure, "{said:?}"),
                other => panic!("{other:?} at the end: {said:?}"),
            }
            if token.what == What::Reset {
                assert!(command.done <= 1, "done twice: {said:?}");
            }
        }
    }
}
