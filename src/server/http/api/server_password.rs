//! `/devices/{id}/server-password`.

use schemars::JsonSchema;
use serde::Serialize;

use super::{ApiResponse, Caller, HandlerResult, Id};
use crate::app::server_password;
use modegate_core::device::Device;
use modegate_core::ids::DeviceId;

/// By what the server proves itself to one device: what its account is provisioned with.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ServerCredentials")]
pub(super) struct ServerCredentialsView {
    /// The name, `server_auth.name`.
    username: String,
    /// The password. Only this response contains it.
    password: String,
}

/// `POST /devices/{id}/server-password`.
pub(super) async fn renew(caller: Caller, Id(id): Id<DeviceId>) -> HandlerResult {
    let name = caller.app().sync.server_name().unwrap_or("").to_owned();
    let render = move |device: &Device| {
        let password = device.record.server_password.as_ref();
        let view = ServerCredentialsView {
            username: name.clone(),
            password: password.map_or_else(String::new, |password| password.reveal().to_owned()),
        };
        let location = format!("/api/v1/devices/{}", device.id);
        ApiResponse::created(location, &view)
    };
    caller
        .write(render, async |app, by, options| {
            server_password::renew(app, by, id, options).await
        })
        .await
}
