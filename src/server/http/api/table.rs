//! THE table of the API: from it come the routes, the checks of role and query, and
//! `/api/v1/openapi.json`.

use super::endpoint::{AFTER, Endpoint, FROM, LIMIT, PAGE, Param, ParamKind, Shape, schema_of};
use super::{
    batches, certificates, command_view, commands, devices, events, import, install_table,
    inventory, openapi, policies, push, push_profiles, schemas, sessions, stream, tokens,
};
use crate::app;
use modegate_core::tokens::Access;

const fn text(name: &'static str, about: &'static str) -> Param {
    Param {
        name,
        kind: ParamKind::Text,
        required: false,
        about,
    }
}

const fn one_of(name: &'static str, names: &'static [&'static str], about: &'static str) -> Param {
    Param {
        name,
        kind: ParamKind::OneOf(names),
        required: false,
        about,
    }
}

const FAMILIES: &[&str] = &["windows81", "windows_phone81", "windows10"];
const HABITS: &[&str] = &[
    "never_seen",
    "only_machine",
    "names_no_mode",
    "by_hand",
    "unenrolled",
];
const STATES: &[&str] = &[
    "queued",
    "sent",
    "accepted",
    "succeeded",
    "failed",
    "unconfirmed",
    "cancelled",
    "expired",
];
const MODES: &[&str] = &["Machine", "Maintenance", "Apps", "Unspecified"];
const LOGINS: &[&str] = &["user", "others", "none", "absent"];

/// Every endpoint: those here, and those of [`install_table`].
pub(super) fn endpoints() -> impl Iterator<Item = &'static Endpoint> {
    TABLE.iter().chain(install_table::TABLE)
}

static TABLE: &[Endpoint] = &[
    Endpoint::post(
        "/devices",
        Access::Operate,
        "Registers a device",
        schema_of::<app::devices::NewDevice>,
        |route| route.to(devices::register),
    )
    .answers(201, Shape::One(schema_of::<devices::DeviceView>)),
    Endpoint::get(
        "/devices",
        Access::Read,
        "Lists devices; a page may hold fewer than asked for while `next` goes on",
        Shape::List(schema_of::<devices::DeviceView>),
        |route| route.to(devices::list),
    )
    .query(&[
        AFTER,
        LIMIT,
        text("group", "Only devices of this group"),
        one_of("family", FAMILIES, "Only devices of this family"),
        text("user", "Only devices of this user"),
        text("source", "Only the device with this source"),
        one_of("activity", HABITS, "Only devices with this habit"),
    ]),
    Endpoint::post(
        "/devices/import",
        Access::Operate,
        "Registers many devices in one transaction",
        schema_of::<app::import::Import>,
        |route| route.to(import::import),
    )
    .answers(200, Shape::One(schema_of::<import::ReportView>)),
    Endpoint::get(
        "/devices/{device}",
        Access::Read,
        "One device",
        Shape::One(schema_of::<devices::DeviceView>),
        |route| route.to(devices::one),
    )
    .tagged(),
    Endpoint::patch(
        "/devices/{device}",
        Access::Operate,
        "Changes what is given of a device",
        schema_of::<app::devices::DeviceChange>,
        |route| route.to(devices::change),
    )
    .answers(200, Shape::One(schema_of::<devices::DeviceView>))
    .tagged(),
    Endpoint::delete(
        "/devices/{device}",
        Access::Operate,
        "Retires a device: its record and queue are gone, its events stay",
        |route| route.to(devices::retire),
    )
    .tagged(),
    Endpoint::post(
        "/devices/{device}/certificates",
        Access::Operate,
        "Binds one more certificate, so that an old and a new one stand side by side while they rotate",
        schema_of::<app::certificates::NewCertificate>,
        |route| route.to(certificates::bind),
    )
    .answers(201, Shape::One(schema_of::<certificates::CertificateView>)),
    Endpoint::delete(
        "/devices/{device}/certificates/{sha256}",
        Access::Operate,
        "Revokes a certificate, bound or not: it proves nothing for this device from now on",
        |route| route.to(certificates::revoke),
    ),
    Endpoint::post(
        "/devices/{device}/commands",
        Access::Queue,
        "Queues a command; the role portal queues installs only",
        schema_of::<schemas::NewCommand>,
        |route| route.to(commands::queue),
    )
    .answers(201, Shape::One(schema_of::<command_view::CommandView>)),
    Endpoint::get(
        "/devices/{device}/commands",
        Access::Read,
        "A device's commands, final ones too",
        Shape::List(schema_of::<command_view::CommandView>),
        |route| route.to(commands::list),
    )
    .query(&[
        AFTER,
        LIMIT,
        one_of("state", STATES, "Only commands in this state"),
    ]),
    Endpoint::get(
        "/devices/{device}/preview",
        Access::Audit,
        "What a session in that context would carry now",
        Shape::One(schema_of::<commands::PreviewView>),
        |route| route.to(commands::preview),
    )
    .query(&[
        Param {
            required: true,
            ..one_of("mode", MODES, "The mode")
        },
        one_of("login", LOGINS, "The login status; absent if not told"),
        text("platform", "WoA, or another"),
    ]),
    Endpoint::get(
        "/devices/{device}/inventory",
        Access::Audit,
        "What is known of a device, with when it was read",
        Shape::One(schema_of::<inventory::InventoryView>),
        |route| route.to(inventory::of_device),
    )
    .query(&[text("class", "Only this class")]),
    Endpoint::get(
        "/devices/{device}/inventory/changes",
        Access::Audit,
        "What changed of it, the newest first",
        Shape::List(schema_of::<inventory::ChangeView>),
        |route| route.to(inventory::changes),
    )
    .query(PAGE),
    Endpoint::get(
        "/inventory",
        Access::Audit,
        "The devices of which every question is true; a page may hold fewer than asked for while `next` goes on",
        Shape::List(schema_of::<devices::DeviceView>),
        |route| route.to(inventory::search),
    )
    .query(&[
        AFTER,
        LIMIT,
        Param {
            name: "where",
            kind: ParamKind::Texts,
            required: true,
            about: "A question: Class.Property=value and the like; may be there more than once",
        },
    ]),
    Endpoint::get(
        "/devices/{device}/sessions",
        Access::Audit,
        "A device's sessions, the newest first",
        Shape::List(schema_of::<sessions::SessionView>),
        |route| route.to(sessions::list),
    )
    .query(PAGE),
    Endpoint::get(
        "/devices/{device}/events",
        Access::Audit,
        "A device's part of the log",
        Shape::List(schema_of::<events::EventView>),
        |route| route.to(events::of_device),
    )
    .query(PAGE),
    Endpoint::get(
        "/devices/{device}/events/stream",
        Access::Audit,
        "A device's part of the log as it grows; ids are the device's event numbers",
        Shape::Stream(schema_of::<events::EventView>),
        |route| route.to(stream::of_device),
    )
    .query(&[FROM]),
    Endpoint::post(
        "/commands",
        Access::Operate,
        "Queues a command for many devices: a batch, which works in the background",
        schema_of::<app::batches::NewBatch>,
        |route| route.to(batches::create),
    )
    .answers(202, Shape::One(schema_of::<batches::BatchView>)),
    Endpoint::get(
        "/batches",
        Access::Read,
        "Batches, the newest first",
        Shape::List(schema_of::<batches::BatchView>),
        |route| route.to(batches::list),
    )
    .query(PAGE),
    Endpoint::get(
        "/batches/{batch}",
        Access::Read,
        "One batch and its progress",
        Shape::One(schema_of::<batches::BatchView>),
        |route| route.to(batches::one),
    ),
    Endpoint::get(
        "/batches/{batch}/commands",
        Access::Read,
        "The commands that a batch queued",
        Shape::List(schema_of::<command_view::CommandView>),
        |route| route.to(batches::commands),
    )
    .query(PAGE),
    Endpoint::delete(
        "/batches/{batch}",
        Access::Operate,
        "Stops a batch; with commands=cancel what waits still is cancelled",
        |route| route.to(batches::stop),
    )
    .answers(200, Shape::One(schema_of::<batches::BatchView>))
    .query(&[one_of("commands", &["keep", "cancel"], "What becomes of what it queued; kept if not told")]),
    Endpoint::get(
        "/commands/{command}",
        Access::Read,
        "One command with its decisions and results",
        Shape::One(schema_of::<command_view::CommandView>),
        |route| route.to(commands::one),
    )
    .tagged(),
    Endpoint::delete(
        "/commands/{command}",
        Access::Operate,
        "Cancels a command that is not final",
        |route| route.to(commands::cancel),
    )
    .answers(200, Shape::One(schema_of::<command_view::CommandView>))
    .tagged(),
    Endpoint::act(
        "/commands/{command}/retry",
        Access::Operate,
        "Has an unconfirmed command sent again, or one that pauses at once",
        |route| route.to(commands::retry),
    )
    .answers(200, Shape::One(schema_of::<command_view::CommandView>))
    .tagged(),
    Endpoint::get(
        "/events",
        Access::Audit,
        "The log; for a token bound to groups, that of its devices, and pages may hold fewer than asked for",
        Shape::List(schema_of::<events::EventView>),
        |route| route.to(events::all),
    )
    .query(PAGE),
    Endpoint::get(
        "/events/stream",
        Access::Audit,
        "The log as it grows; ids are places in the log",
        Shape::Stream(schema_of::<events::EventView>),
        |route| route.to(stream::all),
    )
    .query(&[FROM]),
    Endpoint::get(
        "/policies",
        Access::Audit,
        "The policy set in force, with its files",
        Shape::One(schema_of::<policies::PolicySetView>),
        |route| route.to(policies::in_force),
    ),
    Endpoint::post(
        "/policies/try",
        Access::Operate,
        "Tries another policy set on recorded sessions: what would go otherwise. Changes nothing",
        schema_of::<app::policies::PolicyTryOut>,
        |route| route.to(policies::tried),
    )
    .answers(200, Shape::One(schema_of::<policies::TriedView>)),
    Endpoint::get(
        "/devices/{device}/channel",
        Access::Read,
        "The device's push channel: state, age, what WNS last answered, the latest wake; never its URI",
        Shape::One(schema_of::<push::ChannelView>),
        |route| route.to(push::channel),
    ),
    Endpoint::act(
        "/devices/{device}/wake",
        Access::Operate,
        "Asks for a push, so that the device begins a session; wishes for one device come together",
        |route| route.to(push::wake),
    )
    .answers(202, Shape::One(schema_of::<push::WakeView>)),
    Endpoint::post(
        "/push-profiles",
        Access::Admin,
        "Makes a push profile: a package family name with the credentials that may push to it",
        schema_of::<app::push_profiles::NewPushProfile>,
        |route| route.to(push_profiles::create),
    )
    .answers(201, Shape::One(schema_of::<push_profiles::ProfileView>)),
    Endpoint::get(
        "/push-profiles",
        Access::Audit,
        "All push profiles, the oldest first: the first that is for a device is the device's",
        Shape::List(schema_of::<push_profiles::ProfileView>),
        |route| route.to(push_profiles::list),
    ),
    Endpoint::get(
        "/push-profiles/{profile}",
        Access::Audit,
        "One push profile",
        Shape::One(schema_of::<push_profiles::ProfileView>),
        |route| route.to(push_profiles::one),
    ),
    Endpoint::patch(
        "/push-profiles/{profile}",
        Access::Admin,
        "Changes what is given of a push profile; other credentials are tried at once",
        schema_of::<app::push_profiles::PushProfileChange>,
        |route| route.to(push_profiles::change),
    )
    .answers(200, Shape::One(schema_of::<push_profiles::ProfileView>)),
    Endpoint::delete(
        "/push-profiles/{profile}",
        Access::Admin,
        "Deletes a push profile: its devices have no channel any more",
        |route| route.to(push_profiles::delete),
    ),
    Endpoint::act(
        "/push-profiles/{profile}/check",
        Access::Admin,
        "Has a push profile's credentials tried anew, and lets a stopped one send again",
        |route| route.to(push_profiles::check),
    )
    .answers(202, Shape::One(schema_of::<push_profiles::ProfileView>)),
    Endpoint::post(
        "/tokens",
        Access::Admin,
        "Makes a token; its text is shown in this answer only",
        schema_of::<app::tokens::NewToken>,
        |route| route.to(tokens::create),
    )
    .answers(201, Shape::One(schema_of::<tokens::CreatedTokenView>)),
    Endpoint::get(
        "/tokens",
        Access::Admin,
        "All tokens but the one of the file admin-token",
        Shape::List(schema_of::<tokens::TokenView>),
        |route| route.to(tokens::list),
    ),
    Endpoint::delete(
        "/tokens/{token}",
        Access::Admin,
        "Revokes a token, at once",
        |route| route.to(tokens::revoke),
    ),
    Endpoint::get(
        "/openapi.json",
        Access::Public,
        "This document",
        Shape::One(schema_of::<schemas::Document>),
        |route| route.to(openapi::show),
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use modegate_core::activity::Habit;
    use modegate_core::command::CommandState;
    use modegate_core::context::{Family, Login, Mode};

    #[test]
    fn the_words_are_those_of_the_types() {
        assert_eq!(FAMILIES, Family::ALL.map(Family::name));
        assert_eq!(HABITS, Habit::ALL.map(Habit::name));
        assert_eq!(STATES, CommandState::ALL.map(CommandState::name));
        for mode in MODES {
            assert!(Mode::from_name(mode).is_some(), "{mode}");
        }
        for login in LOGINS {
            assert!(Login::from_name(login).is_some(), "{login}");
        }
        assert_eq!(
            (MODES.len(), LOGINS.len()),
            (Mode::ALL.len(), Login::ALL.len())
        );
    }

    #[test]
    fn nothing_is_there_twice_and_writes_need_more_than_reading() {
        for (at, endpoint) in endpoints().enumerate() {
            let same =
                |other: &Endpoint| (other.method, other.path) == (endpoint.method, endpoint.path);
            assert!(!endpoints().take(at).any(same), "{}", endpoint.path);
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
