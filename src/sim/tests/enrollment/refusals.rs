//! What each family refuses of the answers before the document, by name.

use super::documents::fault;
use super::site::{HttpAnswer, PASSWORD, Part, Site};
use crate::Secret;
use crate::enroll::{EnrollError, Family, SignIn, enroll};

use Family::{Windows10 as W10, Windows81 as W81, WindowsPhone81 as WP};

/// Enrolls while `part` is changed; returns why that failed.
pub(super) async fn refused(
    family: Family,
    part: Part,
    change: impl Fn(String) -> HttpAnswer + Send + Sync + 'static,
) -> EnrollError {
    let site = Site::twisted(family, move |of, _, text| match of == part {
        true => change(text),
        false => HttpAnswer::ok(text),
    });
    let sign_in = SignIn::Password(Secret::new(PASSWORD));
    enroll(site.options(sign_in)).await.unwrap_err()
}

/// The same with a replacement that must find its text.
async fn replaced(family: Family, part: Part, from: &'static str, to: &'static str) -> EnrollError {
    refused(family, part, move |text| {
        assert!(text.contains(from), "{from} is not in {text}");
        HttpAnswer::ok(text.replacen(from, to, 1))
    })
    .await
}
#[tokio::test]
async fn discovery_answers_are_refused_by_name() {
    for (family, from, to, expected) in [
        (
            W81,
            ">Federated<",
            ">OnPremise<",
            "AuthPolicy \"OnPremise\"",
        ),
        (
            W10,
            ">OnPremise<",
            ">Certificate<",
            "AuthPolicy \"Certificate\"",
        ),
        (
            W10,
            "<EnrollmentVersion>4.0</EnrollmentVersion>",
            "",
            "no EnrollmentVersion",
        ),
        (
            W81,
            "</DiscoverResult>",
            "<EnrollmentVersion>4.0</EnrollmentVersion></DiscoverResult>",
            "EnrollmentVersion for a client without versions",
        ),
        (
            W81,
            "/sign-in<",
            "/sign-in?a=b<",
            "AuthenticationServiceUrl with a query",
        ),
        (
            W81,
            "/w/Policy.svc",
            "/w/Policy.svc\n",
            "white space in the address",
        ),
        (
            W81,
            "PolicyServiceUrl>https",
            "PolicyServiceUrl>http",
            "EnrollmentPolicyServiceUrl: expected https",
        ),
        (W10, "Policy.svc", "Policy", "does not end in .svc"),
        (
            W10,
            "PolicyServiceUrl>https://localhost",
            "PolicyServiceUrl>https://elsewhere",
            "different hosts",
        ),
        (
            W81,
            "<EnrollmentServiceUrl>",
            "<AuthPolicy>Federated</AuthPolicy><EnrollmentServiceUrl>",
            "AuthPolicy out of order",
        ),
        (W81, "DiscoverResponse<", "Discover<", "expected Action"),
        (
            W81,
            "<a:RelatesTo>",
            "<a:RelatesTo> ",
            "RelatesTo is not the MessageID",
        ),
        (
            W81,
            "2003/05/soap-envelope",
            "2003/06/soap-envelope",
            "expected an Envelope of SOAP 1.2",
        ),
    ] {
        let error = replaced(family, Part::Discover, from, to).await.to_string();
        assert!(error.contains(expected), "{from}: {error}");
    }
    let moved = |_| HttpAnswer {
        headers: "Location: https://elsewhere/\r\n".to_owned(),
        ..HttpAnswer::status(302, "")
    };
    let error = refused(W81, Part::Discover, moved).await;
    assert_eq!(error.code(W81), Some(0x8019_000c));
}

#[tokio::test]
async fn policies_are_refused_where_8_1_evaluates_them() {
    for (from, to, expected) in [
        (
            "<policySchema>3<",
            "<policySchema>2<",
            "policySchema is not 3",
        ),
        (
            "<minimalKeyLength>2048<",
            "<minimalKeyLength>1x<",
            "no minimalKeyLength",
        ),
        (
            "<minimalKeyLength>2048<",
            "<minimalKeyLength>5000<",
            "found 5000",
        ),
        ("OIDReference>0<", "OIDReference>9<", "leads to no oID"),
        ("oIDs><oID>", "oIDs><oid>", "policies: "),
        ("algorithmOIDReference", "algorithmReference", "policies"),
    ] {
        let error = replaced(W81, Part::Policies, from, to).await.to_string();
        assert!(error.contains(expected), "{from}: {error}");
    }
}

#[tokio::test]
async fn the_token_type_is_where_the_family_looks_for_it() {
    for family in [W81, WP, W10] {
        let error = refused(family, Part::Token, |text| {
            let begin = text.find("<TokenType>").unwrap();
            let end = text.find("</TokenType>").unwrap() + 12;
            let kind = text[begin..end].to_owned();
            let without = text.replace(&kind, "");
            let place = match text[..begin].ends_with("<RequestedSecurityToken>") {
                true => "<RequestedSecurityToken>",
                false => "<RequestSecurityTokenResponse>",
            };
            let other = match place {
                "<RequestedSecurityToken>" => "<RequestSecurityTokenResponse>",
                _ => "<RequestedSecurityToken>",
            };
            HttpAnswer::ok(without.replace(other, &format!("{other}{kind}")))
        });
        let error = error.await.to_string();
        assert!(error.contains("expected TokenType in"), "{error}");
    }
}

#[tokio::test]
async fn http_is_one_message_with_its_length() {
    let chunked = |text| HttpAnswer {
        chunked: true,
        ..HttpAnswer::ok(text)
    };
    let error = refused(W10, Part::Token, chunked).await.to_string();
    assert_eq!(error, "certificate request: no Content-Length, or chunked");
    let error = refused(W10, Part::Token, |_| HttpAnswer::ok("")).await;
    assert_eq!(error.code(W10), Some(0x8018_0029));
    let typed = |text| HttpAnswer {
        headers: "Content-Type: text/xml\r\n".to_owned(),
        ..HttpAnswer::ok(text)
    };
    let error = refused(W81, Part::Token, typed).await.to_string();
    assert!(error.contains("application/soap+xml"), "{error}");
}

#[tokio::test]
async fn faults_have_the_codes_that_the_family_shows() {
    let detail = "<s:Detail><e:DeviceEnrollmentServiceError xmlns:e=\"http://schemas.microsoft.com/windows/pki/2009/01/enrollment\">\
        <e:ErrorType>DeviceCapReached</e:ErrorType><e:Message>m</e:Message><e:TraceId>trace-9</e:TraceId></e:DeviceEnrollmentServiceError></s:Detail>";
    for (family, code) in [(W81, 0x8019_0003), (WP, 0x8018_0003), (W10, 0x8018_0013)] {
        let error = refused(family, Part::Document, move |_| {
            fault("Authorization", detail)
        })
        .await;
        assert_eq!(error.code(family), Some(code), "{error}");
        let found = error.fault().unwrap();
        assert_eq!(found.trace_id.as_deref(), Some("trace-9"));
        assert_eq!(found.http_status, 500);
        assert_eq!(
            error.to_string(),
            "certificate request: the server refused: Authorization, DeviceCapReached"
        );
    }
    let with_200 = |_| HttpAnswer {
        status: 200,
        ..fault("Authorization", "")
    };
    let error = refused(W10, Part::Policies, with_200).await;
    assert_eq!(error.code(W10), Some(0x8019_00c8));
}

#[tokio::test]
async fn a_token_for_another_address_or_a_wrong_password_ends_the_sign_in() {
    let error = replaced(W81, Part::Page, "ms-app://", "https://evil.example/").await;
    assert!(
        error.to_string().contains("another return address"),
        "{error}"
    );
    let error = replaced(W81, Part::Page, "name='wresult'", "name='other'").await;
    assert!(error.to_string().contains("return address"), "{error}");
    let site = Site::start(W81);
    let wrong = SignIn::Password(Secret::new("wrong"));
    let error = enroll(site.options(wrong)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "sign-in failed: user name or password refused"
    );
}
