//! An export in a directory, as the verifier reads it: regular files of the right length
//! only, and none that does not belong there.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};

use super::views::{ViewFile, Views};
use modegate_core::audit::device_part::DEVICE_PART;
use modegate_core::audit::manifest::{
    self, BASELINE_BYTES, CHECKPOINT, MANIFEST, MANIFEST_BYTES, Manifest, SNAPSHOTS, baseline_path,
    is_plain_path, policy_set_path,
};
use modegate_core::audit::policy_file::POLICY_FILE_BYTES;
use modegate_core::audit::verify::{LogSource, ManifestParts, SourceFault};
use modegate_core::tlog::entry::ENTRY_BYTES;
use modegate_core::tlog::note::NOTE_BYTES;
use modegate_core::tlog::proof_file::{PROOF_FILE_BYTES, PROOF_FILE_END};
use modegate_core::tlog::tile::{TILE_WIDTH, TilePath, bundle_path};
use modegate_core::tlog::{Entry, Hash, TileId};

/// Most bytes of a bundle: each entry has its length in front.
const BUNDLE_BYTES: usize = TILE_WIDTH as usize * (2 + ENTRY_BYTES);
/// Most bytes of a file that is neither a tile nor one of those with bounds of their own.
const OTHER_BYTES: usize = 1 << 30;
/// Most bytes of a list of devices: some hundreds of millions of lines.
const LIST_BYTES: usize = 1 << 36;
/// Most bytes of a line of one.
const LINE_BYTES: u64 = 1024;
/// How deep directories may stand in one another: `tile/entries/` and an index of 2^64.
const DEPTH: usize = 12;

/// An export.
#[derive(Debug)]
pub struct ExportFolder {
    directory: PathBuf,
    /// Its views, once the first entry was compared with them.
    views: Option<Views>,
}

impl ExportFolder {
    /// The export in this directory.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        ExportFolder {
            directory: directory.into(),
            views: None,
        }
    }

    /// Opens a regular file of at most so many bytes. No part of its path may be a link.
    fn open(&self, path: &str, most: usize) -> Result<(File, usize), SourceFault> {
        let unreadable = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::NotFound => SourceFault::Missing(path.to_owned()),
            _ => SourceFault::Unreadable {
                path: path.to_owned(),
                why: error.to_string(),
            },
        };
        let mut found = self.directory.clone();
        let mut metadata = None;
        for part in path.split('/') {
            found.push(part);
            let of_part = fs::symlink_metadata(&found).map_err(unreadable)?;
            if of_part.is_symlink() {
                return Err(SourceFault::NotAFile(path.to_owned()));
            }
            metadata = Some(of_part);
        }
        let metadata = metadata.filter(fs::Metadata::is_file);
        let metadata = metadata.ok_or_else(|| SourceFault::NotAFile(path.to_owned()))?;
        let length = usize::try_from(metadata.len()).unwrap_or(usize::MAX);
        if length > most {
            return Err(SourceFault::Length {
                path: path.to_owned(),
                found: metadata.len(),
                expected: format!("at most {most}"),
            });
        }
        Ok((File::open(&found).map_err(unreadable)?, length))
    }

    fn read(&self, path: &str, most: usize) -> Result<Vec<u8>, SourceFault> {
        let (file, length) = self.open(path, most)?;
        let mut bytes = Vec::with_capacity(length);
        let read = file.take(most as u64 + 1).read_to_end(&mut bytes);
        match read {
            Ok(read) if read <= most => Ok(bytes),
            Ok(read) => Err(SourceFault::Length {
                path: path.to_owned(),
                found: read as u64,
                expected: format!("at most {most}"),
            }),
            Err(error) => Err(SourceFault::Unreadable {
                path: path.to_owned(),
                why: error.to_string(),
            }),
        }
    }

    /// Calls `visit` with the path of each file, until it answers something.
    fn walk<T>(
        &self,
        visit: &mut dyn FnMut(&str) -> Result<Option<T>, SourceFault>,
    ) -> Result<Option<T>, SourceFault> {
        walk(&self.directory, "", DEPTH, visit)
    }
}

fn walk<T>(
    root: &Path,
    within: &str,
    depth: usize,
    visit: &mut dyn FnMut(&str) -> Result<Option<T>, SourceFault>,
) -> Result<Option<T>, SourceFault> {
    let unreadable = |error: std::io::Error| SourceFault::Unreadable {
        path: if within.is_empty() { "." } else { within }.to_owned(),
        why: error.to_string(),
    };
    for found in fs::read_dir(root.join(within)).map_err(unreadable)? {
        let found = found.map_err(unreadable)?;
        let name = found.file_name();
        let name = name.to_string_lossy();
        let path = match within {
            "" => name.into_owned(),
            within => format!("{within}/{name}"),
        };
        let kind = found.file_type().map_err(unreadable)?;
        let answer = match kind.is_dir() {
            true if depth == 0 => return Err(SourceFault::NotAFile(path)),
            true => walk(root, &path, depth - 1, visit)?,
            false if kind.is_file() => visit(&path)?,
            false => return Err(SourceFault::NotAFile(path)),
        };
        if answer.is_some() {
            return Ok(answer);
        }
    }
    Ok(None)
}

/// Whether the tree of so many entries, from the first one on, has this tile or bundle.
fn belongs(path: TilePath, size: u64, first: u64) -> bool {
    let from = first / TILE_WIDTH;
    match path {
        TilePath::Entries { index, width } => {
            index >= from && TileId::width_in(size, 0, index) == width
        }
        TilePath::Hashes(tile) => {
            let there = tile.level > 0 || tile.index >= from;
            there && TileId::width_in(size, tile.level, tile.index) == tile.width
        }
    }
}

/// Whether the path is one of views.
fn is_view(path: &str) -> bool {
    path.starts_with("jsonl/") || path.starts_with("csv/")
}

impl LogSource for ExportFolder {
    fn checkpoint(&mut self) -> Result<Vec<u8>, SourceFault> {
        self.read(CHECKPOINT, NOTE_BYTES)
    }

    fn first(&mut self) -> Result<u64, SourceFault> {
        let text = self.read(MANIFEST, MANIFEST_BYTES)?;
        let manifest = Manifest::parse(&text).map_err(|error| SourceFault::Form {
            path: MANIFEST.to_owned(),
            why: error.to_string(),
        })?;
        Ok(manifest.first)
    }

    fn bundle(&mut self, index: u64, width: u16) -> Result<Vec<u8>, SourceFault> {
        self.read(&bundle_path(index, width), BUNDLE_BYTES)
    }

    fn tile(&mut self, tile: TileId) -> Result<Vec<Hash>, SourceFault> {
        let (path, length) = (tile.path(), usize::from(tile.width) * Hash::BYTES);
        let bytes = self.read(&path, length)?;
        let found = bytes.len();
        let hashes = Hash::list(&bytes).filter(|_| found == length);
        hashes.ok_or_else(|| SourceFault::Length {
            path,
            found: found as u64,
            expected: length.to_string(),
        })
    }

    fn policy_set(&mut self, digest: &str) -> Result<Vec<u8>, SourceFault> {
        self.read(&policy_set_path(digest), POLICY_FILE_BYTES)
    }

    fn baseline(&mut self, digest: &str) -> Result<Vec<u8>, SourceFault> {
        self.read(&baseline_path(digest), BASELINE_BYTES)
    }

    fn lists(&mut self) -> Result<Vec<String>, SourceFault> {
        let mut lists = Vec::new();
        self.walk::<()>(&mut |path| {
            lists.extend(path.starts_with(SNAPSHOTS).then(|| path.to_owned()));
            Ok(None)
        })?;
        lists.sort();
        Ok(lists)
    }

    fn list(&mut self, path: &str, line: &mut dyn FnMut(&[u8])) -> Result<(), SourceFault> {
        let (file, _) = self.open(path, LIST_BYTES)?;
        let unreadable = |error: io::Error| SourceFault::Unreadable {
            path: path.to_owned(),
            why: error.to_string(),
        };
        let (mut file, mut text) = (BufReader::new(file), Vec::new());
        loop {
            text.clear();
            // A line is short; what is longer is none, and is read in parts.
            let mut part = (&mut file).take(LINE_BYTES);
            match part.read_until(b'\n', &mut text).map_err(unreadable)? {
                0 => return Ok(()),
                _ => line(&text),
            }
        }
    }

    fn manifest(&mut self) -> Result<Option<ManifestParts>, SourceFault> {
        self.listed_by(MANIFEST).map(Some)
    }

    fn proof(&mut self, path: &str) -> Result<Vec<u8>, SourceFault> {
        self.read(path, PROOF_FILE_BYTES)
    }

    fn device_part(&mut self) -> Result<ManifestParts, SourceFault> {
        self.listed_by(DEVICE_PART)
    }

    fn differing_view(
        &mut self,
        number: u64,
        entry: Entry<'_>,
    ) -> Result<Option<String>, SourceFault> {
        let mut views = match self.views.take() {
            Some(views) => views,
            None => Views::new(self.view_files()?),
        };
        let open = |path: &str| Ok(self.open(path, usize::MAX)?.0);
        let differing = views.differing(number, entry, open);
        self.views = Some(views);
        differing
    }

    fn foreign(&mut self, size: u64, first: u64) -> Result<Option<String>, SourceFault> {
        self.walk(&mut |path| {
            let known = match TilePath::parse(path) {
                Some(tile) => belongs(tile, size, first),
                None if is_view(path) => {
                    ViewFile::parse(path).is_some_and(|file| file.is_within(first, size))
                }
                None => is_plain_path(path) && !path.starts_with("tile/"),
            };
            Ok((!known).then(|| path.to_owned()))
        })
    }
}

impl ExportFolder {
    /// A file that lists others, and the digests of those: all but tiles and the checkpoint.
    fn listed_by(&self, list: &str) -> Result<ManifestParts, SourceFault> {
        let text = self.read(list, MANIFEST_BYTES)?;
        let mut files = BTreeMap::new();
        self.walk::<()>(&mut |path| {
            if path != CHECKPOINT && path != list && !path.starts_with("tile/") {
                files.insert(path.to_owned(), self.digest(path)?);
            }
            Ok(None)
        })?;
        Ok(ManifestParts { text, files })
    }

    /// The names of the proofs that are in the directory itself, in order.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub fn proofs(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for found in fs::read_dir(&self.directory)? {
            let name = found?.file_name().to_string_lossy().into_owned();
            names.extend(name.ends_with(PROOF_FILE_END).then_some(name));
        }
        // By their numbers: a longer one is a larger one.
        names.sort_by(|a, b| (a.len(), a).cmp(&(b.len(), b)));
        Ok(names)
    }

    fn view_files(&self) -> Result<Vec<ViewFile>, SourceFault> {
        let mut files = Vec::new();
        self.walk::<()>(&mut |path| {
            files.extend(ViewFile::parse(path));
            Ok(None)
        })?;
        Ok(files)
    }

    /// The digest of a file as a manifest has it.
    fn digest(&self, path: &str) -> Result<String, SourceFault> {
        // A view is as long as the log, a list as long as the devices are many.
        let most = match is_view(path) || path.starts_with(SNAPSHOTS) {
            true => usize::MAX,
            false => OTHER_BYTES,
        };
        let (mut file, _) = self.open(path, most)?;
        let digest = manifest::digest_of_stream(|buffer| file.read(buffer));
        digest.map_err(|error| SourceFault::Unreadable {
            path: path.to_owned(),
            why: error.to_string(),
        })
    }
}
