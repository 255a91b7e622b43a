//! One device's part of the log: each of its entries with the proof that it is in the log.

use std::path::Path;

use super::about::About;
use super::directory::Directory;
use super::entries::Copied;
use super::error::ExportError;
use super::view::{View, json_line};
use super::{Exported, Files, Source, csv};
use crate::audit::database::DatabaseLog;
use crate::audit::prove::{ProveError, Prover};
use modegate_core::audit::device_part::{DEVICE_PART, DevicePart, proof_name};
use modegate_core::audit::manifest::CHECKPOINT;
use modegate_core::ids::DeviceId;
use modegate_core::time::Timestamp;
use modegate_core::tlog::Entry;
use modegate_store::sqlite::log_reader::LogReader;

/// Events that are read in one go.
const EVENTS: usize = 256;

/// Exports the entries of one device to a new directory. Its numbers are whole, from 1 or
/// from the first that was not deleted.
pub fn export_device(
    log: &LogReader,
    out: &Path,
    device: DeviceId,
    views: &[View],
    now: Timestamp,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Exported, ExportError> {
    let source = Source::open(log)?;
    let mut directory = Directory::open(out)?;
    if directory.read(CHECKPOINT)?.is_some() {
        let why = "the part of a device is exported to a new directory".to_owned();
        let path = out.to_owned();
        directory.leave();
        return Err(ExportError::Other { path, why });
    }
    let (origin, size) = (&source.checkpoint.origin, source.checkpoint.size);
    directory.claim(&format!("{origin} up to {size}, device {device}\n"))?;
    let mut part = Part {
        source: &source,
        device,
        views: views.iter().map(|view| (*view, Vec::new())).collect(),
        copied: Copied::default(),
        numbers: None,
    };
    part.write(&mut directory, progress)?;
    let (first_seq, last_seq) = part
        .numbers
        .ok_or_else(|| ExportError::NoDevice(device.to_string()))?;
    let (views, added) = (part.views, part.copied.entries);
    let mut files = Files::new(None, part.copied);
    files.policy_sets(&source, &mut directory)?;
    files.compliance(&source, None, &mut directory)?;
    files.keys(&source, &mut directory)?;
    for (view, text) in &views {
        files.put(&mut directory, &format!("events.{}", view.name()), text)?;
    }
    for seq in first_seq..=last_seq {
        let name = proof_name(seq);
        let text = directory.read(&name)?.unwrap_or_default();
        files.put(&mut directory, &name, &text)?;
    }
    files.about.device = Some(device.to_string());
    let manifest = files.finish(&source.checkpoint, 0, now, &mut directory)?;
    let files = manifest.files;
    let part = DevicePart::new(
        device.to_string(),
        (first_seq, last_seq),
        &source.checkpoint,
        files,
    );
    directory.sync()?;
    directory.replace(DEVICE_PART, part.text().as_bytes())?;
    directory.replace(CHECKPOINT, source.note.as_bytes())?;
    directory.finish(|name| !name.starts_with("export-") || *name == *About::file(size))?;
    Ok(Exported {
        checkpoint: source.checkpoint,
        first: 0,
        deleted: 0,
        added,
    })
}

/// A device's part, while it is written.
struct Part<'a> {
    source: &'a Source<'a>,
    device: DeviceId,
    views: Vec<(View, Vec<u8>)>,
    copied: Copied,
    /// The numbers of its first event and its last one.
    numbers: Option<(u64, u64)>,
}

impl Part<'_> {
    fn write(
        &mut self,
        directory: &mut Directory,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<(), ExportError> {
        let log = self.source.log;
        let (mut database, base) = (DatabaseLog(log), log.tree()?.base);
        let mut prover = Prover::open(&mut database).map_err(cannot)?;
        let last = log.events_of_device_before(self.device, u64::MAX, 1)?;
        let of = last.first().map_or(0, |stored| stored.event.seq);
        for (view, text) in &mut self.views {
            if *view == View::Csv {
                // Writing to memory cannot fail.
                let _ = csv::header(text);
            }
        }
        let mut after = 0;
        loop {
            let events = log.events_of_device(self.device, after, EVENTS)?;
            let Some(last) = events.last() else {
                return Ok(());
            };
            after = last.event.seq;
            for stored in events {
                let (number, seq) = (stored.place - base, stored.event.seq);
                if number >= prover.size() {
                    return Ok(());
                }
                if let Some((_, last)) = self.numbers.filter(|(_, last)| last + 1 != seq) {
                    let what = format!("event {} of the device {}", last + 1, self.device);
                    return Err(ExportError::Damaged(what));
                }
                let first = self.numbers.map_or(seq, |(first, _)| first);
                self.numbers = Some((first, seq));
                let proof = prover.inclusion(number).map_err(cannot)?;
                directory.put(&proof_name(seq), proof.as_bytes())?;
                self.take(number, &prover.entry(number).map_err(cannot)?)?;
                progress(seq - first + 1, of.saturating_sub(first) + 1);
            }
        }
    }

    fn take(&mut self, number: u64, entry: &[u8]) -> Result<(), ExportError> {
        self.copied.take(entry);
        let damaged = |_| ExportError::Damaged(format!("entry {number}"));
        let entry = Entry::parse(entry).map_err(damaged)?;
        for (view, text) in &mut self.views {
            // Writing to memory cannot fail.
            let _ = match view {
                View::Csv => csv::line(text, number, entry),
                View::Jsonl => json_line(text, number, entry),
            };
        }
        Ok(())
    }
}

fn cannot(error: ProveError) -> ExportError {
    ExportError::Damaged(error.to_string())
}
