//! Why bytes are not a message: one error for every encoding.

/// Why bytes are not a message. Never holds Data or a credential.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Another encoding.
    #[error("expected {0}, found {1}")]
    Encoding(&'static str, String),
    /// Not well-formed, or not that encoding at all.
    #[error("not well-formed at byte {at}: {what}")]
    Malformed {
        /// Where, in bytes from the beginning.
        at: usize,
        /// What was found.
        what: String,
    },
    /// The document ends where more must come.
    #[error("not well-formed at byte {at}: the end of the document inside {inside}")]
    Ends {
        /// Where what has no end begins, in bytes from the beginning.
        at: usize,
        /// What has no end.
        inside: String,
    },
    /// Something that SyncML has no use for, and attackers have.
    #[error("{0} is not accepted in SyncML")]
    Forbidden(&'static str),
    /// Well-formed, but not SyncML.
    #[error("expected the root element SyncML, found {0}")]
    NotSyncMl(String),
    /// A required element is missing.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// A field holds what it cannot hold.
    #[error("{field}: expected {expected}, found {found}")]
    BadField {
        /// Which.
        field: &'static str,
        /// What it may hold.
        expected: &'static str,
        /// What came, shortened.
        found: String,
    },
    /// Nested too deeply.
    #[error("nested deeper than {0} elements")]
    TooDeep(usize),
    /// Too many of something.
    #[error("more than {1} {0}")]
    TooMany(&'static str, usize),
    /// A field is too long.
    #[error("{0} is longer than {1} bytes")]
    TooLong(&'static str, usize),
}

/// Whether a message was wrong or merely too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// Over a bound.
    TooLarge,
    /// Not what it should be.
    Malformed,
}

impl DecodeError {
    pub(super) fn malformed(at: usize, what: impl Into<String>) -> Self {
        DecodeError::Malformed {
            at,
            what: what.into().chars().take(120).collect(),
        }
    }

    pub(super) fn ends(at: usize, inside: impl Into<String>) -> Self {
        DecodeError::Ends {
            at,
            inside: inside.into().chars().take(120).collect(),
        }
    }

    /// Which of the two.
    pub fn blame(&self) -> Blame {
        match self {
            DecodeError::TooDeep(_) | DecodeError::TooMany(..) | DecodeError::TooLong(..) => {
                Blame::TooLarge
            }
            _ => Blame::Malformed,
        }
    }
}
