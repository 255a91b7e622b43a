//! What concerns the device itself: MDM_Client and the push channel. Where nodes
//! differ by family, phones and Windows 10 have those of [`dmclient`].

use super::argument::{Arguments, Needed, Optional, Result, arguments};
use super::dmclient::{self, PROVIDER};
use super::entry::{BuildContext, Built, Type, exec};
use super::forms::Hidden;
use crate::command::{CLIENT_ID, Operation, Unanswered};
use crate::context::Family;
use crate::fields::quoted;
use crate::limits;
use crate::loc_uri::LocUri;
use crate::push::profile::Pfn;
use crate::templates::{self, Templates};
use crate::wmi;
use crate::wmi::ValueForm::{self, Safe};

arguments! {
    USER: Needed<ValueForm> = "user", Safe(512), "the user's name";
    PASSWORD: Needed<Hidden<ValueForm>> = "password", Hidden(Safe(512)), "the new password";
    APP_ID: Optional<ValueForm> = "app_id", Safe(512),
        "the AppId of the channel; needed on Windows 8.1";
    /// The PFN of a channel.
    FAMILY_NAME: Needed<ValueForm> = "package_family_name", Safe(512),
        "the package family name (PFN)";
}

pub(super) const RESET_USER_PASSWORD: Type = Type {
    expires_ms: Some(limits::PASSWORD_RESET_EXPIRY_MS),
    ..Type::new(
        "reset_user_password",
        "sets a user's password (Windows 8.1 Update); allowed in every mode; expires in 24 h by default",
        &[&USER, &PASSWORD],
        reset,
    )
    .superseding()
};

pub(super) const LOCK_WORKSTATION: Type =
    Type::new("lock_workstation", "locks the screen", &[], |_, context| {
        Ok(Built::new(vec![on_client(
            context,
            "LockWorkstation",
            None,
        )]))
    });

pub(super) const UNENROLL: Type = Type::new(
    "unenroll",
    "ends the device's enrolment; allowed in every mode; its queue is closed after it",
    &[&PROVIDER],
    unenroll,
)
.of(&Family::ALL);

pub(super) const WNS_UPDATE_CONFIGURATION: Type = Type::new(
    "wns_update_configuration",
    "sets or renews the push channel: on Windows 8.1 by MDM_WNSConfiguration, Maintenance only; on phones and Windows 10 by DMClient's Push/PFN",
    &[&APP_ID, &FAMILY_NAME, &PROVIDER],
    update_configuration,
)
.superseding()
.of(&Family::ALL);

pub(super) const WNS_READ_CHANNEL: Type = Type::new(
    "wns_read_channel",
    "reads the push channel: URI and status, on Windows 8.1 expiry, last error and whether it is configured, elsewhere the PFN",
    &[&APP_ID, &PROVIDER],
    read_channel,
)
.superseding()
.of(&Family::ALL);

/// `MDM_Client.DeviceClientID=…`, its key known only when the command goes out.
fn on_client(context: &BuildContext<'_>, method: &str, data: Option<String>) -> Operation {
    let id = CLIENT_ID.to_string();
    let key = context
        .templates
        .render(
            &templates::DEVICE_CLIENT_ID_KEY,
            &[("device_client_id", &id)],
        )
        .unwrap_or(id);
    let class = wmi::CLIENT.loc_uri();
    let client = class.below(&format!("MDM_Client.DeviceClientID={key}"));
    exec(client.method(method), data)
}

fn reset(arguments: &Arguments<'_>, context: &BuildContext<'_>) -> Result<Built> {
    let (user, password) = (arguments.get(&USER)?, arguments.get(&PASSWORD)?);
    let values = [("user", &*user), ("password", &*password)];
    let data = context
        .templates
        .render(&templates::RESET_USER_PASSWORD, &values);
    let built = Built::new(vec![on_client(context, "ResetUserPassword", data)]);
    Ok(Built {
        target: Some(user.to_lowercase()),
        ..built.unanswered(Unanswered::Keep)
    })
}

fn unenroll(arguments: &Arguments<'_>, context: &BuildContext<'_>) -> Result<Built> {
    if arguments.family != Family::Windows81 {
        return dmclient::unenroll(arguments, context);
    }
    let id = CLIENT_ID.to_string();
    let values = [("device_client_id", &*id)];
    let data = context.templates.render(&templates::UNENROLL, &values);
    let request = on_client(context, "SendUnenrollRequest", data);
    Ok(Built::new(vec![request]))
}

fn update_configuration(arguments: &Arguments<'_>, context: &BuildContext<'_>) -> Result<Built> {
    let family_name = checked_family_name(arguments)?;
    if arguments.family != Family::Windows81 {
        return dmclient::set_channel(arguments, context, &family_name);
    }
    let set = channel_set(&app_id(arguments)?, &family_name, context.templates);
    Ok(Built::new(vec![set]))
}

/// The PFN, which is a family name: what a package's full name would set up never gets a
/// channel, and Windows Phone articles call either by the same letters.
fn checked_family_name(arguments: &Arguments<'_>) -> Result<String> {
    let text = arguments.get(&FAMILY_NAME)?;
    let (expected, found) = match (Pfn::parse(&text), Pfn::from_full_name(&text)) {
        (Ok(_), _) => return Ok(text),
        (_, Ok(family)) => (
            format!("a package family name, here {}", quoted(family.as_str())),
            "a package full name".to_owned(),
        ),
        (Err(_), Err(_)) => {
            let form =
                "a package family name, Name_PublisherId with 13 characters after the underscore";
            (form.to_owned(), quoted(&text))
        }
    };
    Err(arguments.wrong(&FAMILY_NAME, &expected, &found))
}

/// The set of a push channel on Windows 8.1 (the MDMAgent article).
pub(crate) fn channel_set(app: &str, family: &str, templates: &Templates) -> Operation {
    let values = [("app_id", app), ("package_family_name", family)];
    let data = templates.render(&templates::WNS_UPDATE_CONFIGURATION, &values);
    let instance = wmi::WNS_CONFIGURATION.instance(&[app]);
    exec(instance.method("UpdateConfiguration"), data)
}

/// The AppId, which Windows 8.1's classes are keyed by.
fn app_id(arguments: &Arguments<'_>) -> Result<String> {
    let wrong = || arguments.wrong(&APP_ID, "the AppId of the channel", "nothing");
    arguments.get(&APP_ID)?.ok_or_else(wrong)
}

fn read_channel(arguments: &Arguments<'_>, context: &BuildContext<'_>) -> Result<Built> {
    if arguments.family != Family::Windows81 {
        return dmclient::read_channel(arguments, context);
    }
    Ok(Built::reads(channel_reads(&app_id(arguments)?)))
}

/// What is read of a push channel on Windows 8.1, and whether its configuration worked.
pub(crate) fn channel_reads(app: &str) -> Vec<LocUri> {
    let channel: LocUri = wmi::WNS_CHANNEL.instance(&[app]);
    let configuration = wmi::WNS_CONFIGURATION.instance(&[app]);
    let reads = ["Channel", "ExpirationTime", "ChannelStatus", "LastError"];
    let mut reads = reads.map(|property| channel.below(property)).to_vec();
    reads.push(configuration.below("ConfigurationStatus"));
    reads
}
