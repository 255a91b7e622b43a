//! The file in which `audit verify` keeps how far it came: its state as JSON in one line, and
//! the SHA-256 of that line in the next.

use std::fs::{self, File};
use std::io::{self, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use super::AuditError;
use crate::audit::export::Digesting;
use modegate_core::audit::manifest::digest_of_stream;
use modegate_core::audit::verify::VerifiedState;
use modegate_store::private_file::{beside, sync_directory};

/// Bytes of the last line: the digest and its line end.
const LAST_LINE: u64 = 65;

/// Reads a state.
pub(super) fn read(path: &Path) -> Result<VerifiedState, AuditError> {
    let failed = |error| AuditError::File(path.to_owned(), error);
    let damaged = |why: String| {
        let what = format!("it is not what `audit verify --save` wrote, or is damaged: {why}");
        AuditError::Wrong(path.to_owned(), what)
    };
    let mut file = File::open(path).map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len();
    let length = length.checked_sub(LAST_LINE);
    let length = length.ok_or_else(|| damaged("it is too short".to_owned()))?;
    let mut line = (&file).take(length);
    let digest = digest_of_stream(|buffer| line.read(buffer)).map_err(failed)?;
    let mut last = String::new();
    let read = (&file).take(LAST_LINE).read_to_string(&mut last);
    if read.is_err() || last != format!("{digest}\n") {
        return Err(damaged("its digest is another one".to_owned()));
    }
    file.seek(SeekFrom::Start(0)).map_err(failed)?;
    serde_json::from_reader(BufReader::new(file.take(length)))
        .map_err(|error| damaged(error.to_string()))
}

/// Writes a state in place of the one that is there: whole, or not at all.
pub(super) fn write(path: &Path, state: &VerifiedState) -> Result<(), AuditError> {
    let written = || -> io::Result<()> {
        let unfinished = beside(path, ".new");
        let mut line = Digesting::new(File::create(&unfinished)?);
        serde_json::to_writer(&mut line, state)?;
        line.write_all(b"\n")?;
        let (mut file, digest) = line.finish()?;
        writeln!(file, "{digest}")?;
        file.sync_all()?;
        fs::rename(&unfinished, path)?;
        sync_directory(path)
    };
    written().map_err(|error| AuditError::File(path.to_owned(), error))
}
