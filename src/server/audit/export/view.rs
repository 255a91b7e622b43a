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

    /// Writes the entries of the range, of an export that has `size` of them. Returns the
    /// file's name and its digest.
    pub(super) fn write(
        self,
        directory: &mut Directory,
        range: Range<u64>,
        size: u64,
    ) -> Result<(String, String), ExportError> {
        let name = format!(
            "{}/{:012}-{:012}.{}",
            self.name(),
            range.start,
            range.end - 1,
            self.name()
        );
        let file = directory.begin()?;
        let mut out = Digesting::new(file);
        let failed = |error| ExportError::File(directory.file(&name), error);
        if self == View::Csv {
            csv::header(&mut out).map_err(failed)?;
        }
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
        let digest = out.finish().map_err(failed)?;
        directory.end(&name)?;
        Ok((name, digest))
    }

    fn line(self, out: &mut dyn Write, number: u64, entry: Entry<'_>) -> io::Result<()> {
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
struct Digesting {
    file: BufWriter<File>,
    hasher: Sha256,
}

impl Digesting {
    fn new(file: File) -> Self {
        Digesting {
            file: BufWriter::new(file),
            hasher: Sha256::new(),
        }
    }

    fn finish(mut self) -> io::Result<String> {
        self.file.flush()?;
        Ok(HEXLOWER.encode(&self.hasher.finalize()))
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
