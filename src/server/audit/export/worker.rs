//! Exports the log from time to time, so that retention can go on.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::record::Record;
use super::{ExportError, ExportRequest, Exported, export};
use crate::audit::Sealer;
use crate::audit::lists::Lists;
use crate::clock::Clock;
use crate::supervisor::Worker;
use modegate_store::sqlite::log_reader::LogReader;
use modegate_store::{Store, StoreError};

/// How often.
const EVERY: Duration = Duration::from_secs(60 * 60);

/// Exports what is new to one directory (`audit.export_directory`).
pub(crate) struct ExportWorker {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) sealer: Arc<Sealer>,
    pub(crate) clock: Clock,
    /// The database's file.
    pub(crate) database: PathBuf,
    /// Where the lists of devices are.
    pub(crate) lists: Lists,
    /// The directory.
    pub(crate) out: PathBuf,
}

impl ExportWorker {
    async fn export(&self) -> Result<Option<Exported>, ExportError> {
        self.sealer.seal().await?;
        let tree = self.store.tree().await?;
        // The record of the last export is the only new entry: that one can wait.
        if tree.exported > 0 && tree.size() <= tree.exported + 1 {
            return Ok(None);
        }
        let (database, now) = (self.database.clone(), self.clock.now());
        let request = ExportRequest {
            out: self.out.clone(),
            since: None,
            views: Vec::new(),
            lists: Some(self.lists.clone()),
        };
        let written = tokio::task::spawn_blocking(move || {
            let log = LogReader::open(&database)?;
            export(&log, &request, now, &mut |_, _| {})
        });
        let ended = |_| StoreError::Failed("the export was interrupted".into());
        let exported = written.await.map_err(ended)??;
        let record = Record {
            size: exported.checkpoint.size,
            root: exported.checkpoint.root,
            first: exported.first,
            device: None,
        };
        record.put(&*self.store, "server", self.clock.now()).await?;
        Ok(Some(exported))
    }
}

#[async_trait]
impl Worker for ExportWorker {
    async fn work(&mut self) -> Result<Duration, StoreError> {
        match self.export().await {
            Ok(Some(Exported {
                checkpoint, added, ..
            })) => {
                tracing::info!(size = checkpoint.size, added, "exported the log");
            }
            Ok(None) => {}
            Err(error) => {
                tracing::error!(%error, "could not export the log; retention waits for the next export");
            }
        }
        Ok(EVERY)
    }
}
