//! The baselines that events name, and the newest lists of the devices that they cover.

use super::directory::Directory;
use super::error::ExportError;
use super::{Files, Source};
use crate::audit::lists::{Lists, beginning};
use modegate_core::audit::manifest::{baseline_path, snapshot_path};
use modegate_core::tlog::Hash;

impl Files {
    /// What events of compliance rest on.
    pub(super) fn compliance(
        &mut self,
        source: &Source<'_>,
        lists: Option<&Lists>,
        directory: &mut Directory,
    ) -> Result<(), ExportError> {
        self.baselines(source, directory)?;
        lists.map_or(Ok(()), |lists| self.lists(lists, directory))
    }

    /// The texts of the baselines that the events name.
    fn baselines(
        &mut self,
        source: &Source<'_>,
        directory: &mut Directory,
    ) -> Result<(), ExportError> {
        let mut baselines = std::mem::take(&mut self.baselines);
        baselines.sort();
        baselines.dedup();
        for digest in baselines {
            match source.log.baseline(&digest)? {
                Some(text) => self.put(directory, &baseline_path(&digest), text.as_bytes())?,
                None => self.about.missing_baselines.push(digest),
            }
        }
        Ok(())
    }

    /// The newest list of each baseline, in the place of the one before.
    fn lists(&mut self, lists: &Lists, directory: &mut Directory) -> Result<(), ExportError> {
        for (baseline, text) in std::mem::take(&mut self.lists) {
            let damaged = || ExportError::Damaged(format!("the root of a list of {baseline}"));
            let root = Hash::from_base64(&text).ok_or_else(damaged)?;
            let path = snapshot_path(&baseline, &root);
            if self.digests.contains_key(&path) {
                continue;
            }
            let Some(digest) = directory.copy(&path, &lists.file(&baseline, &root))? else {
                self.about.missing_lists.insert(baseline, text);
                continue;
            };
            let own = beginning(&path);
            self.digests
                .retain(|other, _| own.is_none() || beginning(other) != own);
            self.digests.insert(path, digest);
        }
        Ok(())
    }
}
