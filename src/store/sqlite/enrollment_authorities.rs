//! The certification authorities that sign certificates of devices, with their keys.

use rusqlite::{Connection, params};

use super::query::run;
use super::rows::{self, signed};
use crate::StoreError;
use crate::enrollment::EnrollmentAuthority;
use crate::seal::{Keys, SealContext};

/// An authority with its number.
type Numbered = (u64, EnrollmentAuthority);

pub(super) fn list(db: &Connection, keys: &Keys) -> Result<Vec<Numbered>, StoreError> {
    let sql = "SELECT number, sealed FROM enrollment_ca ORDER BY number";
    rows::sealed(db, keys, SealContext::EnrollmentAuthority, sql, [])
}

/// Of two who make one at once, the second finds that of the first.
pub(super) fn add(
    db: &Connection,
    keys: &Keys,
    behind: u64,
    authority: &EnrollmentAuthority,
) -> Result<Vec<Numbered>, StoreError> {
    let (_, last) = rows::count_and_last(db, "enrollment_ca")?;
    if last == behind {
        let number = last + 1;
        let place = SealContext::EnrollmentAuthority(number);
        let row = params![
            signed(number),
            authority.made_at.0,
            rows::seal(keys, place, authority)?
        ];
        run(db, "INSERT INTO enrollment_ca VALUES (?1, ?2, ?3)", row)?;
    }
    list(db, keys)
}
