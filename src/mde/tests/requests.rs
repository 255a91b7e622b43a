//! What clients send, in all its variants.

use super::{envelope, read};
use crate::discovery::{AuthPolicy, DiscoverRequest, Version};
use crate::envelope::{Envelope, EnvelopeError, Security, TokenKind};
use crate::family::Family;
use crate::fault::{Fault, FaultCode, FaultDetail};
use crate::policies;
use crate::token_request::{TokenRequest, TokenRequestError, TokenRequestKind};

fn discover(fields: &str) -> DiscoverRequest {
    let body = format!("<Discover><request>{fields}</request></Discover>");
    DiscoverRequest::from_envelope(&read("", &body)).unwrap()
}

fn version(text: &str) -> DiscoverRequest {
    discover(&format!("<RequestVersion>{text}</RequestVersion>"))
}

#[test]
fn a_discovery_of_windows_81_is_read() {
    let request = discover(
        r#"<EmailAddress>kim@example.org</EmailAddress><RequestVersion i:nil="true" xmlns:i="http://www.w3.org/2001/XMLSchema-instance"/>"#,
    );
    assert_eq!(request.email_address.as_deref(), Some("kim@example.org"));
    assert_eq!(request.request_version, None);
    assert_eq!(request.family(), Family::Windows81);
    assert_eq!(
        request.choose_policy(&[AuthPolicy::OnPremise, AuthPolicy::Federated]),
        Some(AuthPolicy::Federated)
    );
    assert_eq!(request.choose_policy(&[AuthPolicy::OnPremise]), None);
}

#[test]
fn a_discovery_of_windows_10_is_read() {
    let request = discover(concat!(
        "<EmailAddress>CORP\\kim</EmailAddress><OSEdition>72</OSEdition>",
        "<RequestVersion> 9.0 </RequestVersion><DeviceType>CIMClient_Windows</DeviceType>",
        "<ApplicationVersion>10.0.26200.1</ApplicationVersion><AuthPolicies>",
        "<AuthPolicy>\nOnPremise </AuthPolicy><AuthPolicy>Federated</AuthPolicy>",
        "<AuthPolicy>Telepathic</AuthPolicy></AuthPolicies><Later>x</Later>",
    ));
    assert_eq!(
        request.request_version,
        Some(Version { major: 9, minor: 0 })
    );
    assert_eq!(request.family(), Family::Windows10);
    assert_eq!(
        request.auth_policies,
        [AuthPolicy::OnPremise, AuthPolicy::Federated]
    );
    let offered = [AuthPolicy::Federated, AuthPolicy::OnPremise];
    assert_eq!(request.choose_policy(&offered), Some(AuthPolicy::Federated));
    assert_eq!(request.os_edition.as_deref(), Some("72"));
    assert_eq!(request.application_version.as_deref(), Some("10.0.26200.1"));
}

#[test]
fn versions_are_numbers_and_no_new_one_is_refused() {
    for (text, family) in [
        ("", Family::Windows81),
        ("  ", Family::Windows81),
        ("2.0", Family::WindowsPhone81),
        ("3.0", Family::Windows10),
        ("3", Family::Windows10),
        ("10.0", Family::Windows10),
        ("\"4.0\"", Family::Windows10),
        ("6.0.1", Family::Windows10),
        ("99999999999999999999.0", Family::Windows10),
        ("next", Family::Windows10),
    ] {
        assert_eq!(version(text).family(), family, "{text:?}");
    }
    assert!(version("10.0").request_version > version("9.0").request_version);
    let phone =
        |rest: &str| discover(&format!("<DeviceType>WindowsPhone</DeviceType>{rest}")).family();
    assert_eq!(phone(""), Family::WindowsPhone81);
    assert_eq!(
        phone("<RequestVersion>3.0</RequestVersion>"),
        Family::Windows10
    );
    let pc = "<DeviceType>CIMClient_Windows</DeviceType><RequestVersion>2.0</RequestVersion>";
    assert_eq!(discover(pc).family(), Family::Windows81);
}

#[test]
fn families_have_codes() {
    for family in Family::ALL {
        assert_eq!(Family::from_code(family.code()), Some(family));
    }
    assert_eq!(Family::from_code("W81"), Some(Family::Windows81));
    assert_eq!(Family::from_code("w82"), None);
}

#[test]
fn envelopes_are_read_by_local_names_in_both_versions_of_soap() {
    for soap in [
        "http://www.w3.org/2003/05/soap-envelope",
        "http://schemas.xmlsoap.org/soap/envelope/",
        "urn:wrong",
    ] {
        for prefix in ["s:", "soap-env:", ""] {
            let text = format!(
                "\u{feff}<?xml version=\"1.0\"?>\n<{prefix}Envelope xmlns:x=\"{soap}\">\
                 <{prefix}Header><q:Action>\n  \"http://schemas.microsoft.com/windows/management/2012/01/\r\n\
                 enrollment//IDiscoveryService/Discover\" </q:Action><q:To>HTTPS://X:443/</q:To>\
                 <MessageID> urn:uuid:7 &amp; 8 </MessageID></{prefix}Header>\
                 <{prefix}Body><z:Discover xmlns:z=\"http://y/\"/></{prefix}Body></{prefix}Envelope>\n"
            );
            let envelope = Envelope::read(text.as_bytes()).unwrap();
            assert_eq!(
                envelope.action(),
                Some(
                    "http://schemas.microsoft.com/windows/management/2012/01/enrollment//IDiscoveryService/Discover"
                )
            );
            assert_eq!(envelope.message_id(), Some(" urn:uuid:7 & 8 "));
            assert!(matches!(envelope.security(), Security::None));
            let request = DiscoverRequest::from_envelope(&envelope).unwrap();
            assert_eq!(request.family(), Family::Windows81);
        }
    }
}

#[test]
fn an_envelope_without_what_it_needs_is_a_bad_message() {
    for text in [
        "",
        "hello",
        "<Envelope/>",
        "<Envelope><Body/></Envelope>",
        "<Envelope><Body><a/><b/></Body></Envelope>",
        "<Body><Discover/></Body>",
    ] {
        let error = Envelope::read(text.as_bytes()).unwrap_err();
        assert_eq!(
            Fault::from(error).code(),
            FaultCode::MessageFormat,
            "{text}"
        );
    }
}

#[test]
fn an_operation_is_checked_by_body_and_action() {
    let wrong = read("", "<GetPolicies/>");
    assert_eq!(
        DiscoverRequest::from_envelope(&wrong),
        Err(EnvelopeError::Operation("Discover"))
    );
    assert_eq!(policies::check_request(&wrong), Ok(()));
    let action = "<a:Action>http://x/IPolicy/GetPolicies/</a:Action>";
    assert_eq!(
        policies::check_request(&read(action, "<GetPolicies/>")),
        Ok(())
    );
    assert_eq!(
        DiscoverRequest::from_envelope(&read(action, "<Discover/>")),
        Err(EnvelopeError::Action("Discover"))
    );
}

#[test]
fn a_token_is_decoded_once() {
    let header = r#"<wsse:Security><wsse:BinarySecurityToken wsse:ValueType=
        " http://schemas.microsoft.com/5.0.0.0/ConfigurationManager/Enrollment/DeviceEnrollmentUserToken"
        EncodingType="x">
          WlhsS2Fi
          RGNpT2k=
        </wsse:BinarySecurityToken></wsse:Security>"#;
    let envelope = read(header, "<x/>");
    let Security::Token(token) = envelope.security() else {
        panic!("{:?}", envelope.security());
    };
    assert_eq!(token.kind, TokenKind::DeviceEnrollmentUser);
    assert_eq!(token.value.reveal_text(), Some("ZXlKabDciOi"));
    assert_eq!(
        format!("{token:?}"),
        "HeaderToken { kind: DeviceEnrollmentUser, value: *** }"
    );
    assert!(!format!("{envelope:?}").contains("ZXlK"));
}

fn security(content: &str) -> Result<Security, EnvelopeError> {
    let text = envelope(&format!("<Security>{content}</Security>"), "<x/>");
    Ok(Envelope::read(text.as_bytes())?.security().clone())
}

#[test]
fn user_names_are_read_and_empty_tokens_are_none() {
    let name = "<UsernameToken><Username> kim </Username><Password Type=\"…#PasswordText\"> p&lt;w </Password></UsernameToken>";
    let Ok(Security::Username(token)) = security(name) else {
        panic!("a user name");
    };
    assert_eq!(token.username, "kim");
    assert_eq!(token.password.reveal(), b" p<w ");
    assert_eq!(token.password.to_string(), "***");

    let empty = "<UsernameToken><Username>kim</Username><Password/></UsernameToken>";
    assert!(matches!(security(empty), Ok(Security::None)));
    assert!(matches!(security(""), Ok(Security::None)));
    assert!(matches!(
        security("<BinarySecurityToken> </BinarySecurityToken>"),
        Ok(Security::None)
    ));

    let jwt = "<BinarySecurityToken ValueType=\"urn:ietf:params:oauth:token-type:jwt\">YQ</BinarySecurityToken>";
    let both = format!("{name}{jwt}");
    assert!(matches!(security(&both), Ok(Security::Token(token)) if token.kind == TokenKind::Jwt));
}

#[test]
fn ambiguous_security_is_invalid() {
    let token = "<BinarySecurityToken>YQ==</BinarySecurityToken>";
    for (text, expected) in [
        (format!("{token}{token}"), EnvelopeError::Tokens),
        (
            "<BinarySecurityToken>a?b</BinarySecurityToken>".to_owned(),
            EnvelopeError::TokenEncoding,
        ),
        (
            "<UsernameToken><Password Type=\"x#PasswordDigest\">x</Password></UsernameToken>"
                .to_owned(),
            EnvelopeError::PasswordType,
        ),
    ] {
        let error = security(&text).unwrap_err();
        assert_eq!(error, expected);
        assert_eq!(Fault::from(error).code(), FaultCode::InvalidSecurity);
    }
}

const PKI: &str = "http://schemas.microsoft.com/windows/pki/2009/01/enrollment";
const TRUST: &str = "http://docs.oasis-open.org/ws-sx/ws-trust/200512";

fn rst(kind: &str, fragment: &str, rest: &str) -> Result<TokenRequest, TokenRequestError> {
    let action = format!("<a:Action> '{PKI}/RST/wstep'</a:Action>");
    let header =
        format!("{action}<Security><BinarySecurityToken>dG9r</BinarySecurityToken></Security>");
    let body = format!(
        "<RequestSecurityToken xmlns=\"{TRUST}\"><TokenType>\"http://schemas.microsoft.com/5.0.0.0/\
         ConfigurationManager/Enrollment/DeviceEnrollmentToken\"</TokenType>\
         <RequestType>{TRUST}/{kind}</RequestType><o:BinarySecurityToken \
         ValueType=\"{PKI}#{fragment}\">MIIB\r\nAAEC\r\n</o:BinarySecurityToken>{rest}</RequestSecurityToken>"
    );
    TokenRequest::from_envelope(&read(&header, &body))
}

fn items(items: &[(&str, &str)]) -> String {
    let items = items.iter().map(|(name, value)| {
        format!("<ac:ContextItem Name=\"{name}\"><ac:Value>{value}</ac:Value></ac:ContextItem>")
    });
    format!(
        "<ac:AdditionalContext>{}</ac:AdditionalContext>",
        items.collect::<String>()
    )
}

const CSR: [u8; 6] = [0x30, 0x82, 0x01, 0x00, 0x01, 0x02];

#[test]
fn a_request_for_a_certificate_is_read() {
    let context = items(&[("DeviceType", "CIMClient_Windows")]);
    let request = rst("Issue", "PKCS10", &context).unwrap();
    assert_eq!(request.kind, TokenRequestKind::Issue(CSR.to_vec()));
    assert!(
        request
            .token_type
            .as_deref()
            .unwrap()
            .ends_with("/DeviceEnrollmentToken")
    );
    assert!(!request.is_on_behalf);
    assert_eq!(request.claimed_family(), Family::Windows81);

    let context = items(&[
        ("DeviceID", "A1B2"),
        ("MAC", "00-11"),
        ("NotInOobe", "TRUE"),
        ("UXInitiated", "maybe"),
        ("MAC", "00-22"),
        ("Manufacturer", ""),
    ]);
    let request = rst("Issue/", "pkcs10", &context).unwrap();
    assert_eq!(request.claimed_family(), Family::Windows10);
    assert_eq!(request.context.first("deviceid"), Some("A1B2"));
    assert_eq!(
        request.context.all("MAC").collect::<Vec<_>>(),
        ["00-11", "00-22"]
    );
    assert_eq!(request.context.flag("NotInOobe"), Some(true));
    assert_eq!(request.context.flag("UXInitiated"), None);
    assert!(!request.context.has("Manufacturer"));
    assert_eq!(request.context.iter().count(), 6);
    let phone = items(&[("DeviceType", "WindowsPhone"), ("DeviceID", "1")]);
    let phone = rst("Issue", "PKCS10", &phone).unwrap();
    assert_eq!(phone.claimed_family(), Family::WindowsPhone81);
}

#[test]
fn a_renewal_is_read_with_either_namespace() {
    let request = rst("Renew", "PKCS7", "").unwrap();
    assert_eq!(request.kind, TokenRequestKind::Renew(CSR.to_vec()));
    let wsse = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
    let body = format!(
        "<RequestSecurityToken><BinarySecurityToken ValueType=\"{wsse}#PKCS7\">MIIBAAEC\
         </BinarySecurityToken><RequestType>{TRUST}/Renew</RequestType></RequestSecurityToken>"
    );
    let header =
        "<Security><UsernameToken><Username>kim</Username><Password/></UsernameToken></Security>";
    let envelope = read(header, &body);
    assert!(matches!(envelope.security(), Security::None));
    let request = TokenRequest::from_envelope(&envelope).unwrap();
    assert_eq!(request.kind, TokenRequestKind::Renew(CSR.to_vec()));
}

#[test]
fn what_a_request_cannot_be_is_one_fault_each() {
    let fault = |error: TokenRequestError| {
        let fault = Fault::from(error);
        (fault.code(), fault.detail())
    };
    let refused = |kind, fragment, rest: &str| rst(kind, fragment, rest).unwrap_err();
    let error = refused("Recovery", "PKCS10", "");
    assert_eq!(error, TokenRequestError::RequestType);
    assert_eq!(
        fault(error),
        (FaultCode::MessageFormat, Some(FaultDetail::NotSupported))
    );
    let error = refused("Issue", "PKCS7", "");
    assert_eq!(error, TokenRequestError::ValueType("PKCS10"));
    assert_eq!(fault(error), (FaultCode::MessageFormat, None));
    let error = refused("Renew", "PKCS10", "");
    assert_eq!(error, TokenRequestError::ValueType("PKCS7"));
    let second = format!("<BinarySecurityToken ValueType=\"{PKI}#PKCS10\"/>");
    let error = refused("Issue", "PKCS10", &second);
    assert_eq!(error, TokenRequestError::Tokens);

    let many = items(&vec![("MAC", "0"); 129]);
    let error = refused("Issue", "PKCS10", &many);
    assert_eq!(
        fault(error),
        (
            FaultCode::MessageFormat,
            Some(FaultDetail::InvalidEnrollmentData)
        )
    );
    let long = items(&[("EnrollmentData", &"x".repeat(17_000))]);
    assert_eq!(
        refused("Issue", "PKCS10", &long),
        TokenRequestError::Context
    );
    let other = TokenRequest::from_envelope(&read("", "<Discover/>")).unwrap_err();
    assert_eq!(
        other,
        TokenRequestError::Envelope(EnvelopeError::Operation("RequestSecurityToken"))
    );
}

#[test]
fn a_too_long_or_unreadable_certificate_request_is_refused() {
    let body = |content: &str| {
        format!(
            "<RequestSecurityToken><RequestType>x/Issue</RequestType>\
             <BinarySecurityToken ValueType=\"#PKCS10\">{content}</BinarySecurityToken></RequestSecurityToken>"
        )
    };
    for (content, expected) in [
        ("A".repeat(22_000), TokenRequestError::TooLong(16 * 1024)),
        ("!".to_owned(), TokenRequestError::Encoding),
    ] {
        let error = TokenRequest::from_envelope(&read("", &body(&content))).unwrap_err();
        assert_eq!(error, expected);
        assert_eq!(Fault::from(error).code(), FaultCode::CertificateRequest);
    }
    let none = "<RequestSecurityToken><RequestType>x/Issue</RequestType></RequestSecurityToken>";
    let error = TokenRequest::from_envelope(&read("", none)).unwrap_err();
    assert_eq!(error, TokenRequestError::Tokens);
    let error = TokenRequest::from_envelope(&read("", "<RequestSecurityToken/>")).unwrap_err();
    assert_eq!(error, TokenRequestError::NoRequestType);
}

#[test]
fn an_enrollment_on_behalf_of_a_user_is_recognised_in_each_form() {
    let fields = format!(
        "<RequestType>x/Issue</RequestType><BinarySecurityToken ValueType=\"#PKCS10\">MIIBAAEC</BinarySecurityToken>{}",
        items(&[("EnrollmentOnBehalfOfUser", "kim@example.org")])
    );
    for body in [
        format!("<RequestSecurityTokenOnBehalfOf>{fields}</RequestSecurityTokenOnBehalfOf>"),
        format!(
            "<RequestSecurityToken><RequestSecurityTokenOnBehalfOf>{fields}</RequestSecurityTokenOnBehalfOf></RequestSecurityToken>"
        ),
        format!(
            "<RequestSecurityToken><TokenType>y/DeviceEnrollmentOnBehalfOfToken</TokenType>{fields}</RequestSecurityToken>"
        ),
    ] {
        let request = TokenRequest::from_envelope(&read("", &body)).unwrap();
        assert!(request.is_on_behalf);
        assert_eq!(request.kind, TokenRequestKind::Issue(CSR.to_vec()));
        let user = request.context.first("EnrollmentOnBehalfOfUser");
        assert_eq!(user, Some("kim@example.org"));
    }
}
