//! A store that was closed keeps nobody else out.

use std::sync::Arc;

use modegate_core::event::{Event, EventType};
use modegate_store::seal::Keys;
use modegate_store::sqlite::SqliteStore;
use modegate_store::{Store as _, StoreError};

use super::conformance::AT;

#[tokio::test]
async fn a_closed_store_that_somebody_holds_still_keeps_nobody_out() {
    let dir = tempfile::tempdir().unwrap();
    let open = || {
        SqliteStore::open(
            &dir.path().join("m.db"),
            Keys::from_bytes(&[1; 32]).unwrap(),
        )
    };
    let event = || Event::new(AT, "x", None, EventType::ServerStarted);
    let first = Arc::new(open().unwrap());
    // As a connection that has not ended does.
    let held = Arc::clone(&first);
    assert!(matches!(open(), Err(StoreError::InUse(_))));
    first.log(vec![event()]).await.unwrap();
    first.close().await;
    let second = open().unwrap();
    second.log(vec![event()]).await.unwrap();
    held.log(vec![event()]).await.unwrap_err();
    assert_eq!(held.last_place().await.unwrap(), 2);
    assert_eq!(second.last_place().await.unwrap(), 2);
    drop(held);
    assert!(matches!(open(), Err(StoreError::InUse(_))));
}
