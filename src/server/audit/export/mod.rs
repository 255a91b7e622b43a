//! Exports of the log: a directory of files that never change and one checkpoint, in the
//! layout of C2SP tlog-tiles, that can be verified anywhere.
//!
//! The checkpoint is written last. A run that is broken off leaves the export as it was
//! before, and the next one completes it.

mod about;
mod compliance;
pub(crate) mod csv;
mod device;
mod directory;
mod entries;
mod error;
mod existing;
pub mod record;
mod view;
pub(crate) mod worker;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::database::DatabaseLog;
use super::lists::Lists;
use about::About;
pub use device::export_device;
use directory::Directory;
use entries::{Copied, Copy};
pub use error::ExportError;
use existing::Existing;
use modegate_core::audit::manifest::{
    self, CHECKPOINT, MANIFEST, Manifest, SNAPSHOTS, baseline_path, key_path, policy_set_path,
};
use modegate_core::audit::policy_file::PolicyFile;
use modegate_core::time::Timestamp;
use modegate_core::tlog::{Checkpoint, TILE_WIDTH, VerifierKey};
use modegate_store::sqlite::log_reader::LogReader;
pub(crate) use view::Digesting;
pub use view::View;

/// The verifier that goes with each export.
const VERIFIER: (&str, &str) = ("verify.py", include_str!("../verify.py"));

/// What is exported, and where to.
#[derive(Debug, Clone)]
pub struct ExportRequest {
    /// The directory.
    pub out: PathBuf,
    /// Only entries from this one on, or from the first of the 256 that it is among.
    pub since: Option<u64>,
    /// In which other forms, too.
    pub views: Vec<View>,
    /// Where the lists of devices are that the log has the roots of.
    pub lists: Option<Lists>,
}

/// An export that was made.
#[derive(Debug, Clone)]
pub struct Exported {
    /// The checkpoint that it ends with.
    pub checkpoint: Checkpoint,
    /// The first entry in it.
    pub first: u64,
    /// Entries before it that the database has no more.
    pub deleted: u64,
    /// How many entries this run added.
    pub added: u64,
}

/// A log to be exported, up to its newest checkpoint.
pub(super) struct Source<'a> {
    pub(super) log: &'a LogReader,
    pub(super) checkpoint: Checkpoint,
    pub(super) note: String,
}

impl<'a> Source<'a> {
    pub(super) fn open(log: &'a LogReader) -> Result<Self, ExportError> {
        let newest = log.checkpoint()?.ok_or(ExportError::NoCheckpoint)?;
        let parsed = Checkpoint::from_note(newest.note.as_bytes());
        let (checkpoint, _) = parsed.map_err(|fault| ExportError::Checkpoint(fault.to_string()))?;
        Ok(Source {
            log,
            checkpoint,
            note: newest.note,
        })
    }

    pub(super) fn tiles(&self) -> DatabaseLog<'a> {
        DatabaseLog(self.log)
    }
}

/// Exports the log, or what is new in it since the export that is there. `progress` is told
/// how many entries are done, and of how many.
pub fn export(
    log: &LogReader,
    request: &ExportRequest,
    now: Timestamp,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Exported, ExportError> {
    let source = Source::open(log)?;
    let size = source.checkpoint.size;
    if let Some(since) = request.since.filter(|since| *since > size) {
        return Err(ExportError::Since { since, size });
    }
    let since = request.since.map(|since| since / TILE_WIDTH * TILE_WIDTH);
    let mut directory = Directory::open(&request.out)?;
    let existing = Existing::read(&directory, &source, since);
    let existing = existing.inspect_err(|_| directory.leave())?;
    let first = match &existing {
        Some(there) => there.manifest.first,
        None => {
            let first = since.unwrap_or(0).max(log.tree()?.minimum);
            let origin = &source.checkpoint.origin;
            let of = format!("{}/{} from entry {first}\n", origin.host(), origin.log());
            directory.claim(&of)?;
            first
        }
    };
    let from = existing.as_ref().map_or(first, |there| there.manifest.size);
    let mut copy = Copy {
        tiles: source.tiles(),
        checkpoint: &source.checkpoint,
        directory: &mut directory,
        from,
    };
    let of = size - from;
    let copied = copy.entries(&mut |done| progress(done, of))?;
    copy.upper_tiles()?;
    let added = copied.entries;
    let replaced = existing.as_ref().map_or(first, Existing::oldest_replaced);
    let mut files = Files::new(existing, copied);
    files.policy_sets(&source, &mut directory)?;
    files.compliance(&source, request.lists.as_ref(), &mut directory)?;
    files.keys(&source, &mut directory)?;
    files.put(&mut directory, VERIFIER.0, VERIFIER.1.as_bytes())?;
    for view in files.views(&request.views) {
        files.view(view, &mut directory, first, size)?;
    }
    let manifest = files.finish(&source.checkpoint, first, now, &mut directory)?;
    directory.sync()?;
    directory.replace(MANIFEST, manifest.text().as_bytes())?;
    directory.replace(CHECKPOINT, source.note.as_bytes())?;
    let copy = Copy {
        tiles: source.tiles(),
        checkpoint: &source.checkpoint,
        directory: &mut directory,
        from,
    };
    copy.drop_replaced(replaced)?;
    for of_files in [SNAPSHOTS, View::Jsonl.directory(), View::Csv.directory()] {
        directory.keep_listed(of_files, |path| manifest.files.contains_key(path))?;
    }
    directory.finish(|name| !name.starts_with("export-") || manifest.files.contains_key(name))?;
    Ok(Exported {
        checkpoint: source.checkpoint,
        first,
        deleted: since.map_or(first, |_| 0),
        added,
    })
}

/// The files of an export that are neither tiles nor the checkpoint.
pub(super) struct Files {
    digests: BTreeMap<String, String>,
    about: About,
    policy_sets: Vec<String>,
    /// The baselines that are still to be written.
    baselines: Vec<String>,
    /// The newest list of each baseline that is still to be copied.
    lists: BTreeMap<String, String>,
    /// Whether an entry was redacted since, so that views that were written before have more
    /// than its bundle.
    redacts: bool,
}

impl Files {
    fn new(existing: Option<Existing>, copied: Copied) -> Self {
        let (digests, mut about) = match existing {
            Some(Existing { manifest, about }) => {
                let previous = Some(manifest.size);
                let mut files = manifest.files;
                files.remove(&About::file(manifest.size));
                (files, About { previous, ..about })
            }
            None => (BTreeMap::new(), About::default()),
        };
        about.program = format!("modegate {}", env!("CARGO_PKG_VERSION"));
        about.entries += copied.entries;
        about.redacted += copied.redacted;
        for (what, count) in copied.types {
            *about.types.entry(what).or_default() += count;
        }
        let known = |digest: &String| digests.contains_key(&policy_set_path(digest));
        let sets = copied.policy_sets.into_iter();
        let mut policy_sets: Vec<String> = sets.filter(|digest| !known(digest)).collect();
        policy_sets.append(&mut about.missing_policy_sets);
        let known = |digest: &String| digests.contains_key(&baseline_path(digest));
        let baselines = copied.baselines.into_iter();
        let mut baselines: Vec<String> = baselines.filter(|digest| !known(digest)).collect();
        baselines.append(&mut about.missing_baselines);
        let mut lists = std::mem::take(&mut about.missing_lists);
        lists.extend(copied.lists);
        Files {
            digests,
            about,
            policy_sets,
            baselines,
            lists,
            redacts: copied.redacts,
        }
    }

    /// The views to be written: those that are asked for, and those that have to be written
    /// anew as a whole.
    fn views(&mut self, asked: &[View]) -> Vec<View> {
        let mut views = asked.to_vec();
        for view in [View::Jsonl, View::Csv] {
            if self.redacts && self.about.views.remove(view.name()).is_some() {
                let directory = view.directory();
                self.digests.retain(|path, _| !path.starts_with(directory));
                if !views.contains(&view) {
                    views.push(view);
                }
            }
        }
        views
    }

    /// Writes a file that is never changed again.
    fn put(
        &mut self,
        directory: &mut Directory,
        name: &str,
        content: &[u8],
    ) -> Result<(), ExportError> {
        directory.put(name, content)?;
        self.digests
            .insert(name.to_owned(), manifest::digest(content));
        Ok(())
    }

    /// The policy sets that the events name.
    fn policy_sets(
        &mut self,
        source: &Source<'_>,
        directory: &mut Directory,
    ) -> Result<(), ExportError> {
        let mut sets = std::mem::take(&mut self.policy_sets);
        sets.sort();
        sets.dedup();
        for digest in sets {
            match source.log.policy_set(&digest)? {
                Some(files) => {
                    let text = PolicyFile::new(files).text();
                    self.put(directory, &policy_set_path(&digest), text.as_bytes())?;
                }
                None => self.about.missing_policy_sets.push(digest),
            }
        }
        Ok(())
    }

    /// The verifier keys that the log records.
    fn keys(&mut self, source: &Source<'_>, directory: &mut Directory) -> Result<(), ExportError> {
        for recorded in source.log.audit_keys()? {
            let key = recorded.vkey.parse::<VerifierKey>();
            let key = key.map_err(|fault| ExportError::Checkpoint(fault.to_string()))?;
            let origin = key.name().parse();
            let Ok(origin) = origin else { continue };
            let line = format!("{key}\n");
            self.put(directory, &key_path(&origin, &key.id()), line.as_bytes())?;
        }
        Ok(())
    }

    /// One view of the entries that no earlier run showed in it.
    fn view(
        &mut self,
        view: View,
        directory: &mut Directory,
        first: u64,
        size: u64,
    ) -> Result<(), ExportError> {
        let from = self.about.views.get(view.name()).copied();
        let range = from.unwrap_or(first)..size;
        if range.is_empty() {
            return Ok(());
        }
        let (name, digest) = view.write(directory, range, size)?;
        self.digests.insert(name, digest);
        self.about.views.insert(view.name().to_owned(), size);
        Ok(())
    }

    /// The last of the files, and the manifest of them all.
    fn finish(
        mut self,
        checkpoint: &Checkpoint,
        first: u64,
        now: Timestamp,
        directory: &mut Directory,
    ) -> Result<Manifest, ExportError> {
        self.about.at = now.to_string();
        let about = self.about.text();
        self.put(directory, &About::file(checkpoint.size), about.as_bytes())?;
        Ok(Manifest::new(checkpoint, first, self.digests))
    }
}

/// Where the checkpoint of an export is.
pub fn checkpoint_file(export: &Path) -> PathBuf {
    export.join(CHECKPOINT)
}
