//! A device renews its certificate, and nobody else does.

use std::path::Path;

use modegate_core::enrollment::EnrollmentChange;
use modegate_core::ids::EnrollmentId;
use modegate_sim::Trigger;
use modegate_sim::enroll::{
    EnrollOptions, Enrolled, Family, Renewing, SignedOver, install_renewal, request_renewal,
};
use modegate_store::enrollment::{EnrollmentKey, EnrollmentStore};

use super::{enrolled, items, options, refused, session};
use crate::harness::Server;
use crate::sync::enrollment_claims::with_store;

/// The server again, with enrollments that may be renewed at once.
async fn renewable(server: Server, devices: &mut [Enrolled]) -> Server {
    let mut ids: Vec<EnrollmentId> = Vec::new();
    for one in items(&server, "/enrollments").await {
        ids.push(one["id"].as_str().unwrap().parse().unwrap());
    }
    let before = server.https.clone();
    let (server, ()) = with_store(server, async |store| {
        for id in ids {
            let decide = Box::new(|view: &modegate_core::enrollment::EnrollmentView| {
                let mut enrollment = view.enrollment.clone();
                enrollment.renewal_days = 1_000;
                Ok(Some(EnrollmentChange {
                    enrollment,
                    device: None,
                    other: None,
                    retire: None,
                    ended: Vec::new(),
                }))
            });
            let key = EnrollmentKey::Id(id);
            store
                .alter_enrollment(key, None, decide, None)
                .await
                .unwrap();
        }
    })
    .await;
    for device in devices {
        let moved = |url: &str| url.replace(&before, &server.https);
        device.enrollment_url = moved(&device.enrollment_url);
        device.account.address = moved(&device.account.address);
    }
    server
}

fn renewal_options(server: &Server, device: &Enrolled) -> EnrollOptions {
    let nothing = modegate_sim::Secret::new("");
    let mut options = options(server, device.family, &nothing);
    options.source.clone_from(&device.source);
    options
}

fn started(dir: &Path) -> Server {
    Server::in_dir(&dir.join("data"), &[])
}

#[tokio::test]
async fn each_family_renews_and_the_new_certificate_takes_over() {
    let own = tempfile::tempdir().unwrap();
    let server = started(own.path());
    let mut devices = vec![
        enrolled(&server, Family::Windows81, "tablet").await,
        enrolled(&server, Family::Windows10, "laptop").await,
    ];
    for device in &devices {
        session(&server, device, Trigger::Reboot).await;
        let renewing = Renewing::begin(device, SignedOver::Attributes).unwrap();
        let options = renewal_options(&server, device);
        let early = request_renewal(&options, device, Some(&device.held), &renewing.message).await;
        assert_eq!(refused(early).subcode, "Authorization");
    }
    let server = renewable(server, &mut devices).await;
    for device in &mut devices {
        let options = renewal_options(&server, device);
        let renewing = Renewing::begin(device, SignedOver::Attributes).unwrap();
        let renew = async || {
            let shown = Some(&device.held);
            request_renewal(&options, device, shown, &renewing.message).await
        };
        let document = renew().await.unwrap();
        assert_eq!(document, renew().await.unwrap(), "the answer may be lost");
        install_renewal(device, &document, renewing.key).unwrap();
        let report = session(&server, device, Trigger::Nightly).await;
        assert_eq!(report.http_status, None);
    }
    for one in items(&server, "/enrollments").await {
        assert_eq!(one["state"], "active", "{one}");
        assert_eq!(one["certificates"].as_array().unwrap().len(), 2);
        assert!(one["certificates"][0]["superseded_at"].is_string());
    }
}

#[tokio::test]
async fn nobody_renews_what_is_not_theirs() {
    let own = tempfile::tempdir().unwrap();
    let server = started(own.path());
    let mut devices = vec![
        enrolled(&server, Family::Windows81, "tablet").await,
        enrolled(&server, Family::Windows81, "other").await,
    ];
    for device in &devices {
        session(&server, device, Trigger::Reboot).await;
    }
    let server = renewable(server, &mut devices).await;
    let (tablet, other) = (&devices[0], &devices[1]);
    let options = renewal_options(&server, tablet);
    let of_tablet = Renewing::begin(tablet, SignedOver::Attributes).unwrap();
    let of_other = Renewing::begin(other, SignedOver::Attributes).unwrap();
    for (shown, message) in [
        (None, &of_tablet.message),
        (Some(&other.held), &of_tablet.message),
        (Some(&tablet.held), &of_other.message),
    ] {
        let asked = request_renewal(&options, tablet, shown, message).await;
        assert_eq!(refused(asked).subcode, "Authentication");
    }
    // A certificate that is revoked is renewed no more.
    let enrollments = items(&server, "/enrollments").await;
    for one in &enrollments {
        let path = format!("/enrollments/{}/revoke", one["id"].as_str().unwrap());
        let (status, revoked) = server.api("POST", &path, None).await;
        assert_eq!(
            (status, &revoked["state"]),
            (200, &"ended".into()),
            "{revoked}"
        );
    }
    let shown = Some(&tablet.held);
    let asked = request_renewal(&options, tablet, shown, &of_tablet.message).await;
    assert_eq!(refused(asked).subcode, "Authentication");
    let report = session(&server, tablet, Trigger::Nightly).await;
    assert_eq!(report.http_status, Some(403));
}
