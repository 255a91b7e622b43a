//! THE table of the API: from it come the routes, the checks of role and query, and
//! `/api/v1/openapi.json`.

use super::endpoint::{AFTER, FROM, LIMIT, PAGE, Param, ParamKind, TAGGED, endpoints};
use super::{
    apps, batches, certificates, command_view, commands, devices, events, import, install_stream,
    installs, inventory, openapi, policies, push, push_profiles, schemas, stream, tokens, webhooks,
};
use crate::app::{self, word::all_words};
use modegate_core::activity::ActivityFlag;
use modegate_core::command::CommandState;
use modegate_core::context::{Family, Login, Mode};

const fn text(name: &'static str, about: &'static str) -> Param {
    Param {
        name,
        kind: ParamKind::Text,
        required: false,
        about,
    }
}

const fn one_of(
    name: &'static str,
    names: fn() -> Vec<&'static str>,
    about: &'static str,
) -> Param {
    Param {
        name,
        kind: ParamKind::OneOf(names),
        required: false,
        about,
    }
}

endpoints! {
    /// Every endpoint.
    pub(super) static TABLE;

    "Registers a device"
    post "/devices" [Operate] devices::register, body app::devices::NewDevice
        => 201 One devices::DeviceView;

    "Lists devices; a page may hold fewer than asked for while `next` goes on"
    get "/devices" [Read] devices::list => 200 List devices::DeviceView,
        query &[
            AFTER,
            LIMIT,
            text("group", "Only devices of this group"),
            one_of("family", all_words::<Family>, "Only devices of this family"),
            text("user", "Only devices of this user"),
            text("source", "Only the device with this source"),
            one_of("activity", all_words::<ActivityFlag>, "Only devices with this habit"),
        ];

    "Registers many devices in one transaction"
    post "/devices/import" [Operate] import::import, body app::import::Import
        => 200 One import::ReportView;

    "One device"
    get "/devices/{device}" [Read, TAGGED] devices::one => 200 One devices::DeviceView;

    "Changes what is given of a device"
    patch "/devices/{device}" [Operate, TAGGED] devices::change, body app::devices::DevicePatch
        => 200 One devices::DeviceView;

    "Retires a device: its record and queue are gone, its events stay"
    delete "/devices/{device}" [Operate, TAGGED] devices::retire => 204 Nothing;

    "Binds one more certificate, so that an old and a new one stand side by side while they rotate"
    post "/devices/{device}/certificates" [Operate] certificates::bind, body app::certificates::NewCertificate
        => 201 One certificates::CertificateView;

    "Revokes a certificate, bound or not: it proves nothing for this device from now on"
    delete "/devices/{device}/certificates/{sha256}" [Operate] certificates::revoke => 204 Nothing;

    "Queues a command; the role portal queues installs only"
    post "/devices/{device}/commands" [Queue] commands::queue, body schemas::NewCommand
        => 201 One command_view::CommandView;

    "A device's commands, final ones too"
    get "/devices/{device}/commands" [Read] commands::list => 200 List command_view::CommandView,
        query &[
            AFTER,
            LIMIT,
            one_of("state", all_words::<CommandState>, "Only commands in this state"),
        ];

    "What a session in that context would carry now"
    get "/devices/{device}/preview" [Audit] commands::preview => 200 One commands::PreviewView,
        query &[
            Param {
                required: true,
                ..one_of("mode", all_words::<Mode>, "The mode")
            },
            one_of("login", all_words::<Login>, "The login status; absent if not told"),
            text("platform", "WoA, or another"),
        ];

    "What is known of a device, with when it was read"
    get "/devices/{device}/inventory" [Audit] inventory::of_device
        => 200 One inventory::InventoryView, query &[text("class", "Only this class")];

    "What changed of it, the newest first"
    get "/devices/{device}/inventory/changes" [Audit] inventory::changes
        => 200 List inventory::ChangeView, query PAGE;

    "The devices of which every question is true; a page may hold fewer than asked for while `next` goes on"
    get "/inventory" [Audit] inventory::search => 200 List devices::DeviceView,
        query &[
            AFTER,
            LIMIT,
            Param {
                name: "where",
                kind: ParamKind::Texts,
                required: true,
                about: "A question: Class.Property=value and the like; may be there more than once",
            },
        ];

    "A device's sessions, the newest first"
    get "/devices/{device}/sessions" [Audit] events::sessions => 200 List app::sessions::Session, query PAGE;

    "A device's part of the log"
    get "/devices/{device}/events" [Audit] events::of_device => 200 List events::EventView, query PAGE;

    "A device's part of the log as it grows; ids are the device's event numbers"
    get "/devices/{device}/events/stream" [Audit] stream::of_device => 200 Stream events::EventView, query &[FROM];

    "Queues a command for many devices: a batch, which works in the background"
    post "/commands" [Operate] batches::create, body app::batches::NewBatch
        => 202 One batches::BatchView;

    "Batches, the newest first"
    get "/batches" [Read] batches::list => 200 List batches::BatchView, query PAGE;

    "One batch and its progress"
    get "/batches/{batch}" [Read] batches::one => 200 One batches::BatchView;

    "The commands that a batch queued"
    get "/batches/{batch}/commands" [Read] batches::commands => 200 List command_view::CommandView, query PAGE;

    "Stops a batch; with commands=cancel what waits still is cancelled"
    delete "/batches/{batch}" [Operate] batches::stop => 200 One batches::BatchView,
        query &[one_of("commands", || vec!["keep", "cancel"], "What becomes of what it queued; kept if not told")];

    "One command with its decisions and results"
    get "/commands/{command}" [Read, TAGGED] commands::one => 200 One command_view::CommandView;

    "Cancels a command that is not final"
    delete "/commands/{command}" [Operate, TAGGED] commands::cancel
        => 200 One command_view::CommandView;

    "Has an unconfirmed command sent again, or one that pauses at once"
    post "/commands/{command}/retry" [Operate, TAGGED] commands::retry
        => 200 One command_view::CommandView;

    "The log; for a token bound to groups, that of its devices, and pages may hold fewer than asked for"
    get "/events" [Audit] events::all => 200 List events::EventView, query PAGE;

    "The log as it grows; ids are places in the log"
    get "/events/stream" [Audit] stream::all => 200 Stream events::EventView, query &[FROM];

    "The policy set in force, with its files"
    get "/policies" [Audit] policies::in_force => 200 One policies::PolicySetView;

    "Tries another policy set on recorded sessions: what would go otherwise. Changes nothing"
    post "/policies/try" [Operate] policies::tried, body app::policies::PolicyTryOut
        => 200 One app::policies::TryOutResult;

    "The device's push channel: state, age, what WNS last answered, the latest wake; never its URI"
    get "/devices/{device}/channel" [Read] push::channel => 200 One push::ChannelView;

    "Asks for a push, so that the device begins a session; wishes for one device come together"
    post "/devices/{device}/wake" [Operate] push::wake => 202 One push::WakeView;

    "Makes a push profile: a package family name with the credentials that may push to it"
    post "/push-profiles" [Admin] push_profiles::create, body app::push_profiles::NewPushProfile
        => 201 One push_profiles::ProfileView;

    "All push profiles, the oldest first: the first that is for a device is the device's"
    get "/push-profiles" [Audit] push_profiles::list => 200 List push_profiles::ProfileView;

    "One push profile"
    get "/push-profiles/{profile}" [Audit] push_profiles::one => 200 One push_profiles::ProfileView;

    "Changes what is given of a push profile; other credentials are tried at once"
    patch "/push-profiles/{profile}" [Admin] push_profiles::change, body app::push_profiles::PushProfileChange
        => 200 One push_profiles::ProfileView;

    "Deletes a push profile: its devices have no channel any more"
    delete "/push-profiles/{profile}" [Admin] push_profiles::delete => 204 Nothing;

    "Has a push profile's credentials tried anew, and lets a stopped one send again"
    post "/push-profiles/{profile}/check" [Admin] push_profiles::check
        => 202 One push_profiles::ProfileView;

    "Makes a token; its text is shown in this answer only"
    post "/tokens" [Admin] tokens::create, body app::tokens::NewToken
        => 201 One tokens::CreatedTokenView;

    "All tokens but the one of the file admin-token"
    get "/tokens" [Admin] tokens::list => 200 List tokens::TokenView;

    "Revokes a token, at once"
    delete "/tokens/{token}" [Admin] tokens::revoke => 204 Nothing;

    "This document"
    get "/openapi.json" [Public] openapi::show => 200 One schemas::Document;


    "Asks for an app on a device; the same app and version again is the same install (200)"
    post "/devices/{device}/installs" [Queue] installs::create, body app::installs::NewInstall
        => 201 One installs::InstallView;

    "A device's installs, the newest first"
    get "/devices/{device}/installs" [Read] installs::list => 200 List installs::InstallView, query PAGE;

    "One install with its history"
    get "/installs/{install}" [Read] installs::one => 200 One installs::InstallView;

    "Takes an install back"
    delete "/installs/{install}" [Queue] installs::cancel => 200 One installs::InstallView;

    "The steps of an install as they come, until it is final; ids are their numbers"
    get "/installs/{install}/events" [Read] install_stream::steps => 200 Stream installs::StepView;

    "Puts an app into the catalogue"
    post "/apps" [Operate] apps::create, body app::catalogue_input::NewApp => 201 One apps::AppView;

    "The catalogue; for a token bound to groups, what is for them, and pages may hold fewer than asked for"
    get "/apps" [Read] apps::list => 200 List apps::AppView, query PAGE;

    "One app"
    get "/apps/{app}" [Read, TAGGED] apps::one => 200 One apps::AppView;

    "Changes what is given of an app; fields of a version add that version or take its place"
    patch "/apps/{app}" [Operate, TAGGED] apps::change, body app::catalogue_input::AppChange
        => 200 One apps::AppView;

    "Takes an app out of the catalogue; installs under way go on"
    delete "/apps/{app}" [Operate, TAGGED] apps::delete => 204 Nothing;

    "Has the steps of installs told to a URL; a secret that is not given is made, and shown in this answer only"
    post "/webhooks" [Admin] webhooks::create, body app::webhooks::NewWebhook
        => 201 One webhooks::WebhookView;

    "All webhooks"
    get "/webhooks" [Admin] webhooks::list => 200 List webhooks::WebhookView;

    "Deletes a webhook, and what it was still to be told"
    delete "/webhooks/{webhook}" [Admin] webhooks::delete => 204 Nothing;
}

#[cfg(test)]
mod tests {
    use super::super::endpoint::Endpoint;
    use super::*;
    use modegate_core::tokens::Access;

    #[test]
    fn nothing_is_there_twice_and_writes_need_more_than_reading() {
        for (at, endpoint) in TABLE.iter().enumerate() {
            let same =
                |other: &Endpoint| (other.method, other.path) == (endpoint.method, endpoint.path);
            assert!(!TABLE.iter().take(at).any(same), "{}", endpoint.path);
            let reads = matches!(
                endpoint.access,
                Access::Public | Access::Read | Access::Audit
            );
            if reads {
                assert_eq!(endpoint.method, "get", "{}", endpoint.path);
            }
        }
    }
}
