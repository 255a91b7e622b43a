//! Answers, as a person reviews them.

use super::lines;
use crate::base64;
use crate::discovery::{AuthPolicy, DiscoverResponse, Version};
use crate::family::Family;
use crate::fault::{Fault, FaultCode, FaultDetail};
use crate::namespace::DISPATCHER;
use crate::policies::{CertificatePolicy, PolicyForm};
use crate::provisioning::windows81;
use crate::service_url::{LinkUrl, ServiceUrl, UrlError};
use crate::token_response;
use crate::xml::Element;

fn discovered(family: Family, version: Option<Version>) -> DiscoverResponse {
    let url = |path: &str| {
        ServiceUrl::parse(&format!("https://dm.example.org/EnrollmentServer/{path}")).unwrap()
    };
    DiscoverResponse {
        family,
        auth_policy: AuthPolicy::Federated,
        request_version: version,
        enrollment_version: Version::V4,
        policy_url: url("w81/Policy.svc"),
        enrollment_url: url("w81/Enrollment.svc"),
        authentication_url: Some(url("w81/sign-in")),
    }
}

fn order(response: &DiscoverResponse) -> Vec<String> {
    let root = Element::read(response.reply().write().as_bytes()).unwrap();
    let body = root.first("Body").unwrap();
    let result = body.first("DiscoverResponse").unwrap();
    let result = result.first("DiscoverResult").unwrap();
    let children = result.children().iter();
    children.map(|child| child.name().to_owned()).collect()
}

#[test]
fn discovery_answers_windows_81() {
    let reply = discovered(Family::Windows81, None).reply();
    let reply = reply.relates_to(Some(" urn:uuid:1 & 2\r\n"));
    insta::assert_snapshot!(lines(&reply.write()));
}

#[test]
fn discovery_answers_windows_10() {
    let version = Some(Version { major: 9, minor: 0 });
    let reply = discovered(Family::Windows10, version).reply();
    let reply = reply
        .relates_to(Some("urn:uuid:1"))
        .activity_id("6d1f0a52-9f4e-4d0b-8a57-2f6f8f6b5a10");
    insta::assert_snapshot!(lines(&reply.write()));
}

#[test]
fn the_version_is_answered_from_3_on() {
    let has_version = |family, version| {
        let order = order(&discovered(family, version));
        order.iter().any(|name| name == "EnrollmentVersion")
    };
    let v2 = Version { major: 2, minor: 9 };
    assert!(!has_version(Family::WindowsPhone81, Some(v2)));
    assert!(!has_version(Family::Windows10, None));
    assert!(has_version(Family::Windows10, Some(Version::V3)));
    let on_premise = DiscoverResponse {
        auth_policy: AuthPolicy::OnPremise,
        ..discovered(Family::Windows10, Some(Version::V5))
    };
    assert_eq!(
        order(&on_premise),
        [
            "AuthPolicy",
            "EnrollmentVersion",
            "EnrollmentPolicyServiceUrl",
            "EnrollmentServiceUrl"
        ]
    );
}

#[test]
fn policies_are_minimal_for_windows_81() {
    let policy = CertificatePolicy::for_family(Family::Windows81);
    insta::assert_snapshot!(lines(&policy.reply().write()));
}

#[test]
fn policies_are_full_for_windows_10() {
    let policy = CertificatePolicy::for_family(Family::Windows10);
    insta::assert_snapshot!(lines(&policy.reply().write()));
    let phone = CertificatePolicy::for_family(Family::WindowsPhone81);
    assert_eq!(phone.form, PolicyForm::Full);
}

#[test]
fn the_token_type_stands_where_the_family_expects_it() {
    let document = windows81::renewal(b"leaf", &windows81::Options::default());
    let windows81 = token_response::reply(Family::Windows81, &document).write();
    insta::assert_snapshot!("token_response_windows_81", lines(&windows81));
    let windows10 = token_response::reply(Family::Windows10, &document).write();
    insta::assert_snapshot!("token_response_windows_10", lines(&windows10));
    let phone = token_response::reply(Family::WindowsPhone81, &document).write();
    assert_eq!(phone, windows10);
    assert!(windows81.contains(&base64::encode(document.reveal().as_bytes())));
}

#[test]
fn faults_name_their_cause() {
    let fault = Fault::new(
        FaultCode::Authorization,
        "This user has 5 devices, the most allowed.",
    );
    let fault = fault.with_detail(FaultDetail::DeviceCapReached);
    let reply = fault.reply(Some("01J9Z")).relates_to(Some("urn:uuid:1"));
    insta::assert_snapshot!("fault_with_detail", lines(&reply.write()));
    let fault = Fault::new(
        FaultCode::InvalidSecurity,
        "expected a security token in base64",
    );
    insta::assert_snapshot!("fault_of_dispatcher", lines(&fault.reply(None).write()));
}

#[test]
fn each_code_has_its_number_and_namespace() {
    for (code, number) in FaultCode::ALL.into_iter().zip(1..) {
        assert_eq!(code.number(), number);
        let text = Fault::new(code, "x").reply(Some("t")).write();
        let (declared, prefix) = if number > 5 {
            (format!(" xmlns:a=\"{DISPATCHER}\""), "a")
        } else {
            (String::new(), "s")
        };
        let name = code.name();
        let value = format!("<s:Subcode><s:Value{declared}>{prefix}:{name}</s:Value></s:Subcode>");
        assert!(text.contains(&value), "{text}");
    }
}

#[test]
fn addresses_have_no_query_and_no_blank() {
    for (text, error) in [
        ("ftp://a", UrlError::Scheme),
        ("/a", UrlError::Scheme),
        ("", UrlError::Scheme),
        ("https://", UrlError::Host),
        ("https:///a", UrlError::Host),
        ("https://a/?b", UrlError::Query),
        ("https://a/#b", UrlError::Query),
        ("https://a/ b", UrlError::Character),
        ("https://a/\nb", UrlError::Character),
        ("https://a/\"", UrlError::Character),
        ("https://ä/", UrlError::Character),
    ] {
        assert_eq!(ServiceUrl::parse(text), Err(error), "{text:?}");
    }
    assert!(LinkUrl::parse("HTTP://a/?b=c&d#e").is_ok());
    let long = format!("https://a/{}", "b".repeat(2048));
    assert_eq!(LinkUrl::parse(&long), Err(UrlError::Length));
}
