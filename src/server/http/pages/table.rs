//! The table of the pages: it defines the routes, and who may see and do what.

use actix_web::Route;

use super::audience::{For, OPERATE, READ};
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

    get "/console/devices/{device}/commands/new" [OPERATE] console::new_command::show;
    post "/console/devices/{device}/commands/new" [OPERATE] console::new_command::submit;
    get "/console/commands/{command}" [READ] console::command::show;
    get "/console/commands/{command}/cancel" [OPERATE] console::command::ask_cancel;
    post "/console/commands/{command}/cancel" [OPERATE] console::command::cancel;
    post "/console/commands/{command}/retry" [OPERATE] console::command::retry;

    get "/console/queue" [READ] console::queue::show;
    get "/console/queue/devices" [READ] console::queue::devices;

    get "/console/batches" [READ] console::batches::list;
    get "/console/batches/new" [OPERATE] console::new_batch::show;
    post "/console/batches/new" [OPERATE] console::new_batch::submit;
    get "/console/batches/{batch}" [READ] console::batches::show;
    get "/console/batches/{batch}/commands" [READ] console::batches::commands;
    post "/console/batches/{batch}/stop" [OPERATE] console::batches::stop;
    get "/console/batches/{batch}/take-back" [OPERATE] console::batches::ask_take_back;
    post "/console/batches/{batch}/take-back" [OPERATE] console::batches::take_back;

    get "/console/apps" [READ] console::apps::list;
    get "/console/apps/new" [OPERATE] console::app_form::new;
    post "/console/apps/new" [OPERATE] console::app_form::create;
    get "/console/apps/{app}" [READ] console::apps::show;
    get "/console/apps/{app}/edit" [OPERATE] console::app_form::edit;
    post "/console/apps/{app}/edit" [OPERATE] console::app_form::change;
    get "/console/apps/{app}/delete" [OPERATE] console::apps::ask_delete;
    post "/console/apps/{app}/delete" [OPERATE] console::apps::delete;

    get "/console/installs" [READ] console::installs::list;
    get "/console/installs/{install}" [READ] console::installs::show;
    get "/console/installs/{install}/take-back" [OPERATE] console::installs::ask_take_back;
    post "/console/installs/{install}/take-back" [OPERATE] console::installs::take_back;
    post "/console/installs/{install}/again" [OPERATE] console::installs::again;
}
