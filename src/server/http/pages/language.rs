//! The language of a page.

use modegate_pages::shell::Site;
use modegate_pages::words::Language;

/// The language that was chosen, or that the browser likes best. The console is in English.
pub(super) fn language_of(site: Site, accepted: &str, chosen: Option<Language>) -> Language {
    match site {
        Site::Console => Language::English,
        Site::Portal => chosen.unwrap_or_else(|| Language::preferred(accepted)),
    }
}
