//! The database's files and the room beside them, whenever they are asked for. What
//! cannot be read is left out.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;

/// Looks at the disk that the database is on.
#[derive(Debug)]
pub(super) struct DiskCollector {
    /// The database's file.
    pub(super) database: PathBuf,
}

impl DiskCollector {
    fn wal(&self) -> PathBuf {
        let mut name = OsString::from(&self.database);
        name.push("-wal");
        name.into()
    }

    /// Bytes that the server may still write.
    fn free(&self) -> Option<u64> {
        let found = rustix::fs::statvfs(&self.database).ok()?;
        Some(found.f_bavail.saturating_mul(found.f_frsize))
    }
}

impl Collector for DiskCollector {
    fn encode(&self, mut to: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let size = |path| std::fs::metadata(path).ok().map(|file| file.len());
        for (name, help, bytes) in [
            (
                "store_database",
                "Size of the database file.",
                size(self.database.clone()),
            ),
            (
                "store_wal",
                "Size of the database's write-ahead log.",
                size(self.wal()),
            ),
            (
                "store_filesystem_free",
                "Free space of the file system that the database is on.",
                self.free(),
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
