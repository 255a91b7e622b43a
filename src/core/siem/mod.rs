//! Events of the log as lines of JSON for other systems: OCSF, or the event as it is.
//!
//! A line names its place in the log: `ORIGIN/ENTRY`, where the origin is the one that the
//! entry was sealed under and the number counts from 0 without a gap. So whoever receives the
//! lines can prove that none is missing. What is not known here is passed on all the same.

mod class;
mod ocsf;
mod shorten;
mod syslog;
#[cfg(test)]
mod tests;

pub use ocsf::OCSF_VERSION;
pub use syslog::SYSLOG_BYTES;

use serde_json::Value;

use crate::named::named;
use crate::tlog::Origin;
use shorten::Shortened;

named! {
    /// In which form events are sent.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum LineFormat by eq {
        /// The Open Cybersecurity Schema Framework.
        Ocsf = "ocsf",
        /// The event as it is in the log, with its place.
        Jsonl = "jsonl",
    }
}

/// An entry of the log that is to be sent.
#[derive(Debug)]
pub struct SentEntry<'a> {
    /// The origin that it was sealed under.
    origin: &'a Origin,
    /// Its number in the log, from 0.
    number: u64,
    /// The event's JSON as it is stored; `null` where that cannot be read.
    text: &'a str,
    /// The same, read.
    event: Value,
}

impl<'a> SentEntry<'a> {
    /// The entry of this number with the event's stored JSON, or the stub in its place.
    pub fn new(origin: &'a Origin, number: u64, json: &'a [u8]) -> Self {
        let text = std::str::from_utf8(json).ok();
        let read = text.and_then(|text| Some((text, serde_json::from_str(text).ok()?)));
        let (text, event) = read.unwrap_or(("null", Value::Null));
        SentEntry {
            origin,
            number,
            text,
            event,
        }
    }

    /// When the event happened, milliseconds since 1970; 0 where it does not say.
    pub fn at(&self) -> i64 {
        self.event["at"].as_i64().unwrap_or_default()
    }

    /// The line, without its end.
    pub fn line(&self, format: LineFormat) -> String {
        match format {
            LineFormat::Ocsf => ocsf::line(self, None),
            LineFormat::Jsonl => format!(r#"{},"event":{}}}"#, self.head(), self.text),
        }
    }

    /// The line with what is long left out.
    fn shortened(&self, format: LineFormat, by: &Shortened) -> String {
        match format {
            LineFormat::Ocsf => ocsf::line(self, Some(by)),
            LineFormat::Jsonl => {
                let (left_out, event) = (by.record(), by.event(&self.event));
                format!(
                    r#"{},"shortened":{left_out},"event":{event}}}"#,
                    self.head()
                )
            }
        }
    }

    fn head(&self) -> String {
        let uid = Value::from(self.uid());
        format!(r#"{{"uid":{uid},"sequence":{}"#, self.number)
    }

    /// Its place in the log: the same for ever, and of no other entry.
    fn uid(&self) -> String {
        format!("{}/{}", self.origin, self.number)
    }

    /// A field of the event that is text.
    fn text_of(&self, field: &str) -> Option<&str> {
        self.event[field].as_str()
    }

    /// The event's type.
    fn kind(&self) -> &str {
        self.text_of("type").unwrap_or("unreadable")
    }
}
