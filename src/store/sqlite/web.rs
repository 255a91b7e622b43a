//! What the pages keep: writes go to the writer, reads run where they are called.

use async_trait::async_trait;

use super::{SqliteStore, portal_links, rows, web_sessions};
use crate::api::Keep;
use crate::web::{DecideLinks, EndLink, MakeLink, WebStore};
use crate::{Purged, StoreError};
use modegate_core::device::Device;
use modegate_core::event::Event;
use modegate_core::ids::DeviceId;
use modegate_core::portal_link::{LinkProof, PortalLink, PortalLinkId, Presentation};
use modegate_core::time::Timestamp;
use modegate_core::web_session::{SessionDigest, Subject, WebSession, WebSessionId};

#[async_trait]
impl WebStore for SqliteStore {
    async fn put_web_session(
        &self,
        session: WebSession,
        event: Option<Event>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(None, move |db, keys| {
            web_sessions::put(db, keys, &session, event, now)
        })
        .await
    }

    async fn web_session(&self, key: SessionDigest) -> Result<Option<WebSession>, StoreError> {
        self.read(|db, keys| web_sessions::by_key(db, keys, key))
    }

    async fn web_session_seen(&self, id: WebSessionId, at: Timestamp) -> Result<(), StoreError> {
        self.write(None, move |db, keys| web_sessions::seen(db, keys, id, at))
            .await
    }

    async fn web_sessions(
        &self,
        of: Option<Subject>,
        before: u64,
        limit: usize,
    ) -> Result<Vec<(u64, WebSession)>, StoreError> {
        self.read(|db, keys| web_sessions::list(db, keys, of, before, limit))
    }

    async fn end_web_session(
        &self,
        id: WebSessionId,
        event: Option<Event>,
    ) -> Result<Option<WebSession>, StoreError> {
        self.write(None, move |db, keys| web_sessions::end(db, keys, id, event))
            .await
    }

    async fn end_web_sessions_of(
        &self,
        subject: Subject,
        event: Option<Event>,
    ) -> Result<u64, StoreError> {
        self.write(None, move |db, _| web_sessions::end_of(db, subject, event))
            .await
    }

    async fn purge_web_sessions(&self, now: Timestamp, most: usize) -> Result<Purged, StoreError> {
        let sql = "DELETE FROM web_session WHERE number IN \
                   (SELECT number FROM web_session WHERE ends <= ?1 LIMIT ?2)";
        self.write(None, move |db, _| web_sessions::purge(db, sql, now, most))
            .await
    }

    async fn create_portal_link(
        &self,
        device: DeviceId,
        make: MakeLink,
        keep: Option<Keep<PortalLink>>,
    ) -> Result<PortalLink, StoreError> {
        self.write(keep, move |db, keys| {
            portal_links::create(db, keys, device, make)
        })
        .await
    }

    async fn find_portal_links(
        &self,
        proof: &LinkProof,
    ) -> Result<Vec<(PortalLink, Device)>, StoreError> {
        let found = self.read(|db, keys| portal_links::find(db, keys, proof))?;
        Ok(found.into_iter().map(|(_, found)| found).collect())
    }

    async fn present_portal_link(
        &self,
        proof: LinkProof,
        decide: DecideLinks,
    ) -> Result<Presentation, StoreError> {
        self.write(None, move |db, keys| {
            portal_links::present(db, keys, &proof, decide)
        })
        .await
    }

    async fn unexpired_portal_links(
        &self,
        before: (Timestamp, u64),
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<(u64, PortalLink)>, StoreError> {
        self.read(|db, keys| portal_links::unexpired(db, keys, before, now, limit))
    }

    async fn portal_links(&self, device: DeviceId) -> Result<Vec<PortalLink>, StoreError> {
        let found = self.read(|db, keys| {
            rows::of_device(db, device, |number| {
                portal_links::of_device(db, keys, number)
            })
        })?;
        Ok(found.into_iter().map(|(_, link)| link).collect())
    }

    async fn end_portal_link(
        &self,
        device: DeviceId,
        id: PortalLinkId,
        end: EndLink,
        keep: Option<Keep<PortalLink>>,
    ) -> Result<PortalLink, StoreError> {
        self.write(keep, move |db, keys| {
            portal_links::end(db, keys, device, id, end)
        })
        .await
    }

    async fn purge_portal_links(
        &self,
        before: Timestamp,
        most: usize,
    ) -> Result<Purged, StoreError> {
        let sql = "DELETE FROM portal_link WHERE number IN \
                   (SELECT number FROM portal_link WHERE expires < ?1 LIMIT ?2)";
        self.write(None, move |db, _| {
            web_sessions::purge(db, sql, before, most)
        })
        .await
    }
}
