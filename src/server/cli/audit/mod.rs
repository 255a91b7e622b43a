//! `modegate audit`: the proof of the log.

mod witness;

use clap::Subcommand;

/// What to do with the audit log.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Serve as a witness of logs: cosign their checkpoints where each goes on from the last
    Witness(witness::WitnessArgs),
}

/// Runs it; the exit code.
pub(super) fn run(command: AuditCommand) -> u8 {
    match command {
        AuditCommand::Witness(args) => witness::run(args),
    }
}
