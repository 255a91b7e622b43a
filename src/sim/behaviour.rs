//! How a tablet behaves, and misbehaves, on request.

use super::dialect::Dialect;
use super::proof::ServerCredentials;

/// What was asked of a tablet.
#[derive(Debug, Clone, Default)]
pub(super) struct Behaviour {
    pub(super) by_hand: bool,
    pub(super) no_mode: bool,
    pub(super) locked_is_nobody: bool,
    pub(super) encoded_names: bool,
    pub(super) typed_formats: bool,
    pub(super) split_results: bool,
    pub(super) no_gets_in_atomic: bool,
    pub(super) silent_unenroll: bool,
    pub(super) by_mac: bool,
    pub(super) wbxml: bool,
    pub(super) dialect: Dialect,
    pub(super) pieces: usize,
    pub(super) server: Option<ServerCredentials>,
    pub(super) lost_replies: u32,
    pub(super) retransmissions: u32,
    pub(super) forced: Vec<Forced>,
}

/// A Status that is answered whatever happens.
#[derive(Debug, Clone)]
pub(super) struct Forced {
    pub(super) part: String,
    pub(super) code: u16,
    pub(super) once: bool,
}

impl Behaviour {
    /// The Status that was asked for at this node, if one was; the latest wish wins.
    pub(super) fn forced(&mut self, loc_uri: &str) -> Option<u16> {
        let decoded = percent_encoding::percent_decode_str(loc_uri).decode_utf8_lossy();
        let at = self
            .forced
            .iter()
            .rposition(|forced| loc_uri.contains(&forced.part) || decoded.contains(&forced.part))?;
        let code = self.forced[at].code;
        if self.forced[at].once {
            self.forced.remove(at);
        }
        Some(code)
    }

    /// Counts down one of a number of wishes; whether there was one.
    pub(super) fn take(count: &mut u32) -> bool {
        let any = *count > 0;
        *count = count.saturating_sub(1);
        any
    }
}
