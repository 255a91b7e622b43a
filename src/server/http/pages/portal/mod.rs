//! The portal: for the users of tablets.

pub(super) mod app;
pub(super) mod apps;
pub(super) mod device;
pub(super) mod install;
pub(super) mod language;
pub(super) mod link;
pub(super) mod requests;
pub(super) mod sign_in;
mod tablets;

use modegate_pages::shell::{Notice, Tone};
use modegate_pages::words::{Language, PortalWord, Text as _};

/// What the address says of a write that came before, in words: a fixed set.
pub(super) fn notice(language: Language, name: &str) -> Option<Notice> {
    let (tone, word) = match name {
        "asked" => (Tone::Good, PortalWord::NoticeAsked),
        "taken-back" => (Tone::Good, PortalWord::NoticeTakenBack),
        "changed" => (Tone::Warn, PortalWord::Changed),
        _ => return None,
    };
    Some(Notice {
        tone,
        text: word.text(language).to_owned(),
    })
}
