//! The transition table of channels: state by signal, every cell written out.

use serde::{Deserialize, Serialize};

use crate::named::named;

named! {
    /// Where a device's channel stands.
    #[derive(
        Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize,
    )]
    #[serde(rename_all = "snake_case")]
    pub enum ChannelState {
        /// The PFN is to be set in the next session that may.
        #[default]
        NeedsSet = "needs_set",
        /// The set was sent; its Status is not here yet.
        SetSent = "set_sent",
        /// The set was acknowledged; the URI is not read yet.
        AwaitingUri = "awaiting_uri",
        /// There is a URI that may be sent to.
        Active = "active",
        /// The same, but the PFN is to be set again before the URI expires.
        Refreshing = "refreshing",
        /// The URI is too old, and no other came.
        Expired = "expired",
        /// WNS does not know the URI any more.
        Dead = "dead",
        /// The device refused the set, or did not answer it.
        SetFailed = "set_failed",
    }
}

impl ChannelState {
    /// Whether its URI may be sent to.
    pub fn may_send(self) -> bool {
        matches!(self, ChannelState::Active | ChannelState::Refreshing)
    }
}

/// An event, after what is known of the channel was held against it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signal {
    /// A session that may set began, and a set is allowed by the pauses.
    SessionDue,
    /// One began within a pause.
    SessionEarly,
    /// The set left for the device.
    Delivered,
    /// Its Status is 200 or 202.
    SetOk,
    /// 418 to an Add, once: the node is there already.
    SetExists,
    /// 404 to a Replace, once: the node is not there.
    SetMissing,
    /// Any other Status.
    SetRefused,
    /// The session ended without a Status.
    SetSilent,
    /// The device holds another PFN, or none.
    PfnForeign,
    /// A URI was read that was never seen.
    UriNew,
    /// One that was seen, with a later end.
    UriRenewed,
    /// One that was seen before, not the one in use, and still good.
    UriKnown,
    /// The one in use.
    UriSame,
    /// One that is dead or too old.
    UriDead,
    /// None, or one that is not of WNS.
    UriAbsent,
    /// The device says that push is not configured.
    NotConfigured,
    /// The device says that its registration with WNS failed.
    NotRegistered,
    /// WNS took a notification for the URI in use.
    Taken,
    /// WNS answered 404 or 410 for the URI in use.
    Gone,
    /// WNS answered 403 for the URI in use.
    Refused,
    /// The URI in use is near its end.
    AgeRefresh,
    /// It is past its end.
    AgeExpired,
    /// The device is to be set up for another PFN, or was enrolled anew.
    PfnChanged,
}

impl Signal {
    /// Every signal, in the order of the columns.
    #[cfg(test)]
    pub(super) const ALL: [Signal; 23] = [
        Signal::SessionDue,
        Signal::SessionEarly,
        Signal::Delivered,
        Signal::SetOk,
        Signal::SetExists,
        Signal::SetMissing,
        Signal::SetRefused,
        Signal::SetSilent,
        Signal::PfnForeign,
        Signal::UriNew,
        Signal::UriRenewed,
        Signal::UriKnown,
        Signal::UriSame,
        Signal::UriDead,
        Signal::UriAbsent,
        Signal::NotConfigured,
        Signal::NotRegistered,
        Signal::Taken,
        Signal::Gone,
        Signal::Refused,
        Signal::AgeRefresh,
        Signal::AgeExpired,
        Signal::PfnChanged,
    ];
}

/// What a cell does besides the new state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    /// Nothing.
    Stay,
    /// Ask for the URI.
    Ask,
    /// Send the set, and ask for the URI.
    Set,
    /// Write down that a set left.
    Count,
    /// The set is through: a URI from before it may be void; ask for the URI.
    Confirm,
    /// Send the set by the other verb.
    Turn,
    /// Use the URI that was read.
    Take,
    /// The URI in use was seen again.
    Seen,
    /// Count a read that brought no URI; after some, set again.
    Empty,
    /// Sets work: pauses start anew.
    Proven,
    /// The URI in use is never used again.
    Bury,
    /// The URI in use is not used any more, unless the device reports a later end of it.
    Lapse,
    /// The URI in use may not work: the PFN may be set at once.
    Doubt,
    /// None of the URIs so far is used again.
    Forget,
}

/// The cell of the table. What is not written in a row keeps the state.
pub(super) fn cell(state: ChannelState, signal: Signal) -> (ChannelState, Act) {
    use Act as A;
    use ChannelState::{
        Active, AwaitingUri, Dead, Expired, NeedsSet, Refreshing, SetFailed, SetSent,
    };
    use Signal as S;
    match (signal, state) {
        (S::SessionDue, NeedsSet | SetSent | Expired | Dead | SetFailed) => (NeedsSet, A::Set),
        (S::SessionDue, Refreshing) => (Refreshing, A::Set),
        (S::SessionDue, AwaitingUri | Active) => (state, A::Ask),
        // The session with the set ended without a Status, or another would not begin.
        (S::SessionEarly, SetSent) => (SetFailed, A::Ask),
        (S::SessionEarly, _) => (state, A::Ask),

        (S::Delivered, Active | Refreshing) => (Refreshing, A::Count),
        (S::Delivered, _) => (SetSent, A::Count),
        // NeedsSet: the Status of a set for the PFN before.
        (S::SetOk, NeedsSet) => (NeedsSet, A::Stay),
        // Active: the URI was read before the Status was.
        (S::SetOk, AwaitingUri | Active) => (state, A::Ask),
        (S::SetOk, _) => (AwaitingUri, A::Confirm),
        (S::SetExists | S::SetMissing, SetSent | Refreshing) => (state, A::Turn),
        (S::SetExists | S::SetMissing, _) => (state, A::Stay),
        // Accepted at first (202), refused in the end.
        (S::SetRefused, SetSent | AwaitingUri) => (SetFailed, A::Stay),
        (S::SetSilent, SetSent) => (SetFailed, A::Stay),
        (S::SetRefused | S::SetSilent, _) => (state, A::Stay),

        (S::PfnForeign, Active | Refreshing) => (NeedsSet, A::Lapse),
        // The set was confirmed and had no effect.
        (S::PfnForeign, AwaitingUri) => (SetFailed, A::Stay),
        (S::PfnForeign, _) => (state, A::Stay),

        (S::UriNew | S::UriRenewed, _) => (Active, A::Take),
        (S::UriKnown, Refreshing) => (Refreshing, A::Take),
        (S::UriKnown, _) => (Active, A::Take),
        (S::UriSame, Active | Refreshing) => (state, A::Seen),
        (S::UriSame, _) => (state, A::Stay),
        (S::UriDead, AwaitingUri) => (AwaitingUri, A::Empty),
        (S::UriDead, _) => (state, A::Stay),
        (S::UriAbsent, AwaitingUri | Active | Refreshing) => (state, A::Empty),
        (S::UriAbsent, _) => (state, A::Stay),
        (S::NotConfigured | S::NotRegistered, SetSent | AwaitingUri) => (SetFailed, A::Stay),
        (S::NotConfigured | S::NotRegistered, Active) => (Refreshing, A::Doubt),
        (S::NotConfigured | S::NotRegistered, _) => (state, A::Stay),

        (S::Taken, Active | Refreshing) => (state, A::Proven),
        (S::Gone, Active | Refreshing) => (Dead, A::Bury),
        // It may be of another app: the PFN is set again.
        (S::Refused, Active) => (Refreshing, A::Doubt),
        (S::Taken | S::Gone | S::Refused, _) => (state, A::Stay),
        (S::AgeRefresh, Active) => (Refreshing, A::Stay),
        (S::AgeExpired, Active | Refreshing) => (Expired, A::Lapse),
        (S::AgeRefresh | S::AgeExpired, _) => (state, A::Stay),
        (S::PfnChanged, _) => (NeedsSet, A::Forget),
    }
}
