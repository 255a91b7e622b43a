//! The table of the API: it defines the routes, the checks of role and query, and
//! `/api/v1/openapi.json`.

use super::endpoint::{AFTER, FROM, LIMIT, PAGE, Param, ParamKind, TAGGED, endpoints};
use super::{
    alerts, apps, audit, batches, certificates, command_view, commands, compliance, devices,
    enrollments, events, fleet, history, import, install_stream, installs, inventory, offers,
    openapi, policies, portal_links, push, push_profiles, refused_devices, schemas, server,
    server_password, stream, tokens, webhooks,
};
use crate::app::{self, alerts::AlertState, word::all_words};
use modegate_core::alert::Severity;
use modegate_core::command::CommandState;
use modegate_core::compliance::ComplianceState;
use modegate_core::context::{Family, Login, Mode};
use modegate_core::device::ActivityFlag;
use modegate_core::device::AuthFailure;
use modegate_core::enrollment::Phase;
use modegate_core::event::EventType;
use modegate_core::fleet::DeviceFlag;

const fn text(name: &'static str, about: &'static str) -> Param {
    Param {
        name,
        kind: ParamKind::Text,
        required: false,
        about,
    }
}

const fn number(name: &'static str, about: &'static str) -> Param {
    Param {
        name,
        kind: ParamKind::Integer(0, i64::MAX as u64),
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

    "Lists devices in the order of their registration, or of the names that `prefix` finds; a page may contain fewer than `limit` while `next` is set"
    get "/devices" [Browse] devices::list => 200 List devices::DeviceView,
        query &[
            AFTER,
            LIMIT,
            text("prefix", "Only devices whose source begins so, or whose user does if web.user_index is prefix; letter case does not matter"),
            text("group", "Only devices of this group"),
            one_of("family", all_words::<Family>, "Only devices of this family"),
            text("user", "Only devices of this user; letter case does not matter"),
            text("source", "Only the device with this source"),
            one_of("flag", all_words::<DeviceFlag>, "Only devices with this flag, as the latest walk over all devices found it"),
            one_of("activity", all_words::<ActivityFlag>, "Only devices with this activity"),
            text("not_seen_since", "Only devices that began no session since this time (RFC 3339)"),
        ];

    "How many devices match, up to 10,001"
    get "/devices/count" [Browse] devices::count => 200 One devices::CountView,
        query &[
            text("prefix", "Only devices whose source begins so, or whose user does if web.user_index is prefix; letter case does not matter"),
            text("group", "Only devices of this group"),
            one_of("family", all_words::<Family>, "Only devices of this family"),
            text("user", "Only devices of this user; letter case does not matter"),
            one_of("flag", all_words::<DeviceFlag>, "Only devices with this flag, as the latest walk over all devices found it"),
        ];

    "What the latest walk over all devices counted; for tokens that see all devices"
    get "/fleet" [Audit] fleet::census => 200 One fleet::FleetView;

    "Registers many devices in one transaction"
    post "/devices/import" [Operate] import::import, body app::import::Import
        => 200 One import::ReportView;

    "One device"
    get "/devices/{device}" [Browse, TAGGED] devices::one => 200 One devices::DeviceView;

    "Changes the given fields of a device"
    patch "/devices/{device}" [Operate, TAGGED] devices::change, body app::devices::DevicePatch
        => 200 One devices::DeviceView;

    "Retires a device: its record and queue are deleted, its events stay"
    delete "/devices/{device}" [Operate, TAGGED] devices::retire => 204 Nothing;

    "Binds another certificate, so that the old and the new one are both valid during a rotation"
    post "/devices/{device}/certificates" [Operate] certificates::bind, body app::certificates::NewCertificate
        => 201 One certificates::CertificateView;

    "Revokes a certificate, bound or not: this device can no longer authenticate with it"
    delete "/devices/{device}/certificates/{sha256}" [Operate] certificates::revoke => 204 Nothing;

    "Makes a new random password by which the server proves itself to this device alone; it is in this response only"
    post "/devices/{device}/server-password" [Operate] server_password::renew
        => 201 One server_password::ServerCredentialsView;

    "Makes a one-time link by which the device's user signs in to the portal, once and within 30 minutes; what lets the user in is in this response only"
    post "/devices/{device}/portal-links" [Operate] portal_links::create
        => 201 One portal_links::CreatedPortalLinkView;

    "The one-time links of a device that can be used now, the newest first"
    get "/devices/{device}/portal-links" [Audit] portal_links::list
        => 200 List portal_links::PortalLinkView, query PAGE;

    "Ends a one-time link before it is used"
    delete "/devices/{device}/portal-links/{link}" [Operate] portal_links::end => 204 Nothing;

    "Queues a command; the role portal queues installs of the catalogue only"
    post "/devices/{device}/commands" [Queue] commands::queue, body schemas::NewCommand
        => 201 One command_view::CommandView;

    "A device's commands, final ones too, the oldest first"
    get "/devices/{device}/commands" [Read] commands::list => 200 List command_view::CommandView,
        query &[
            AFTER,
            LIMIT,
            one_of("state", all_words::<CommandState>, "Only commands in this state"),
        ];

    "The latest requests for a session that were refused, the latest first: a list of a few hundred, kept in memory"
    get "/refused-devices" [Audit] refused_devices::list => 200 List refused_devices::RefusedView,
        query &[
            text("source", "Only those that called themselves so"),
            text("address", "Only those from this IP address"),
            text("certificate_sha256", "Only those that showed this certificate"),
            one_of("reason", all_words::<AuthFailure>, "Only those refused for this reason"),
        ];

    "What a session in that context would carry now"
    get "/devices/{device}/preview" [Audit] commands::preview => 200 One commands::PreviewView,
        query &[
            Param {
                required: true,
                ..one_of("mode", all_words::<Mode>, "The mode")
            },
            one_of("login", all_words::<Login>, "The login status; default: absent"),
            text("platform", "WoA, or another"),
        ];

    "The inventory of a device, with the time of each reading"
    get "/devices/{device}/inventory" [Audit] inventory::of_device
        => 200 One inventory::InventoryView, query &[text("class", "Only this class")];

    "Changes of the inventory, the newest first"
    get "/devices/{device}/inventory/changes" [Audit] inventory::changes
        => 200 List inventory::ChangeView, query PAGE;

    "The devices that match every condition, in the order of their ids; a page may contain fewer than `limit` while `next` is set"
    get "/inventory" [Audit] inventory::search => 200 List devices::DeviceView,
        query &[
            AFTER,
            LIMIT,
            Param {
                name: "where",
                kind: ParamKind::Texts,
                required: true,
                about: "A condition such as Class.Property=value; may be repeated",
            },
        ];

    "A device's sessions, the newest first"
    get "/devices/{device}/sessions" [Audit] events::sessions => 200 List app::sessions::Session, query PAGE;

    "When a device was here in which mode: its sessions of the last 14 days by the hour (UTC) in which they began"
    get "/devices/{device}/calendar" [Audit] history::of_device => 200 One history::CalendarView;

    "The events of a device, the oldest first"
    get "/devices/{device}/events" [Audit] events::of_device => 200 List events::EventView, query PAGE;

    "A stream of a device's events; ids are the device's event numbers"
    get "/devices/{device}/events/stream" [Audit] stream::of_device => 200 Stream events::EventView, query &[FROM];

    "Queues a command for many devices, as a batch in the background"
    post "/commands" [Operate] batches::create, body app::batches::NewBatch
        => 202 One batches::BatchView;

    "Batches, the newest first"
    get "/batches" [Read] batches::list => 200 List batches::BatchView, query PAGE;

    "One batch and its progress"
    get "/batches/{batch}" [Read] batches::one => 200 One batches::BatchView;

    "The commands that a batch queued, in the order in which it queued them"
    get "/batches/{batch}/commands" [Read] batches::commands => 200 List command_view::CommandView, query PAGE;

    "Stops a batch; with commands=cancel, its queued commands are cancelled"
    delete "/batches/{batch}" [Operate] batches::stop => 200 One batches::BatchView,
        query &[one_of("commands", || vec!["keep", "cancel"], "What happens to the commands that it queued; default: keep")];

    "One command with its decisions and results"
    get "/commands/{command}" [Read, TAGGED] commands::one => 200 One command_view::CommandView;

    "Cancels a command that is not final"
    delete "/commands/{command}" [Operate, TAGGED] commands::cancel
        => 200 One command_view::CommandView;

    "Sends an unconfirmed command again, or one that pauses before its next attempt at once"
    post "/commands/{command}/retry" [Operate, TAGGED] commands::retry
        => 200 One command_view::CommandView;

    "The events, the oldest first unless `order` is desc; for a token with groups those of its devices, and a page may contain fewer than `limit`"
    get "/events" [Audit] events::all => 200 List events::EventView,
        query &[
            AFTER,
            LIMIT,
            text("from", "Only events from this time on (RFC 3339)"),
            text("to", "Only events until this time (RFC 3339)"),
            one_of("type", all_words::<EventType>, "Only events of this type"),
            one_of("mode", all_words::<Mode>, "Only exchanges in this mode, as decided"),
            text("actor", "Only events by this actor, such as api:admin"),
            text("device", "Only events of this device; `after` and `next` are its event numbers then"),
            one_of("order", all_words::<app::log::Order>, "asc: the oldest first (default); desc: the newest first"),
        ];

    "All devices by the hour (UTC): sessions, queues at their fullest, installs that ended. For tokens that see all devices"
    get "/history" [Audit] history::all => 200 One history::HistoryView,
        query &[
            Param {
                name: "hours",
                kind: ParamKind::Integer(1, crate::limits::HISTORY_HOURS),
                required: false,
                about: "How many hours; default: 48",
            },
            text("to", "A time in the last of the hours (RFC 3339); default: now"),
        ];

    "A stream of all events; ids are positions in the log"
    get "/events/stream" [Audit] stream::all => 200 Stream events::EventView, query &[FROM];

    "The newest checkpoint of the log: a signed note (c2sp.org/tlog-checkpoint); with audit.public for everybody"
    get "/audit/checkpoint" [Proof] audit::checkpoint => 200 Text;

    "A tile of the log's tree (c2sp.org/tlog-tiles) by its path, such as 0/x001/234.p/5; with audit.public for everybody. Bundles of entries (entries/…) need a token without groups"
    get "/audit/tile/{tile}" [Proof] audit::tile => 200 Bytes;

    "The proof that an entry is in the log (c2sp.org/tlog-proof), one after another for all that was done with a command, or that one tree is the beginning of another"
    get "/audit/proof" [Audit] audit::proof => 200 Text,
        query &[
            number("event", "The number of the entry in the log, from 0"),
            text("command", "The id of a command"),
            number("from", "The size of the older tree"),
            number("to", "The size of the newer tree, of which a checkpoint is kept; default: the newest"),
        ];

    "Verifies the newest part of the log: the newest checkpoint, the latest entries, the latest older checkpoints"
    get "/audit/verify" [Audit] audit::verify => 200 One app::audit::LogCheck;

    "Seals what is logged by now, and returns the checkpoint"
    post "/audit/checkpoints" [Admin] audit::seal => 201 One app::audit::CheckpointView;

    "Puts an export of the log on record: retention deletes only what was exported"
    post "/audit/exports" [Admin] audit::export, body app::audit::NewExport => 201 One app::audit::ExportView;

    "Signs the log's checkpoints with a new key; the old one signs too for 30 days"
    post "/audit/key-rotations" [Admin] audit::rotate_key => 201 One app::audit::KeyView;

    "Removes the text of an entry of the log for good; its hash stays, and the removal is logged with its reason"
    post "/audit/redactions" [Admin] audit::redact, body app::audit::NewRedaction => 201 One app::audit::RedactionView;

    "The policy set in force, with its files"
    get "/policies" [Audit] policies::in_force => 200 One policies::PolicySetView;

    "A policy set that is or was in force, by the digest that events name"
    get "/policies/{digest}" [Audit] policies::one => 200 One policies::PolicySetView;

    "Reads the server's policy files again and puts them in force, with the token's name in the log. Where they are invalid, every fault is reported and the set in force stays"
    post "/policies/reload" [Admin] policies::reload => 200 One app::policy_reload::LoadedPolicySet;

    "Evaluates another policy set against recorded sessions and reports the differences. Changes nothing"
    post "/policies/try" [Operate] policies::tried, body app::policies::PolicyTryOut
        => 200 One app::policies::TryOutResult;

    "The baselines of compliance in force, with how many devices are in each state"
    get "/compliance" [Audit] compliance::overview => 200 One compliance::ComplianceView;

    "One baseline with its controls, and how many devices are in each state by each"
    get "/compliance/{baseline}" [Audit] compliance::one => 200 One compliance::BaselineView;

    "The devices that a baseline covers, and how they stand; a page may contain fewer than `limit` while `next` is set"
    get "/compliance/{baseline}/devices" [Audit] compliance::devices => 200 List compliance::DeviceStateView,
        query &[
            AFTER,
            LIMIT,
            one_of("state", all_words::<ComplianceState>, "Only devices in this state, by the control if one is named"),
            text("control", "By this control alone"),
        ];

    "How a device stands to each control of the baselines that cover it, with the value, the reading, the session and the policy set that show it"
    get "/devices/{device}/compliance" [Audit] compliance::of_device
        => 200 One compliance::DeviceComplianceView;

    "The device's push channel: state, age, the last response of WNS, the latest wake; never its URI"
    get "/devices/{device}/channel" [Read] push::channel => 200 One push::ChannelView;

    "Requests a push, so that the device starts a session; requests for one device are merged"
    post "/devices/{device}/wake" [Operate] push::wake, optional app::wakes::NewWake => 202 One push::WakeView;

    "Creates a push profile: a package family name with the credentials that can push to it"
    post "/push-profiles" [Admin] push_profiles::create, body app::push_profiles::NewPushProfile
        => 201 One push_profiles::ProfileView;

    "All push profiles, the oldest first: a device uses the first one that applies to it; for a token with groups those that apply to their devices"
    get "/push-profiles" [Audit] push_profiles::list => 200 List push_profiles::ProfileView, query PAGE;

    "One push profile"
    get "/push-profiles/{profile}" [Audit] push_profiles::one => 200 One push_profiles::ProfileView;

    "Changes the given fields of a push profile; new credentials are checked at once"
    patch "/push-profiles/{profile}" [Admin] push_profiles::change, body app::push_profiles::PushProfileChange
        => 200 One push_profiles::ProfileView;

    "Deletes a push profile: its devices no longer have a channel"
    delete "/push-profiles/{profile}" [Admin] push_profiles::delete => 204 Nothing;

    "Checks a push profile's credentials again, and lets a stopped profile send again"
    post "/push-profiles/{profile}/check" [Admin] push_profiles::check
        => 202 One push_profiles::ProfileView;

    "What the server is and how it does: version, listeners, storage, workers, certificates, keys, the settings in force with secrets as ***"
    get "/server" [Admin] server::describe => 200 One app::server::ServerView;

    "Creates a token; its text is in this response only"
    post "/tokens" [Admin] tokens::create, body app::tokens::NewToken
        => 201 One tokens::CreatedTokenView;

    "All tokens except the one in the file admin-token, the oldest first"
    get "/tokens" [Admin] tokens::list => 200 List tokens::TokenView, query PAGE;

    "Revokes a token immediately"
    delete "/tokens/{token}" [Admin] tokens::revoke => 204 Nothing;

    "Creates a one-time token by which one device enrolls; its text is in this response only"
    post "/enrollment-tokens" [Operate] enrollments::make_token, body app::enrollments::NewEnrollmentToken
        => 201 One enrollments::CreatedEnrollmentTokenView;

    "The tokens for enrollments, the newest first"
    get "/enrollment-tokens" [Audit] enrollments::list_tokens
        => 200 List enrollments::EnrollmentTokenView, query PAGE;

    "Withdraws a token for an enrollment before it is used"
    delete "/enrollment-tokens/{enrollment_token}" [Operate] enrollments::withdraw_token => 204 Nothing;

    "Enrollments, the newest first; a page may contain fewer than `limit` while `next` is set"
    get "/enrollments" [Audit] enrollments::list => 200 List enrollments::EnrollmentView,
        query &[
            AFTER,
            LIMIT,
            one_of("state", all_words::<Phase>, "Only enrollments in this state"),
            text("user", "Only enrollments of this user's devices; letter case does not matter"),
            text("device", "Only enrollments of the device with this id"),
        ];

    "One enrollment"
    get "/enrollments/{enrollment}" [Audit] enrollments::one => 200 One enrollments::EnrollmentView;

    "Gives an enrollment that is in conflict the record of the device that it named itself as"
    post "/enrollments/{enrollment}/release" [Operate] enrollments::release
        => 200 One enrollments::EnrollmentView;

    "Revokes an enrollment: its certificates prove nothing any more"
    post "/enrollments/{enrollment}/revoke" [Operate] enrollments::revoke
        => 200 One enrollments::EnrollmentView;

    "This document"
    get "/openapi.json" [Public] openapi::show => 200 One schemas::Document;

    "Requests an app on a device; the same app and version again is the same install (200)"
    post "/devices/{device}/installs" [Install] installs::create, body app::installs::NewInstall
        => 201 One installs::InstallView;

    "A device's installs, the newest first; for a token of a person its own, and a page may contain fewer than `limit`"
    get "/devices/{device}/installs" [Browse] installs::list => 200 List installs::InstallView, query PAGE;

    "The catalogue's apps for a device, each with what it is there: whether it can be asked for, is under way or installed, or why not; a page may contain fewer than `limit`"
    get "/devices/{device}/offers" [Browse] offers::list => 200 List offers::OfferView,
        query &[text("q", "Only apps whose name, id or description contains this text; case does not matter"), AFTER, LIMIT];

    "One install with its history"
    get "/installs/{install}" [Browse] installs::one => 200 One installs::InstallView;

    "Cancels an install"
    delete "/installs/{install}" [Install] installs::cancel => 200 One installs::InstallView;

    "A stream of an install's steps until it is final; ids are step numbers"
    get "/installs/{install}/events" [Browse] install_stream::steps => 200 Stream installs::StepView;

    "Adds an app to the catalogue"
    post "/apps" [Operate] apps::create, body app::catalogue_input::NewApp => 201 One apps::AppView;

    "The catalogue in the order in which apps were added; for a token with groups or a person the apps for their devices, and a page may contain fewer than `limit`"
    get "/apps" [Browse] apps::list => 200 List apps::AppView, query PAGE;

    "One app"
    get "/apps/{app}" [Browse, TAGGED] apps::one => 200 One apps::AppView;

    "Changes the given fields of an app; fields of a version add or replace that version"
    patch "/apps/{app}" [Operate, TAGGED] apps::change, body app::catalogue_input::AppChange
        => 200 One apps::AppView;

    "Removes an app from the catalogue; installs in progress continue"
    delete "/apps/{app}" [Operate, TAGGED] apps::delete => 204 Nothing;

    "What an operator should act on, the newest first, and the latest that was; for a token with groups about its devices and push profiles"
    get "/alerts" [Audit] alerts::list => 200 List alerts::AlertView,
        query &[
            AFTER,
            LIMIT,
            one_of("state", all_words::<AlertState>, "Only alerts in this state"),
            one_of("severity", all_words::<Severity>, "Only alerts of this severity"),
        ];

    "Sends the steps of installs, and alerts, to a URL; if no secret is given, one is generated and is in this response only"
    post "/webhooks" [Admin] webhooks::create, body app::webhooks::NewWebhook
        => 201 One webhooks::WebhookView;

    "All webhooks, the oldest first"
    get "/webhooks" [Admin] webhooks::list => 200 List webhooks::WebhookView, query PAGE;

    "One webhook"
    get "/webhooks/{webhook}" [Admin] webhooks::one => 200 One webhooks::WebhookView;

    "Changes the given fields of a webhook; what waits already goes to the new URL"
    patch "/webhooks/{webhook}" [Admin] webhooks::change, body app::webhooks::WebhookChange
        => 200 One webhooks::WebhookView;

    "The deliveries of a webhook, the newest first: those that wait, and the 100 that ended last"
    get "/webhooks/{webhook}/deliveries" [Admin] webhooks::deliveries => 200 List webhooks::DeliveryView, query PAGE;

    "Sends a test event to a webhook"
    post "/webhooks/{webhook}/test" [Admin] webhooks::test => 202 One webhooks::DeliveryView;

    "Sends the content of a delivery once more, whatever became of it"
    post "/webhooks/{webhook}/deliveries/{delivery}/redelivery" [Admin] webhooks::redeliver
        => 202 One webhooks::DeliveryView;

    "Gives a webhook another secret; for a while requests are signed with both"
    post "/webhooks/{webhook}/secret" [Admin] webhooks::rotate_secret, body app::webhooks::NewSecret
        => 200 One webhooks::WebhookView;

    "Deletes a webhook and its pending deliveries"
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
                Access::Public | Access::Browse | Access::Read | Access::Audit | Access::Proof
            );
            if reads {
                assert_eq!(endpoint.method, "get", "{}", endpoint.path);
            }
        }
    }
}
