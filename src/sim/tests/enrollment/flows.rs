//! Enrollments that succeed, in every family.

use aws_lc_rs::signature::{
    RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey,
};
use x509_parser::prelude::{FromDer, X509CertificationRequest};

use super::documents::{PROVIDER, SUBJECT};
use super::site::{HttpAnswer, PASSWORD, Part, Site, TOKEN, USER};
use crate::enroll::{
    DeviceKey, EnrollError, Enrolled, Enroller, Family, HeaderToken, ServerAddress, SignIn, enroll,
};
use crate::{Secret, Trigger};

const FAMILIES: [Family; 3] = [Family::Windows81, Family::WindowsPhone81, Family::Windows10];

fn with_password() -> SignIn {
    SignIn::Password(Secret::new(PASSWORD))
}

#[tokio::test]
async fn every_family_enrolls_and_syncs_with_its_certificate() {
    for family in FAMILIES {
        let site = Site::start(family);
        let options = site.options(with_password());
        let ca = options.ca.clone();
        let enrolled = enroll(options).await.unwrap();
        assert_eq!(enrolled.account.provider_id, PROVIDER);
        assert_eq!(enrolled.account.name, "Contoso & sons");
        let polling = enrolled.account.polling.as_ref().unwrap();
        assert_eq!(polling.sets[..2], [(8, 15), (5, 3)]);
        assert_eq!(enrolled.account.renewal.as_ref().unwrap().period_days, 42);
        // What is kept is the same device in a later run.
        let kept = enrolled.to_kept().unwrap();
        let again = Enrolled::from_kept(&kept).unwrap();
        let mut device = again.tablet(ca.as_deref()).unwrap();
        let report = device.trigger(Trigger::Logon).await.unwrap();
        assert!(report.violations.is_empty() && report.http_status.is_none());
        let seen = site.seen.lock().unwrap();
        assert_eq!(seen.presented, [Some(enrolled.held.certificate.clone())]);
        let session = seen.requests.last().unwrap();
        assert!(session.contains("syncml:auth-md5"), "{session}");
        assert!(!session.contains(SUBJECT), "the source is not the subject");
        assert!(!format!("{enrolled:?}").contains("s3cret"));
        let node = format!("./Vendor/MSFT/DMClient/Provider/{PROVIDER}/EntDMID");
        let expected = (family != Family::Windows81).then(|| "dm-77".to_owned());
        assert_eq!(device.node(&node), expected);
    }
}

#[tokio::test]
async fn the_sign_in_pages_give_the_token_that_goes_into_both_messages() {
    let site = Site::start(Family::Windows81);
    enroll(site.options(with_password())).await.unwrap();
    let requests = site.requests();
    let token = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, TOKEN);
    let with_token: Vec<bool> = requests
        .iter()
        .map(|request| request.contains(&token))
        .collect();
    // Probe, discovery, three pages, policies, certificate.
    assert_eq!(with_token, [false, false, false, false, false, true, true]);
    assert!(requests[0].starts_with("GET /EnrollmentServer/Discovery.svc"));
    assert!(requests[2].contains("appru=ms%2Dapp%3A%2F%2Fwindows%2Eimmersivecontrolpanel"));
    assert!(requests[1].contains("RequestVersion xmlns:i") && !requests[1].contains("DeviceType"));
    let last = &requests[6];
    assert_eq!(last.matches("ContextItem Name").count(), 1);
    assert!(last.contains("CIMClient_Windows") && last.contains(">\"http://"));
}

#[tokio::test]
async fn a_given_token_needs_no_pages_and_on_premise_sends_the_password() {
    let site = Site::start(Family::Windows10);
    enroll(site.with_token()).await.unwrap();
    assert!(
        !site
            .requests()
            .iter()
            .any(|request| request.contains("/sign-in "))
    );
    let site = Site::start(Family::Windows10);
    enroll(site.options(with_password())).await.unwrap();
    let requests = site.requests();
    assert!(requests[1].contains("<RequestVersion>9.0<"));
    assert!(requests[2].contains(&format!("<wsse:Username>{USER}<")));
    let items = requests[3].matches("ContextItem Name").count();
    assert!((15..=25).contains(&items), "{items}");
    assert!(requests[3].contains("<ac:ContextItem Name=\"DeviceID\"><ac:Value>t<"));
}

#[tokio::test]
async fn a_domain_leads_to_the_host_that_the_certificate_must_name() {
    let site = Site::start(Family::Windows81);
    let mut options = site.with_token();
    options.server = ServerAddress::Domain {
        domain: "Contoso.example".to_owned(),
        connect: Some(site.address),
    };
    enroll(options.clone()).await.unwrap();
    options.server = ServerAddress::Domain {
        domain: "fabrikam.example".to_owned(),
        connect: Some(site.address),
    };
    let error = enroll(options).await.unwrap_err();
    assert!(matches!(error, EnrollError::Transport { .. }), "{error}");
}

#[tokio::test]
async fn certificate_requests_are_those_of_the_family_and_the_policy() {
    for (family, policy, oid) in [
        (Family::Windows81, "SHA1", "1.2.840.113549.1.1.5"),
        (Family::Windows81, "FULL", "1.2.840.113549.1.1.5"),
        (Family::Windows10, "SHA1", "1.3.14.3.2.29"),
        (Family::Windows10, "FULL", "1.2.840.113549.1.1.11"),
    ] {
        let site = Site::with(family, policy, 365, |_, _, text| HttpAnswer::ok(text));
        enroll(site.with_token()).await.unwrap();
        let der = site.seen.lock().unwrap().requested[0].clone();
        let (_, csr) = X509CertificationRequest::from_der(&der).unwrap();
        assert_eq!(csr.signature_algorithm.algorithm.to_string(), oid);
        let info = &csr.certification_request_info;
        let algorithm = match oid.ends_with(".11") {
            true => &RSA_PKCS1_2048_8192_SHA256,
            false => &RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
        };
        UnparsedPublicKey::new(algorithm, &info.subject_pki.subject_public_key.data)
            .verify(info.raw, &csr.signature_value.data)
            .unwrap();
        let subject = info.subject.as_raw();
        let modern = family == Family::Windows10;
        assert_eq!(subject.windows(3).any(|bytes| bytes == b"!t\0"), modern);
        let private = [0x2b, 6, 1, 4, 1, 0x82, 0x37, 66, 1, 0, 4, 2, b't', 0];
        assert_eq!(
            der.windows(private.len()).any(|bytes| bytes == private),
            modern
        );
    }
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_and_another_key_is_refused() {
    let site = Site::start(Family::Windows81);
    let mut options = site.with_token();
    options.faults.lost_answers = 2;
    options.faults.chopped = 1;
    enroll(options.clone()).await.unwrap();
    {
        let seen = site.seen.lock().unwrap();
        assert_eq!(seen.requested.len(), 3);
        assert!(seen.requested.iter().all(|one| *one == seen.requested[0]));
    }
    let site = Site::start(Family::Windows81);
    let mut options = site.with_token();
    options.faults.other_request = true;
    let error = enroll(options).await.unwrap_err();
    assert_eq!(error.fault().unwrap().subcode, "Authentication");
    assert_eq!(error.code(Family::Windows81), Some(0x8019_0002));
}

#[tokio::test]
async fn a_busy_server_is_asked_again_as_often_as_was_asked_for() {
    let busy = |part, number, text| match (part, number) {
        (Part::Policies, 0 | 1) => HttpAnswer::status(503, ""),
        _ => HttpAnswer::ok(text),
    };
    let site = Site::twisted(Family::Windows10, busy);
    let mut options = site.with_token();
    options.faults.retries = 2;
    enroll(options).await.unwrap();
    let site = Site::twisted(Family::Windows10, busy);
    let mut options = site.with_token();
    options.faults.retries = 1;
    let error = enroll(options).await.unwrap_err();
    assert_eq!(error.to_string(), "policies: HTTP 503");
}

#[tokio::test]
async fn steps_are_taken_one_by_one_with_what_a_test_wants() {
    let site = Site::start(Family::Windows81);
    let enroller = Enroller::new(site.with_token()).unwrap();
    enroller.probe().await.unwrap();
    let found = enroller.discover().await.unwrap();
    assert!(found.enrollment_version.is_none());
    let wrong = HeaderToken::Binary(Secret::new("another"));
    let error = enroller.policies(&found, &wrong).await.unwrap_err();
    assert_eq!(error.code(Family::Windows81), Some(0x8019_0002));
    let token = enroller.sign_in(&found).await.unwrap();
    let policies = enroller.policies(&found, &token).await.unwrap();
    let key = DeviceKey::generate(2048).unwrap();
    let csr = enroller.certificate_request(&key, &policies);
    let text = enroller.request_text(&found, &token, &csr);
    let cut = text.split_at(text.len() / 2).0.to_owned();
    let response = enroller.post_raw(&found.enrollment_url, cut).await.unwrap();
    assert_eq!(response.status, 500);
    let document = enroller.request_token(&found, &token, &csr).await.unwrap();
    let other = DeviceKey::generate(2048).unwrap();
    let error = enroller
        .install(&document, &other, &found, &policies)
        .unwrap_err();
    assert!(error.to_string().contains("not for the requested key"));
    enroller
        .install(&document, &key, &found, &policies)
        .unwrap();
}
