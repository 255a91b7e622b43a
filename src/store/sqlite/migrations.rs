//! The versions of the schema, the oldest first. A file that was released never
//! changes: its checksum is kept in every database.

use refinery_core::{Migration, Runner};

use super::error::failed;
use crate::StoreError;

/// Name and text of each file of `migrations/`.
const FILES: [(&str, &str); 17] = [
    ("V1__tables", include_str!("migrations/V1__tables.sql")),
    ("V2__tokens", include_str!("migrations/V2__tokens.sql")),
    ("V3__push", include_str!("migrations/V3__push.sql")),
    ("V4__installs", include_str!("migrations/V4__installs.sql")),
    ("V5__batches", include_str!("migrations/V5__batches.sql")),
    (
        "V6__webhook_deliveries",
        include_str!("migrations/V6__webhook_deliveries.sql"),
    ),
    (
        "V7__open_installs",
        include_str!("migrations/V7__open_installs.sql"),
    ),
    ("V8__bounds", include_str!("migrations/V8__bounds.sql")),
    ("V9__proof", include_str!("migrations/V9__proof.sql")),
    ("V10__alerts", include_str!("migrations/V10__alerts.sql")),
    ("V11__pruning", include_str!("migrations/V11__pruning.sql")),
    ("V12__siem", include_str!("migrations/V12__siem.sql")),
    (
        "V13__compliance",
        include_str!("migrations/V13__compliance.sql"),
    ),
    (
        "V14__device_index",
        include_str!("migrations/V14__device_index.sql"),
    ),
    ("V15__tally", include_str!("migrations/V15__tally.sql")),
    ("V16__web", include_str!("migrations/V16__web.sql")),
    (
        "V17__enrollment",
        include_str!("migrations/V17__enrollment.sql"),
    ),
];

/// The latest version.
pub(super) const NEWEST: i64 = FILES.len() as i64;

/// What brings a database up to the latest version.
pub(super) fn runner() -> Result<Runner, StoreError> {
    let migrations = FILES
        .iter()
        .map(|(name, sql)| Migration::unapplied(name, sql));
    let migrations: Vec<Migration> = migrations.collect::<Result<_, _>>().map_err(failed)?;
    Ok(Runner::new(&migrations))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_listed_in_its_place() {
        for (migration, version) in runner().unwrap().get_migrations().iter().zip(1..) {
            assert_eq!(i64::from(migration.version()), version);
        }
        let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/sqlite/migrations");
        assert_eq!(std::fs::read_dir(dir).unwrap().count(), FILES.len());
    }
}
