//! Large objects that a device sends in pieces (OMA DM 1.2.1, 7): `MoreData` on
//! all pieces but the last, `Size` on the first. A piece is written down with
//! its exchange like any other result, so that no more than one message of an
//! object is ever in memory; a device's state only counts bytes.
//!
//! An object is known again by a digest of what it answers. An object whose first
//! pieces came to version 0.1.0 has that version's digest on record: a message
//! goes on with it if either of its own two digests is that one.
//!
//! Windows 8.1 cannot do it (MS-MDM, notes 13 and 14): there it is refused. None
//! are sent: no family is known to take them (`DevDetail/LrgObj` is false).

use std::hash::Hasher as _;

use siphasher::sip::SipHasher13;

use super::digest::StableDigest;
use super::event_recorder::EventRecorder;
use crate::context::Family;
use crate::device::{DeviceState, LargeObject};
use crate::limits;
use modegate_wire::message::{Element, Item, Message, Results};

/// The Status of a piece that was taken.
pub(super) const CHUNK: u16 = 213;

/// The Status of an object that is too large, or larger than it said.
pub(super) const TOO_LARGE: u16 = 416;

/// The Status of an object from a device whose family sends none.
const UNSUPPORTED: u16 = 406;

/// The Status of an object that does not say how long it is.
const SIZE_REQUIRED: u16 = 411;

/// The Status of an object that is longer or shorter than it said.
const NOT_AS_LONG: u16 = 424;

/// The Status and the reason of a command whose answer was refused with `code`.
pub(super) fn refusal_in_words(code: u16) -> (u16, String) {
    let most = limits::LARGE_OBJECT_BYTES;
    match code {
        TOO_LARGE => {
            let words =
                format!("answer too large: an object larger than it said, or than {most} bytes");
            (413, words)
        }
        SIZE_REQUIRED => (
            code,
            "the answer came in pieces without a size (411)".to_owned(),
        ),
        NOT_AS_LONG => {
            let words = "the answer came in pieces and is not as long as it said (424)";
            (code, words.to_owned())
        }
        _ => {
            let words = "the answer came in pieces, which this family of devices does not do (406)";
            (code, words.to_owned())
        }
    }
}

/// What one Results element brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// Whole values.
    Whole,
    /// A piece, and more follows.
    Chunk,
    /// The last piece, and all bytes are there.
    Last,
    /// Nothing that is kept; the Status says why.
    Refused(u16),
}

impl Part {
    /// The Status that it is answered; accepted Results are answered none.
    pub(super) fn status(self) -> Option<u16> {
        match self {
            Part::Whole | Part::Last => None,
            Part::Chunk => Some(CHUNK),
            Part::Refused(code) => Some(code),
        }
    }
}

/// What each Results of `message` brings, in order, and whether a device began
/// another object before the one under way was whole.
pub(super) fn judge(
    state: &mut DeviceState,
    family: Family,
    message: &Message,
    recorder: &mut EventRecorder,
) -> (Vec<Part>, bool) {
    let session = state.session.as_ref().map(|session| session.no);
    state.large = state.large.filter(|large| Some(large.session) == session);
    let mut broken = false;
    let parts = message
        .body
        .iter()
        .filter_map(|element| match element {
            Element::Results(results) => Some(results),
            _ => None,
        })
        .map(|results| {
            let part = part(state, family, results, &mut broken);
            if let Part::Refused(code) = part {
                recorder.note(format!("a large object was rejected ({code})"));
            }
            part
        })
        .collect();
    if broken {
        recorder.note("a large object is incomplete: another item arrived before its end");
    }
    (parts, broken)
}

fn part(state: &mut DeviceState, family: Family, results: &Results, broken: &mut bool) -> Part {
    let cut = results.items.iter().any(|item| item.more_data);
    let under_way = state.large;
    if !cut && under_way.is_none() {
        return Part::Whole;
    }
    let Some(item) = results.items.last() else {
        return Part::Whole;
    };
    let name = Name::new(results, item);
    let of = name.digest();
    match under_way {
        Some(large) if large.of == of || large.of == name.digest_of_0_1_0() => {
            let large = LargeObject { of, ..large };
            match large.refused {
                Some(code) => refuse(state, large, code, item),
                None => carry_on(state, large, item),
            }
        }
        Some(large) => {
            *broken |= large.refused.is_none();
            state.large = None;
            if cut {
                begin(state, (family, of), results, item)
            } else {
                Part::Whole
            }
        }
        None => begin(state, (family, of), results, item),
    }
}

fn begin(
    state: &mut DeviceState,
    (family, of): (Family, u64),
    results: &Results,
    item: &Item,
) -> Part {
    let Some(session) = &state.session else {
        return Part::Refused(UNSUPPORTED);
    };
    let (size, got) = (item.meta.size.or(results.meta.size), length(item));
    let large = LargeObject {
        session: session.no,
        of,
        size: size.unwrap_or(0),
        got,
        refused: None,
    };
    let code = match size {
        _ if family == Family::Windows81 => UNSUPPORTED,
        None => SIZE_REQUIRED,
        Some(size) if size > limits::LARGE_OBJECT_BYTES || got > size => TOO_LARGE,
        Some(_) => {
            state.large = Some(large);
            return Part::Chunk;
        }
    };
    refuse(state, large, code, item)
}

/// Nothing of the object is kept, its last piece least of all: by itself that looks like a
/// whole value.
fn refuse(state: &mut DeviceState, large: LargeObject, code: u16, item: &Item) -> Part {
    let refused = Some(code);
    state.large = item.more_data.then_some(LargeObject { refused, ..large });
    Part::Refused(code)
}

fn carry_on(state: &mut DeviceState, large: LargeObject, item: &Item) -> Part {
    let got = large.got.saturating_add(length(item));
    let whole = got == large.size;
    if got > large.size || !item.more_data && !whole {
        return refuse(state, large, NOT_AS_LONG, item);
    }
    if item.more_data {
        state.large = Some(LargeObject { got, ..large });
        return Part::Chunk;
    }
    state.large = None;
    Part::Last
}

fn length(item: &Item) -> u64 {
    item.data.as_ref().map_or(0, |data| data.len() as u64)
}

/// What is sent in pieces: the command that it answers and the node.
#[derive(Debug, Clone, Copy)]
struct Name<'a> {
    msg_ref: Option<u32>,
    cmd_ref: Option<u32>,
    node: Option<&'a str>,
}

impl<'a> Name<'a> {
    fn new(results: &'a Results, item: &'a Item) -> Self {
        let node = item.source.as_deref().or(item.target.as_deref());
        Name {
            msg_ref: results.msg_ref,
            cmd_ref: results.cmd_ref,
            node: node.or(results.source_refs.first().map(String::as_str)),
        }
    }

    fn digest(self) -> u64 {
        let mut digest = StableDigest::new("large object");
        digest.optional(self.msg_ref, StableDigest::number);
        digest.optional(self.cmd_ref, StableDigest::number);
        digest.optional(self.node, StableDigest::text);
        digest.finish()
    }

    /// The digest that version 0.1.0 recorded: SipHash-1-3 with keys of zero, which
    /// was the standard library's default, over the bytes that it fed to it on a
    /// 64-bit little-endian machine: per field eight bytes that say whether it is
    /// there, then numbers as they lie in memory, texts with 0xff behind them.
    fn digest_of_0_1_0(self) -> u64 {
        let mut hasher = SipHasher13::new();
        for number in [self.msg_ref, self.cmd_ref] {
            hasher.write(&u64::from(number.is_some()).to_le_bytes());
            if let Some(number) = number {
                hasher.write(&number.to_le_bytes());
            }
        }
        hasher.write(&u64::from(self.node.is_some()).to_le_bytes());
        if let Some(node) = self.node {
            hasher.write(node.as_bytes());
            hasher.write(&[0xff]);
        }
        hasher.finish()
    }
}

#[cfg(test)]
mod tests;
