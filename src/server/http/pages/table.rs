//! The table of the pages: it defines the routes, and who may see and do what.

use actix_web::Route;

use super::audience::{For, READ};
use super::sign_in::token;
use super::{assets, console, sign_in};
use modegate_pages::shell::Site;

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
