//! Why the server refuses or ends a connection.

/// Why the server refused a connection, or ended one that it would have kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionEnd {
    /// Its address has as many as one may have.
    AddressBound,
    /// There are as many as there may be.
    Bound,
    /// A newcomer got its place: its peer had begun nothing.
    Displaced,
    /// The peer sent nothing.
    Silent,
    /// The handshake of TLS took too long.
    Handshake,
    /// The head of a request took too long.
    Head,
    /// The rest of a request did not arrive.
    UnreadBody,
    /// The peer did not read what was sent.
    UnreadReply,
    /// The peer was idle for too long.
    Idle,
}

impl ConnectionEnd {
    /// Each, by discriminant.
    pub(super) const ALL: [ConnectionEnd; 9] = [
        ConnectionEnd::AddressBound,
        ConnectionEnd::Bound,
        ConnectionEnd::Displaced,
        ConnectionEnd::Silent,
        ConnectionEnd::Handshake,
        ConnectionEnd::Head,
        ConnectionEnd::UnreadBody,
        ConnectionEnd::UnreadReply,
        ConnectionEnd::Idle,
    ];

    /// How it is called in metrics and logs.
    pub fn name(self) -> &'static str {
        match self {
            ConnectionEnd::AddressBound => "address_bound",
            ConnectionEnd::Bound => "bound",
            ConnectionEnd::Displaced => "displaced",
            ConnectionEnd::Silent => "silent",
            ConnectionEnd::Handshake => "handshake",
            ConnectionEnd::Head => "head",
            ConnectionEnd::UnreadBody => "unread_body",
            ConnectionEnd::UnreadReply => "unread_reply",
            ConnectionEnd::Idle => "idle",
        }
    }
}
