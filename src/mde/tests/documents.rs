//! Provisioning documents, as a person reviews them.

use super::lines;
use crate::discovery::Version;
use crate::provisioning::{
    Account, AccountKey, Certificates, ClientCredentials, CommonName, DefaultEncoding, ProviderId,
    ProvisioningError, Renewal, RetrySchedule, RetrySet, ServerCredentials, StoreScope,
    account_key, thumbprint, windows10, windows81,
};
use crate::secret::SecretText;
use crate::service_url::{LinkUrl, ServiceUrl};
use crate::xml::Element;

const CERTIFICATES: Certificates<'static> = Certificates {
    root: b"root",
    intermediate: None,
    leaf: b"leaf",
};

fn account() -> Account {
    Account {
        provider_id: ProviderId::new("modegate").unwrap(),
        name: "Tablets & <more>".to_owned(),
        address: ServiceUrl::parse("https://dm.example.org:8443/sync").unwrap(),
        common_name: CommonName::new("0d8c6f1e-5a33-4b0e-9f0a-aa0011223344").unwrap(),
        server: ServerCredentials {
            secret: SecretText::new("server-secret"),
            nonce: [1; 16],
        },
        client: ClientCredentials {
            username: "0d8c6f1e".to_owned(),
            secret: SecretText::new("client-\"secret\""),
            nonce: [0xff; 16],
        },
    }
}

#[test]
fn windows_81_enrolls() {
    let options = windows81::Options {
        portal: Some(LinkUrl::parse("https://dm.example.org/portal?a=1&b=2").unwrap()),
        ..windows81::Options::default()
    };
    let document = windows81::enrollment(&CERTIFICATES, &account(), &options);
    insta::assert_snapshot!(lines(document.reveal()));
}

#[test]
fn windows_81_enrolls_with_everything_otherwise() {
    let set = |count, interval_minutes| RetrySet {
        count,
        interval_minutes,
    };
    let options = windows81::Options {
        leaf_store: StoreScope::System,
        search_store: StoreScope::System,
        registry_store: StoreScope::User,
        encoding: DefaultEncoding::Wbxml,
        role: 8,
        crl_check: true,
        schedule: RetrySchedule::new(set(1, 2), set(3, 4), set(5, 6)).unwrap(),
        renewal: Renewal::new(60, 5).unwrap(),
        account_key: AccountKey::fixed("037b1f0d3842015588e753cde76ec724").unwrap(),
        root_hash: windows81::RootHash::Omitted,
        device_name: "Kim's tablet".to_owned(),
        ..windows81::Options::default()
    };
    let certificates = Certificates {
        intermediate: Some(b"intermediate"),
        ..CERTIFICATES
    };
    let document = windows81::enrollment(&certificates, &account(), &options);
    insta::assert_snapshot!(lines(document.reveal()));
}

#[test]
fn windows_81_renews() {
    let document = windows81::renewal(b"leaf", &windows81::Options::default());
    insta::assert_snapshot!(lines(document.reveal()));
}

#[test]
fn windows_10_enrolls() {
    let options = windows10::Options::default();
    let document = windows10::enrollment(&CERTIFICATES, &account(), &options);
    insta::assert_snapshot!(lines(document.reveal()));
}

#[test]
fn windows_10_enrolls_with_everything() {
    let options = windows10::Options {
        leaf_store: StoreScope::System,
        role: None,
        has_search_criteria: false,
        renewal: Renewal::new(1000, 1000).unwrap(),
        renewal_url: Some(ServiceUrl::parse("https://dm.example.org/renew.svc").unwrap()),
        poll_on_login: Some(true),
        all_users_poll_on_first_login: Some(false),
        upn: Some("kim@example.org".to_owned()),
        device_name: Some("Kim's tablet".to_owned()),
        device_id: Some("42".to_owned()),
        sync_version: Some(Version { major: 2, minor: 0 }),
        has_keep_alive: Some(true),
        help: windows10::Help {
            phone: Some("+49 30 1".to_owned()),
            website: Some(LinkUrl::parse("https://help.example.org/").unwrap()),
            email: Some("help@example.org".to_owned()),
        },
        ..windows10::Options::default()
    };
    let certificates = Certificates {
        intermediate: Some(b"intermediate"),
        ..CERTIFICATES
    };
    let document = windows10::enrollment(&certificates, &account(), &options);
    insta::assert_snapshot!(lines(document.reveal()));
}

#[test]
fn windows_10_renews() {
    let options = windows10::Options::default();
    let provider = ProviderId::new("modegate").unwrap();
    let with_root = windows10::renewal(Some(b"root"), b"leaf", &provider, &options);
    insta::assert_snapshot!(lines(with_root.reveal()));
    let without = windows10::renewal(None, b"leaf", &provider, &options);
    assert!(!without.reveal().contains("Root"));
}

#[test]
fn values_are_escaped_once_and_secrets_do_not_print() {
    let account = account();
    let document = windows81::enrollment(&CERTIFICATES, &account, &windows81::Options::default());
    let tree = Element::read(document.reveal().as_bytes()).unwrap();
    let applications: Vec<_> = tree.all("characteristic").collect();
    let application = applications[1];
    let value = |name: &str| {
        let mut parms = application.all("parm");
        let parm = parms.find(|parm| parm.get("name") == Some(name)).unwrap();
        parm.get("value").map(str::to_owned)
    };
    assert_eq!(value("NAME").as_deref(), Some("Tablets & <more>"));
    assert_eq!(value("BACKCOMPATRETRYDISABLED"), None);
    for text in [format!("{account:?}"), format!("{document:?}")] {
        assert!(!text.contains("secret\""), "{text}");
        assert!(text.contains("***"), "{text}");
    }
}

#[test]
fn keys_and_thumbprints_are_the_known_ones() {
    for (provider, key) in [
        ("modegate", "ADDED6F93DADADF1F5B4EAA67D995169"),
        ("MS DM Server", "037B1F0D3842015588E753CDE76EC724"),
    ] {
        assert_eq!(account_key(&ProviderId::new(provider).unwrap()), key);
    }
    assert_eq!(
        thumbprint(b"abc"),
        "A9993E364706816ABA3E25717850C26C9CD0D89D"
    );
}

#[test]
fn values_that_a_document_cannot_have_are_refused() {
    for text in ["", " a", "a ", "a/b", "ä", "a\n", &"a".repeat(65)] {
        let error = ProviderId::new(text).unwrap_err();
        assert_eq!(error, ProvisioningError::ProviderId, "{text:?}");
    }
    for text in ["", "a b", "a=b", "a,b", "a&b", &"a".repeat(65)] {
        let error = CommonName::new(text).unwrap_err();
        assert_eq!(error, ProvisioningError::CommonName, "{text:?}");
    }
    let set = |count, interval_minutes| RetrySet {
        count,
        interval_minutes,
    };
    for (first, second, remaining) in [
        ((0, 15), (5, 3), (0, 480)),
        ((0, 0), (0, 0), (0, 0)),
        ((8, 0), (5, 3), (0, 480)),
        ((8, 15), (5, 0), (0, 480)),
        ((8, 15), (0, 0), (0, 0)),
    ] {
        let sets = [first, second, remaining].map(|(count, minutes)| set(count, minutes));
        let error = RetrySchedule::new(sets[0], sets[1], sets[2]).unwrap_err();
        assert_eq!(error, ProvisioningError::Polling);
    }
    assert_eq!(Renewal::new(0, 1), Err(ProvisioningError::RenewalPeriod));
    assert_eq!(Renewal::new(1001, 1), Err(ProvisioningError::RenewalPeriod));
    assert_eq!(Renewal::new(42, 0), Err(ProvisioningError::RetryInterval));
    assert_eq!(Renewal::new(42, 43), Err(ProvisioningError::RetryInterval));
    for text in ["", "037B", &"g".repeat(32)] {
        assert_eq!(AccountKey::fixed(text), Err(ProvisioningError::AccountKey));
    }
}
