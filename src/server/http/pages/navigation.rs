//! The links that lead from every page to the first page of each subject.

use super::audience::{ADMIN, For, READ};
use crate::app::Principal;
use modegate_core::web_session::Surface;
use modegate_pages::shell::Link;
use modegate_pages::words::{Language, PortalWord, Text as _};

/// The links of the console's navigation.
const CONSOLE: &[(For, &str, &str)] = &[
    (READ, "/console", "Home"),
    (READ, "/console/devices", "Devices"),
    (READ, "/console/queue", "Queue"),
    (READ, "/console/batches", "Batches"),
    (READ, "/console/push", "Push"),
    (READ, "/console/apps", "Apps"),
    (READ, "/console/installs", "Installs"),
    (READ, "/console/policies", "Policies"),
    (READ, "/console/audit", "Audit"),
    (READ, "/console/compliance", "Compliance"),
    (READ, "/console/alerts", "Alerts"),
    (ADMIN, "/console/access", "Access"),
    (ADMIN, "/console/server", "Server"),
];

/// The links of the portal's navigation.
const PORTAL: &[(&str, PortalWord)] = &[
    ("/portal/apps", PortalWord::Apps),
    ("/portal/requests", PortalWord::Requests),
    ("/portal/device", PortalWord::MyTablet),
];

/// The links of the navigation for this caller.
pub(super) fn navigation(surface: Surface, principal: &Principal, language: Language) -> Vec<Link> {
    match surface {
        Surface::Console => {
            let own = CONSOLE.iter().filter(|(whom, ..)| whom.admits(principal));
            own.map(|(_, href, text)| Link::new(*href, *text)).collect()
        }
        Surface::Portal => {
            let links = PORTAL.iter();
            links
                .map(|(href, word)| Link::new(*href, word.text(language)))
                .collect()
        }
    }
}
