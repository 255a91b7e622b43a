//! Identifiers, each a type of its own: a device id is not a session id.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A device's public id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct DeviceId(pub Uuid);

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.simple())
    }
}

impl FromStr for DeviceId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        Uuid::try_parse(text).map(DeviceId).map_err(|_| IdError {
            what: "a device id (32 hexadecimal digits)",
        })
    }
}

/// An enrollment's public id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EnrollmentId(pub Uuid);

impl fmt::Display for EnrollmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.simple())
    }
}

impl FromStr for EnrollmentId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let wrong = |_| IdError::new("an enrollment id (32 hexadecimal digits)");
        Uuid::try_parse(text).map(EnrollmentId).map_err(wrong)
    }
}

/// A command's number on its device: 1, 2, 3, …
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CommandSeq(pub u32);

impl CommandSeq {
    /// Stands where there was no command: the device reported of its own accord.
    pub const NONE: CommandSeq = CommandSeq(0);
}

/// A command's public id: it carries its device, so that whoever knows the id
/// finds the row without an index over all commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CommandId {
    /// The device that the command is for.
    pub device: DeviceId,
    /// Its number there.
    pub seq: CommandSeq,
}

impl fmt::Display for CommandId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.device, self.seq.0)
    }
}

impl FromStr for CommandId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let wrong = IdError {
            what: "a command id (a device id, a hyphen, a number)",
        };
        let (device, seq) = text.rsplit_once('-').ok_or(wrong)?;
        match (device.parse(), seq.parse()) {
            (Ok(device), Ok(seq)) => Ok(CommandId {
                device,
                seq: CommandSeq(seq),
            }),
            _ => Err(wrong),
        }
    }
}

/// What the device sends as `SyncHdr/Source/LocURI`: its name for itself, a
/// claim until something proves it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Source(pub String);

/// Counts a device's sessions, so that a repeated `SessionId` is not the same session.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize,
)]
pub struct SessionNo(pub u32);

/// Text that is not the identifier it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not {what}")]
pub struct IdError {
    what: &'static str,
}

impl IdError {
    /// Not this.
    pub(crate) fn new(what: &'static str) -> Self {
        IdError { what }
    }
}
