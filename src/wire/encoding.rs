//! The two ways to write SyncML, and the media types that name them.

use super::fault::DecodeError;
use super::message::{Element, Header, Message, Unreadable};
use super::{decode, encode, wbxml};

pub use super::decode::Extent;

/// How a message is written. A reply is written as its request was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Encoding {
    /// XML.
    #[default]
    Xml,
    /// WBXML.
    Wbxml,
}

impl Encoding {
    /// Both.
    pub const ALL: [Encoding; 2] = [Encoding::Xml, Encoding::Wbxml];

    /// The media type, without parameters (IANA application/vnd.syncml.dm+xml, +wbxml).
    pub fn media_type(self) -> &'static str {
        match self {
            Encoding::Xml => "application/vnd.syncml.dm+xml",
            Encoding::Wbxml => "application/vnd.syncml.dm+wbxml",
        }
    }

    /// What a reply's `Content-Type` says. WBXML tells its charset itself.
    pub fn content_type(self) -> &'static str {
        match self {
            Encoding::Xml => "application/vnd.syncml.dm+xml; charset=utf-8",
            Encoding::Wbxml => Encoding::Wbxml.media_type(),
        }
    }

    /// What a `Content-Type` names; its parameters and case do not matter.
    pub fn from_content_type(value: &str) -> Option<Encoding> {
        let essence = value.split(';').next().unwrap_or("").trim();
        Encoding::ALL
            .into_iter()
            .find(|encoding| essence.eq_ignore_ascii_case(encoding.media_type()))
    }

    /// Reads one SyncML document. The bounds (`crate::limits`) and the meaning
    /// of elements are the same in both.
    pub fn decode(self, bytes: &[u8]) -> Result<Message, DecodeError> {
        decode::whole(self.read(bytes, Extent::Whole))
    }

    /// The same as far as it goes: where a bound is exceeded in SyncBody, or the
    /// bytes are only a beginning, a message that answers something is what comes
    /// before, and says where it was cut ([`Reading::cut`](crate::message::Reading::cut)).
    pub fn read(self, bytes: &[u8], extent: Extent) -> Result<Message, Unreadable> {
        match self {
            Encoding::Xml => decode::read(bytes, extent),
            Encoding::Wbxml => wbxml::read(bytes, extent),
        }
    }

    /// Writes one SyncML document.
    pub fn encode(self, message: &Message) -> Vec<u8> {
        match self {
            Encoding::Xml => encode::encode(message).into_bytes(),
            Encoding::Wbxml => wbxml::encode(message),
        }
    }

    /// The length that [`Encoding::encode`] gives one child of SyncBody, bytes.
    /// With [`Encoding::frame_len`] exact for a message with `Final`.
    pub fn element_len(self, child: &Element) -> usize {
        match self {
            Encoding::Xml => encode::element_len(child),
            Encoding::Wbxml => wbxml::element_len(child),
        }
    }

    /// The length of everything around the children of SyncBody, `Final` included, bytes.
    pub fn frame_len(self, of: &Header) -> usize {
        match self {
            Encoding::Xml => encode::frame_len(of),
            Encoding::Wbxml => wbxml::frame_len(of),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_type_names_an_encoding() {
        let cases = [
            ("application/vnd.syncml.dm+xml", Some(Encoding::Xml)),
            (
                "Application/VND.SyncML.DM+XML; charset=\"utf-8\"; verproto=1.2",
                Some(Encoding::Xml),
            ),
            ("application/vnd.syncml.dm+wbxml ;x", Some(Encoding::Wbxml)),
            ("application/vnd.syncml+wbxml", None),
            ("application/octet-stream", None),
            ("", None),
        ];
        for (value, expected) in cases {
            assert_eq!(Encoding::from_content_type(value), expected, "{value}");
        }
        for encoding in Encoding::ALL {
            let value = encoding.content_type();
            assert_eq!(Encoding::from_content_type(value), Some(encoding));
        }
    }
}
