#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

fn legacy() -> Credentials {
    let sid = "S-1-15-2-1-2-3-4-5-6-7";
    Credentials::Legacy {
        sid: PackageSid::parse(sid).unwrap(),
        secret: Secret::new("p/w +1"),
    }
}

fn entra() -> Credentials {
    Credentials::Entra {
        tenant: TenantId::parse("0b1c-tenant").unwrap(),
        client_id: "11111111-2222-3333-4444-555555555555".to_owned(),
        secret: Secret::new("s3"),
    }
}

fn read(code: u16, body: &str) -> Result<Grant, TokenError> {
    read_answer(
        code,
        None,
        body.as_bytes(),
        &Secret::new("p/w +1"),
        Timestamp(0),
    )
}

#[test]
fn requests_are_as_documented() {
    assert_eq!(
        legacy().body().reveal(),
        "grant_type=client_credentials&client_id=ms-app%3A%2F%2FS-1-15-2-1-2-3-4-5-6-7\
         &client_secret=p%2Fw+%2B1&scope=notify.windows.com"
    );
    assert_eq!(
        legacy().documented_url(),
        "https://login.live.com/accesstoken.srf"
    );
    assert_eq!(
        entra().body().reveal(),
        "grant_type=client_credentials&client_id=11111111-2222-3333-4444-555555555555\
         &client_secret=s3&scope=https%3A%2F%2Fwns.windows.com%2F.default"
    );
    assert_eq!(
        entra().documented_url(),
        "https://login.microsoftonline.com/0b1c-tenant/oauth2/v2.0/token"
    );
    assert!(!format!("{:?} {:?}", legacy(), entra()).contains("s3"));
    assert_ne!(legacy().key(), entra().key());
    for wrong in ["", "a/b", "../x", ".", "a b", "a?b"] {
        assert!(TenantId::parse(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn lifetimes_come_in_every_shape() {
    let rows = [
        ("86400", 86_400),
        ("\"86399\"", 86_399),
        ("3599.5", 3_599),
        ("null", ASSUMED_LIFE_S),
        ("true", ASSUMED_LIFE_S),
        ("\"soon\"", ASSUMED_LIFE_S),
        ("\"NaN\"", ASSUMED_LIFE_S),
        ("[1]", ASSUMED_LIFE_S),
        ("0", 60),
        ("-5", 60),
        ("1e300", 86_400),
        ("99999999999999999999", 86_400),
    ];
    for (written, expected) in rows {
        let body = format!(
            "{{\"access_token\":\"t\",\"token_type\":\"Bearer\",\"expires_in\":{written}}}"
        );
        assert_eq!(read(200, &body).unwrap().life_s, expected, "{written}");
    }
    let without = read(200, "{\"access_token\":\"t\",\"token_type\":\"bearer\"}").unwrap();
    assert_eq!(without.life_s, ASSUMED_LIFE_S);
}

#[test]
fn what_is_no_token_is_an_error() {
    let long = format!("{{\"access_token\":\"{}\"}}", "t".repeat(9_000));
    for body in [
        "",
        "nonsense",
        "[]",
        "{}",
        "{\"access_token\":5}",
        "{\"access_token\":\"\"}",
        "{\"access_token\":\"a b\"}",
        "{\"access_token\":\"a\\r\\nX: y\"}",
        "{\"access_token\":\"t\",\"token_type\":\"mac\"}",
        "{\"access_token\":\"t\"",
        &long,
    ] {
        assert!(
            matches!(read(200, body), Err(TokenError::Answer(_))),
            "{body:.60}"
        );
    }
}

#[test]
fn refusals_stop_the_profile_and_troubles_pass() {
    let refused = read(
        400,
        "{\"error\":\"invalid_client\",\"error_description\":\"bad p/w +1 or p%2Fw+%2B1\"}",
    );
    let Err(error) = refused else { panic!() };
    assert_eq!(error.for_profile(), ProfileEvent::TokenRefused);
    assert_eq!(error.for_wake(), wake::Event::Cannot(Why::Profile));
    assert_eq!(
        error.to_string(),
        "the token service rejected the credentials with 400: invalid_client bad *** or ***"
    );
    assert!(matches!(
        read(401, "<html>"),
        Err(TokenError::Refused { .. })
    ));
    for code in [204, 302, 404, 429, 500, 503] {
        let error = read(code, "").unwrap_err();
        assert_eq!(error.for_profile(), ProfileEvent::Trouble, "{code}");
    }
    let busy = read_answer(503, Some("7"), b"", &Secret::new(""), Timestamp(0)).unwrap_err();
    assert_eq!(busy.for_wake(), retry(Some(7_000)));
}

proptest! {
    #[test]
    fn any_bytes_are_read(code in 100_u16..600, body: Vec<u8>) {
        if let Ok(grant) = read_answer(code, None, &body, &Secret::new("x"), Timestamp(0)) {
            prop_assert!(LIFE_S.contains(&grant.life_s));
        }
    }
}
