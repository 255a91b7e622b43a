//! One sync request, read and checked as far as that goes without the store.

use std::time::Instant;

use sha2::{Digest, Sha256};

use super::{ClientEvidence, MacClaim, SyncResponse};
use modegate_core::ids::Source;
use modegate_core::limits;
use modegate_wire::encoding::{Encoding, Extent};
use modegate_wire::fault::{Blame, DecodeError};
use modegate_wire::message::{Message, Unreadable};

/// A sync request as HTTP brought it.
#[derive(Clone, Copy)]
pub(super) struct SyncRequest<'a> {
    /// What the transport proved of the peer.
    pub(super) evidence: &'a ClientEvidence,
    /// The query string, as it came.
    pub(super) raw_query: &'a str,
    /// The body.
    pub(super) received: Received<'a>,
}

/// The body of a sync request.
#[derive(Debug, Clone, Copy)]
pub struct Received<'a> {
    /// How it is written, and the reply will be.
    pub encoding: Encoding,
    /// The message, or of one that is too long the beginning.
    pub bytes: &'a [u8],
    /// Whether that is all of it.
    pub is_whole: bool,
}

const _: () = assert!(limits::SOURCE_BYTES == 256, "the error below says so");

/// A request whose message cannot be read.
pub(super) struct Refused {
    /// What is wrong with it, and what was read of its header.
    pub(super) unreadable: Unreadable,
    /// The answer.
    pub(super) answer: SyncResponse,
}

/// The same, decoded: what each run of the pipeline begins with.
pub(super) struct Decoded<'a> {
    /// The request.
    pub(super) sync: SyncRequest<'a>,
    /// Its message.
    pub(super) message: Message,
    /// What the device calls itself.
    pub(super) source: Source,
    /// What makes it the same request.
    pub(super) digest: [u8; 32],
    /// When it came in.
    pub(super) begun: Instant,
}

impl<'a> SyncRequest<'a> {
    /// The message and whom it is from; or what is wrong with it.
    pub(super) fn decode(self, begun: Instant) -> Result<Decoded<'a>, Box<Refused>> {
        let Received {
            encoding,
            bytes,
            is_whole,
        } = self.received;
        let extent = match is_whole {
            true => Extent::Whole,
            false => Extent::Beginning(bytes.len()),
        };
        let message = encoding.read(bytes, extent).map_err(|unreadable| {
            let why = unreadable.error.to_string();
            let answer = match unreadable.error.blame() {
                Blame::TooLarge => SyncResponse::TooLarge(why),
                Blame::Malformed => SyncResponse::BadRequest(why),
            };
            Box::new(Refused { unreadable, answer })
        })?;
        let source = Source(message.header.source.uri.clone());
        if source.0.is_empty() || source.0.len() > limits::SOURCE_BYTES {
            let error = DecodeError::BadField {
                field: "Source",
                expected: "1 to 256 bytes",
                found: format!("{} bytes", source.0.len()),
            };
            let answer = SyncResponse::BadRequest(error.to_string());
            let unreadable = Unreadable::from(error);
            return Err(Box::new(Refused { unreadable, answer }));
        }
        Ok(Decoded {
            digest: self.digest(),
            sync: self,
            message,
            source,
            begun,
        })
    }

    /// The part of the raw query that is kept on record.
    pub(super) fn query_on_record(&self) -> &'a str {
        let mut end = self.raw_query.len().min(limits::QUERY_BYTES);
        while !self.raw_query.is_char_boundary(end) {
            end -= 1;
        }
        &self.raw_query[..end]
    }

    /// What makes a request the same request: the identity that was proved, the raw
    /// query, the way it is written and the body. Each part ends where its
    /// length says.
    fn digest(&self) -> [u8; 32] {
        let mut hasher = Sha256::new();
        hasher.update([self.received.encoding as u8]);
        hasher.update(self.evidence.certificate.map_or([0; 32], |digest| digest.0));
        // Who sends the same bytes without the mac is somebody else.
        hasher.update([u8::from(self.evidence.mac.is_some())]);
        if let Some(MacClaim::Made(mac, _)) = &self.evidence.mac {
            hasher.update((mac.username.len() as u64).to_le_bytes());
            hasher.update(&mac.username);
            hasher.update(&mac.mac);
        }
        hasher.update((self.raw_query.len() as u64).to_le_bytes());
        hasher.update(self.raw_query);
        hasher.update(self.received.bytes);
        hasher.finalize().into()
    }
}
