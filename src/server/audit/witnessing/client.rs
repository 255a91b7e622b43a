//! One request to one witness.

use std::time::Duration;

use reqwest::header::CONTENT_TYPE;

use crate::audit::ed25519;
use crate::config::WitnessAddress;
use crate::http_client::{self, Body, bounded, unanswered};
use modegate_core::tlog::note::NoteSignature;
use modegate_core::tlog::witness::{AnswerFault, SIZE_TYPE, cosignature};
use modegate_core::tlog::{AddCheckpoint, VerifierKey};

/// From connecting to the last byte of the answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Longest answer that is read, bytes.
const ANSWER_BYTES: usize = 16 * 1024;

/// What a witness says of a checkpoint.
#[derive(Debug)]
pub(super) enum Reply {
    /// It cosigned it.
    Cosigned(NoteSignature),
    /// It knows a tree of this size, and wants a proof from there.
    Knows(u64),
    /// The checkpoint does not go on from what it knows.
    Inconsistent,
}

/// Why a witness said nothing of it.
#[derive(Debug, thiserror::Error)]
pub(super) enum AskFault {
    /// It does not know the log.
    #[error("it does not know the log: have it started with --log {0}")]
    UnknownLog(String),
    /// It does not know the log's key.
    #[error("it does not know the key that signed: have it started with --log {0}")]
    UnknownKey(String),
    /// Another status.
    #[error("expected status 200, 409 or 422, it answered {0}")]
    Status(u16),
    /// A size that is none.
    #[error("expected a size, it answered 409 with something else")]
    Size,
    /// An answer that is too long.
    #[error("expected an answer of at most {ANSWER_BYTES} bytes")]
    Long,
    /// No cosignature in the answer.
    #[error("expected its cosignature: {0}")]
    Cosignature(#[from] AnswerFault),
    /// No answer in time, no connection, no TLS.
    #[error("expected an answer within 10 s, none came: {0}")]
    Nothing(&'static str),
}

/// The client of one witness.
#[derive(Debug, Clone)]
pub(super) struct Client {
    http: http_client::Client,
    witness: WitnessAddress,
}

impl Client {
    /// Of this witness; `ca` are further CAs, PEM.
    ///
    /// # Errors
    /// TLS cannot be set up, or the CAs cannot be read.
    pub(super) fn new(witness: WitnessAddress, ca: Option<&[u8]>) -> Result<Self, String> {
        let http = http_client::Client::new(TIMEOUT, ca, reqwest::ClientBuilder::no_proxy)?;
        Ok(Client { http, witness })
    }

    pub(super) fn vkey(&self) -> &VerifierKey {
        &self.witness.vkey
    }

    /// Hands it a checkpoint of the log with that verifier key.
    pub(super) async fn add(
        &self,
        request: &AddCheckpoint,
        log: &VerifierKey,
    ) -> Result<Reply, AskFault> {
        let url = self.witness.url.join("add-checkpoint");
        let url = url.map_err(|_| AskFault::Nothing("its URL cannot be used"))?;
        let body = request.to_string();
        let post = |http: &reqwest::Client| http.post(url.clone()).body(body.clone());
        let answer = self.http.send(post).await.map_err(|e| nothing(&e))?;
        let status = answer.status().as_u16();
        let kind = answer.headers().get(CONTENT_TYPE);
        let is_size = kind.is_some_and(|kind| kind == SIZE_TYPE);
        match status {
            200 | 409 => {}
            404 => return Err(AskFault::UnknownLog(log.to_string())),
            403 => return Err(AskFault::UnknownKey(log.to_string())),
            422 => return Ok(Reply::Inconsistent),
            other => return Err(AskFault::Status(other)),
        }
        let body = bounded(answer, ANSWER_BYTES).await;
        let Body::Whole(body) = body.map_err(|e| nothing(&e))? else {
            return Err(AskFault::Long);
        };
        if status == 409 {
            let size = std::str::from_utf8(&body).ok().filter(|_| is_size);
            let size = size.and_then(|text| text.strip_suffix('\n')?.parse().ok());
            return size.map(Reply::Knows).ok_or(AskFault::Size);
        }
        let (line, _) = cosignature(request.note.text(), &body, self.vkey(), &ed25519::verify)?;
        Ok(Reply::Cosigned(line))
    }
}

fn nothing(error: &reqwest::Error) -> AskFault {
    AskFault::Nothing(unanswered(error))
}
