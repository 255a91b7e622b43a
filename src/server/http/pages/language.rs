//! The language of a page.

use modegate_core::web_session::Surface;
use modegate_pages::words::Language;

/// The language that was chosen, or that the browser likes best. The console is in English.
pub(super) fn language_of(surface: Surface, accepted: &str, chosen: Option<Language>) -> Language {
    match surface {
        Surface::Console => Language::English,
        Surface::Portal => chosen.unwrap_or_else(|| Language::preferred(accepted)),
    }
}
