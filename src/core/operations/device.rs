//! What concerns the device itself: MDM_Client and the push channel.

use super::build::{exec, get, instance};
use super::given::Given;
use super::{Built, Setting, Templates, dmclient};
use crate::command::{CLIENT_ID, Operation, Unanswered};
use crate::context::Family;
use crate::fields::FieldError;

/// `MDM_Client.DeviceClientID=…`, its key known only when the command goes out.
fn on_client(setting: &Setting<'_>, method: &str, data: Option<String>) -> Operation {
    let id = CLIENT_ID.to_string();
    let key = setting
        .templates
        .render("device_client_id_key", &[("device_client_id", &id)])
        .unwrap_or(id);
    exec(
        &format!("./cimv2/MDM_Client/MDM_Client.DeviceClientID={key}"),
        method,
        data,
    )
}

pub(super) fn reset(given: &Given<'_>, setting: &Setting<'_>) -> Result<Built, FieldError> {
    let (user, password) = (given.needed("user"), given.needed("password"));
    let values = [("user", user), ("password", password)];
    let data = setting.templates.render("reset_user_password", &values);
    let mut built = Built::of(vec![on_client(setting, "ResetUserPassword", data)]);
    built.target = Some(user.to_lowercase());
    built.manner.unanswered = Unanswered::Keep;
    Ok(built)
}

pub(super) fn lock(_: &Given<'_>, setting: &Setting<'_>) -> Result<Built, FieldError> {
    Ok(Built::of(vec![on_client(setting, "LockWorkstation", None)]))
}

pub(super) fn unenroll(given: &Given<'_>, setting: &Setting<'_>) -> Result<Built, FieldError> {
    if given.family() != Family::Windows81 {
        return dmclient::unenroll(given, setting);
    }
    let id = CLIENT_ID.to_string();
    let data = setting
        .templates
        .render("unenroll", &[("device_client_id", &id)]);
    Ok(Built::of(vec![on_client(
        setting,
        "SendUnenrollRequest",
        data,
    )]))
}

pub(super) fn update_configuration(
    given: &Given<'_>,
    setting: &Setting<'_>,
) -> Result<Built, FieldError> {
    if given.family() != Family::Windows81 {
        return dmclient::set_channel(given, setting);
    }
    let (app, family) = (app_id(given)?, given.needed("package_family_name"));
    Ok(Built::of(vec![channel_set(app, family, setting.templates)]))
}

/// The set of a push channel on Windows 8.1 (seed 004).
pub fn channel_set(app: &str, family: &str, templates: &Templates) -> Operation {
    let values = [("app_id", app), ("package_family_name", family)];
    let data = templates.render("wns_update_configuration", &values);
    let instance = instance("MDM_WNSConfiguration", &[("AppId", app)]);
    exec(&instance, "UpdateConfiguration", data)
}

/// The AppId, which Windows 8.1's classes are keyed by.
fn app_id<'a>(given: &'a Given<'_>) -> Result<&'a str, FieldError> {
    given.wire("app_id").ok_or_else(|| {
        let field = given.fields().name("app_id");
        FieldError::new(field, "the AppId of the channel", "nothing")
    })
}

pub(super) fn read_channel(given: &Given<'_>, setting: &Setting<'_>) -> Result<Built, FieldError> {
    if given.family() != Family::Windows81 {
        return dmclient::read_channel(given, setting);
    }
    Ok(Built::of(channel_reads(app_id(given)?)))
}

/// What is read of a push channel on Windows 8.1.
pub fn channel_reads(app: &str) -> Vec<Operation> {
    let instance = instance("MDM_WNSChannel", &[("AppId", app)]);
    let reads = ["Channel", "ExpirationTime", "ChannelStatus", "LastError"];
    reads
        .iter()
        .map(|property| get(format!("{instance}/{property}")))
        .collect()
}
