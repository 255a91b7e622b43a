//! `POST /portal/language`: the person chooses a language, for as long as the session lasts.

use crate::app::web_sessions;
use crate::http::pages::sign_in::is_own_page;
use crate::http::pages::visitor::see_other;
use crate::http::pages::{Form, Page, Visitor};
use crate::http::problem::Problem;
use modegate_pages::address;
use modegate_pages::words::Language;

/// `POST /portal/language`.
pub(in crate::http::pages) async fn choose(visitor: Visitor, form: Form) -> Page {
    let wanted = form.text("language");
    let language = Language::from_tag(wanted)
        .ok_or_else(|| Problem::field("language", "en or de", "another one"))?;
    web_sessions::speak(visitor.app(), &visitor.session, language.tag()).await?;
    let to = form.text("to");
    let home = address::home(visitor.guest.surface);
    // A sentence about a write before stays out of it.
    let to = to.split("notice=").next().unwrap_or_default();
    let to = to.trim_end_matches(['?', '&']);
    Ok(see_other(if is_own_page(to, home) { to } else { home }))
}
