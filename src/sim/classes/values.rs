//! CIM types and what values of a property must be.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

/// A CIM type, as far as the classes use them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Cim {
    String,
    Bool,
    Uint8,
    Uint16,
    Uint32,
    Uint64,
    DateTime,
}

impl Cim {
    /// Whether `text` is a value of the type: booleans are `true` and `false`
    /// (MS-MDM 3.1.5.1), numbers decimal, datetimes CIM or ISO 8601.
    pub(crate) fn accepts(self, text: &str) -> bool {
        let below = |most: u64| {
            text.bytes().all(|byte| byte.is_ascii_digit())
                && text.parse::<u64>().is_ok_and(|number| number <= most)
        };
        match self {
            Cim::String => true,
            Cim::Bool => matches!(text, "true" | "false"),
            Cim::Uint8 => below(u8::MAX.into()),
            Cim::Uint16 => below(u16::MAX.into()),
            Cim::Uint32 => below(u32::MAX.into()),
            Cim::Uint64 => below(u64::MAX),
            Cim::DateTime => is_cim_datetime(text) || text.parse::<jiff::Timestamp>().is_ok(),
        }
    }

    /// Its name in MOF.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Cim::String => "string",
            Cim::Bool => "boolean",
            Cim::Uint8 => "uint8",
            Cim::Uint16 => "uint16",
            Cim::Uint32 => "uint32",
            Cim::Uint64 => "uint64",
            Cim::DateTime => "datetime",
        }
    }

    /// `Meta/Format` where an agent tells types apart (seen on Windows 10
    /// only; unknown for 8.1, which is taken to say `chr` always).
    pub(crate) fn format(self) -> &'static str {
        match self {
            Cim::String | Cim::DateTime => "chr",
            Cim::Bool => "bool",
            Cim::Uint8 | Cim::Uint16 | Cim::Uint32 | Cim::Uint64 => "int",
        }
    }
}

/// `yyyymmddHHMMSS.mmmmmm+UUU`, UUU in minutes from UTC.
fn is_cim_datetime(text: &str) -> bool {
    let bytes = text.as_bytes();
    let shaped = bytes.len() == 25
        && bytes.iter().enumerate().all(|(at, byte)| match at {
            14 => *byte == b'.',
            21 => matches!(byte, b'+' | b'-'),
            _ => byte.is_ascii_digit(),
        });
    if !shaped {
        return false;
    }
    let part = |from: usize, to: usize| text[from..to].parse::<i16>().unwrap_or(-1);
    let small = |from: usize| i8::try_from(part(from, from + 2)).unwrap_or(-1);
    jiff::civil::DateTime::new(
        part(0, 4),
        small(4),
        small(6),
        small(8),
        small(10),
        small(12),
        0,
    )
    .is_ok()
}

/// What a property's value must be besides its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Values {
    Any,
    Range(u32, u32),
    OneOf(&'static [u32]),
    /// Base64 of at least one byte.
    Base64,
    /// Well-formed XML.
    Xml,
}

impl Values {
    pub(crate) fn accept(self, text: &str) -> bool {
        let number = text.parse::<u32>().ok();
        match self {
            Values::Any => true,
            Values::Range(least, most) => number.is_some_and(|n| (least..=most).contains(&n)),
            Values::OneOf(known) => number.is_some_and(|n| known.contains(&n)),
            Values::Base64 => blob(text).is_some(),
            Values::Xml => roxmltree::Document::parse(text).is_ok(),
        }
    }
}

/// What base64 `text` holds, unless that is nothing; line breaks do not count.
pub(crate) fn blob(text: &str) -> Option<Vec<u8>> {
    let text: String = text.split_ascii_whitespace().collect();
    STANDARD.decode(text).ok().filter(|bytes| !bytes.is_empty())
}
