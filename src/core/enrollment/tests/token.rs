use super::{NOW, token};
use crate::context::Family;
use crate::enrollment::{
    DrawnToken, EnrollmentToken, EnrollmentTokenId, KeyDigest, RequestDigest, TokenDigest,
    TokenFault, TokenOrigin, TokenRequest, TokenState, TokenUse, VALID_MS,
};
use crate::event::EventType;
use crate::ids::EnrollmentId;
use uuid::Uuid;

fn asked(key: u8, request: u8) -> TokenRequest {
    TokenRequest {
        family: Family::Windows81,
        key: KeyDigest([key; 32]),
        request: RequestDigest([request; 32]),
    }
}

#[test]
fn it_is_for_the_first_key_and_the_same_request_may_come_again() {
    let token = token(1, "anna", NOW);
    assert_eq!(token.check(Family::Windows10, NOW), Ok(()));
    assert_eq!(token.present(&asked(1, 1), NOW), Ok(TokenUse::First));
    let id = EnrollmentId(Uuid::from_u128(7));
    let used = token.bound(&asked(1, 1), id);
    let last = NOW.plus_ms(VALID_MS - 1);
    assert_eq!(used.present(&asked(1, 1), last), Ok(TokenUse::Repeated(id)));
    assert_eq!(used.check(Family::Windows81, last), Ok(()));
    for (key, request) in [(2, 1), (1, 2), (2, 2)] {
        let found = used.present(&asked(key, request), NOW);
        assert_eq!(found, Err(TokenFault::Used));
    }
    let over = NOW.plus_ms(VALID_MS);
    assert_eq!(used.present(&asked(1, 1), over), Err(TokenFault::Expired));
    assert_eq!(
        used.check(Family::Windows81, over),
        Err(TokenFault::Expired)
    );
    let set_back = NOW.plus_ms(-VALID_MS - 1);
    assert_eq!(
        used.check(Family::Windows81, set_back),
        Err(TokenFault::Expired)
    );
}

#[test]
fn it_is_for_a_family_and_is_withdrawn_once() {
    let mut token = token(1, "anna", NOW);
    token.family = Some(Family::Windows10);
    let other = token.check(Family::Windows81, NOW);
    assert_eq!(other, Err(TokenFault::OtherFamily));
    let (token, event) = token.withdraw("api:bob", NOW).unwrap();
    assert_eq!(event.what, EventType::EnrollmentTokenWithdrawn);
    let refused = token.check(Family::Windows10, NOW);
    assert_eq!(refused, Err(TokenFault::Withdrawn));
    assert!(token.withdraw("api:bob", NOW).is_err());
}

#[test]
fn its_fields_and_its_time_are_bounded() {
    let drawn = DrawnToken {
        id: EnrollmentTokenId(Uuid::nil()),
        digest: TokenDigest::from_text("t"),
    };
    let new = |user: &str, groups: usize, valid_ms| {
        let groups = vec!["g".to_owned(); groups];
        let about = (user.to_owned(), None, groups);
        let by = (TokenOrigin::Operator, "api:bob".to_owned());
        EnrollmentToken::new(drawn, about, by, (NOW, valid_ms)).map_err(|error| error.field)
    };
    assert!(new("anna", 64, VALID_MS).is_ok());
    for (user, groups, valid_ms, field) in [
        ("", 0, 1, "user"),
        ("a\nb", 0, 1, "user"),
        (&*"a".repeat(257), 0, 1, "user"),
        ("anna", 65, 1, "groups"),
        ("anna", 0, 0, "valid_ms"),
        ("anna", 0, VALID_MS + 1, "valid_ms"),
    ] {
        assert_eq!(new(user, groups, valid_ms), Err(field.to_owned()));
    }
}

#[test]
fn refusals_are_on_record_ten_times_and_end_a_token_that_was_not_used() {
    for used in [false, true] {
        let mut token = token(1, "anna", NOW);
        if used {
            token = token.bound(&asked(1, 1), EnrollmentId(Uuid::nil()));
        }
        let mut count = 0;
        while let Some((after, event)) = token.refuse("why", Family::Windows81, NOW) {
            assert_eq!(event.what, EventType::EnrollmentRefused);
            assert!(!serde_json::to_string(&event).unwrap().contains("anna"));
            (token, count) = (after, count + 1);
        }
        assert_eq!(count, 10);
        let is_withdrawn = matches!(token.state, TokenState::Withdrawn(_));
        assert_eq!(is_withdrawn, !used);
    }
}
