//! The lists of the populations of baselines: files of the data directory, whose roots are in
//! the log.

use std::fs::{self, DirEntry, File};
use std::io::{self, BufWriter, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use modegate_core::audit::manifest::snapshot_path;
use modegate_core::compliance::{BaselineSet, Snapshot};
use modegate_core::event::SnapshotRecord;
use modegate_core::time::Timestamp;
use modegate_core::tlog::Hash;
use modegate_store::private_file::{create_anew, sync_directory};
use modegate_store::{Store, StoreError};

/// Lists that are kept of a baseline: the newest may be of an event that is not sealed yet.
const KEPT: usize = 2;
/// Bytes of a list that are gathered before they are written.
const WRITTEN: usize = 1 << 20;

/// The directory with the lists of a data directory.
#[derive(Debug, Clone)]
pub struct Lists(PathBuf);

impl Lists {
    /// Of this data directory.
    pub fn of(data: &Path) -> Self {
        Lists(data.join("audit"))
    }

    /// Where the list with this root is, whether it is there or not.
    pub fn file(&self, baseline: &str, root: &Hash) -> PathBuf {
        self.0.join(snapshot_path(baseline, root))
    }

    /// Lists every device that the baselines cover, as they are at one time, each list in a
    /// file that is durable when this returns. It takes as long as reading all devices does.
    ///
    /// # Errors
    /// The store or the disk failed.
    pub fn write(
        &self,
        store: &dyn Store,
        set: &BaselineSet,
        now: Timestamp,
    ) -> Result<Vec<SnapshotRecord>, StoreError> {
        let failed = |error: io::Error| StoreError::Failed(format!("a list: {error}").into());
        let folder = self.0.join("snapshots");
        let mut maker = fs::DirBuilder::new();
        let made = maker.recursive(true).mode(0o700).create(&folder);
        made.map_err(failed)?;
        let lists = set.baselines().iter().zip(0..);
        let lists = lists.map(|(_, at)| List::begin(folder.join(format!(".list-{at}"))));
        let mut lists: Vec<List> = lists.collect::<io::Result<_>>().map_err(failed)?;
        store.each_compliance(&mut |device, compliance| {
            for (list, baseline) in lists.iter_mut().zip(set.baselines()) {
                if let Some(verdicts) = compliance.baselines.get(&baseline.id) {
                    let pushed = list.snapshot.push(device, verdicts, &mut list.text);
                    pushed.map_err(|error| StoreError::Failed(error.to_string().into()))?;
                    list.flush(WRITTEN).map_err(failed)?;
                }
            }
            Ok(())
        })?;
        let mut records = Vec::with_capacity(lists.len());
        for (list, baseline) in lists.into_iter().zip(set.baselines()) {
            let head = list.snapshot.head();
            let file = self.file(&baseline.id.0, &head.root);
            list.end(&file).map_err(failed)?;
            records.push(SnapshotRecord::new(baseline, now, &head));
        }
        Ok(records)
    }

    /// Deletes the older lists of each of these baselines.
    ///
    /// # Errors
    /// The disk failed.
    pub fn drop_older(&self, set: &BaselineSet) -> io::Result<()> {
        let entries: Vec<DirEntry> =
            fs::read_dir(self.0.join("snapshots"))?.collect::<io::Result<_>>()?;
        for baseline in set.baselines() {
            let any = snapshot_path(&baseline.id.0, &Hash([0; Hash::BYTES]));
            let own = beginning(any.rsplit('/').next().unwrap_or_default());
            let is_own = |entry: &&DirEntry| {
                own.is_some() && beginning(&entry.file_name().to_string_lossy()) == own
            };
            let found = entries.iter().filter(is_own).map(|entry| {
                let changed = entry.metadata().and_then(|metadata| metadata.modified());
                changed.map(|changed| (changed, entry.path()))
            });
            let mut found: Vec<_> = found.collect::<io::Result<_>>()?;
            found.sort();
            let older = found.len().saturating_sub(KEPT);
            for (_, path) in found.drain(..older) {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }
}

/// The name or the path of a list without its root.
pub(super) fn beginning(name: &str) -> Option<&str> {
    let root = 2 * Hash::BYTES + ".txt".len();
    name.get(..name.len().checked_sub(root)?)
}

/// A list that is being written.
struct List {
    path: PathBuf,
    file: BufWriter<File>,
    text: String,
    snapshot: Snapshot,
}

impl List {
    fn begin(path: PathBuf) -> io::Result<Self> {
        Ok(List {
            file: BufWriter::new(create_anew(&path)?),
            path,
            text: String::new(),
            snapshot: Snapshot::default(),
        })
    }

    /// Writes what was gathered, where it is at least so many bytes.
    fn flush(&mut self, at_least: usize) -> io::Result<()> {
        if self.text.len() >= at_least {
            self.file.write_all(self.text.as_bytes())?;
            self.text.clear();
        }
        Ok(())
    }

    /// Gives it its name: it is there whole, or not at all.
    fn end(mut self, name: &Path) -> io::Result<()> {
        self.flush(0)?;
        self.file.flush()?;
        self.file.get_ref().sync_all()?;
        fs::rename(&self.path, name)?;
        sync_directory(name)
    }
}
