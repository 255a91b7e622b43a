//! What each family refuses, by name.

use super::documents::{fault, sha1};
use super::site::{Authority, HttpAnswer, PASSWORD, Part, Site};
use crate::Secret;
use crate::enroll::{
    DeviceKey, Discovered, DocumentFault, EnrollError, Enrolled, Enroller, Family, Policies,
    SignIn, enroll,
};

use DocumentFault as D;
use Family::{Windows10 as W10, Windows81 as W81, WindowsPhone81 as WP};

/// Enrolls while `part` is changed; returns why that failed.
async fn refused(
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

/// A document as it must be, with the device that it is for.
struct Right {
    family: Family,
    enroller: Enroller,
    found: Discovered,
    key: DeviceKey,
    text: String,
}

impl Right {
    async fn get(family: Family) -> Right {
        let site = Site::start(family);
        let enroller = Enroller::new(site.with_token()).unwrap();
        let found = enroller.discover().await.unwrap();
        let token = enroller.sign_in(&found).await.unwrap();
        let key = DeviceKey::generate(2048).unwrap();
        let request = enroller.certificate_request(&key, &Policies::default());
        let text = enroller.request_token(&found, &token, &request);
        let text = text.await.unwrap();
        let right = Right {
            family,
            enroller,
            found,
            key,
            text,
        };
        right.install(&right.text).unwrap();
        right
    }

    fn install(&self, text: &str) -> Result<Enrolled, EnrollError> {
        let policies = Policies::default();
        self.enroller
            .install(text, &self.key, &self.found, &policies)
    }
}

#[tokio::test]
async fn documents_that_a_family_does_not_install_are_refused_by_name() {
    let missing = |what: &str| D::Missing(what.to_owned());
    let value = |what: &str| D::Value(what.to_owned());
    let cases = [
        (W81, "><", "> <", D::NotOneLine),
        (W81, "><", ">\n<", D::NotOneLine),
        (W81, "><", "><!-- --><", D::NotOneLine),
        (W81, "<parm ", "<param ", D::Element("param".to_owned())),
        (W10, "<parm ", "<param ", D::Element("param".to_owned())),
        (
            W81,
            "PrivateKeyContainer",
            "Other",
            D::Container("expected inside the node of the thumbprint"),
        ),
        (
            W10,
            "<characteristic type=\"PrivateKeyContainer\"></characteristic>",
            "",
            D::Container("expected empty beside the node of the thumbprint"),
        ),
        (
            W81,
            "ContainerName",
            "ProviderName",
            D::Container("ContainerName"),
        ),
        (
            W81,
            "\"APPID\" value=\"w7\"",
            "\"APPID\" value=\"w8\"",
            value("APPID"),
        ),
        (W81, "\"ADDR\"", "\"ADDRESS\"", missing("APPLICATION/ADDR")),
        (
            W81,
            "\"ServerList\"",
            "\"List\"",
            missing("APPLICATION/ServerList"),
        ),
        (
            W81,
            "/dm\"/><parm name=\"ServerList",
            "/dm?mode=x\"/><parm name=\"ServerList",
            D::Address("expected no query"),
        ),
        (
            W10,
            "ADDR\" value=\"https",
            "ADDR\" value=\"http",
            D::Address("expected https"),
        ),
        (
            W81,
            "DEFAULTENCODING\" value=\"application",
            "DEFAULTENCODING\" value=\"text",
            value("DEFAULTENCODING"),
        ),
        (
            W81,
            "value=\"CLIENT\"",
            "value=\"NONE\"",
            missing("APPAUTH CLIENT"),
        ),
        (W10, "AAUTHDATA", "AAUTHNONCE", missing("APPAUTH/AAUTHDATA")),
        (W10, "DIGEST", "BASIC", value("AAUTHTYPE of CLIENT")),
        (W81, "Subject=CN%3d", "Subject=CN=%3d", D::Criteria),
        (W10, "Subject=CN%3d", "Subject=CN%3dx", D::Criteria),
        (W81, "MY%5CUser", "MY%5CSystem", D::Criteria),
        (
            W81,
            "Accounts\\ADDED6F9",
            "Accounts\\037B1F0D",
            D::AccountKey("037B1F0D3DADADF1F5B4EAA67D995169".to_owned()),
        ),
        (
            W81,
            "SslServerRootCertHash\" value=\"",
            "SslServerRootCertHash\" value=\"0",
            D::Registry("SslServerRootCertHash"),
        ),
        (
            W81,
            "SslClientCertHash\" value=\"",
            "SslClientCertHash\" value=\"0",
            D::Registry("SslClientCertHash"),
        ),
        (
            W81,
            "My;System;",
            "My;System;0",
            D::Registry("SslClientCertReference"),
        ),
        (
            W81,
            "RenewalPeriod",
            "RenewPeriod",
            missing("hklm\\security\\machineenrollment/RenewalPeriod"),
        ),
        (
            W81,
            "type=\"Registry\"",
            "type=\"DMClient\"",
            D::Characteristic("DMClient".to_owned()),
        ),
        (
            W10,
            "type=\"DMClient\"",
            "type=\"Registry\"",
            D::Characteristic("Registry".to_owned()),
        ),
        (
            W10,
            "type=\"modegate\"",
            "type=\"other\"",
            D::Provider("DMClient"),
        ),
        (W10, "\"EntDMID\"", "\"EntId\"", missing("EntDMID")),
        (
            W10,
            "type=\"Poll\"",
            "type=\"Push\"",
            D::Characteristic("DMClient/Push".to_owned()),
        ),
        (
            WP,
            "FirstRetries\" value=\"8\"",
            "FirstRetries\" value=\"0\"",
            value("NumberOfFirstRetries"),
        ),
        (
            W10,
            "\"RetryInterval\" value=\"7\"",
            "\"RetryInterval\" value=\"70\"",
            value("WSTEP/Renew"),
        ),
        (
            W10,
            " datatype=\"boolean\"",
            "",
            value("Renew/ROBOSupport without datatype boolean"),
        ),
        (W81, "type=\"Root\"", "type=\"Roots\"", D::NoRoot),
        (
            W81,
            "type=\"My\"><characteristic type=\"User\"",
            "type=\"My\"><characteristic type=\"System\"",
            D::Store("My/System".to_owned()),
        ),
    ];
    let right = [
        Right::get(W81).await,
        Right::get(WP).await,
        Right::get(W10).await,
    ];
    for (family, from, to, expected) in cases {
        let right = right.iter().find(|right| right.family == family).unwrap();
        assert!(right.text.contains(from), "{from} is not in {}", right.text);
        let error = right
            .install(&right.text.replacen(from, to, 1))
            .unwrap_err();
        let silent = family == W81 && expected == D::NotOneLine;
        assert_eq!(error.aborts_silently(), silent, "{from}");
        assert_eq!(error.to_string().contains("silently"), silent);
        match error {
            EnrollError::Document { fault, .. } => assert_eq!(fault, expected, "{from}"),
            other => panic!("{from}: {other}"),
        }
    }
}

#[tokio::test]
async fn white_space_stops_only_the_tablet() {
    let site = Site::twisted(W10, |part, _, text| match part {
        Part::Document => HttpAnswer::ok(text.replace("><", ">\r\n <")),
        _ => HttpAnswer::ok(text),
    });
    enroll(site.with_token()).await.unwrap();
}

#[tokio::test]
async fn a_phone_takes_polling_and_renewal_from_the_registry_too() {
    let right = Right::get(WP).await;
    let begin = right
        .text
        .find("<characteristic type=\"DMClient\">")
        .unwrap();
    let integer = |name: &str, value: u32| {
        format!("<parm name=\"{name}\" value=\"{value}\" datatype=\"integer\"/>")
    };
    let retry: String = ["Num", "AuxNum", "Aux2Num"]
        .iter()
        .map(|set| {
            let interval = set.replace("Num", "RetryInterval");
            integer(&format!("{set}Retries"), 4) + &integer(&interval, 60)
        })
        .collect();
    let key = "HKLM\\Security\\MachineEnrollment";
    let registry = format!(
        "<characteristic type=\"Registry\"><characteristic type=\"{key}\">{}\
         <characteristic type=\"OmaDmRetry\">{retry}</characteristic></characteristic></characteristic>",
        integer("RenewalPeriod", 60)
    );
    let without = right.text[..begin].replace("type=\"WSTEP\"", "type=\"None\"");
    let enrolled = right.install(&format!("{without}{registry}</wap-provisioningdoc>"));
    let account = enrolled.unwrap().account;
    assert_eq!(account.polling.unwrap().sets, [(4, 60); 3]);
    assert_eq!(account.renewal.unwrap().period_days, 60);
    let error = right
        .install(&format!("{without}</wap-provisioningdoc>"))
        .unwrap_err();
    assert!(error.to_string().ends_with("polling is missing"), "{error}");
}

#[tokio::test]
async fn certificates_are_held_against_thumbprint_key_root_and_dates() {
    for family in [W81, WP, W10] {
        let error = refused(family, Part::Document, |text| {
            let at = text.rfind("EncodedCertificate").unwrap();
            let print = &text[text[..at].rfind("type=\"").unwrap() + 6..][..40];
            let lower = print.to_lowercase();
            HttpAnswer::ok(text.replacen(&format!("\"{print}\""), &format!("\"{lower}\""), 1))
        });
        let error = error.await;
        assert!(
            matches!(&error, EnrollError::Document { fault: D::Thumbprint(store), .. } if store == "My"),
            "{error}"
        );
        let code = (family != W81).then_some(0x8018_0024);
        assert_eq!(error.code(family), code);

        let error = refused(family, Part::Document, |text| {
            // Another root, with its right thumbprint everywhere.
            let other = Authority::new("Enrollment CA").der;
            let begin = text.find("EncodedCertificate\" value=\"").unwrap() + 27;
            let end = begin + text[begin..].find('"').unwrap();
            let old = text[begin..end].to_owned();
            let der = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, &old);
            let encoded =
                base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &other);
            let text = text.replace(&old, &encoded);
            HttpAnswer::ok(text.replace(&sha1(&der.unwrap()), &sha1(&other)))
        });
        let error = error.await;
        assert!(
            matches!(
                error,
                EnrollError::Document {
                    fault: D::NotIssued,
                    ..
                }
            ),
            "{error}"
        );

        let site = Site::with(family, "FULL", -1, |_, _, text| HttpAnswer::ok(text));
        let error = enroll(site.with_token()).await.unwrap_err();
        assert!(
            matches!(
                error,
                EnrollError::Document {
                    fault: D::Dates,
                    ..
                }
            ),
            "{error}"
        );
    }
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
