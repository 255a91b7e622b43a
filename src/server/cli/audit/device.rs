//! Commands that answer a question about one device from the events of a log.

use clap::Args;

use super::AuditError;
use super::source::{Reader, SourceArgs};
use crate::audit::prove::Prover;
use modegate_core::event::Event;
use modegate_core::ids::DeviceId;

/// Flags of such a command.
#[derive(Debug, Args)]
pub struct DeviceArgs {
    #[command(flatten)]
    source: SourceArgs,
    /// The device
    #[arg(long, value_name = "ID")]
    pub(super) device: DeviceId,
    /// Print JSON: an object per line
    #[arg(long)]
    pub(super) json: bool,
}

impl DeviceArgs {
    /// Visits every event of the log, in order, and with each whether it is the device's.
    ///
    /// # Errors
    /// The log cannot be read, or has no event of the device.
    pub(super) fn events(&self, visit: &mut dyn FnMut(&Event, bool)) -> Result<(), AuditError> {
        let source = self.source.find()?;
        let database = source.database()?;
        let mut reader = Reader::new(&source, database.as_ref());
        let mut prover = Prover::open(reader.as_source())?;
        let mut is_there = false;
        prover.events(&mut |_, event| {
            let is_of_it = event.device == Some(self.device);
            is_there |= is_of_it;
            visit(&event, is_of_it);
        })?;
        match is_there {
            true => Ok(()),
            false => Err(AuditError::NoDevice(self.device)),
        }
    }
}
