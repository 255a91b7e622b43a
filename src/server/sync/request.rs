//! One sync request, read and checked as far as that goes without the store.

use std::time::Instant;

use sha2::{Digest, Sha256};

use super::{ClientEvidence, MacClaim, SyncResponse};
use modegate_core::ids::Source;
use modegate_core::limits;
use modegate_wire::encoding::Encoding;
use modegate_wire::fault::Blame;
use modegate_wire::message::Message;

/// A sync request as HTTP brought it.
#[derive(Clone, Copy)]
pub(super) struct SyncRequest<'a> {
    /// What the transport proved of the peer.
    pub(super) evidence: &'a ClientEvidence,
    /// The query string, as it came.
    pub(super) raw_query: &'a str,
    /// How the body is written, and the reply will be.
    pub(super) encoding: Encoding,
    /// The message.
    pub(super) body: &'a [u8],
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
    /// The message and whom it is from; or the answer to what is no message.
    pub(super) fn decode(self, begun: Instant) -> Result<Decoded<'a>, SyncResponse> {
        let message = self.encoding.decode(self.body);
        let message = message.map_err(|error| match error.blame() {
            Blame::TooLarge => SyncResponse::TooLarge(error.to_string()),
            Blame::Malformed => SyncResponse::BadRequest(error.to_string()),
        })?;
        let source = Source(message.header.source.uri.clone());
        if source.0.is_empty() || source.0.len() > limits::SOURCE_BYTES {
            return Err(SyncResponse::BadRequest(format!(
                "expected a Source of 1 to {} bytes, found {} bytes",
                limits::SOURCE_BYTES,
                source.0.len()
            )));
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
        hasher.update([self.encoding as u8]);
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
        hasher.update(self.body);
        hasher.finalize().into()
    }
}
