//! What a store does for installs: which devices are due, and that nothing is
//! written on what changed meanwhile.

use std::sync::Arc;

use modegate_core::catalogue::{App, Release, Version};
use modegate_core::change::{DeviceChange, Refusal};
use modegate_core::device::{Device, DeviceState};
use modegate_core::ids::DeviceId;
use modegate_core::installs::request::{Request, Written, request};
use modegate_core::installs::{Install, InstallId, InstallState};
use modegate_core::operations::{self, BuildContext, Templates};
use modegate_core::secret::Secret;
use modegate_core::time::Timestamp;
use modegate_store::StoreError;
use modegate_store::api::WriteStore;
use modegate_store::installs::InstallStore;
use modegate_store::seal::Keys;
use modegate_store::sqlite::SqliteStore;
use serde_json::json;
use uuid::Uuid;

use crate::store::conformance::register;

const NOW: Timestamp = Timestamp(1_790_000_000_000);

fn app(id: &str) -> App {
    let release = Release {
        version: Version::parse("1").unwrap(),
        package_full_name: None,
        urls: Vec::new(),
        dependencies: Vec::new(),
        licence: None,
        action: "install".into(),
        options: 0,
        job_data: Some(Secret::new("<Job/>")),
    };
    App {
        id: id.into(),
        name: "ERP".into(),
        description: None,
        groups: Vec::new(),
        releases: vec![release],
        created_at: NOW,
        changed_at: NOW,
        requires: None,
    }
}

async fn ask(store: &SqliteStore, device: DeviceId, id: &str) {
    let app = app(id);
    let templates = Templates::default();
    let setting = BuildContext {
        device: Some(device),
        templates: &templates,
        actor: "test",
        now: NOW,
        fresh: Uuid::now_v7(),
    };
    let command = json!({"type": "app_install", "app": id, "job_data": "<Job/>"});
    let asked = Request {
        command: operations::command(&command, &setting).unwrap(),
        release: app.release(None).unwrap().clone(),
        app,
        job_id: "job".into(),
        warnings: Vec::new(),
        person: None,
        again: false,
    };
    let decide =
        move |device: &Device, installs: &[Install], no| request(device, installs, no, asked);
    let written = store.alter_install(device, id, None, Box::new(decide), None, None);
    written.await.unwrap();
}

fn nothing() -> Written {
    Written {
        change: None,
        installs: Vec::new(),
        answer: None,
        created: false,
    }
}

/// Changes the device in a way that has nothing to do with installs.
async fn touch(store: &SqliteStore, device: DeviceId) {
    let decide = |device: &Device| {
        let state = DeviceState {
            sessions: device.state.sessions + 1,
            ..device.state.clone()
        };
        Ok(DeviceChange::new(device, state))
    };
    store.alter(device, Box::new(decide), None).await.unwrap();
}

#[tokio::test]
async fn a_device_is_due_while_something_of_it_was_not_looked_at() {
    let own = tempfile::tempdir().unwrap();
    let path = own.path().join("db");
    let keys = || Keys::from_bytes(&[1; 32]).unwrap();
    let store = Arc::new(SqliteStore::open(&path, keys()).unwrap());
    let (with, without) = (register(&*store, "a").await, register(&*store, "b").await);
    ask(&store, with, "erp").await;
    touch(&store, without).await;
    assert_eq!(store.installs_due(10).await.unwrap(), [with]);
    // Over a crash too.
    drop(store);
    let store = Arc::new(SqliteStore::open(&path, keys()).unwrap());
    assert_eq!(store.installs_due(10).await.unwrap(), [with]);
    // What is refused leaves it due.
    let refused = store
        .move_installs(with, Box::new(|_, _, _| Err(Refusal::Stale("no".into()))))
        .await;
    assert!(matches!(
        refused,
        Err(StoreError::Refused(Refusal::Stale(_)))
    ));
    assert_eq!(store.installs_due(10).await.unwrap(), [with]);
    let seen = |_: &Device, installs: &[modegate_core::installs::Install], next: u32| {
        assert_eq!((installs.len(), next), (1, 2));
        Ok(nothing())
    };
    store.move_installs(with, Box::new(seen)).await.unwrap();
    assert!(store.installs_due(10).await.unwrap().is_empty());
    touch(&store, with).await;
    assert_eq!(store.installs_due(10).await.unwrap(), [with]);
    // A change that says so does not make it due: whoever made it has just looked.
    let looked = |device: &Device| {
        Ok(DeviceChange {
            review_installs: false,
            ..DeviceChange::new(device, device.state.clone())
        })
    };
    store
        .move_installs(with, Box::new(|_, _, _| Ok(nothing())))
        .await
        .unwrap();
    store.alter(with, Box::new(looked), None).await.unwrap();
    assert!(store.installs_due(10).await.unwrap().is_empty());
    // Once none is open the device is left alone.
    let end = |_: &Device, installs: &[modegate_core::installs::Install], _: u32| {
        let mut install = installs[0].clone();
        install.state = modegate_core::installs::InstallState::Installed;
        Ok(Written {
            installs: vec![install],
            ..nothing()
        })
    };
    store.move_installs(with, Box::new(end)).await.unwrap();
    touch(&store, with).await;
    store.all_installs_due().await.unwrap();
    assert!(store.installs_due(10).await.unwrap().is_empty());
    assert!(store.open_installs(with).await.unwrap().is_empty());
    assert_eq!(store.installs(with, u32::MAX, 10).await.unwrap().len(), 1);
}

/// The installs of all devices are gone through device by device, from wherever one stopped.
#[tokio::test]
async fn the_installs_of_all_devices_are_listed_from_any_of_them_on() {
    let own = tempfile::tempdir().unwrap();
    let path = own.path().join("db");
    let store = SqliteStore::open(&path, Keys::from_bytes(&[1; 32]).unwrap()).unwrap();
    let store = Arc::new(store);
    let (first, second) = (register(&*store, "a").await, register(&*store, "b").await);
    for (device, app) in [(second, "erp"), (first, "erp"), (first, "cad")] {
        ask(&store, device, app).await;
    }
    let end = |_: &Device, installs: &[Install], _: u32| {
        let mut install = installs[0].clone();
        install.state = InstallState::Installed;
        Ok(Written {
            installs: vec![install],
            ..nothing()
        })
    };
    store.move_installs(first, Box::new(end)).await.unwrap();
    let id = |device, no| InstallId { device, no };
    let list = async |after, only_open, limit| {
        let found = store.fleet_installs(after, only_open, limit).await.unwrap();
        let ids = found.into_iter().map(|(id, install)| {
            assert_eq!(id.no, install.no);
            id
        });
        ids.collect::<Vec<_>>()
    };
    let all = [id(first, 1), id(first, 2), id(second, 1)];
    assert_eq!(list(None, false, 10).await, all);
    assert_eq!(list(None, false, 2).await, all[..2]);
    assert_eq!(list(Some(all[0]), false, 10).await, all[1..]);
    assert_eq!(list(Some(all[1]), false, 10).await, all[2..]);
    assert_eq!(list(None, true, 10).await, all[1..], "the first is over");
    assert!(list(Some(all[2]), false, 10).await.is_empty());
    let gone = id(DeviceId(Uuid::from_u128(7)), 3);
    assert_eq!(list(Some(gone), false, 10).await, all, "they begin anew");
}
