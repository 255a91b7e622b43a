//! What the pages keep: who is signed in, and one-time links to the portal.

use async_trait::async_trait;

use crate::api::Keep;
use crate::{Purged, StoreError};
use modegate_core::change::Refusal;
use modegate_core::device::Device;
use modegate_core::event::Event;
use modegate_core::ids::DeviceId;
use modegate_core::portal_link::{LinkProof, PortalLink, PortalLinkId, Presentation};
use modegate_core::time::Timestamp;
use modegate_core::web_session::{SessionDigest, Subject, WebSession, WebSessionId};

/// Makes a link for a device, inside the transaction. It must not block.
pub type MakeLink = Box<dyn FnOnce(&Device) -> Result<PortalLink, Refusal> + Send>;

/// Decides what becomes of the links that a proof finds, each with its device as it stands,
/// inside the transaction. It must not block.
pub type DecideLinks = Box<dyn FnOnce(&[(PortalLink, Device)]) -> Presentation + Send>;

/// Ends a link, inside the transaction. It must not block.
pub type EndLink =
    Box<dyn FnOnce(&Device, PortalLink) -> Result<(PortalLink, Event), Refusal> + Send>;

/// What the pages keep.
#[async_trait]
pub trait WebStore: Send + Sync {
    /// Keeps a session: a new one, or what changed in the one of its id. A new one is refused
    /// where there are [`SESSIONS`] already that have not ended; of one subject the
    /// [`SESSIONS_OF_SUBJECT`] that were used last stay. `event`, where there is one, is
    /// logged with it.
    ///
    /// [`SESSIONS`]: modegate_core::web_session::SESSIONS
    /// [`SESSIONS_OF_SUBJECT`]: modegate_core::web_session::SESSIONS_OF_SUBJECT
    async fn put_web_session(
        &self,
        session: WebSession,
        event: Option<Event>,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// The session with this key, ended or not.
    async fn web_session(&self, key: SessionDigest) -> Result<Option<WebSession>, StoreError>;

    /// Writes down that a session was used at `at`. One that is not there, or was used later,
    /// stays as it is.
    async fn web_session_seen(&self, id: WebSessionId, at: Timestamp) -> Result<(), StoreError>;

    /// Up to `limit` sessions with numbers below `before`, the newest first, with their
    /// numbers; of one subject only, where one is named. Some may have ended.
    async fn web_sessions(
        &self,
        of: Option<Subject>,
        before: u64,
        limit: usize,
    ) -> Result<Vec<(u64, WebSession)>, StoreError>;

    /// Ends a session, with an event where there is one. The session as it was, if it was
    /// there; where it was not, nothing is logged.
    async fn end_web_session(
        &self,
        id: WebSessionId,
        event: Option<Event>,
    ) -> Result<Option<WebSession>, StoreError>;

    /// Ends all sessions of a subject, at most [`SESSIONS_OF_SUBJECT`]; how many. The detail of
    /// the event, where there is one, begins with that; where there were none, nothing is
    /// logged. Those of a token end with it by themselves.
    ///
    /// [`SESSIONS_OF_SUBJECT`]: modegate_core::web_session::SESSIONS_OF_SUBJECT
    async fn end_web_sessions_of(
        &self,
        subject: Subject,
        event: Option<Event>,
    ) -> Result<u64, StoreError>;

    /// Deletes sessions that have ended by `now`, at most `most` of them.
    async fn purge_web_sessions(&self, now: Timestamp, most: usize) -> Result<Purged, StoreError>;

    /// Makes a link for a device, with its event. Refused where the device has as many as it
    /// may, or there are too many in all.
    async fn create_portal_link(
        &self,
        device: DeviceId,
        make: MakeLink,
        keep: Option<Keep<PortalLink>>,
    ) -> Result<PortalLink, StoreError>;

    /// The links that a proof finds, each with its device: the one with that text, or those
    /// with the first half of that code.
    async fn find_portal_links(
        &self,
        proof: &LinkProof,
    ) -> Result<Vec<(PortalLink, Device)>, StoreError>;

    /// Decides on the links that a proof finds, and writes what changes of them: two who come
    /// with the same link at once are one after the other.
    async fn present_portal_link(
        &self,
        proof: LinkProof,
        decide: DecideLinks,
    ) -> Result<Presentation, StoreError>;

    /// Up to `limit` links of all devices that have not expired by `now`, with their numbers:
    /// those that expire last come first, from below `before`, a time and a number.
    async fn unexpired_portal_links(
        &self,
        before: (Timestamp, u64),
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<(u64, PortalLink)>, StoreError>;

    /// The links of a device that are kept, the newest first.
    async fn portal_links(&self, device: DeviceId) -> Result<Vec<PortalLink>, StoreError>;

    /// Ends a link of a device. The link afterwards.
    async fn end_portal_link(
        &self,
        device: DeviceId,
        id: PortalLinkId,
        end: EndLink,
        keep: Option<Keep<PortalLink>>,
    ) -> Result<PortalLink, StoreError>;

    /// Deletes links that expired before `before`, at most `most` of them.
    async fn purge_portal_links(
        &self,
        before: Timestamp,
        most: usize,
    ) -> Result<Purged, StoreError>;
}
