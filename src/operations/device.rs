//! What concerns the device itself: MDM_Client and the push channel.

use super::build::{exec, get, instance};
use super::given::Given;
use super::{Built, Setting, Templates};
use crate::command::{CLIENT_ID, Operation, Unanswered, escaped};
use crate::fields::FieldError;
use crate::secret::Secret;
use crate::wire::message::Verb;

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

pub(super) fn unenroll(_: &Given<'_>, setting: &Setting<'_>) -> Result<Built, FieldError> {
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
    let (app, family) = (given.needed("app_id"), given.needed("package_family_name"));
    Ok(Built::of(vec![channel_set(app, family, setting.templates)]))
}

/// The set of a push channel on Windows 8.1 (seed 004).
pub fn channel_set(app: &str, family: &str, templates: &Templates) -> Operation {
    let values = [("app_id", app), ("package_family_name", family)];
    let data = templates.render("wns_update_configuration", &values);
    let instance = instance("MDM_WNSConfiguration", &[("AppId", app)]);
    exec(&instance, "UpdateConfiguration", data)
}

pub(super) fn read_channel(given: &Given<'_>, _: &Setting<'_>) -> Result<Built, FieldError> {
    Ok(Built::of(channel_reads(given.needed("app_id"))))
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

/// `./Vendor/MSFT/DMClient/Provider/<id>/Push`: where Windows Phone 8.1 and
/// Windows 10 have theirs (DMClient CSP).
fn push_node(provider: &str) -> String {
    let provider = escaped(provider);
    format!("./Vendor/MSFT/DMClient/Provider/{provider}/Push")
}

/// The set of a push channel through DMClient; `verb` is Add or Replace.
pub fn dmclient_set(provider: &str, verb: Verb, family: &str) -> Operation {
    Operation::Node {
        verb,
        loc_uri: format!("{}/PFN", push_node(provider)),
        format: Some("chr".to_owned()),
        mime: Some("text/plain".to_owned()),
        data: Some(Secret::new(family)),
    }
}

/// What is read of a push channel through DMClient.
pub fn dmclient_reads(provider: &str) -> Vec<Operation> {
    let node = push_node(provider);
    vec![
        get(format!("{node}/ChannelURI")),
        get(format!("{node}/Status")),
    ]
}
