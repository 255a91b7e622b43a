//! Enrollments as a whole: a world of devices and tokens in which anything may happen.
#![allow(clippy::unwrap_used)]

mod rules;
mod stories;
mod token;
mod world;

use super::rules::EnrollmentRules;
use super::{DrawnToken, EnrollmentToken, EnrollmentTokenId, TokenDigest, TokenOrigin, VALID_MS};
use crate::time::Timestamp;
use uuid::Uuid;

const NOW: Timestamp = crate::fixtures::NOW;

fn token(number: u128, user: &str, now: Timestamp) -> EnrollmentToken {
    let drawn = DrawnToken {
        id: EnrollmentTokenId(Uuid::from_u128(number)),
        digest: TokenDigest::from_text(&number.to_string()),
    };
    let origin = (TokenOrigin::Operator, "api:bob".to_owned());
    EnrollmentToken::new(
        drawn,
        (user.into(), None, vec!["kiosk".into()]),
        origin,
        (now, VALID_MS),
    )
    .unwrap()
}

fn builtin() -> EnrollmentRules {
    EnrollmentRules::builtin().unwrap()
}
