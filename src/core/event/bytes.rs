//! The canonical bytes of events.

use std::io;

use serde::Serialize;

use super::{Event, canonical};

impl Event {
    /// The canonical bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(512);
        self.write_to(&mut bytes);
        bytes
    }

    /// Appends the canonical bytes.
    pub fn write_to(&self, bytes: &mut Vec<u8>) {
        write_json(bytes, self);
    }

    /// How many canonical bytes there are, without writing them anywhere.
    pub(crate) fn byte_len(&self) -> usize {
        json_len(self)
    }

    /// Reads canonical bytes back, or others that say the same.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        Event::read(bytes).map(|(event, _)| event)
    }

    /// Reads bytes, and says whether they surely are the canonical ones. Others may be.
    pub(crate) fn read(bytes: &[u8]) -> Result<(Self, bool), serde_json::Error> {
        // Text that was looked at as a whole need not be looked at string by string.
        let Ok(text) = std::str::from_utf8(bytes) else {
            return serde_json::from_slice(bytes).map(|event| (event, false));
        };
        match canonical::read(text) {
            Some(event) => Ok((event, true)),
            None => serde_json::from_str(text).map(|event| (event, false)),
        }
    }
}

/// Writes an event, or a part of one.
fn write_json(to: impl io::Write, value: &impl Serialize) {
    // Every field is a number, text or a list of such: writing to memory cannot fail.
    serde_json::to_writer(to, value).expect("an event is plain data");
}

/// How many bytes an event has, or a part of one.
pub(super) fn json_len(value: &impl Serialize) -> usize {
    let mut length = Length(0);
    write_json(&mut length, value);
    length.0
}

/// Counts what is written to it.
struct Length(usize);

impl io::Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
