//! `modegate audit`: the proof of the log. One file per command.

mod checkpoint;
mod compliance;
mod device;
mod export;
mod key;
mod policy_sets;
mod prove;
mod redact;
mod replace_lost;
mod replay;
mod report;
mod rotate;
mod source;
mod state_file;
mod trust;
mod verify;
mod withheld;
mod witness;
mod writer;

use std::fmt::Display;
use std::io::{self, Write as _};
use std::path::PathBuf;

use clap::Subcommand;

use super::backup::DataError;
use super::request::wait;
use crate::audit::OpenError;
use crate::audit::export::ExportError;
use crate::audit::prove::ProveError;
use crate::serve::ServeError;
use device::DeviceArgs;
use modegate_core::ids::DeviceId;
use modegate_store::StoreError;
use source::SourceError;
use writer::WriteError;

/// What to do with the proof of the log.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Verify the log of a data directory or an export. Exits with 0 if it is good, 1 if it was
    /// changed or forked, 2 if it cannot be checked, 3 if it is good but less than was asked
    Verify(verify::VerifyArgs),
    /// Export the log as a static directory that can be verified anywhere, or add what is new to
    /// an earlier export
    Export(export::ExportArgs),
    /// Prove that an entry is in the log, or that one state of it is the beginning of another
    Prove(prove::ProveArgs),
    /// Decide again every decision that the log has on record, from its events and policy sets
    /// alone. Exits with 0 if all agree, 1 if some differ, 3 if some lack their inputs
    Replay(replay::ReplayArgs),
    /// Verify the log and report on a period of it, for auditors: as a page to print, tables or
    /// JSON. The same log gives the same report. A log that is not good gives none: exits with 1
    /// if it was changed or forked, 2 if it cannot be checked, 3 if the report says of it that it
    /// is good but less than was asked
    Report(report::ReportArgs),
    /// List what rules withheld from a device: since when, for how long, by which rule
    Withheld(DeviceArgs),
    /// Say whether a device is compliant: by each control since when, by which reading of which
    /// session
    Compliance(DeviceArgs),
    /// List which policy set was in force from when to when, and who loaded it
    PolicySets(policy_sets::PolicySetsArgs),
    /// Print the newest checkpoint: a signed note
    Checkpoint(checkpoint::CheckpointArgs),
    /// Print the verifier key of the log, or rotate the audit key
    Key(key::KeyArgs),
    /// Remove the text of one entry for good, with a reason; its hash stays
    Redact(redact::RedactArgs),
    /// Serve as a witness of logs: cosign their checkpoints where each goes on from the last
    Witness(witness::WitnessArgs),
}

/// Why a command fails.
#[derive(Debug, thiserror::Error)]
pub(super) enum AuditError {
    /// The settings.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The log to be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The data directory.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The audit key.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Nothing can be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The export.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// The proof.
    #[error(transparent)]
    Prove(#[from] ProveError),
    /// A file.
    #[error("could not use the file {0}: {1}")]
    File(PathBuf, io::Error),
    /// Something that was handed in.
    #[error("{0}: {1}")]
    Wrong(PathBuf, String),
    /// Nothing to verify.
    #[error(
        "{0}: expected a proof, a directory with files `*.tlog-proof`, or an export of one device"
    )]
    NoProofs(PathBuf),
    /// No key signs in the log's epoch.
    #[error("the log records no key in its epoch yet: the server records it when it starts")]
    NoKey,
    /// The log that was verified is not the one that was read.
    #[error("the log was changed between its verification and the report")]
    Changed,
    /// No event is of that device.
    #[error("the log has no event of the device {0}")]
    NoDevice(DeviceId),
    /// The log has nothing of the kind.
    #[error("the log has nothing of the kind")]
    Nothing,
    /// No thread to work on, or nowhere to print to.
    #[error("{0}")]
    Io(#[from] io::Error),
}

impl AuditError {
    /// What the program exits with: of a damaged log, of one that cannot be checked, and where
    /// a command that changes or exports something failed.
    fn exit_code(&self, command: &AuditCommand) -> u8 {
        let reads = matches!(
            command,
            AuditCommand::Verify(_)
                | AuditCommand::Prove(_)
                | AuditCommand::Replay(_)
                | AuditCommand::Report(_)
                | AuditCommand::Withheld(_)
                | AuditCommand::Compliance(_)
                | AuditCommand::PolicySets(_)
        );
        match self {
            AuditError::Prove(ProveError::Damaged(_)) | AuditError::Changed => 1,
            _ if reads => 2,
            _ => 1,
        }
    }
}

/// Runs it; the exit code.
pub(super) fn run(command: &AuditCommand) -> u8 {
    if !matches!(command, AuditCommand::Witness(_)) {
        super::log::to_stderr("warn");
    }
    let ran = match command {
        AuditCommand::Verify(args) => verify::run(args),
        AuditCommand::Export(args) => export::run(args),
        AuditCommand::Prove(args) => prove::run(args),
        AuditCommand::Replay(args) => replay::run(args),
        AuditCommand::Report(args) => report::run(args),
        AuditCommand::Withheld(args) => withheld::run(args),
        AuditCommand::Compliance(args) => compliance::run(args),
        AuditCommand::PolicySets(args) => policy_sets::run(args),
        AuditCommand::Checkpoint(args) => checkpoint::run(args),
        AuditCommand::Key(args) => key::run(args),
        AuditCommand::Redact(args) => redact::run(args),
        AuditCommand::Witness(args) => return witness::run(args),
    };
    ran.unwrap_or_else(|error| {
        eprintln!("modegate audit: {error}");
        error.exit_code(command)
    })
}

/// Prints to standard output. A reader that closed it has seen enough; the work goes on for the
/// exit code.
fn print(text: impl Display) -> io::Result<()> {
    match write!(io::stdout(), "{text}") {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        printed => printed,
    }
}
