//! `GET /console`: is it well, and what needs somebody.

use crate::http::pages::visitor::page;
use crate::http::pages::{Page, Visitor};
use modegate_pages::console::home::HomePage;

/// `GET /console`.
pub(in crate::http::pages) async fn show(visitor: Visitor) -> Page {
    let (shared, store) = (&visitor.guest.shared, &visitor.app().store);
    page(&HomePage {
        is_ready: shared.health.ready(&**store).await.is_ok(),
        policy_set: visitor.app().sync.policies().digest().to_owned(),
        shell: visitor.shell("Console"),
    })
}
