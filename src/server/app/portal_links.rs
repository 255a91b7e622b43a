//! One-time links: an operator makes one for a tablet's user, who signs in to the portal with
//! it or with its short code, once.

use std::sync::Arc;

use super::{App, AppError, Listed, Principal, WriteOptions};
use crate::qr;
use modegate_core::device::Device;
use modegate_core::ids::DeviceId;
use modegate_core::portal_link::{
    self, Drawn, LinkDigest, LinkFault, LinkProof, PortalLink, PortalLinkId, Presentation,
    ShortCode,
};
use modegate_core::secret::Secret;
use modegate_core::time::Timestamp;

/// The path of a link, in front of its text.
const PATH: &str = "/portal/link/";

/// A link and how to hand it over: all but the link itself is shown once and kept nowhere.
#[derive(Debug, Clone)]
pub(crate) struct CreatedLink {
    /// The link.
    pub(crate) link: PortalLink,
    /// Where the user goes: a whole URL, or its path in the moment before the server knows
    /// where it listens.
    pub(crate) url: Secret,
    /// What the user can type in its place.
    pub(crate) code: ShortCode,
    /// The URL as a picture (SVG), where it is a whole one.
    pub(crate) qr: Option<Secret>,
}

/// Makes a link for the user that a device has now.
pub(crate) async fn create(
    app: &Arc<App>,
    by: &Principal,
    device: DeviceId,
    options: WriteOptions<CreatedLink>,
) -> Result<CreatedLink, AppError> {
    by.device(app, device).await?;
    let (text, code) = (app.new_secret(""), ShortCode::from_random(app.random()));
    let drawn = Drawn {
        id: PortalLinkId(app.new_id()),
        text: LinkDigest::from_text(text.reveal()),
        code,
    };
    let path = format!("{PATH}{}", text.reveal());
    let (url, qr) = match app.web_url.get() {
        None => (path, None),
        Some(base) => {
            let url = format!("{base}{path}");
            let qr = qr::svg(&url).map(Secret::new);
            (url, qr)
        }
    };
    let url = Secret::new(url);
    let created = move |link: &PortalLink| CreatedLink {
        link: link.clone(),
        url: url.clone(),
        code,
        qr: qr.clone(),
    };
    let keep = options.keep.map(|keep| keep.from_written(created.clone()));
    let (by, now) = (by.clone(), app.now());
    let make = move |device: &Device| {
        by.covers(device)?;
        PortalLink::new(device, drawn, by.actor(), now)
    };
    let link = app.store.create_portal_link(device, Box::new(make), keep);
    Ok(created(&link.await?))
}

/// The links of a device that could be used now, the newest first.
pub(crate) async fn list(
    app: &App,
    by: &Principal,
    device: DeviceId,
) -> Result<Vec<PortalLink>, AppError> {
    let device = by.device(app, device).await?;
    let now = app.now();
    let mut links = app.store.portal_links(device.id).await?;
    links.retain(|link| portal_link::check(link, &device, now).is_ok());
    Ok(links)
}

/// A link that has not expired, with its device.
#[derive(Debug)]
pub(crate) struct UnexpiredLink {
    /// The link.
    pub(crate) link: PortalLink,
    /// What the device is called.
    pub(crate) source: String,
    /// Why it lets nobody in, if so.
    pub(crate) fault: Option<LinkFault>,
}

/// Where the list of all links goes on: behind the link that expires then and has this number.
pub(crate) type LinkPlace = (Timestamp, u64);

/// Up to `limit` links of all devices that have not expired, those that expire last first. For
/// who sees all devices.
pub(crate) async fn all(
    app: &App,
    by: &Principal,
    before: Option<LinkPlace>,
    limit: usize,
) -> Result<Listed<UnexpiredLink, LinkPlace>, AppError> {
    by.unbound()?;
    let now = app.now();
    let before = before.unwrap_or((Timestamp(i64::MAX), i64::MAX.unsigned_abs()));
    let found = app.store.unexpired_portal_links(before, now, limit).await?;
    let last = found.last().filter(|_| found.len() == limit);
    let next = last.map(|(number, link)| (link.expires_at, *number));
    let mut items = Vec::with_capacity(found.len());
    for (_, link) in found {
        // A device takes its links with it.
        if let Some(device) = app.store.device(link.device).await? {
            let fault = portal_link::check(&link, &device, now).err();
            let source = device.record.source.0;
            items.push(UnexpiredLink {
                link,
                source,
                fault,
            });
        }
    }
    Ok(Listed { items, next })
}

/// Ends a link of a device before it is used. The link afterwards.
pub(crate) async fn end(
    app: &App,
    by: &Principal,
    (device, id): (DeviceId, PortalLinkId),
    options: WriteOptions<PortalLink>,
) -> Result<PortalLink, AppError> {
    by.device(app, device).await?;
    let (by, now) = (by.clone(), app.now());
    let end = move |device: &Device, link| {
        by.covers(device)?;
        portal_link::end(link, by.actor(), now)
    };
    let ended = app
        .store
        .end_portal_link(device, id, Box::new(end), options.keep);
    Ok(ended.await?)
}

/// Whose a link is, or why it lets nobody in. Nothing changes, except that a wrong code
/// counts against the link that its first half finds.
pub(crate) async fn look(
    app: &App,
    proof: LinkProof,
) -> Result<Result<PortalLink, LinkFault>, AppError> {
    let now = app.now();
    let found = app.store.find_portal_links(&proof).await?;
    let looked = portal_link::look(&found, &proof, now);
    if looked.changed.is_empty() {
        return Ok(looked.outcome);
    }
    present(app, proof, now, portal_link::look).await
}

/// The name of the device that a link is for; empty where it is not there any more.
pub(crate) async fn tablet(app: &App, link: &PortalLink) -> Result<String, AppError> {
    let device = app.store.device(link.device).await?;
    Ok(device.map_or_else(String::new, |device| device.record.source.0))
}

/// Takes a link, once: of two who come at the same time one gets it. The caller makes a
/// session for [`PortalLink::person`].
pub(crate) async fn take(
    app: &App,
    proof: LinkProof,
) -> Result<Result<PortalLink, LinkFault>, AppError> {
    let now = app.now();
    // Most who bring what is not there are not worth a write.
    let found = app.store.find_portal_links(&proof).await?;
    if found.is_empty() {
        return Ok(Err(LinkFault::Unknown));
    }
    present(app, proof, now, portal_link::take).await
}

type Rule = fn(&[(PortalLink, Device)], &LinkProof, Timestamp) -> Presentation;

async fn present(
    app: &App,
    proof: LinkProof,
    now: Timestamp,
    rule: Rule,
) -> Result<Result<PortalLink, LinkFault>, AppError> {
    let decide = move |found: &[(PortalLink, Device)]| rule(found, &proof, now);
    let presented = app.store.present_portal_link(proof, Box::new(decide));
    Ok(presented.await?.outcome)
}
