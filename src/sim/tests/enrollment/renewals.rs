//! Renewals, and the end of an enrollment.

use super::site::{HttpAnswer, Part, Site};
use crate::enroll::{
    Due, EnrollError, EnrollOptions, Enrolled, Family, Renewing, SignedOver, enroll, renew,
    renewal_due, request_renewal,
};
use crate::{SimError, Trigger};

const FAMILIES: [Family; 3] = [Family::Windows81, Family::WindowsPhone81, Family::Windows10];

async fn enrolled(site: &Site) -> (EnrollOptions, Enrolled) {
    let options = site.with_token();
    let enrolled = enroll(options.clone()).await.unwrap();
    (options, enrolled)
}

#[tokio::test]
async fn a_renewal_is_signed_by_the_old_key_and_keeps_the_old_certificate_until_the_new_is_used() {
    for family in FAMILIES {
        let site = Site::start(family);
        let (options, mut device) = enrolled(&site).await;
        let old = device.held.certificate.clone();
        renew(&options, &mut device).await.unwrap();
        assert_ne!(device.held.certificate, old);
        assert_eq!(device.previous.as_ref().unwrap().certificate, old);
        // Both are kept between runs.
        let mut device = Enrolled::from_kept(&device.to_kept().unwrap()).unwrap();
        let mut tablet = device.tablet(options.ca.as_deref()).unwrap();
        tablet.trigger(Trigger::Logon).await.unwrap();
        device.forget_previous();
        let seen = site.seen.lock().unwrap();
        let presented = [Some(old), Some(device.held.certificate.clone())];
        assert_eq!(seen.presented, presented, "the renewal, then the session");
        let renewal = seen.requests.iter().rev().nth(1).unwrap();
        let is_legacy = family != Family::Windows10;
        assert_eq!(renewal.contains("/enrollment#PKCS7"), is_legacy);
        assert_eq!(renewal.contains("UsernameToken"), !is_legacy);
        assert!(!renewal.contains("DeviceEnrollmentUserToken"));
    }
}

#[tokio::test]
async fn a_lost_answer_leaves_the_old_certificate_and_a_later_renewal_works() {
    let site = Site::start(Family::Windows81);
    let (mut options, mut device) = enrolled(&site).await;
    let old = device.held.certificate.clone();
    options.faults.lost_answers = 1;
    let error = renew(&options, &mut device).await.unwrap_err();
    assert_eq!(error.to_string(), "not renewed: the answer was lost");
    assert!(device.held.certificate == old && device.previous.is_none());
    options.faults.lost_answers = 0;
    renew(&options, &mut device).await.unwrap();
    assert_eq!(site.seen.lock().unwrap().renewed.len(), 2);
}

#[tokio::test]
async fn renewals_are_due_by_the_account_and_refused_documents_change_nothing() {
    for (days, due) in [(300, Due::No), (41, Due::Yes)] {
        let site = Site::with(Family::Windows10, "SHA1", days, |_, _, text| {
            HttpAnswer::ok(text)
        });
        let (_, device) = enrolled(&site).await;
        assert_eq!(renewal_due(&device), due);
    }
    for (family, from, to) in [
        (
            Family::Windows81,
            "<characteristic type=\"My\">",
            "<characteristic type=\"Root\"/><characteristic type=\"My\">",
        ),
        (
            Family::Windows81,
            "</wap",
            "<characteristic type=\"APPLICATION\"/></wap",
        ),
        (Family::Windows10, "value=\"modegate\"", "value=\"other\""),
        (
            Family::Windows10,
            "<characteristic type=\"PrivateKeyContainer\"></characteristic>",
            "",
        ),
    ] {
        let site = Site::twisted(family, move |part, number, text| match (part, number) {
            (Part::Document, 1) => {
                assert!(text.contains(from), "{text}");
                HttpAnswer::ok(text.replacen(from, to, 1))
            }
            _ => HttpAnswer::ok(text),
        });
        let (options, mut device) = enrolled(&site).await;
        let old = device.held.certificate.clone();
        let error = renew(&options, &mut device).await.unwrap_err();
        assert!(matches!(error, EnrollError::Document { .. }), "{error}");
        assert_eq!(device.held.certificate, old);
    }
}

#[tokio::test]
async fn a_renewal_can_be_sent_with_no_certificate_or_anothers() {
    let site = Site::start(Family::Windows81);
    let (options, device) = enrolled(&site).await;
    let renewing = Renewing::begin(&device, SignedOver::Content).unwrap();
    request_renewal(&options, &device, None, &renewing.message)
        .await
        .unwrap();
    let seen = site.seen.lock().unwrap();
    assert_eq!(seen.presented, [None]);
    assert_eq!(seen.renewed, [renewing.message]);
}

#[tokio::test]
async fn a_user_ends_the_enrollment_by_an_alert_whatever_the_server_says() {
    let site = Site::start(Family::Windows10);
    let (options, device) = enrolled(&site).await;
    let mut tablet = device.tablet(options.ca.as_deref()).unwrap();
    tablet.unenroll_by_user().await.unwrap();
    let last = site.requests().pop().unwrap();
    assert!(last.contains("com.microsoft:mdm.unenrollment.userrequest"));
    assert!(tablet.is_unenrolled());
    let error = tablet.trigger(Trigger::Logon).await.unwrap_err();
    assert!(matches!(error, SimError::Unenrolled));
}
