//! Why the message of a sync request was not read.

/// Why the message of a sync request was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RefusedReason {
    /// It is no SyncML (400).
    Malformed,
    /// It is over a bound before it says from whom it is (413).
    TooLarge,
    /// Another Content-Type than those of SyncML (415).
    ContentType,
    /// It did not arrive in time (408).
    Late,
    /// There is no room for more of what its address sends (429).
    AddressBusy,
    /// There is no room for more of what all send (503).
    Busy,
}

impl RefusedReason {
    /// Every reason, in the order of declaration.
    pub(super) const ALL: [RefusedReason; 6] = [
        RefusedReason::Malformed,
        RefusedReason::TooLarge,
        RefusedReason::ContentType,
        RefusedReason::Late,
        RefusedReason::AddressBusy,
        RefusedReason::Busy,
    ];

    /// Its name, a label of the metric.
    pub fn name(self) -> &'static str {
        match self {
            RefusedReason::Malformed => "malformed",
            RefusedReason::TooLarge => "too_large",
            RefusedReason::ContentType => "content_type",
            RefusedReason::Late => "late",
            RefusedReason::AddressBusy => "address_busy",
            RefusedReason::Busy => "busy",
        }
    }

    /// The reason that an HTTP status stands for.
    pub fn from_status(status: u16) -> Self {
        match status {
            408 => RefusedReason::Late,
            413 => RefusedReason::TooLarge,
            415 => RefusedReason::ContentType,
            429 => RefusedReason::AddressBusy,
            503 => RefusedReason::Busy,
            _ => RefusedReason::Malformed,
        }
    }
}
