//! A clock that jumps, and a disk that becomes read-only, seen from the way that
//! every request goes.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use modegate_core::command::{CommandBody, CommandState, Operation};
use modegate_core::device::Device;
use modegate_core::ids::{DeviceId, Source};
use modegate_core::policy::PolicySet;
use modegate_core::secret::Secret;
use modegate_core::session::queue::queue;
use modegate_core::session::{ClientEvidence, ReadPlan};
use modegate_core::time::Timestamp;
use modegate_server::clock::Clock;
use modegate_server::http::health::Health;
use modegate_server::sync::{SyncResponse, SyncService};
use modegate_store::Store;
use modegate_store::api::WriteStore;
use modegate_store::seal::Keys;
use modegate_store::sqlite::SqliteStore;
use modegate_wire::message::Verb;
use proptest::prelude::*;

use crate::harness::{Reply, answers, message, package1};

const AT: i64 = 1_790_000_000_000;
const MINUTE: i64 = 60 * 1000;
const DAY: i64 = 24 * 60 * MINUTE;

/// A way to a store of its own, with a clock to turn.
struct House {
    sync: SyncService,
    store: Arc<SqliteStore>,
    now: Arc<AtomicI64>,
    _own: tempfile::TempDir,
}

impl House {
    fn new() -> House {
        let own = tempfile::tempdir().unwrap();
        let keys = Keys::from_bytes(&[5; 32]).unwrap();
        let store = Arc::new(SqliteStore::open(&own.path().join("db"), keys).unwrap());
        let now = Arc::new(AtomicI64::new(AT));
        let shown = Arc::clone(&now);
        let policies = Arc::new(PolicySet::builtin().unwrap());
        let sync = SyncService::new(
            Arc::clone(&store) as Arc<dyn Store>,
            policies,
            store.nonces(),
            true,
        )
        .with_clock(Clock::new(move || Timestamp(shown.load(Ordering::Relaxed))));
        House {
            sync,
            store,
            now,
            _own: own,
        }
    }

    fn jump(&self, ms: i64) {
        let now = self.now.load(Ordering::Relaxed);
        self.now.store(now.saturating_add(ms), Ordering::Relaxed);
    }

    async fn answer(&self, body: &str) -> SyncResponse {
        self.sync
            .handle(
                &ClientEvidence::default(),
                "mode=Machine&Platform=WoA",
                modegate_wire::encoding::Encoding::Xml,
                body.as_bytes(),
            )
            .await
    }

    async fn walk(&self, body: &str) -> Reply {
        match self.answer(body).await {
            SyncResponse::Reply(text) => Reply::read(String::from_utf8(text).unwrap()),
            other => panic!("{other:?}"),
        }
    }

    async fn device(&self) -> DeviceId {
        let all = |_: &Device| ReadPlan::default();
        let loaded = self.store.load(&Source("d".into()), &all).await.unwrap();
        loaded.unwrap().device.id
    }

    async fn queue(&self, verb: Verb, loc_uri: &str, expires_in: Option<i64>) -> u32 {
        let now = Timestamp(self.now.load(Ordering::Relaxed));
        let body = CommandBody {
            expires_at: expires_in.map(|ms| now.plus_ms(ms)),
            ..CommandBody::new(
                "raw",
                "test",
                now,
                vec![Operation::node(
                    verb,
                    loc_uri,
                    (verb == Verb::Exec).then(|| Secret::new("p")),
                )],
            )
        };
        let decide = move |device: &Device| queue(device, body).map(|(change, _)| change);
        let device = self
            .store
            .alter(self.device().await, Box::new(decide), None)
            .await
            .unwrap();
        device.state.next_command - 1
    }

    async fn inventory(&self) -> u32 {
        self.queue(Verb::Get, "./cimv2/Win32_BIOS", None).await
    }

    /// Final states of all commands; `None` for those that are open.
    async fn finals(&self) -> Vec<Option<CommandState>> {
        let id = self.device().await;
        let device = self.store.device(id).await.unwrap().unwrap();
        let commands = self
            .store
            .commands(id, 0, 10_000, u64::MAX)
            .await
            .unwrap()
            .items;
        let of = |command: &modegate_core::command::StoredCommand| {
            let last = command.parts.last().map(|part| part.state);
            let is_open = device.state.open(command.id.seq).is_some();
            assert_ne!(
                is_open,
                last.is_some_and(CommandState::is_final),
                "neither open nor final"
            );
            last.filter(|state| state.is_final())
        };
        commands.iter().map(of).collect()
    }
}

#[tokio::test]
async fn set_back_in_the_middle_of_a_session_the_session_goes_on() {
    let house = House::new();
    house.walk(&package1("d", "0", 1, "none")).await;
    house.inventory().await;
    let reply = house.walk(&package1("d", "1", 1, "none")).await;
    assert_eq!(reply.commands.len(), 1);
    house.jump(-3 * DAY);
    let end = house
        .walk(&message("d", "1", 2, &answers(&reply, 200)))
        .await;
    assert!(end.commands.is_empty());
    assert_eq!(house.finals().await, [Some(CommandState::Succeeded)]);
}

#[tokio::test]
async fn put_forward_in_the_middle_of_a_session_the_command_goes_again_and_only_once_more() {
    let house = House::new();
    house.walk(&package1("d", "0", 1, "none")).await;
    house.inventory().await;
    let reply = house.walk(&package1("d", "1", 1, "none")).await;
    assert_eq!(reply.commands.len(), 1);
    house.jump(400 * DAY);
    let again = house.walk(&package1("d", "2", 1, "none")).await;
    assert_eq!(again.commands.len(), 1, "{}", again.text);
    house
        .walk(&message("d", "2", 2, &answers(&again, 200)))
        .await;
    // And back to where it was.
    house.jump(-400 * DAY);
    let after = house.walk(&package1("d", "3", 1, "none")).await;
    assert!(after.commands.is_empty(), "{}", after.text);
    assert_eq!(house.finals().await, [Some(CommandState::Succeeded)]);
}

#[tokio::test]
async fn a_retransmission_is_one_across_a_small_jump_and_not_across_a_large_one() {
    for (jump, is_same) in [
        (-MINUTE, true),
        (MINUTE, true),
        (-9 * MINUTE, true),
        (-11 * MINUTE, false),
        (11 * MINUTE, false),
        (-400 * DAY, false),
        (400 * DAY, false),
    ] {
        let house = House::new();
        house.walk(&package1("d", "0", 1, "none")).await;
        house.inventory().await;
        let first = house.answer(&package1("d", "1", 1, "none")).await;
        house.jump(jump);
        let second = house.answer(&package1("d", "1", 1, "none")).await;
        assert_eq!(first == second, is_same, "{jump} ms");
    }
}

#[tokio::test]
async fn what_expired_by_a_clock_ahead_stays_expired() {
    let house = House::new();
    house.walk(&package1("d", "0", 1, "none")).await;
    house
        .queue(Verb::Get, "./cimv2/Win32_BIOS", Some(DAY))
        .await;
    house.inventory().await;
    house.jump(2 * DAY);
    let ahead = house.walk(&package1("d", "1", 1, "none")).await;
    assert_eq!(ahead.commands.len(), 1);
    house
        .walk(&message("d", "1", 2, &answers(&ahead, 200)))
        .await;
    house.jump(-2 * DAY);
    assert!(
        house
            .walk(&package1("d", "2", 1, "none"))
            .await
            .commands
            .is_empty()
    );
    let finals = [Some(CommandState::Expired), Some(CommandState::Succeeded)];
    assert_eq!(house.finals().await, finals);
}

/// What one turn of the property below does.
#[derive(Debug, Clone)]
enum Turn {
    Jump(i64),
    Set(i64),
    Queue,
    Reset,
    Session,
    Answer,
    Repeat,
}

fn turns() -> impl Strategy<Value = Turn> {
    prop_oneof![
        2 => (-400 * DAY..400 * DAY).prop_map(Turn::Jump),
        1 => prop_oneof![Just(0), Just(-1), Just(i64::MIN), Just(i64::MAX), Just(AT)].prop_map(Turn::Set),
        2 => Just(Turn::Queue),
        1 => Just(Turn::Reset),
        3 => Just(Turn::Session),
        3 => Just(Turn::Answer),
        1 => Just(Turn::Repeat),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// However the clock jumps: no request fails, no command is lost, what is
    /// final stays as it is and is not sent again in a new session.
    #[test]
    fn no_jump_of_the_clock_loses_or_repeats_anything(turns in proptest::collection::vec(turns(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let house = House::new();
            let mut latest = package1("d", "0", 1, "none");
            let mut reply = house.walk(&latest).await;
            let (mut session, mut number, mut queued) = (0, 1, 0);
            let mut finals: Vec<Option<CommandState>> = Vec::new();
            for turn in turns {
                match turn {
                    Turn::Jump(ms) => house.jump(ms),
                    Turn::Set(ms) => house.now.store(ms, Ordering::Relaxed),
                    Turn::Queue => {
                        house.inventory().await;
                        queued += 1;
                    }
                    Turn::Reset => {
                        let loc_uri = "./cimv2/MDM_Client/MDM_Client.DeviceClientID=\"d\"/Exec=ResetUserPassword";
                        house.queue(Verb::Exec, loc_uri, Some(DAY)).await;
                        queued += 1;
                    }
                    Turn::Session => {
                        (session, number) = (session + 1, 1);
                        latest = package1("d", &session.to_string(), 1, "none");
                        reply = house.walk(&latest).await;
                    }
                    Turn::Answer => {
                        number += 1;
                        latest = message("d", &session.to_string(), number, &answers(&reply, 200));
                        reply = house.walk(&latest).await;
                    }
                    Turn::Repeat => {
                        house.walk(&latest).await;
                    }
                }
                let now = house.finals().await;
                assert_eq!(now.len(), queued, "a command is lost");
                for (before, after) in finals.iter().zip(&now) {
                    assert!(before.is_none() || before == after, "a final state changed");
                }
                finals = now;
            }
        });
    }
}

#[tokio::test]
async fn on_a_disk_that_became_read_only_nothing_is_acknowledged_until_it_is_writable() {
    let house = House::new();
    house.walk(&package1("d", "0", 1, "none")).await;
    house.inventory().await;
    let reply = house.walk(&package1("d", "1", 1, "none")).await;
    house.store.pretend_read_only(true);
    let answered = message("d", "1", 2, &answers(&reply, 200));
    for _ in 0..3 {
        assert_eq!(house.answer(&answered).await, SyncResponse::Busy);
    }
    assert_eq!(
        house.answer(&package1("new", "1", 1, "none")).await,
        SyncResponse::Busy
    );
    let why = Health::default().ready(&*house.store).await.unwrap_err();
    assert!(why.contains("could not write"), "{why}");
    // Reading goes on.
    assert_eq!(house.finals().await, [None]);
    house.store.pretend_read_only(false);
    // The device sends its answer again, as it does after a 503.
    house.walk(&answered).await;
    assert_eq!(house.finals().await, [Some(CommandState::Succeeded)]);
    assert_eq!(Health::default().ready(&*house.store).await, Ok(()));
}
