//! A device that was enrolled comes for the first time: by its certificate alone it gets the
//! name that it says, unless that is the name of another device.

use std::path::Path;

use modegate_core::device::CertificateDigest;
use modegate_core::enrollment::{
    EnrolledCertificate, EnrollmentState, IssuedAnswer, KeyDigest, Phase, RequestDigest,
};
use modegate_core::time::Timestamp;
use modegate_sim::{ClientIdentity, Tablet, Transport, Trigger, https_client};
use modegate_store::Store;
use modegate_store::enrollment::{EnrollmentFilter, EnrollmentStore};
use modegate_store::seal::Keys;
use modegate_store::sqlite::SqliteStore;
use serde_json::{Value, json};

use crate::harness::{SYNCML, Server, message, package1};
use crate::store::enrollments::enroll_signed;

fn open(dir: &Path) -> SqliteStore {
    let text = std::fs::read_to_string(dir.join("key")).unwrap();
    let key = data_encoding::HEXLOWER
        .decode(text.trim().as_bytes())
        .unwrap();
    let keys = Keys::from_bytes(&key.try_into().unwrap()).unwrap();
    SqliteStore::open(&dir.join("modegate.db"), keys).unwrap()
}

/// Does something with the data of a server, which is stopped for that.
pub async fn with_store<T>(
    mut server: Server,
    work: impl AsyncFnOnce(&SqliteStore) -> T,
) -> (Server, T) {
    let (dir, arguments) = (server.dir.clone(), server.arguments().to_vec());
    server.signal("TERM");
    assert_eq!(server.wait(), Some(0));
    let store = open(&dir);
    let done = work(&store).await;
    store.close().await;
    drop(store);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let server = Server::in_dir(&dir, &arguments);
    (server, done)
}

/// Puts on record that the certificate of `identity` was issued to a device of anna's.
async fn enroll(store: &SqliteStore, n: u8, identity: &ClientIdentity) {
    let digest = CertificateDigest::from_hex(&identity.sha256()).unwrap();
    let now = Timestamp(1_790_000_000_000);
    let certificate = EnrolledCertificate {
        digest,
        serial: "01".into(),
        not_before: now,
        // The server's clock is the machine's.
        not_after: now.plus_ms(10_000 * 24 * 60 * 60 * 1000),
        issuer: CertificateDigest([255; 32]),
        key: KeyDigest([n; 32]),
        request: RequestDigest([n; 32]),
        issued_at: now,
        first_seen: None,
        superseded_at: None,
    };
    let answer = IssuedAnswer {
        digest,
        leaf: vec![n],
        chain: Vec::new(),
        secrets: None,
    };
    let enrolled = enroll_signed(store, n, "anna", (certificate, answer)).await;
    assert_eq!(enrolled, digest);
}

fn tablet(server: &Server, source: &str, identity: Option<&ClientIdentity>) -> Tablet {
    let ca = std::fs::read(server.dir.join("ca.pem")).unwrap();
    let url = format!("{}/sync", server.https.replace("127.0.0.1", "localhost"));
    Tablet::new(source, Transport::new(&url, Some(&ca), identity).unwrap())
}

/// The status that a session gets; none where it is one as it should be.
async fn status(server: &Server, source: &str, identity: Option<&ClientIdentity>) -> Option<u16> {
    let report = tablet(server, source, identity)
        .trigger(Trigger::Reboot)
        .await;
    let report = report.unwrap();
    assert!(report.violations.is_empty(), "{:?}", report.violations);
    report.http_status
}

async fn devices(server: &Server) -> Vec<Value> {
    let page = server.get("/devices").await;
    page["items"].as_array().unwrap().clone()
}

async fn events(server: &Server, what: &str) -> Vec<Value> {
    let page = server.get(&format!("/events?type={what}")).await;
    page["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_device_is_known_by_the_certificate_that_was_issued_to_it() {
    let (own, other) = (
        ClientIdentity::generate("anything").unwrap(),
        ClientIdentity::generate("anything").unwrap(),
    );
    let own_dir = tempfile::tempdir().unwrap();
    let server = Server::in_dir(&own_dir.path().join("data"), &[]);
    let (server, ()) = with_store(server, async |store| enroll(store, 1, &own).await).await;
    let before = devices(&server).await;
    let provisional = before[0]["source"].as_str().unwrap().to_owned();
    assert_eq!(provisional.len(), 36);
    for (source, identity) in [
        ("tablet", None),
        ("tablet", Some(&other)),
        (&*provisional, None),
        (&*provisional, Some(&other)),
    ] {
        assert_eq!(
            status(&server, source, identity).await,
            Some(403),
            "{source}"
        );
    }
    let command = server
        .queue(
            before[0]["id"].as_str().unwrap(),
            json!({"type": "inventory"}),
        )
        .await;
    assert_eq!(status(&server, "tablet", Some(&own)).await, None);
    let after = devices(&server).await;
    assert_eq!(after.len(), 1);
    assert_eq!(
        (&after[0]["source"], &after[0]["id"]),
        (&json!("tablet"), &before[0]["id"])
    );
    assert_ne!(
        server.state(&command).await,
        "queued",
        "it came in that session"
    );
    // From then on the name is the device's.
    assert_eq!(status(&server, "other", Some(&own)).await, Some(403));
    assert_eq!(status(&server, "tablet", Some(&other)).await, Some(403));
    assert_eq!(status(&server, &provisional, Some(&own)).await, Some(403));
    assert_eq!(status(&server, "tablet", Some(&own)).await, None);
    let claimed = events(&server, "enrollment.claimed").await;
    assert_eq!(claimed.len(), 1);
    assert_eq!(claimed[0]["enrollment"]["certificate_sha256"], own.sha256());
    let (_, phase) = with_store(server, async |store| {
        let found = store
            .enrollments(EnrollmentFilter::default(), u64::MAX, 9)
            .await;
        found.unwrap()[0].1.phase()
    })
    .await;
    assert_eq!(phase, Phase::Active);
}

#[tokio::test]
async fn nobody_gets_the_name_of_another_device_by_enrolling() {
    let (first, second) = (
        ClientIdentity::generate("a").unwrap(),
        ClientIdentity::generate("a").unwrap(),
    );
    let own_dir = tempfile::tempdir().unwrap();
    let server = Server::in_dir(&own_dir.path().join("data"), &[]);
    let (server, ()) = with_store(server, async |store| {
        enroll(store, 1, &first).await;
        enroll(store, 2, &second).await;
    })
    .await;
    assert_eq!(status(&server, "tablet", Some(&first)).await, None);
    for _ in 0..3 {
        assert_eq!(status(&server, "tablet", Some(&second)).await, Some(403));
    }
    assert_eq!(status(&server, "tablet", Some(&first)).await, None);
    let conflicts = events(&server, "enrollment.conflict").await;
    assert_eq!(conflicts.len(), 1, "however often it comes: {conflicts:?}");
    let all = devices(&server).await;
    let victim = all
        .iter()
        .find(|device| device["source"] == "tablet")
        .unwrap();
    assert_eq!(conflicts[0]["enrollment"]["other_device"], victim["id"]);
    // Without a conflict in its way it can still be enrolled as itself.
    assert_eq!(status(&server, "another", Some(&second)).await, None);
    assert_eq!(devices(&server).await.len(), 2);
}

#[tokio::test]
async fn who_unenrolled_ends_the_enrollment_and_comes_back_by_a_new_one() {
    const UNENROLLED: &str = "<Alert><CmdID>1</CmdID><Data>1201</Data></Alert>\
        <Alert><CmdID>9</CmdID><Data>1226</Data><Item><Meta>\
        <Type xmlns=\"syncml:metinf\">com.microsoft:mdm.unenrollment.userrequest</Type>\
        <Format xmlns=\"syncml:metinf\">int</Format></Meta><Data>1</Data></Item></Alert><Final/>";
    let (first, second) = (
        ClientIdentity::generate("a").unwrap(),
        ClientIdentity::generate("a").unwrap(),
    );
    let own_dir = tempfile::tempdir().unwrap();
    let server = Server::in_dir(&own_dir.path().join("data"), &[]);
    let (server, ()) = with_store(server, async |store| enroll(store, 1, &first).await).await;
    assert_eq!(status(&server, "tablet", Some(&first)).await, None);
    let post = async |server: &Server, identity: &ClientIdentity, body: String| {
        let ca = std::fs::read(server.dir.join("ca.pem")).unwrap();
        let url = format!("{}/sync", server.https.replace("127.0.0.1", "localhost"));
        let client = https_client(Some(&ca), Some(identity)).unwrap();
        let request = client.post(format!("{url}?mode=Maintenance&Platform=WoA"));
        let request = request.header("content-type", SYNCML).body(body);
        request.send().await.unwrap().status().as_u16()
    };
    let unenrolled = message("tablet", "90", 1, UNENROLLED);
    assert_eq!(post(&server, &first, unenrolled).await, 200);
    let again = package1("tablet", "91", 1, "user");
    assert_eq!(post(&server, &first, again).await, 403);
    assert_eq!(events(&server, "enrollment.ended").await.len(), 1);
    let id = devices(&server).await[0]["id"].clone();
    let (server, ended) = with_store(server, async |store| {
        enroll(store, 2, &second).await;
        let found = store
            .enrollments(EnrollmentFilter::default(), u64::MAX, 9)
            .await;
        found.unwrap()[1].1.state
    })
    .await;
    assert!(matches!(ended, EnrollmentState::Ended(_)), "{ended:?}");
    assert_eq!(status(&server, "tablet", Some(&second)).await, None);
    let all = devices(&server).await;
    assert_eq!((all.len(), &all[0]["id"]), (1, &id), "its record goes on");
    assert_eq!(status(&server, "tablet", Some(&first)).await, Some(403));
}
