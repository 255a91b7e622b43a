//! `modegate audit prove`.

use std::fs;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::source::{Reader, Source, SourceArgs};
use super::writer::Writer;
use super::{AuditError, print, wait};
use crate::audit::prove::{ProveError, Prover, concerns};
use crate::cli::request::ServerArgs;
use modegate_core::event::EventType;
use modegate_core::ids::{CommandId, DeviceId};
use modegate_core::tlog::Checkpoint;
use modegate_store::sqlite::log_reader::LogReader;

/// Events of a device that are read in one go.
const EVENTS: usize = 256;

/// Flags of `audit prove`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true))]
pub struct ProveArgs {
    #[command(flatten)]
    source: SourceArgs,
    /// That the entry of this number is in the log, as `entry` of an event says it; with
    /// --device the device's event of this number, as `seq` says it
    #[arg(long, value_name = "N", group = "what")]
    event: Option<u64>,
    /// The device whose event it is
    #[arg(long, value_name = "ID", requires = "event")]
    device: Option<DeviceId>,
    /// That all is in the log that was done with this command
    #[arg(long, value_name = "ID", group = "what")]
    command: Option<CommandId>,
    /// That the log of this size is the beginning of the newer one
    #[arg(long, value_name = "SIZE", group = "what")]
    from: Option<u64>,
    /// The size of the newer one: of a checkpoint that is kept [default: the newest]
    #[arg(long, value_name = "SIZE", requires = "from")]
    to: Option<u64>,
    /// Write each proof to a file in this directory instead of standard output
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print a JSON object per proof: its name and its text
    #[arg(long, conflicts_with = "out")]
    json: bool,
    #[command(flatten)]
    server: ServerArgs,
}

/// A proof, and the name of its file.
struct NamedProof {
    name: String,
    text: String,
}

/// Runs it; the exit code.
pub(super) fn run(args: &ProveArgs) -> Result<u8, AuditError> {
    let source = args.source.find()?;
    let proofs = match args.proofs(&source) {
        // What is not sealed yet can be sealed now.
        Err(AuditError::Prove(ProveError::Proof(_))) if args.seal(&source)? => {
            args.proofs(&source)?
        }
        proofs => proofs?,
    };
    for NamedProof { name, text } in proofs {
        if let Some(out) = &args.out {
            let path = out.join(&name);
            let written = fs::create_dir_all(out).and_then(|()| fs::write(&path, text));
            written.map_err(|error| AuditError::File(path.clone(), error))?;
            print(format_args!("{}\n", path.display()))?;
        } else if args.json {
            let proof = json!({"name": name, "proof": text});
            print(format_args!("{proof}\n"))?;
        } else {
            print(text)?;
        }
    }
    Ok(0)
}

impl ProveArgs {
    /// Seals what is new; whether there is somebody to do it.
    fn seal(&self, source: &Source) -> Result<bool, AuditError> {
        let Source::Data(at) = source else {
            return Ok(false);
        };
        wait(async {
            Writer::with(at, &self.server, async |writer| writer.seal().await).await?;
            Ok(true)
        })
    }

    fn proofs(&self, source: &Source) -> Result<Vec<NamedProof>, AuditError> {
        let database = source.database()?;
        let mut reader = Reader::new(source, database.as_ref());
        let mut prover = Prover::open(reader.as_source())?;
        if let Some(from) = self.from {
            return self.consistency(prover, database.as_ref(), from);
        }
        let numbers = self.numbers(&mut prover, database.as_ref())?;
        let prove = |number: u64| {
            Ok(NamedProof {
                name: format!("{number}.tlog-proof"),
                text: prover.inclusion(number)?,
            })
        };
        numbers.into_iter().map(prove).collect()
    }

    fn consistency(
        &self,
        mut prover: Prover<'_>,
        database: Option<&LogReader>,
        from: u64,
    ) -> Result<Vec<NamedProof>, AuditError> {
        if let Some(to) = self.to.filter(|to| *to != prover.size()) {
            let kept = database.map(|log| log.checkpoint_of(to)).transpose()?;
            let Some(kept) = kept.flatten() else {
                let sizes = match database {
                    Some(log) => log.checkpoints(u64::MAX, 5)?,
                    None => Vec::new(),
                };
                let sizes: Vec<String> = sizes.iter().map(|one| one.size.to_string()).collect();
                let known = match sizes.is_empty() {
                    true => prover.size().to_string(),
                    false => format!("{}, …", sizes.join(", ")),
                };
                return Err(ProveError::NoCheckpoint(to, known).into());
            };
            let (checkpoint, note) =
                Checkpoint::from_note(kept.note.as_bytes()).map_err(ProveError::from)?;
            prover = prover.up_to(checkpoint, note);
        }
        let (text, root) = prover.consistency(from)?;
        let to = prover.size();
        eprintln!("size {from} root {}", root.base64());
        let name = format!("{from}-{to}.consistency");
        Ok(vec![NamedProof { name, text }])
    }

    /// The numbers of the entries to be proved.
    fn numbers(
        &self,
        prover: &mut Prover<'_>,
        database: Option<&LogReader>,
    ) -> Result<Vec<u64>, AuditError> {
        let found = match (self.event, self.device, self.command) {
            (Some(number), None, _) => vec![number],
            (Some(seq), Some(device), _) => match database {
                Some(log) => event_of_device(log, device, seq)?,
                None => prover.search(&|event| event.device == Some(device) && event.seq == seq)?,
            },
            (None, _, Some(command)) => match database {
                Some(log) => events_of_command(log, command)?,
                None => prover.search(&|event| {
                    event.device == Some(command.device) && concerns(event, command.seq.0)
                })?,
            },
            (None, _, None) => Vec::new(),
        };
        match found.is_empty() {
            true => Err(AuditError::Nothing),
            false => Ok(found),
        }
    }
}

fn event_of_device(log: &LogReader, device: DeviceId, seq: u64) -> Result<Vec<u64>, AuditError> {
    let base = log.tree()?.base;
    let found = log.events_of_device(device, seq.saturating_sub(1), 1)?;
    let found = found.into_iter().filter(|stored| stored.event.seq == seq);
    Ok(found.map(|stored| stored.place - base).collect())
}

/// From the device's newest event back to where the command was queued.
fn events_of_command(log: &LogReader, id: CommandId) -> Result<Vec<u64>, AuditError> {
    let base = log.tree()?.base;
    let (mut found, mut before) = (Vec::new(), u64::MAX);
    loop {
        let events = log.events_of_device_before(id.device, before, EVENTS)?;
        for stored in &events {
            let event = &stored.event;
            if concerns(event, id.seq.0) {
                found.push(stored.place - base);
            }
            before = event.seq;
            if event.what == EventType::CommandQueued && event.command == Some(id.seq.0) {
                found.reverse();
                return Ok(found);
            }
        }
        if events.is_empty() {
            found.reverse();
            return Ok(found);
        }
    }
}
