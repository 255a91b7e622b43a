//! The catalogue as one device gets it: each app with what it is there.

use super::commands::build;
use super::installs::InstallDetail;
use super::list::{ScanBounds, scan};
use super::{App, AppError, Listed, Page, Principal};
use modegate_core::catalogue::App as CatalogueApp;
use modegate_core::compliance::DeviceCompliance;
use modegate_core::device::Device;
use modegate_core::ids::DeviceId;
use modegate_core::installs::Install;
use modegate_core::installs::offer::{Offer, OfferFacts};
use modegate_core::installs::standing::Standing;
use modegate_core::tokens::person::Person;
use modegate_store::Chunk;

/// Apps that one page looks at, at most.
const LOOKS: usize = 1_000;
/// Longest text that is looked for, bytes.
const WANTED_BYTES: usize = 400;
/// Apps and installs that are read at once.
const CHUNK: usize = 200;

/// An app with what it is for a device.
pub(crate) struct AppOffer {
    /// The app.
    pub(crate) app: CatalogueApp,
    /// What it is.
    pub(crate) offer: Offer,
}

/// A device, and what is known of it for offers.
pub(crate) struct OfferDesk {
    /// The device.
    pub(crate) device: Device,
    installs: Vec<Install>,
    compliance: Option<DeviceCompliance>,
    /// The build of its system, where a forecast needs it.
    build: Option<u32>,
}

impl OfferDesk {
    /// Of a device that the caller may see.
    pub(crate) async fn open(app: &App, by: &Principal, id: DeviceId) -> Result<Self, AppError> {
        let device = by.device(app, id).await?;
        Ok(OfferDesk {
            installs: all_installs(app, id).await?,
            compliance: app.store.compliance(id).await?,
            build: build(app, &device).await?,
            device,
        })
    }

    /// What an app is for the device, if it is for devices of its groups.
    pub(crate) fn offer(&self, app: &App, by: &Principal, of: CatalogueApp) -> Option<AppOffer> {
        if !of.is_for(&self.device.record.groups) {
            return None;
        }
        let facts = OfferFacts {
            device: &self.device,
            installs: &self.installs,
            person: by.person().map(Person::id),
            compliance: self.compliance.as_ref(),
            templates: &app.templates,
            now: app.now(),
        };
        let offer = Offer::new(&of, &facts);
        Some(AppOffer { app: of, offer })
    }

    /// Where the install of that number stands on the device.
    pub(crate) fn standing(&self, app: &App, no: u32) -> Option<Standing> {
        let install = self.installs.iter().find(|install| install.no == no)?;
        let (device, policies) = (self.device.clone(), app.sync.policies());
        let detail = InstallDetail::new(device, install.clone(), &policies, self.build, app.now());
        Some(detail.standing)
    }

    /// Apps whose name, id or description contains `wanted`, in the order in which they were
    /// added; a page may have fewer than it could while there are more.
    pub(crate) async fn list(
        &self,
        app: &App,
        by: &Principal,
        wanted: &str,
        page: Page,
    ) -> Result<Listed<AppOffer>, AppError> {
        if wanted.len() > WANTED_BYTES {
            let expected = format!("at most {WANTED_BYTES} bytes");
            return Err(AppError::field("q", expected, wanted.len()));
        }
        let wanted = wanted.trim().to_lowercase();
        let bounds = ScanBounds {
            looks: LOOKS,
            bytes: app.page_bytes,
            weigh: |_| 1,
        };
        let read = async |after: u64| {
            let items = app.store.apps(after, CHUNK).await?;
            let more = items.len() == CHUNK;
            Ok(Chunk { items, more })
        };
        let groups = &self.device.record.groups;
        let takes = |(_, app): &(u64, CatalogueApp)| app.is_for(groups) && matches(app, &wanted);
        let found = scan(page, bounds, read, |(number, _)| *number, takes).await?;
        Ok(found.filter_map(|(_, of)| self.offer(app, by, of)))
    }

    /// One app.
    pub(crate) async fn one(
        &self,
        app: &App,
        by: &Principal,
        id: &str,
    ) -> Result<AppOffer, AppError> {
        let found = app.store.app(id).await?;
        let offered = found.and_then(|of| self.offer(app, by, of));
        offered.ok_or_else(|| AppError::missing("app"))
    }
}

fn matches(app: &CatalogueApp, wanted: &str) -> bool {
    let has = |text: &str| text.to_lowercase().contains(wanted);
    has(&app.name) || has(&app.id) || app.description.as_deref().is_some_and(has)
}

/// All installs of a device that are kept: there is a most.
async fn all_installs(app: &App, id: DeviceId) -> Result<Vec<Install>, AppError> {
    let mut all: Vec<Install> = Vec::new();
    loop {
        let before = all.last().map_or(u32::MAX, |install| install.no);
        let found = app.store.installs(id, before, CHUNK).await?;
        let is_last = found.len() < CHUNK;
        all.extend(found);
        if is_last {
            return Ok(all);
        }
    }
}
