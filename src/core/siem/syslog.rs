//! Events as messages of syslog (RFC 5424), each in a frame of octets (RFC 6587 3.4.1, as
//! RFC 5425 asks for over TLS).

use super::shorten::Shortened;
use super::{LineFormat, SentEntry, ocsf};
use crate::time::Timestamp;

/// Longest message, bytes: what RFC 5425 asks every receiver to take.
pub const SYSLOG_BYTES: usize = 2_048;
/// "Log audit" of RFC 5424.
const FACILITY: u8 = 13;
/// Longest MSGID.
const MSGID: usize = 32;
/// Longest HOSTNAME.
const HOST: usize = 255;
/// How many characters of an event's words a message that is too long keeps: the first that
/// lets it fit.
const WORDS: [usize; 3] = [256, 64, 0];

impl SentEntry<'_> {
    /// The frame of its message.
    pub fn frame(&self, format: LineFormat) -> String {
        let message = self.message(format);
        format!("{} {message}", message.len())
    }

    /// The message: US-ASCII, at most [`SYSLOG_BYTES`].
    fn message(&self, format: LineFormat) -> String {
        let header = self.header();
        let whole = self.line(format);
        let message = format!("{header}{}", ascii(&whole));
        if message.len() <= SYSLOG_BYTES {
            return message;
        }
        let shorter = |words| {
            let line = self.shortened(format, &Shortened::new(&whole, words));
            format!("{header}{}", ascii(&line))
        };
        let mut shorter = WORDS.into_iter().map(shorter);
        let fits = shorter.find(|message| message.len() <= SYSLOG_BYTES);
        // Where names of a type that is not known are too long: its place alone.
        fits.unwrap_or_else(|| {
            let left_out = Shortened::new(&whole, 0).record();
            format!(r#"{header}{},"shortened":{left_out}}}"#, self.head())
        })
    }

    /// Everything in front of the line.
    fn header(&self) -> String {
        let severity = ocsf::class_of(self).severity.of_syslog();
        format!(
            "<{}>1 {} {} modegate - {} - ",
            FACILITY * 8 + severity,
            Timestamp(self.at()),
            printable(self.origin.host(), HOST),
            printable(self.kind(), MSGID),
        )
    }
}

/// JSON with every character outside US-ASCII escaped: such characters are in texts only.
fn ascii(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    let mut units = [0; 2];
    for character in json.chars() {
        if character.is_ascii() {
            text.push(character);
        } else {
            for unit in character.encode_utf16(&mut units) {
                text += &format!("\\u{unit:04x}");
            }
        }
    }
    text
}

/// A name as a header takes it.
fn printable(name: &str, most: usize) -> String {
    let allowed = |c: &char| c.is_ascii_graphic();
    let name: String = name.chars().filter(allowed).take(most).collect();
    if name.is_empty() { "-".into() } else { name }
}
