//! The table of the pages: it defines the routes, who may see and do what, and the links of the
//! navigation.

use actix_web::Route;

use super::sign_in::token;
use super::{assets, console, sign_in};
use crate::app::Principal;
use modegate_core::tokens::Access;
use modegate_pages::shell::{Link, Site};
use modegate_pages::words::{Language, Text as _};

/// Whom a page is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum For {
    /// Everybody.
    All(Site),
    /// Who is signed in to the console and has this of the API.
    Console(Access),
    /// The person who is signed in to the portal.
    Person,
}

impl For {
    /// The site of the page.
    pub(super) fn site(self) -> Site {
        match self {
            For::All(site) => site,
            For::Console(_) => Site::Console,
            For::Person => Site::Portal,
        }
    }

    /// Whether a page is for this caller.
    pub(super) fn admits(self, principal: &Principal) -> bool {
        match self {
            For::All(_) => true,
            For::Console(access) => {
                principal.person().is_none() && access.roles().contains(&principal.role())
            }
            For::Person => principal.person().is_some(),
        }
    }
}

/// One page, or what one of its forms is posted to.
#[derive(Clone, Copy)]
pub(super) struct Entry {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) whom: For,
    pub(super) handler: fn(Route) -> Route,
}

/// A table of pages: `method path [whom] handler;`.
macro_rules! pages {
    ($(#[$about:meta])* $vis:vis static $table:ident; $($method:ident $path:literal [$whom:expr] $handler:path;)*) => {
        $(#[$about])*
        $vis static $table: &[Entry] = &[$(
            Entry {
                method: stringify!($method),
                path: $path,
                whom: $whom,
                handler: |route| route.to($handler),
            },
        )*];
    };
}

/// Everybody who may open the console at all.
const READ: For = For::Console(Access::Audit);
/// Who changes devices and commands.
#[expect(dead_code, reason = "the forms of the console follow")]
const OPERATE: For = For::Console(Access::Operate);

pages! {
    /// Every page.
    pub(super) static TABLE;

    get "/" [For::All(Site::Console)] sign_in::start;
    get "/assets/{digest}/{name}" [For::All(Site::Console)] assets::file;

    get "/console/sign-in" [For::All(Site::Console)] token::show;
    post "/console/sign-in" [For::All(Site::Console)] token::sign_in;
    post "/console/sign-out" [READ] sign_in::sign_out;

    get "/console" [READ] console::home::show;
}

/// The links of the console's navigation.
const CONSOLE: &[(For, &str, &str)] = &[(READ, "/console", "Home")];

/// The links of the navigation for this caller.
pub(super) fn navigation(site: Site, principal: &Principal, language: Language) -> Vec<Link> {
    match site {
        Site::Console => {
            let own = CONSOLE.iter().filter(|(whom, ..)| whom.admits(principal));
            own.map(|(_, href, text)| Link::new(*href, *text)).collect()
        }
        Site::Portal => {
            let links = super::portal::NAVIGATION.iter();
            links
                .map(|(href, word)| Link::new(*href, word.text(language)))
                .collect()
        }
    }
}
