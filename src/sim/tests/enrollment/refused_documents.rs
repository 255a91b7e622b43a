//! What each family refuses of a provisioning document, by name.

use super::documents::sha1;
use super::refusals::refused;
use super::site::{Authority, HttpAnswer, Part, Site};
use crate::enroll::{
    DeviceKey, Discovered, DocumentFault, EnrollError, Enrolled, Enroller, Family, Policies, enroll,
};

use DocumentFault as D;
use Family::{Windows10 as W10, Windows81 as W81, WindowsPhone81 as WP};

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
