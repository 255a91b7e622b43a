//! The database's files and the room beside them, whenever they are asked for. What
//! cannot be read is left out.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;

use super::Metrics;

/// Looks at the disk that the database is on.
#[derive(Debug)]
struct DiskCollector {
    /// The database's file.
    database: PathBuf,
}

impl DiskCollector {
    fn wal(&self) -> PathBuf {
        let mut name = OsString::from(&self.database);
        name.push("-wal");
        name.into()
    }
}

impl Metrics {
    /// The same, with the sizes of this database's files and the room beside them.
    #[must_use]
    pub fn with_disk(mut self, database: &Path) -> Self {
        let database = database.to_owned();
        let disk = DiskCollector { database };
        self.registry.register_collector(Box::new(disk));
        self
    }
}

/// Bytes that the server may still write beside this file.
fn free(database: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(database).ok()?;
    Some(found.f_bavail.saturating_mul(found.f_frsize))
}

fn size(path: impl AsRef<Path>) -> Option<u64> {
    std::fs::metadata(path).ok().map(|file| file.len())
}

/// Bytes that are free beside this database, and its own; `None` where that cannot be read.
pub(crate) fn disk(database: &Path) -> Option<(u64, u64)> {
    Some((free(database)?, size(database)?))
}

impl Collector for DiskCollector {
    fn encode(&self, mut to: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        for (name, help, bytes) in [
            (
                "store_database",
                "Size of the database file.",
                size(&self.database),
            ),
            (
                "store_wal",
                "Size of the database's write-ahead log.",
                size(self.wal()),
            ),
            (
                "store_filesystem_free",
                "Free space of the file system that the database is on.",
                free(&self.database),
            ),
        ] {
            let Some(bytes) = bytes else { continue };
            let gauge = ConstGauge::new(bytes as f64);
            let kind = gauge.metric_type();
            gauge.encode(to.encode_descriptor(name, help, Some(&Unit::Bytes), kind)?)?;
        }
        Ok(())
    }
}
