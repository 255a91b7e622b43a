//! What a store does for all devices as one: whatever is asked for, it finds the devices that
//! a look at each of them would, in bounded reads; and it keeps what a walk found.

use std::collections::HashSet;
use std::path::Path;

use modegate_core::change::DeviceChange;
use modegate_core::context::Family;
use modegate_core::device::{Device, DeviceRecord};
use modegate_core::event::{Event, EventType};
use modegate_core::fleet::{Census, DeviceFlag};
use modegate_core::ids::{DeviceId, Source};
use modegate_core::time::Timestamp;
use modegate_store::Store;
use modegate_store::fleet::{
    DeviceCount, DevicePlace, DeviceQuery, FindBounds, FleetStore, Term, UserIndex,
};
use modegate_store::seal::Keys;
use modegate_store::sqlite::SqliteStore;
use modegate_store::sqlite::reseal::Reseal;
use rusqlite::Connection;
use uuid::Uuid;

const NOW: Timestamp = Timestamp(1_790_000_000_000);
const DEVICES: usize = 120;

fn open(path: &Path, users: Option<UserIndex>) -> SqliteStore {
    let keys = Keys::from_bytes(&[3; 32]).unwrap();
    SqliteStore::open_observed(path, keys, users, std::sync::Arc::new(())).unwrap()
}

/// The nth device: names in mixed case, of which some begin like users.
fn record(n: usize) -> DeviceRecord {
    let family = Family::ALL[n % 3];
    let source = match n % 4 {
        0 => format!("Tab-{n:03}"),
        1 => format!("tab-{n:03}"),
        2 => format!("Äpfel-{n:03}"),
        _ => format!("kiosk-{n:03}"),
    };
    let groups = [(2, "even"), (5, "fifth"), (30, "rare")];
    let groups = groups.iter().filter(|(each, _)| n.is_multiple_of(*each));
    DeviceRecord {
        user: (!n.is_multiple_of(3)).then(|| format!("Tab{}@contoso.test", n % 7)),
        groups: groups.map(|(_, group)| (*group).to_owned()).collect(),
        ..DeviceRecord::new(Source(source), family, NOW)
    }
}

async fn register(store: &dyn Store, record: DeviceRecord) -> DeviceId {
    let id = DeviceId(Uuid::now_v7());
    let event = Event::new(NOW, "test", Some(id), EventType::DeviceRegistered);
    store.register(id, record, event, None).await.unwrap();
    id
}

async fn change(store: &dyn Store, id: DeviceId, record: DeviceRecord) {
    let decide = move |device: &Device| {
        let record = Some(record);
        Ok(DeviceChange {
            record,
            ..DeviceChange::new(device, device.state.clone())
        })
    };
    store.alter(id, Box::new(decide), None).await.unwrap();
}

async fn retire(store: &dyn Store, id: DeviceId) {
    let event = Event::new(NOW, "test", Some(id), EventType::DeviceRetired);
    let retired = store.retire(id, Box::new(|_| Ok(())), event, None);
    retired.await.unwrap();
}

fn flags(device: &Device) -> Vec<DeviceFlag> {
    let own = [(3, DeviceFlag::Silent), (11, DeviceFlag::Starving)];
    let own = own
        .iter()
        .filter(|(each, _)| device.number.is_multiple_of(*each));
    own.map(|(_, flag)| *flag).collect()
}

async fn put_flags(store: &dyn Store) {
    let found = store.survey(0, 10_000).await.unwrap();
    let flags = found
        .iter()
        .map(|one| (one.device.number, flags(&one.device)));
    store.put_flags(0, u64::MAX, flags.collect()).await.unwrap();
}

fn is(term: &Term, device: &Device) -> bool {
    let record = &device.record;
    match term {
        Term::User(user) => {
            let own = record.user.as_ref().map(|own| own.to_lowercase());
            own == Some(user.to_lowercase())
        }
        Term::Group(group) => record.groups.contains(group),
        Term::Family(family) => record.family == *family,
        Term::Flag(flag) => flags(device).contains(flag),
    }
}

/// What a look at each device finds, in order.
async fn expected(store: &dyn Store, query: &DeviceQuery, users: UserIndex) -> Vec<DeviceId> {
    let mut found = Vec::new();
    for device in store.devices(0, 10_000).await.unwrap() {
        let lists = query.all_of.iter();
        if !lists
            .into_iter()
            .all(|terms| terms.iter().any(|term| is(term, &device)))
        {
            continue;
        }
        let Some(prefix) = query.prefix.as_ref().map(|prefix| prefix.to_lowercase()) else {
            found.push((String::new(), device.number, device.id));
            continue;
        };
        let source = device.record.source.0.to_lowercase();
        let user = device.record.user.iter().map(|user| user.to_lowercase());
        let user = user.filter(|_| users == UserIndex::Prefix);
        let mut names = std::iter::once(source).chain(user);
        let name = names.find(|name| name.starts_with(&prefix));
        found.extend(name.map(|name| (name, device.number, device.id)));
    }
    found.sort();
    found.into_iter().map(|(_, _, id)| id).collect()
}

/// What the store finds, page by page; no page is over its bounds.
async fn found(store: &dyn Store, query: &DeviceQuery, bounds: FindBounds) -> Vec<DeviceId> {
    let (mut found, mut place) = (Vec::new(), DevicePlace::default());
    loop {
        let page = store.find_devices(query, &place, bounds).await.unwrap();
        assert!(page.devices.len() <= bounds.devices);
        // A step looks into each list once more at most.
        let most = bounds.entries + query.all_of.iter().map(Vec::len).sum::<usize>();
        assert!(page.entries <= most, "{}: {query:?}", page.entries);
        found.extend(page.devices.iter().map(|(_, device)| device.id));
        match page.next {
            Some(next) => {
                assert_ne!(next, place, "{query:?}");
                place = next;
            }
            None => return found,
        }
    }
}

fn queries() -> Vec<DeviceQuery> {
    let (user, group) = (
        |name: &str| Term::User(name.into()),
        |name: &str| Term::Group(name.into()),
    );
    let lists = [
        vec![],
        vec![vec![group("even")]],
        vec![vec![group("none")]],
        vec![vec![]],
        vec![vec![user("TAB3@contoso.test")]],
        vec![vec![group("fifth"), group("rare"), group("none")]],
        vec![vec![group("even")], vec![group("fifth")]],
        vec![
            vec![Term::Flag(DeviceFlag::Starving)],
            vec![Term::Family(Family::Windows10)],
        ],
        vec![
            vec![group("even"), group("fifth")],
            vec![Term::Flag(DeviceFlag::Silent)],
            vec![user("tab1@contoso.test"), user("Tab4@contoso.test")],
        ],
        vec![vec![Term::Flag(DeviceFlag::NotCompliant)]],
    ];
    let prefixes = [
        None,
        Some(""),
        Some("tab"),
        Some("TAB-0"),
        Some("äp"),
        Some("tab2"),
        Some("zz"),
    ];
    let mut queries = Vec::new();
    for all_of in &lists {
        queries.extend(prefixes.iter().map(|prefix| DeviceQuery {
            prefix: prefix.map(str::to_owned),
            all_of: all_of.clone(),
        }));
    }
    queries
}

async fn finds_what_is_there(store: &dyn Store, users: UserIndex) -> usize {
    let mut all = 0;
    for query in queries() {
        let expected = expected(store, &query, users).await;
        for (devices, entries) in [(1_000, 100_000), (7, 100_000), (1, 3), (50, 10)] {
            let bounds = FindBounds { devices, entries };
            let found = found(store, &query, bounds).await;
            assert_eq!(found, expected, "{users:?} {query:?} {bounds:?}");
        }
        let counted = store.count_devices(&query, 100_000).await.unwrap();
        assert!(!counted.more, "{query:?}");
        let devices = expected.len() as u64;
        // A device that is found by both of its names is counted by each.
        let twice = query.prefix.is_some() && users == UserIndex::Prefix;
        assert!(
            counted.devices == devices || twice && counted.devices > devices,
            "{query:?}: {counted:?}, {devices}"
        );
        all += expected.len();
    }
    all
}

#[tokio::test]
async fn devices_are_found_by_all_that_is_said_of_them() {
    let own = tempfile::tempdir().unwrap();
    let path = own.path().join("db");
    let store = open(&path, Some(UserIndex::Sealed));
    let mut ids = Vec::new();
    for n in 0..DEVICES {
        ids.push(register(&store, record(n)).await);
    }
    put_flags(&store).await;
    let sealed = finds_what_is_there(&store, UserIndex::Sealed).await;
    // Changed, retired and registered again.
    for (n, id) in ids.iter().enumerate() {
        match n % 10 {
            3 => change(&store, *id, record(n + 1).with_source(n)).await,
            7 => retire(&store, *id).await,
            _ => {}
        }
    }
    for n in (7..DEVICES).step_by(20) {
        register(&store, record(n)).await;
    }
    put_flags(&store).await;
    finds_what_is_there(&store, UserIndex::Sealed).await;
    // Users in clear, and not any more.
    store.close().await;
    drop(store);
    let in_clear = |path: &Path| {
        let db = Connection::open(path).unwrap();
        let sql = "SELECT count(*) FROM name_index WHERE name LIKE '%contoso%'";
        db.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap()
    };
    assert_eq!(in_clear(&path), 0);
    let store = open(&path, Some(UserIndex::Prefix));
    let prefix = finds_what_is_there(&store, UserIndex::Prefix).await;
    assert!(prefix > sealed, "{prefix} {sealed}");
    store.close().await;
    drop(store);
    assert!(in_clear(&path) > 0);
    // Who does not say keeps it as it is.
    let store = open(&path, None);
    finds_what_is_there(&store, UserIndex::Prefix).await;
    store.close().await;
    drop(store);
    let store = open(&path, Some(UserIndex::Sealed));
    finds_what_is_there(&store, UserIndex::Sealed).await;
    // Nothing is left of devices that are gone.
    for device in store.devices(0, 10_000).await.unwrap() {
        retire(&store, device.id).await;
    }
    store.close().await;
    let db = Connection::open(&path).unwrap();
    for table in ["name_index", "term_index"] {
        let sql = format!("SELECT count(*) FROM {table}");
        let left: i64 = db.query_row(&sql, [], |row| row.get(0)).unwrap();
        assert_eq!(left, 0, "{table}");
    }
}

trait WithSource {
    fn with_source(self, n: usize) -> Self;
}

impl WithSource for DeviceRecord {
    /// The same for the nth device: a source never changes.
    fn with_source(self, n: usize) -> Self {
        DeviceRecord {
            source: record(n).source,
            ..self
        }
    }
}

#[tokio::test]
async fn a_database_of_before_is_filled_and_goes_on_where_it_stopped() {
    let own = tempfile::tempdir().unwrap();
    let path = own.path().join("db");
    let store = open(&path, None);
    for n in 0..DEVICES {
        register(&store, record(n)).await;
    }
    store.close().await;
    drop(store);
    // As it was before there were indexes, and as one that was interrupted.
    for filled_to in [0, 50] {
        let db = Connection::open(&path).unwrap();
        for table in ["name_index", "term_index"] {
            let sql = format!("DELETE FROM {table} WHERE device > {filled_to}");
            assert!(db.execute(&sql, []).unwrap() > 0);
        }
        let sql = "UPDATE index_state SET filled_to = ?1";
        db.execute(sql, [filled_to]).unwrap();
        drop(db);
        let store = open(&path, None);
        put_flags(&store).await;
        finds_what_is_there(&store, UserIndex::Sealed).await;
        store.close().await;
    }
}

#[tokio::test]
async fn users_are_found_while_the_key_is_changed_and_after() {
    let own = tempfile::tempdir().unwrap();
    let path = own.path().join("db");
    let store = open(&path, None);
    let user = || vec![vec![Term::User("Ann".into())]];
    let of_ann = |n| DeviceRecord {
        user: Some("ann".into()),
        ..record(n)
    };
    let first = register(&store, of_ann(0)).await;
    store.close().await;
    drop(store);
    let (old, new) = ([3; 32], [4; 32]);
    let both = || Keys::with_next(&old, &new).unwrap();
    let tags = || {
        let db = Connection::open(&path).unwrap();
        let sql = "SELECT term FROM term_index WHERE kind = 1";
        let mut statement = db.prepare(sql).unwrap();
        let found = statement.query_map([], |row| row.get::<_, Vec<u8>>(0));
        found.unwrap().map(Result::unwrap).collect::<HashSet<_>>()
    };
    let before = tags();
    let mut work = Reseal::open(&path, both()).unwrap();
    work.step().unwrap();
    drop(work);
    // Half done: one that is registered now has the new key's digest.
    let store = SqliteStore::open(&path, both()).unwrap();
    let second = register(&store, of_ann(1)).await;
    let query = DeviceQuery {
        prefix: None,
        all_of: user(),
    };
    let bounds = FindBounds {
        devices: 10,
        entries: 100,
    };
    assert_eq!(found(&store, &query, bounds).await, [first, second]);
    change(&store, second, record(1)).await;
    assert_eq!(found(&store, &query, bounds).await, [first]);
    change(&store, second, of_ann(1)).await;
    store.close().await;
    drop(store);
    let mut work = Reseal::open(&path, both()).unwrap();
    while work.step().unwrap().is_some() {}
    work.finish(NOW).unwrap();
    assert_eq!(tags(), HashSet::new());
    let store = SqliteStore::open(&path, Keys::from_bytes(&new).unwrap()).unwrap();
    assert_eq!(found(&store, &query, bounds).await, [first, second]);
    assert!(tags().is_disjoint(&before));
}

#[tokio::test]
async fn few_devices_of_a_list_are_found_at_once_among_many_names_that_begin_alike() {
    let own = tempfile::tempdir().unwrap();
    for users in [UserIndex::Sealed, UserIndex::Prefix] {
        let store = open(&own.path().join(format!("{users:?}")), Some(users));
        for n in 0..DEVICES {
            register(&store, record(n)).await;
        }
        let query = DeviceQuery {
            prefix: Some(String::new()),
            all_of: vec![vec![Term::Group("rare".into())]],
        };
        // A third of the names, at most.
        let bounds = FindBounds {
            devices: 50,
            entries: 40,
        };
        let place = DevicePlace::default();
        let page = store.find_devices(&query, &place, bounds).await.unwrap();
        let ids: Vec<DeviceId> = page.devices.iter().map(|(_, device)| device.id).collect();
        assert_eq!(ids, expected(&store, &query, users).await);
        assert_eq!((ids.len(), page.next), (4, None));
    }
}

#[tokio::test]
async fn a_count_ends_at_its_bound() {
    let own = tempfile::tempdir().unwrap();
    let store = open(&own.path().join("db"), None);
    for n in 0..DEVICES {
        register(&store, record(n)).await;
    }
    let terms = vec![vec![Term::Group("even".into())]];
    let two = [terms.clone(), vec![vec![Term::Family(Family::Windows81)]]].concat();
    for (prefix, all_of) in [
        (None, vec![]),
        (None, terms),
        (Some("tab"), vec![]),
        (None, two),
    ] {
        let prefix = prefix.map(str::to_owned);
        let query = DeviceQuery { prefix, all_of };
        let counted = store.count_devices(&query, 10).await.unwrap();
        assert!(
            counted.more && counted.devices <= 10,
            "{query:?} {counted:?}"
        );
    }
    let query = DeviceQuery::default();
    let all = store.count_devices(&query, DEVICES + 1).await.unwrap();
    let (devices, more) = (DEVICES as u64, false);
    assert_eq!(all, DeviceCount { devices, more });
}

#[tokio::test]
async fn flags_are_of_devices_that_are_there_and_change_with_each_walk() {
    let own = tempfile::tempdir().unwrap();
    let store = open(&own.path().join("db"), None);
    let mut ids = Vec::new();
    for n in 0..4 {
        ids.push(register(&store, record(n)).await);
    }
    let (silent, starving) = (DeviceFlag::Silent, DeviceFlag::Starving);
    let both = vec![silent, starving];
    let flags = vec![
        (1, both.clone()),
        (2, vec![silent]),
        (3, vec![]),
        (4, vec![silent]),
    ];
    store.put_flags(0, u64::MAX, flags).await.unwrap();
    let kept = store.flags_of(&[1, 2, 3, 4, 9]).await.unwrap();
    assert_eq!(kept, [both, vec![silent], vec![], vec![silent], vec![]]);
    // A walk writes of the devices that it looked at; equal flags are not written.
    let mut commits = store.commits();
    commits.borrow_and_update();
    store
        .put_flags(1, 2, vec![(2, vec![silent])])
        .await
        .unwrap();
    assert!(!commits.has_changed().unwrap());
    store
        .put_flags(0, 2, vec![(1, vec![starving])])
        .await
        .unwrap();
    let kept = store.flags_of(&[1, 2, 4]).await.unwrap();
    assert_eq!(kept, [vec![starving], vec![], vec![silent]]);
    // One that was retired since it was looked at gets none.
    retire(&store, ids[1]).await;
    store
        .put_flags(1, 2, vec![(2, vec![silent])])
        .await
        .unwrap();
    assert_eq!(store.flags_of(&[2]).await.unwrap(), [vec![]]);
}

#[tokio::test]
async fn a_census_is_kept_in_place_of_the_one_before() {
    let own = tempfile::tempdir().unwrap();
    let store = open(&own.path().join("db"), None);
    register(&store, record(0)).await;
    assert_eq!(store.census().await.unwrap(), None);
    for at in [NOW, NOW.plus_ms(5)] {
        let mut census = Census::begin(at);
        for one in store.survey(0, 10).await.unwrap() {
            census.count(&one, &DeviceFlag::ALL, at);
        }
        store.put_census(census.clone()).await.unwrap();
        assert_eq!(store.census().await.unwrap(), Some(census));
    }
    let kept = store.census().await.unwrap().unwrap();
    let groups: HashSet<&str> = kept.groups.keys().map(String::as_str).collect();
    assert_eq!(groups, ["even", "fifth", "rare"].into());
    assert_eq!(kept.flags.len(), DeviceFlag::ALL.len());
}
