//! The entries in forms for other programs: NDJSON and CSV. Views are made from the export's
//! own bundles; what counts are these.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::ops::Range;

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use super::csv;
use super::directory::Directory;
use super::error::ExportError;
use modegate_core::tlog::entry::{Entry, entries};
use modegate_core::tlog::tile::bundle_path;
use modegate_core::tlog::{TILE_WIDTH, TileId};

/// In which form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// One JSON object per line: the entry's number and the event, or the leaf hash of a
    /// redacted one.
    Jsonl,
    /// One line per entry, for spreadsheets.
    Csv,
}

impl View {
    /// Its name: the directory and the extension of its files.
    pub(super) fn name(self) -> &'static str {
        match self {
            View::Jsonl => "jsonl",
            View::Csv => "csv",
        }
    }

    /// The directory of its files.
    pub(super) fn directory(self) -> &'static str {
        match self {
            View::Jsonl => "jsonl/",
            View::Csv => "csv/",
        }
    }

    /// The path of the file with the entries from `first` to `last`.
    pub(in crate::audit) fn path(self, first: u64, last: u64) -> String {
        let name = self.name();
        format!("{name}/{first:012}-{last:012}.{name}")
    }

    /// Writes the entries of the range, of an export that has `size` of them. Returns the
    /// file's name and its digest.
    pub(super) fn write(
        self,
        directory: &mut Directory,
        range: Range<u64>,
        size: u64,
    ) -> Result<(String, String), ExportError> {
        let name = self.path(range.start, range.end - 1);
        let file = directory.begin()?;
        let mut out = Digesting::new(file);
        let failed = |error| ExportError::File(directory.file(&name), error);
        self.header(&mut out).map_err(failed)?;
        for index in range.start / TILE_WIDTH..range.end.div_ceil(TILE_WIDTH) {
            let path = bundle_path(index, TileId::width_in(size, 0, index));
            let bundle = directory.read(&path)?.unwrap_or_default();
            for (entry, number) in entries(&bundle).zip(index * TILE_WIDTH..) {
                if !range.contains(&number) {
                    continue;
                }
                let damaged = |_| ExportError::Damaged(format!("entry {number} of the export"));
                let entry = Entry::parse(entry.map_err(damaged)?).map_err(damaged)?;
                self.line(&mut out, number, entry).map_err(failed)?;
            }
        }
        let (_, digest) = out.finish().map_err(failed)?;
        directory.end(&name)?;
        Ok((name, digest))
    }

    /// What stands before the first entry.
    pub(in crate::audit) fn header(self, out: &mut dyn Write) -> io::Result<()> {
        match self {
            View::Csv => csv::header(out),
            View::Jsonl => Ok(()),
        }
    }

    /// The text of an entry.
    pub(in crate::audit) fn line(
        self,
        out: &mut dyn Write,
        number: u64,
        entry: Entry<'_>,
    ) -> io::Result<()> {
        match self {
            View::Csv => csv::line(out, number, entry),
            View::Jsonl => json_line(out, number, entry),
        }
    }
}

/// The event as its bytes are: nothing is serialised again.
pub(super) fn json_line(out: &mut dyn Write, number: u64, entry: Entry<'_>) -> io::Result<()> {
    match entry {
        Entry::Redacted { leaf } => {
            let leaf = leaf.base64();
            writeln!(out, r#"{{"entry":{number},"redacted":"{leaf}"}}"#)
        }
        Entry::Salted { json, .. } | Entry::Unsalted { json } => {
            write!(out, r#"{{"entry":{number},"event":"#)?;
            out.write_all(json)?;
            out.write_all(b"}\n")
        }
    }
}

/// A file whose digest is worked out while it is written.
pub(crate) struct Digesting {
    file: BufWriter<File>,
    hasher: Sha256,
}

impl Digesting {
    /// Of a new file.
    pub(crate) fn new(file: File) -> Self {
        Digesting {
            file: BufWriter::new(file),
            hasher: Sha256::new(),
        }
    }

    /// The file, whole, and its digest.
    pub(crate) fn finish(self) -> io::Result<(File, String)> {
        let file = self.file.into_inner()?;
        Ok((file, HEXLOWER.encode(&self.hasher.finalize())))
    }
}

impl Write for Digesting {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
