//! What an app of the catalogue is for one device and one caller: can it be asked for, is it
//! there, is it under way, and if it cannot be asked for, why not. Pure.

use super::{Install, InstallState};
use crate::catalogue::{App, Release, Version};
use crate::compliance::DeviceCompliance;
use crate::device::Device;
use crate::named::named;
use crate::operations::has_app_jobs;
use crate::templates::Templates;
use crate::time::Timestamp;
use crate::tokens::person::{OPEN_INSTALLS, PersonId};

named! {
    /// What an app is for a device.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum OfferState {
        /// It can be asked for.
        Available = "available",
        /// An older version is there, and a newer one can be asked for.
        Update = "update",
        /// It is there.
        Installed = "installed",
        /// The caller's request for it is under way.
        UnderWay = "under_way",
        /// The caller's latest request for it failed; it can be asked for again.
        Failed = "failed",
        /// It cannot be asked for now.
        NotYet = "not_yet",
    }
}

named! {
    /// Why an app cannot be asked for.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum Obstacle {
        /// The device is no longer enrolled.
        Unenrolled = "unenrolled",
        /// Devices of this family install no apps by this protocol.
        NoAppJobs = "no_app_jobs",
        /// What the app requires of a device is not met.
        NotCompliant = "not_compliant",
        /// The catalogue does not say yet how it is installed.
        Incomplete = "incomplete",
        /// Somebody else's request for it is under way.
        AnotherRequest = "another_request",
        /// The person has as many requests under way as one may have.
        TooMany = "too_many",
    }
}

/// What an offer looks at.
#[derive(Debug, Clone, Copy)]
pub struct OfferFacts<'a> {
    /// The device.
    pub device: &'a Device,
    /// Its installs, of all apps, in any order.
    pub installs: &'a [Install],
    /// The person who looks; `None` is whoever acts for no one person.
    pub person: Option<PersonId>,
    /// What is said of the device by baselines.
    pub compliance: Option<&'a DeviceCompliance>,
    /// The templates in force.
    pub templates: &'a Templates,
    /// Now.
    pub now: Timestamp,
}

/// What an app is for a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// What it is.
    pub state: OfferState,
    /// Why it cannot be asked for.
    pub obstacle: Option<Obstacle>,
    /// The version that a request is for: the highest.
    pub version: Option<Version>,
    /// The version that is there, and since when, as far as installs tell.
    pub installed: Option<(Version, Option<Timestamp>)>,
    /// The caller's latest request for it, by its number on the device.
    pub request: Option<u32>,
}

impl Offer {
    /// What `app` is by these facts.
    pub fn new(app: &App, facts: &OfferFacts<'_>) -> Self {
        let mut of_app: Vec<&Install> = facts
            .installs
            .iter()
            .filter(|install| install.app == app.id && is_current(facts.device, install))
            .collect();
        of_app.sort_by_key(|install| std::cmp::Reverse(install.no));
        let own = of_app.iter().find(|install| install.is_for(facts.person));
        let there = of_app
            .iter()
            .find(|install| install.state == InstallState::Installed);
        let open = of_app.iter().find(|install| !install.state.is_final());
        let release = app.release(None);
        let is_newer = |have: &Version| release.is_some_and(|release| release.version > *have);
        let obstacle = obstacle(app, release, facts);
        let (state, obstacle) = match (open, there, obstacle) {
            (Some(open), ..) if open.is_for(facts.person) => (OfferState::UnderWay, None),
            (Some(_), ..) => (OfferState::NotYet, Some(Obstacle::AnotherRequest)),
            (_, Some(there), _) if !is_newer(&there.version) => (OfferState::Installed, None),
            (_, _, Some(obstacle)) => (OfferState::NotYet, Some(obstacle)),
            _ if own.is_some_and(|own| own.state == InstallState::Failed) => {
                (OfferState::Failed, None)
            }
            (_, Some(_), None) => (OfferState::Update, None),
            (_, None, None) => (OfferState::Available, None),
        };
        Offer {
            state,
            obstacle,
            version: release.map(|release| release.version.clone()),
            installed: there.map(|there| (there.version.clone(), there.finished_at())),
            request: own.map(|own| own.no),
        }
    }

    /// Whether a request is taken as things stand. What is there can be asked for anew.
    pub fn can_be_asked_for(&self) -> bool {
        !matches!(self.state, OfferState::UnderWay | OfferState::NotYet)
    }
}

/// Whether an install counts in the enrollment that the device is in.
fn is_current(device: &Device, install: &Install) -> bool {
    device.state.enrollment.end_of(install.command).is_none()
}

fn obstacle(app: &App, release: Option<&Release>, facts: &OfferFacts<'_>) -> Option<Obstacle> {
    let device = facts.device;
    let own = |install: &&Install| !install.state.is_final() && install.is_for(facts.person);
    let under_way = facts.installs.iter().filter(own).count() as u64;
    let is_installable = release.is_some_and(|release| release.is_installable(facts.templates));
    if device.state.unenrolled_at.is_some() {
        Some(Obstacle::Unenrolled)
    } else if !has_app_jobs(device.record.family) {
        Some(Obstacle::NoAppJobs)
    } else if !is_installable {
        Some(Obstacle::Incomplete)
    } else if app.check_required(facts.compliance).is_err() {
        Some(Obstacle::NotCompliant)
    } else if facts.person.is_some() && under_way >= OPEN_INSTALLS {
        Some(Obstacle::TooMany)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::catalogue::Requirement;
    use crate::context::Family;
    use crate::fixtures::{self, NOW, device};
    use crate::tokens::person::Person;

    fn app(versions: &[&str]) -> App {
        let release = |version: &&str| Release {
            version: Version::parse(version).unwrap(),
            package_full_name: None,
            urls: Vec::new(),
            dependencies: Vec::new(),
            licence: None,
            action: "install".into(),
            options: 0,
            job_data: Some(crate::secret::Secret::new("<Job/>".to_owned())),
        };
        App {
            id: "erp".into(),
            name: "ERP".into(),
            description: None,
            groups: Vec::new(),
            releases: versions.iter().map(release).collect(),
            created_at: NOW,
            changed_at: NOW,
            requires: None,
        }
    }

    fn ann() -> PersonId {
        let user = "ann".to_owned();
        Person {
            user,
            devices: Vec::new(),
        }
        .id()
    }

    fn install(no: u32, version: &str, state: InstallState, person: Option<PersonId>) -> Install {
        let mut install = Install {
            version: Version::parse(version).unwrap(),
            person,
            ..fixtures::install(no)
        };
        install.step(state, NOW, None);
        install
    }

    fn offer(app: &App, device: &Device, installs: &[Install], person: Option<PersonId>) -> Offer {
        let facts = OfferFacts {
            device,
            installs,
            person,
            compliance: None,
            templates: &Templates::default(),
            now: NOW,
        };
        Offer::new(app, &facts)
    }

    #[test]
    fn what_is_there_and_under_way_says_what_can_be_done() {
        use InstallState::*;
        let (own, other) = (Some(ann()), None);
        type Row<'a> = (
            &'a [(&'a str, InstallState, Option<PersonId>)],
            OfferState,
            Option<Obstacle>,
        );
        let rows: [Row<'_>; 11] = [
            (&[], OfferState::Available, None),
            (&[("2.0", Requested, own)], OfferState::UnderWay, None),
            (
                &[("1.0", Installed, own), ("2.0", Woken, own)],
                OfferState::UnderWay,
                None,
            ),
            (
                &[("2.0", Requested, other)],
                OfferState::NotYet,
                Some(Obstacle::AnotherRequest),
            ),
            (&[("2.0", Installed, own)], OfferState::Installed, None),
            (&[("2.0", Installed, other)], OfferState::Installed, None),
            // Newer than the catalogue has it: no update.
            (&[("3.0", Installed, own)], OfferState::Installed, None),
            (&[("1.0", Installed, other)], OfferState::Update, None),
            (
                &[("1.0", Installed, own), ("2.0", Failed, own)],
                OfferState::Failed,
                None,
            ),
            (&[("2.0", Failed, other)], OfferState::Available, None),
            (&[("2.0", Cancelled, own)], OfferState::Available, None),
        ];
        for (installs, state, obstacle) in rows {
            let numbered = installs.iter().zip(1..);
            let installs: Vec<Install> = numbered
                .map(|((version, state, person), no)| install(no, version, *state, *person))
                .collect();
            let offer = offer(&app(&["1.0", "2.0"]), &device(1, &[]), &installs, own);
            assert_eq!(
                (offer.state, offer.obstacle),
                (state, obstacle),
                "{installs:?}"
            );
            let is_free = !matches!(state, OfferState::UnderWay | OfferState::NotYet);
            assert_eq!(offer.can_be_asked_for(), is_free);
            let seen = offer.request.map(|no| installs[no as usize - 1].person);
            assert!(
                seen.is_none_or(|person| person == own),
                "another's request: {offer:?}"
            );
        }
    }

    #[test]
    fn what_stands_in_the_way_is_named() {
        let (erp, tablet) = (app(&["2.0"]), device(1, &[]));
        let of = |app: &App, device: &Device, installs: &[Install]| {
            offer(app, device, installs, Some(ann())).obstacle
        };
        let mut gone = tablet.clone();
        gone.state.unenrolled_at = Some(NOW);
        let mut phone = tablet.clone();
        phone.record.family = Family::WindowsPhone81;
        let mut strict = erp.clone();
        strict.requires = Some(Requirement::Compliant(None));
        let mut bare = erp.clone();
        bare.releases[0].job_data = None;
        let other_app = |no: u32| {
            let mut other = install(no, "1.0", InstallState::Requested, Some(ann()));
            other.app = format!("app{no}");
            other
        };
        let many: Vec<Install> = (1..=20).map(other_app).collect();
        assert_eq!(of(&erp, &tablet, &many[..19]), None);
        assert_eq!(of(&erp, &tablet, &many), Some(Obstacle::TooMany));
        assert_eq!(of(&erp, &gone, &[]), Some(Obstacle::Unenrolled));
        assert_eq!(of(&erp, &phone, &[]), Some(Obstacle::NoAppJobs));
        assert_eq!(of(&strict, &tablet, &[]), Some(Obstacle::NotCompliant));
        assert_eq!(of(&bare, &tablet, &[]), Some(Obstacle::Incomplete));
        // What is there is there, whatever else is asked of the device.
        let there = [install(1, "2.0", InstallState::Installed, None)];
        assert_eq!(of(&strict, &tablet, &there), None);
    }

    #[test]
    fn an_earlier_enrollment_left_nothing() {
        let mut tablet = device(1, &[]);
        let there = [install(1, "2.0", InstallState::Installed, Some(ann()))];
        tablet.state.enrollment.first_command = 5;
        tablet.state.enrollment.ended = Some(crate::device::EnrollmentEnd {
            at: NOW,
            reason: crate::device::EndReason::Reported,
        });
        let offer = offer(&app(&["2.0"]), &tablet, &there, Some(ann()));
        assert_eq!(
            (offer.state, offer.installed),
            (OfferState::Available, None)
        );
    }
}
