//! `modegate audit key rotate`.

use super::writer::WriterArgs;
use super::{AuditError, print};

/// Puts a new audit key in force, by the running server or, where none runs, by itself; the
/// exit code.
pub(super) fn run(log: &WriterArgs) -> Result<u8, AuditError> {
    let vkey = log.write(async |writer| writer.rotate_key().await)?;
    eprintln!(
        "checkpoints are signed with a new key from now on, and with the old one too for 30 days: give this verifier \
         key to whoever verifies the log"
    );
    print(format_args!("{vkey}\n"))?;
    Ok(0)
}
