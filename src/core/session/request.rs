//! What a step is asked: one message of a peer, and what the transport proved of it.

use std::net::IpAddr;

use super::server_auth::ServerAuth;
use crate::context::Query;
use crate::device::CertificateDigest;
use crate::limits::DeviceBounds;
use crate::policy::PolicySet;
use crate::push::active_profiles::ActiveProfiles;
use crate::time::Timestamp;
use modegate_wire::mac::{EntityDigest, Mac};
use modegate_wire::message::Message;

/// What the transport proved of the peer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClientEvidence {
    /// SHA-256 of the client certificate whose key signed the handshake.
    pub certificate: Option<CertificateDigest>,
    /// The certificate's subject CN, where its chain leads to an issuer of `--client-ca`.
    pub trusted_name: Option<String>,
    /// What the header `x-syncml-hmac` claims, if there is one.
    pub mac: Option<MacClaim>,
    /// Where it comes from, as far as that is known. It proves nothing.
    pub address: Option<IpAddr>,
    /// Whether it sent the header `UserAgentOrigin`, as Windows 10 and later do. It proves
    /// nothing.
    pub names_origin: bool,
}

/// A claim that lies beside the message and covers its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MacClaim {
    /// A mac, and the digest of the entity that it must cover.
    Made(Mac, EntityDigest),
    /// Something that is no mac, or none that this server knows: it proves nothing.
    Unusable,
}

/// One request, as the shell hands it to the core.
pub struct Request<'a> {
    /// What the transport proved.
    pub evidence: &'a ClientEvidence,
    /// Whether a device with nothing recorded is taken by its Source alone.
    pub trust_source: bool,
    /// The raw query string as it is kept on record.
    pub raw_query: &'a str,
    /// The same, read.
    pub query: Query,
    /// The message.
    pub message: &'a Message,
    /// SHA-256 over proof, raw query and body: equal for a retransmission.
    pub digest: [u8; 32],
    /// Now.
    pub now: Timestamp,
    /// The nonce of a device, by its number, for a count of its authentications.
    pub nonce: &'a (dyn Fn(u64, u64) -> [u8; 16] + Sync),
    /// The policy set in force.
    pub policies: &'a PolicySet,
    /// The push profiles in force.
    pub push: &'a ActiveProfiles,
    /// How much the device may make the server keep and write.
    pub bounds: DeviceBounds,
    /// How old the device's clock and plan may be before they are read anew,
    /// milliseconds; none where the server never reads them of its own accord.
    pub schedule_age: Option<i64>,
    /// Whether a polling schedule that is off is repaired, where the server reads it.
    pub repairs_polling: bool,
    /// By what the server proves itself, where it is configured.
    pub server: Option<&'a ServerAuth>,
}
