//! How long it takes to list all devices with their states.
//!
//! `cargo bench --bench compliance -- [DEVICES]`: 100,000 if not told. Rows are synthetic:
//! one device is judged by the shipped baseline, and its row is copied.

mod support;

use std::time::Instant;

use modegate_core::compliance::{BaselineSet, Facts, Subject};
use modegate_core::context::Family;
use modegate_core::device::DeviceRecord;
use modegate_core::event::{Event, EventType};
use modegate_core::ids::{DeviceId, Source};
use modegate_core::time::Timestamp;
use modegate_server::audit::lists::Lists;
use modegate_store::api::WriteStore as _;
use modegate_store::compliance::{ComplianceStore as _, Judged};
use modegate_store::seal::Keys;
use modegate_store::sqlite::SqliteStore;
use rusqlite::{Connection, params};
use support::machine::anonymous_kib;
use uuid::Uuid;

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const DEVICES: i64 = 100_000;
const NOW: Timestamp = Timestamp(1_795_000_000_000);
#[tokio::main(flavor = "current_thread")]
async fn main() {
    let told = std::env::args().find_map(|argument| argument.parse().ok());
    let devices: i64 = told.unwrap_or(DEVICES);
    let dir = tempfile::tempdir().expect("a folder");
    let database = dir.path().join("db");
    let keys = || Keys::from_bytes(&[7; 32]).expect("a key");
    let set = BaselineSet::builtin().expect("the shipped baseline");
    {
        let store = SqliteStore::open(&database, keys()).expect("a store");
        first(&store, &set).await;
    }
    copy(&database, devices);
    let store = SqliteStore::open(&database, keys()).expect("a store");
    list(&store, &set, dir.path());
}

/// Registers a device and judges it.
async fn first(store: &SqliteStore, set: &BaselineSet) {
    let id = DeviceId(Uuid::from_u128(1));
    let record = DeviceRecord::new(Source("d1".into()), Family::Windows81, NOW);
    let event = Event::new(NOW, "bench", Some(id), EventType::DeviceRegistered);
    store
        .register(id, record, event, None)
        .await
        .expect("a device");
    judge(store, set).await;
}

/// Judges the device, as the worker does.
async fn judge(store: &SqliteStore, set: &BaselineSet) {
    let found = store.to_judge(NOW, 1).await.expect("devices");
    let judged = found.into_iter().map(|one| {
        let subject = Subject {
            groups: &one.device.record.groups,
            facts: Facts::new(&one.device.record, &one.device.state),
            inventory: &one.inventory,
        };
        let evaluation = set.evaluate(&subject, &one.before, NOW, 0);
        Judged {
            number: one.device.number,
            revision: one.device.state.revision,
            after: evaluation.after,
            next_at: evaluation.next_at,
            decide: None,
        }
    });
    let written = store.write_judged(judged.collect()).await;
    assert_eq!(written.expect("written"), 1);
}

/// Copies the one device so often.
fn copy(database: &std::path::Path, devices: i64) {
    let mut db = Connection::open(database).expect("the database");
    let transaction = db.transaction().expect("a transaction");
    {
        let sql = "INSERT INTO device SELECT ?1, ?2, 'd' || ?1, record, revision, next_command, next_event, event_head, \
                   event_mark, state, reply FROM device WHERE number = 1";
        let mut device = transaction.prepare(sql).expect("SQL");
        let sql =
            "INSERT INTO compliance SELECT ?1, next_at, body FROM compliance WHERE device = 1";
        let mut verdicts = transaction.prepare(sql).expect("SQL");
        for number in 2..=devices {
            // Ids in another order than numbers, as after an import.
            let id = u128::from(number.unsigned_abs().wrapping_mul(0x9e37_79b9_7f4a_7c15)) << 64;
            let id = (id | u128::from(number.unsigned_abs())).to_be_bytes();
            device.execute(params![number, id]).expect("a row");
            verdicts.execute([number]).expect("a row");
        }
    }
    transaction.commit().expect("written");
}

fn list(store: &SqliteStore, set: &BaselineSet, dir: &std::path::Path) {
    let before = anonymous_kib(std::process::id());
    let begun = Instant::now();
    let records = Lists::of(dir).write(store, set, NOW).expect("a list");
    let took = begun.elapsed().as_secs_f64();
    let record = &records[0];
    println!(
        "list: {} devices, {} lines in {took:.2} s: {:.1} s for 1,000,000 devices (aim: 60); memory {before:?} KiB before, {:?} KiB after",
        record.devices,
        record.lines,
        took * 1e6 / record.devices as f64,
        anonymous_kib(std::process::id())
    );
}
