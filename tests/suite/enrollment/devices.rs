//! From a token to the first sessions, with nothing registered by hand.

use modegate_sim::Trigger;
use modegate_sim::enroll::{Enroller, Family, HeaderToken, enroll};
use serde_json::json;

use super::{enrolled, items, options, refused, session, token};
use crate::harness::Server;

#[tokio::test]
async fn a_tablet_and_a_windows_10_come_from_a_token_to_their_sessions() {
    let server = Server::start_with(&[]);
    for (family, word) in [
        (Family::Windows81, "windows81"),
        (Family::WindowsPhone81, "windows_phone81"),
        (Family::Windows10, "windows10"),
    ] {
        let device = enrolled(&server, family, word).await;
        for trigger in [Trigger::Reboot, Trigger::Nightly] {
            let report = session(&server, &device, trigger).await;
            assert_eq!(report.http_status, None, "{word} {trigger:?}");
        }
        let found = items(&server, &format!("/devices?source={word}")).await;
        assert_eq!(found.len(), 1, "{word}");
        assert_eq!(found[0]["family"], word);
        assert_eq!(found[0]["user"], super::USER);
        assert_eq!(found[0]["groups"], json!(["north"]));
    }
    assert_eq!(items(&server, "/devices").await.len(), 3);
    let enrollments = items(&server, "/enrollments").await;
    assert!(enrollments.iter().all(|one| one["state"] == "active"));
    // Whoever shows no certificate is not the device.
    let stranger = enrolled(&server, Family::Windows81, "stranger").await;
    let named =
        modegate_sim::Transport::new(&stranger.account.address, Some(&super::ca(&server)), None);
    let mut nobody = modegate_sim::Tablet::new("windows81", named.unwrap());
    let report = nobody.trigger(Trigger::Reboot).await.unwrap();
    assert_eq!(report.http_status, Some(403));
}

#[tokio::test]
async fn the_same_request_gets_the_same_document_and_another_none() {
    let server = Server::start_with(&[]);
    let (_, text) = token(&server, "windows81").await;
    let enroller = Enroller::new(options(&server, Family::Windows81, &text)).unwrap();
    let found = enroller.discover().await.unwrap();
    let header = HeaderToken::Binary(text.clone());
    let policies = enroller.policies(&found, &header).await.unwrap();
    let key = modegate_sim::enroll::DeviceKey::generate(2048).unwrap();
    let request = enroller.certificate_request(&key, &policies);
    let first = enroller.request_token(&found, &header, &request).await;
    let again = enroller.request_token(&found, &header, &request).await;
    let first = first.unwrap();
    assert_eq!(first, again.unwrap());
    let other = modegate_sim::enroll::DeviceKey::generate(2048).unwrap();
    let other = enroller.certificate_request(&other, &policies);
    let fault = refused(enroller.request_token(&found, &header, &other).await);
    assert_eq!(
        (&*fault.subcode, fault.http_status),
        ("Authentication", 500)
    );
    assert!(fault.trace_id.is_some());
    enroller.install(&first, &key, &found, &policies).unwrap();
    assert_eq!(items(&server, "/devices").await.len(), 1);
    // Nothing that is secret is in the log of the program or in the events.
    let events = server.get("/events?limit=200").await.to_string();
    for seen in [server.log(), events] {
        assert!(!seen.contains(text.reveal()), "{seen}");
        assert!(!seen.contains("PRIVATE KEY"));
    }
}

#[tokio::test]
async fn nothing_is_issued_without_a_token_that_is_good() {
    let server = Server::start_with(&[]);
    let (id, withdrawn) = token(&server, "windows81").await;
    let path = format!("/enrollment-tokens/{id}");
    assert_eq!(server.api("DELETE", &path, None).await.0, 204);
    let (_, of_10) = token(&server, "windows10").await;
    let wanted = json!({"user": super::USER, "valid_s": 1});
    let (_, made) = server.api("POST", "/enrollment-tokens", Some(wanted)).await;
    let expired = modegate_sim::Secret::new(made["token"].as_str().unwrap());
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    let unknown = modegate_sim::Secret::new("0".repeat(64));
    for bad in [withdrawn, of_10, expired, unknown] {
        let options = options(&server, Family::Windows81, &bad);
        let enroller = Enroller::new(options.clone()).unwrap();
        let found = enroller.discover().await.unwrap();
        let key = modegate_sim::enroll::DeviceKey::generate(2048).unwrap();
        let request = enroller.certificate_request(&key, &Default::default());
        for header in [HeaderToken::Binary(bad), HeaderToken::None] {
            let asked = enroller.request_token(&found, &header, &request).await;
            assert_eq!(refused(asked).subcode, "Authentication");
        }
        assert_eq!(refused(enroll(options).await).subcode, "Authentication");
    }
    assert!(items(&server, "/devices").await.is_empty());
    assert!(items(&server, "/enrollments").await.is_empty());
}

#[tokio::test]
async fn who_names_itself_as_another_device_is_refused_until_it_is_released() {
    let server = Server::start_with(&[]);
    let registered = json!({"source": "tablet", "family": "windows81", "user": "bob@example.test"});
    let (status, _) = server.api("POST", "/devices", Some(registered)).await;
    assert_eq!(status, 201);
    let device = enrolled(&server, Family::Windows81, "tablet").await;
    let report = session(&server, &device, Trigger::Reboot).await;
    assert_eq!(report.http_status, Some(403));
    let enrollments = items(&server, "/enrollments").await;
    assert!(
        enrollments[0]["conflict_since"].is_string(),
        "{enrollments:?}"
    );
    let id = enrollments[0]["id"].as_str().unwrap();
    let path = format!("/enrollments/{id}/release");
    let (status, released) = server.api("POST", &path, None).await;
    assert_eq!(status, 200, "{released}");
    let report = session(&server, &device, Trigger::Reboot).await;
    assert_eq!(report.http_status, None);
    assert_eq!(items(&server, "/devices").await.len(), 1);
}
