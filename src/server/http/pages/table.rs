//! The table of the pages: it defines the routes, and who may see and do what.

use actix_web::Route;

use super::audience::{ADMIN, For, OPERATE, READ};
use super::sign_in::token;
use super::{console, portal, sign_in};
use modegate_core::web_session::Surface;

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
    /// The pages that every build has.
    static TABLE;

    get "/" [For::All(Surface::Console)] sign_in::start;

    get "/console/sign-in" [For::All(Surface::Console)] token::show;
    post "/console/sign-in" [For::All(Surface::Console)] token::sign_in;
    post "/console/sign-out" [READ] sign_in::sign_out;

    get "/console" [READ] console::home::show;
    get "/console/jump" [READ] console::jump::jump;

    get "/console/devices" [READ] console::devices::list::show;
    get "/console/devices/new" [OPERATE] console::devices::form::new;
    post "/console/devices/new" [OPERATE] console::devices::form::register;
    get "/console/devices/{device}" [READ] console::devices::timeline::show;
    get "/console/devices/{device}/edit" [OPERATE] console::devices::form::edit;
    post "/console/devices/{device}/edit" [OPERATE] console::devices::form::change;
    post "/console/devices/{device}/wake" [OPERATE] console::devices::actions::wake;
    get "/console/devices/{device}/retire" [OPERATE] console::devices::actions::confirm;
    post "/console/devices/{device}/retire" [OPERATE] console::devices::actions::retire;
    get "/console/devices/{device}/queue" [READ] console::devices::queue::show;
    get "/console/devices/{device}/preview" [READ] console::devices::preview::show;
    get "/console/devices/{device}/inventory" [READ] console::devices::inventory::show;
    get "/console/devices/{device}/installs" [READ] console::devices::installs::show;
    get "/console/devices/{device}/channel" [READ] console::devices::channel::show;
    get "/console/devices/{device}/access" [READ] console::devices::access::show;
    post "/console/devices/{device}/certificates" [OPERATE] console::devices::access::bind;
    get "/console/devices/{device}/certificates/{sha256}/revoke" [OPERATE] console::devices::access::confirm;
    post "/console/devices/{device}/certificates/{sha256}/revoke" [OPERATE] console::devices::access::revoke;
    post "/console/devices/{device}/server-password" [OPERATE] console::devices::access::renew_password;
    post "/console/devices/{device}/portal-links" [OPERATE] console::devices::access::make_link;
    post "/console/devices/{device}/portal-links/{link}/end" [OPERATE] console::devices::access::end_link;

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
    get "/console/push" [READ] console::push::list;
    get "/console/push/new" [ADMIN] console::push_form::new;
    post "/console/push/new" [ADMIN] console::push_form::create;
    get "/console/push/{profile}" [READ] console::push::show;
    get "/console/push/{profile}/edit" [ADMIN] console::push_form::edit;
    post "/console/push/{profile}/edit" [ADMIN] console::push_form::change;
    post "/console/push/{profile}/check" [ADMIN] console::push::check;
    get "/console/push/{profile}/delete" [ADMIN] console::push::ask_delete;
    post "/console/push/{profile}/delete" [ADMIN] console::push::delete;

    get "/console/policies" [READ] console::policies::show;
    post "/console/policies/reload" [ADMIN] console::policies::reload;
    get "/console/policies/matrix" [READ] console::policies::matrix;
    get "/console/policies/explain" [READ] console::policy_explain::show;
    get "/console/policies/try" [OPERATE] console::policy_try::show;
    post "/console/policies/try" [OPERATE] console::policy_try::tried;

    get "/console/policies/sets" [READ] console::policy_sets::list;
    get "/console/policies/sets/{digest}" [READ] console::policy_sets::show;

    get "/console/access" [ADMIN] console::access::show;
    get "/console/access/tokens/new" [ADMIN] console::token_form::new;
    post "/console/access/tokens/new" [ADMIN] console::token_form::create;
    get "/console/access/tokens/{token}/revoke" [ADMIN] console::access::ask_revoke;
    post "/console/access/tokens/{token}/revoke" [ADMIN] console::access::revoke;
    post "/console/access/sessions/{session}/end" [ADMIN] console::access::end;
    get "/console/access/subjects/{subject}/end" [ADMIN] console::access::ask_end_all;
    post "/console/access/subjects/{subject}/end" [ADMIN] console::access::end_all;
    get "/console/access/links" [ADMIN] console::links::show;
    post "/console/access/links/{device}/{link}/end" [ADMIN] console::links::end;
    get "/console/access/webhooks" [ADMIN] console::webhooks::list;
    get "/console/access/webhooks/new" [ADMIN] console::webhook_form::new;
    post "/console/access/webhooks/new" [ADMIN] console::webhook_form::create;
    get "/console/access/webhooks/{webhook}" [ADMIN] console::webhooks::show;
    get "/console/access/webhooks/{webhook}/edit" [ADMIN] console::webhook_form::edit;
    post "/console/access/webhooks/{webhook}/edit" [ADMIN] console::webhook_form::change;
    get "/console/access/webhooks/{webhook}/secret" [ADMIN] console::webhook_form::ask_secret;
    post "/console/access/webhooks/{webhook}/secret" [ADMIN] console::webhook_form::change_secret;
    post "/console/access/webhooks/{webhook}/test" [ADMIN] console::webhooks::test;
    post "/console/access/webhooks/{webhook}/deliveries/{delivery}/again" [ADMIN] console::webhooks::again;
    get "/console/access/webhooks/{webhook}/delete" [ADMIN] console::webhooks::ask_delete;
    post "/console/access/webhooks/{webhook}/delete" [ADMIN] console::webhooks::delete;
    get "/console/server" [ADMIN] console::server::show;
    get "/console/me" [READ] console::access::me;
    post "/console/me/sessions/{session}/end" [READ] console::access::end_own;

    get "/console/installs/{install}" [READ] console::installs::show;
    get "/console/installs/{install}/take-back" [OPERATE] console::installs::ask_take_back;
    post "/console/installs/{install}/take-back" [OPERATE] console::installs::take_back;
    post "/console/installs/{install}/again" [OPERATE] console::installs::again;

    get "/console/audit" [READ] console::audit::list::show;
    get "/console/audit/events.csv" [READ] console::audit::download::csv;
    get "/console/audit/events.jsonl" [READ] console::audit::download::jsonl;
    get "/console/audit/exports" [READ] console::audit::exports::show;
    get "/console/audit/reports" [READ] console::audit::reports::show;
    get "/console/audit/statement" [READ] console::audit::statement::show;
    get "/console/audit/verify" [READ] console::audit::verify::show;
    get "/console/audit/{place}" [READ] console::audit::entry::show;
    get "/console/audit/{place}/proof" [READ] console::audit::entry::proof;

    get "/console/compliance" [READ] console::compliance::overview::show;
    get "/console/compliance/{baseline}" [READ] console::compliance::baseline::show;
    get "/console/compliance/{baseline}/devices" [READ] console::compliance::devices::show;
    get "/console/devices/{device}/compliance" [READ] console::compliance::device::show;

    get "/console/alerts" [READ] console::alerts::show;

    get "/portal/sign-in" [For::All(Surface::Portal)] portal::sign_in::show;
    post "/portal/sign-in" [For::All(Surface::Portal)] portal::sign_in::enter;
    get "/portal/link/{token}" [For::All(Surface::Portal)] portal::link::show;
    post "/portal/link/{token}" [For::All(Surface::Portal)] portal::link::take;
    post "/portal/sign-out" [For::Person] sign_in::sign_out;
    post "/portal/language" [For::Person] portal::language::choose;
    get "/portal" [For::Person] portal::apps::first;
    get "/portal/apps" [For::Person] portal::apps::list;
    get "/portal/apps/{app}" [For::Person] portal::app::show;
    get "/portal/installs" [For::Person] portal::requests::first;
    post "/portal/installs" [For::Person] portal::app::ask;
    get "/portal/installs/{install}" [For::Person] portal::install::show;
    post "/portal/installs/{install}/take-back" [For::Person] portal::install::take_back;
    get "/portal/requests" [For::Person] portal::requests::list;
    get "/portal/device" [For::Person] portal::device::show;
}

#[cfg(feature = "oidc")]
pages! {
    /// The pages of signing in by an identity provider.
    static PROVIDER_TABLE;

    get "/console/sign-in/oidc" [For::All(Surface::Console)] sign_in::oidc::start;
    get "/console/sign-in/oidc/return" [For::All(Surface::Console)] sign_in::oidc::finish;
    get "/portal/sign-in/oidc" [For::All(Surface::Portal)] sign_in::oidc::start;
    get "/portal/sign-in/oidc/return" [For::All(Surface::Portal)] sign_in::oidc::finish;
}

#[cfg(not(feature = "oidc"))]
static PROVIDER_TABLE: &[Entry] = &[];

/// Every page.
pub(super) fn entries() -> impl Iterator<Item = &'static Entry> {
    TABLE.iter().chain(PROVIDER_TABLE)
}
